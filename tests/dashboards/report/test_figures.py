"""Counts are measured, never assumed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.report import figures
from dashboards.report.figures import BAR, Counts
from probes.pace import Pace
from probes.tally import Tally
from probes.target import Item
from probes.verdict import Coverage, Outcome
from tests.dashboards.report.scenes import checks, failing

entries = st.builds(
    Coverage,
    server=st.just("web"),
    item=st.sampled_from(Item),
    check=st.sampled_from(["a", "b", "c"]),
    subject=st.sampled_from(["x", "y"]),
    outcome=st.sampled_from(Outcome),
    reason=st.sampled_from(["", "timeout"]),
)


@given(st.lists(entries))
def test_every_entry_is_counted_once(coverage: list[Coverage]) -> None:
    counts = Counts.of(coverage)
    assert counts.total == len(coverage)
    assert sum(row.count for row in figures.by_check(coverage)) == len(coverage)
    grouped = sum(row.count for outcome in Outcome for row in figures.by_reason(coverage, outcome))
    assert grouped == len(coverage)
    assert sum(Counts.of(figures.of_item(coverage, item)).total for item in Item) == len(coverage)


@given(st.tuples(*[st.integers(0, 5000)] * 4))
def test_a_bar_is_filled_and_shows_every_outcome_that_occurs(numbers: tuple[int, int, int, int]) -> None:
    clean, found, not_applicable, not_tested = numbers
    counts = Counts(clean=clean, found=found, not_applicable=not_applicable, not_tested=not_tested)
    bands = figures.bands(counts)
    assert [band.outcome for band in bands] == [outcome for outcome, number in counts.by_outcome() if number]
    assert all(band.width > BAR / 100 for band in bands)
    assert not bands or abs(bands[-1].x + bands[-1].width - BAR) < 1


def test_reasons_come_with_the_most_frequent_first() -> None:
    coverage = [
        *checks("web", Item.TLS, Outcome.NOT_TESTED, 1, "rare"),
        *checks("web", Item.HOLES, Outcome.NOT_TESTED, 3, "often"),
    ]
    rows = figures.by_reason(coverage, Outcome.NOT_TESTED)
    assert [(row.reason, row.count, len(row.checks)) for row in rows] == [("often", 3, 3), ("rare", 1, 1)]


def test_speed_is_compared_with_the_pace() -> None:
    pace = Pace(connections_per_s=50, requests_per_s=10, concurrent_connections=5, bytes_per_s=1000)
    sent = figures.sent(
        Tally(connections=100, requests=30, bytes_sent=500, bytes_received=1500, peak_connections_per_s=51), pace, 10.0
    )
    assert (sent.connections.used, sent.requests.used, sent.transfer.used) == (10.0, 3.0, 200.0)
    assert sent.packets.used == pytest.approx(112.2)
    assert sent.packets.agreed == pytest.approx(540.7, abs=0.1)
    assert not sent.peak_connections.over
    assert figures.Usage(used=60, agreed=50).over


def test_each_worker_may_add_its_own_burst() -> None:
    """Shares of 10/s may burst by 1 each, so two of them by 2 (probes.lease)."""
    assert figures.Usage(used=22, agreed=20).over
    assert not figures.Usage(used=22, agreed=20, bursts=2).over
    assert figures.Usage(used=22.5, agreed=20, bursts=2).over


def test_a_span_stays_inside_the_window() -> None:
    result = failing()
    span = figures.span(result.window, result.servers[0])
    assert 0 < span.start < span.end < 1
