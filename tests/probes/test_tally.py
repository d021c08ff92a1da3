"""What was sent is counted where it is sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probes.tally import Counter, Tally


@given(st.lists(st.floats(min_value=0, max_value=3), max_size=100))
def test_the_peak_is_the_fullest_sliding_second(gaps: list[float]) -> None:
    counter, now, times = Counter(), 0.0, []
    for gap in gaps:
        now += gap
        times.append(now)
        counter.connection(now)
    fullest = max((sum(1 for time in times if last - 1.0 < time <= last) for last in times), default=0)
    assert counter.tally.peak_connections_per_s == fullest
    assert counter.tally.connections == len(gaps)


def test_every_kind_is_counted_by_itself() -> None:
    counter = Counter()
    counter.request()
    counter.sent(3)
    counter.sent(4)
    counter.received(5)
    counter.refused()
    assert counter.tally == Tally(requests=1, bytes_sent=7, bytes_received=5, refused=1)


def test_packets_are_reckoned_from_what_was_done() -> None:
    counter = Counter()
    counter.knocks(0.0, 5)
    counter.connection(0.0)
    counter.request()
    counter.datagram()
    counter.sent(1449)
    assert (counter.tally.connections, counter.tally.requests) == (6, 2)
    assert counter.tally.packets == 5 * 2 + 10 + 4 + 1 + 2
    assert (counter.tally + counter.tally).packets == 2 * counter.tally.packets - 1, "bytes are reckoned together"


def test_the_latest_connection_is_remembered() -> None:
    counter = Counter()
    assert counter.latest == 0.0
    counter.connection(5.0)
    counter.connection(7.5)
    assert counter.latest == 7.5


def test_tallies_add_up() -> None:
    one = Tally(connections=1, requests=2, bytes_sent=3, bytes_received=4, peak_connections_per_s=5, refused=6)
    assert one + one == Tally(
        connections=2, requests=4, bytes_sent=6, bytes_received=8, peak_connections_per_s=10, refused=12
    )
    assert one + Tally() == one
