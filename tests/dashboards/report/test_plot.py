"""The curves: every point is inside the box, and none is left out."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.report.plot import HIGH, WIDE, begun, latency_plot, pace_plot, seconds
from probes.pulse.facts import BeatPoint, Gentleness, PacePoint
from tests.dashboards.report import pulse_scenes

PROOF = pulse_scenes.proof(pulse_scenes.beats(120, 50, 0.11))
_POINTS = st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 20_000), st.integers(0, 3)), max_size=50)


def dots(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"M([0-9.]+) ([0-9.]+) h", path)]


@settings(max_examples=50, deadline=None)
@given(points=_POINTS, bound=st.sampled_from([0.0, 150.0]))
def test_every_latency_is_a_dot_inside_the_box_on_its_side_of_the_bound(
    points: list[tuple[int, float, int]], bound: float
) -> None:
    latencies = tuple(BeatPoint(second=s, latency_ms=ms, errors=e) for s, ms, e in sorted(points))
    drawn = latency_plot(replace(PROOF, latencies=latencies, bound_ms=bound))
    within, beyond = dots(drawn.dots), dots(drawn.beyond)
    assert len(within) + len(beyond) == sum(point.latency_ms > 0 for point in latencies)
    assert len(beyond) == (sum(point.latency_ms > bound for point in latencies) if bound else 0)
    assert all(0 <= x <= WIDE and 0 <= y <= HIGH for x, y in (*within, *beyond))
    assert drawn.errors.count("M") == sum(point.errors > 0 for point in latencies)
    assert bool(drawn.bound) == bool(bound)


def test_the_bound_stays_visible_beside_a_very_slow_answer() -> None:
    slow = replace(
        PROOF,
        during=replace(PROOF.during, p95_ms=60_000),
        latencies=(BeatPoint(second=1, latency_ms=60_000, errors=0),),
    )
    drawn = latency_plot(slow)
    assert drawn.top_ms == 4 * PROOF.bound_ms
    assert drawn.bound == f"M0 {HIGH * 0.75} H1000"
    assert [y for _, y in dots(drawn.beyond)] == [0.0]


def test_a_pace_above_what_was_agreed_stretches_the_box() -> None:
    paces = (
        PacePoint(second=0, connections=250, requests=0, factor=1.0),
        PacePoint(second=1, connections=0, requests=100, factor=0.5),
    )
    drawn = pace_plot(replace(PROOF, paces=paces, latencies=()), pulse_scenes.AGREED)
    assert drawn.top_percent == 250
    assert drawn.used == "M0 160.0 H0.0 V0.0 H500.0 H500.0 V32.0 H1000.0 V160.0 Z"
    assert drawn.allowed == "M0 160.0 H0.0 V96.0 H500.0 H500.0 V128.0 H1000.0 V160.0 Z"


def test_where_the_inspection_begins() -> None:
    assert seconds(PROOF) == 219
    assert begun(PROOF) == round(120 / 219 * WIDE, 2)
    never: Gentleness = replace(PROOF, events=PROOF.events[:1])
    assert begun(never) == WIDE


def test_nothing_seen_is_an_empty_box() -> None:
    empty = replace(PROOF, latencies=(), paces=(), bound_ms=0.0)
    assert seconds(empty) == 1
    assert latency_plot(empty).dots == latency_plot(empty).bound == ""
    assert pace_plot(empty, pulse_scenes.AGREED).used == "M0 160.0 V160.0 Z"
