"""The proof of gentleness says what the facts say, and nothing kinder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins import canonical
from plugins.text import Text
from probes.pace import Pace
from probes.pulse.facts import (
    Advice,
    Advised,
    Echo,
    Gentleness,
    GentlenessProof,
    Impact,
    NotMeasured,
    Phase,
    Pulse,
    PulseBeat,
    TallySeen,
)
from probes.pulse.proof import MOST_EVENTS, MOST_POINTS, gentleness
from probes.tally import Tally

START = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
PULSE = Pulse(server="web", port=443)
PACE = Pace(connections_per_s=20, requests_per_s=10)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def beats(first_s: float, *latencies: float, status: int = 200) -> list[PulseBeat]:
    return [
        PulseBeat(at=at(first_s + 2 * index), echo=Echo.ANSWERED, latency_s=latency, status=status)
        for index, latency in enumerate(latencies)
    ]


def advised(seconds: float, phase: Phase, factor: float) -> Advised:
    return Advised(at=at(seconds), advice=Advice(phase=phase, factor=factor, reason=Text(en="x", ja="x")))


def look(seconds: float, connections: int, order_id: str = "a") -> TallySeen:
    return TallySeen(order_id=order_id, at=at(seconds), tally=Tally(connections=connections, requests=connections))


LEAD = advised(0, Phase.LEAD, 0.0)
RUN = advised(40, Phase.RUN, 0.5)


def proof(
    lead: list[PulseBeat] | None = None, run: list[PulseBeat] | None = None, pause: list[PulseBeat] | None = None
) -> Gentleness:
    heard = {
        Phase.LEAD: beats(0, *[0.1] * 20) if lead is None else lead,
        Phase.RUN: beats(40, *[0.12] * 20) if run is None else run,
        Phase.PAUSE: pause or [],
    }
    return gentleness(PULSE, PACE, heard, [], [LEAD, RUN])


def test_before_during_and_the_bound() -> None:
    found = proof()
    assert (found.before.p95_ms, found.during.p95_ms, found.added_p95_ms, found.bound_ms) == (100, 120, 20, 150)
    assert (found.before.beats, found.during.beats, found.beats) == (20, 20, 40)
    assert found.impact is Impact.WITHIN


def test_slower_than_agreed_is_beyond() -> None:
    assert proof(run=beats(40, *[0.12] * 18, 0.2, 0.2)).impact is Impact.BEYOND
    assert proof(run=beats(40, *[0.12] * 19, 0.2)).impact is Impact.WITHIN


def test_errors_that_were_not_there_before_are_beyond() -> None:
    found = proof(run=[*beats(40, *[0.1] * 30), *beats(100, 0.001, status=500)])
    assert (found.impact, found.during.errors) == (Impact.BEYOND, 1)


def test_an_error_page_is_no_fast_answer() -> None:
    assert proof(run=beats(40, *[0.001] * 30, status=503)).during.p50_ms == 0.0


@pytest.mark.parametrize(
    ("lead", "run"),
    [
        ([], None),
        (None, []),
        (beats(0, *[0.1] * 19), None),
        (None, beats(40, *[0.1] * 19)),
        (None, beats(0, 0.1, status=0)[:0]),
    ],
)
def test_too_few_beats_show_nothing(lead: list[PulseBeat] | None, run: list[PulseBeat] | None) -> None:
    assert proof(lead, run).impact is Impact.NOT_SHOWN


def test_too_few_beats_still_show_harm() -> None:
    assert proof(run=beats(40, 3.0)).impact is Impact.BEYOND


def test_beats_in_a_pause_do_not_make_it_look_gentler() -> None:
    slow = beats(40, *[0.4] * 20)
    found = proof(run=slow, pause=beats(80, *[0.1] * 400))
    assert (found.during.p95_ms, found.paused.p95_ms) == (400, 100)


def test_beats_that_were_not_sent_are_told_and_count_for_nothing() -> None:
    unseen = [PulseBeat(at=at(40 + index), echo=Echo.NOT_SENT) for index in range(30)]
    found = proof(run=unseen)
    assert (found.during.not_sent, found.during.errors, found.beats) == (30, 0, 20)
    assert found.impact is Impact.NOT_SHOWN


def test_what_was_sent_is_spread_between_two_looks() -> None:
    sent = [look(40, 0), look(44, 20), look(44.5, 25), look(42, 0, "b"), look(43, 8, "b")]
    found = gentleness(PULSE, PACE, {Phase.LEAD: beats(0, 0.1)}, sent, [LEAD, RUN])
    used = {point.second: point.connections for point in found.paces if point.connections}
    assert used == {40: 5.0, 41: 5.0, 42: 13.0, 43: 5.0, 44: 5.0}
    assert found.peak_connections_per_s == 13.0
    assert found.tally.connections == 33


def test_each_second_has_the_factor_that_was_in_force() -> None:
    changes = [LEAD, advised(2, Phase.RUN, 0.5), advised(3.5, Phase.PAUSE, 0.0), advised(5, Phase.RUN, 0.1)]
    found = gentleness(PULSE, PACE, {}, [look(0, 0), look(7, 7)], changes)
    assert [point.factor for point in found.paces] == [0.0, 0.0, 0.5, 0.5, 0.0, 0.1, 0.1]
    assert found.events == tuple(changes)


def test_a_long_inspection_keeps_its_worst_seconds() -> None:
    sent = [look(float(second), second * 2) for second in range(4000)]
    sent += [look(4000.0, 8400), look(9000.0, 8400)]
    heard = {Phase.RUN: beats(0, *[0.1] * 2000, 7.0, *[0.1] * 2000)}
    found = gentleness(PULSE, PACE, heard, sent, [LEAD, RUN])
    assert len(found.paces) <= MOST_POINTS
    assert len(found.latencies) <= MOST_POINTS
    assert max(point.latency_ms for point in found.latencies) == 7000
    assert max(point.connections for point in found.paces) == found.peak_connections_per_s == 402


def test_a_second_that_used_more_than_was_allowed_is_never_hidden() -> None:
    changes = [LEAD, advised(1, Phase.RUN, 1.0), advised(1500, Phase.PAUSE, 0.0)]
    sent = [look(float(s), s * 15) for s in range(1500)] + [
        look(1501.0, 22_500),
        look(1502.0, 22_503),
        look(2400.0, 22_503),
    ]
    found = gentleness(PULSE, PACE, {}, sent, changes)
    assert [point for point in found.paces if point.factor == 0 and point.connections > 1] != []


def test_very_many_changes_keep_the_first_and_the_last() -> None:
    changes = [advised(float(second), Phase.RUN, 0.5) for second in range(1000)]
    found = gentleness(PULSE, PACE, {}, [], changes)
    assert (len(found.events), found.events_left_out) == (MOST_EVENTS, 1000 - MOST_EVENTS)
    assert (found.events[0], found.events[-1]) == (changes[0], changes[-1])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5000), st.integers(0, 50)), min_size=1, max_size=40))
def test_nothing_that_was_sent_is_missing_from_the_curve(steps: list[tuple[float, int]]) -> None:
    moments = sorted(moment for moment, _ in steps)
    total, sent = 0, []
    for moment, (_, more) in zip(moments, steps, strict=True):
        total += more
        sent.append(look(moment, total))
    found = gentleness(PULSE, PACE, {}, sent, [LEAD])
    assert found.tally.connections == total
    if found.seconds_per_point == 1:
        assert sum(point.connections for point in found.paces) == pytest.approx(total, abs=0.01 * len(found.paces))


@pytest.mark.parametrize("value", [proof(), NotMeasured()])
def test_both_statements_travel(value: Gentleness | NotMeasured) -> None:
    assert canonical.loads(GentlenessProof, canonical.dumps(value, GentlenessProof)) == value  # type: ignore[arg-type]  # a union
