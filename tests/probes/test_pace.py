"""The bounds: what GCRA lets through in any second, and how bounds are divided and combined."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.pace import Gcra, Pace
from probes.tally import Tally

RATES = st.floats(min_value=0.5, max_value=5000)
GAPS = st.lists(st.floats(min_value=0, max_value=2), min_size=1, max_size=300)


def uses(rate: float, burst: float, gaps: list[float]) -> list[float]:
    """Times at which units may be used when they are asked for after these gaps."""
    now, state, times = 100.0, Gcra.empty(rate, burst, 100.0), []
    for gap in gaps:
        now += gap
        state, wait = state.take(now)
        times.append(now + wait)
    return times


@given(rate=RATES, burst=st.floats(min_value=1, max_value=50), gaps=GAPS)
def test_no_sliding_second_holds_more_than_rate_plus_burst(rate: float, burst: float, gaps: list[float]) -> None:
    times = sorted(uses(rate, burst, gaps))
    first = 0
    for last, time in enumerate(times):
        while times[first] <= time - 1.0:
            first += 1
        assert last - first + 1 <= rate + burst + 1e-6


@given(rate=RATES, burst=st.floats(min_value=1, max_value=50), gaps=GAPS)
def test_nobody_waits_longer_than_the_rate_asks_for(rate: float, burst: float, gaps: list[float]) -> None:
    times = uses(rate, burst, gaps)
    asked = 100.0
    for position, (gap, time) in enumerate(zip(gaps, times, strict=True)):
        asked += gap
        assert time - asked <= (position + burst) / rate + 1e-6


@given(rate=RATES, burst=st.floats(min_value=1, max_value=50), gaps=GAPS)
def test_what_is_ready_may_be_used_at_once_and_no_more(rate: float, burst: float, gaps: list[float]) -> None:
    now, state = 100.0, Gcra.empty(rate, burst, 100.0)
    for gap in gaps:
        now += gap
        ready = state.ready(now)
        if ready:
            state, wait = state.take(now, ready)
            assert wait <= 1e-6
        _, wait = state.take(now)
        assert wait > 0 or state.ready(now) == 0


@given(rate=RATES, burst=st.floats(min_value=1, max_value=50))
def test_a_restarted_bound_has_no_saved_up_burst(rate: float, burst: float) -> None:
    first, second = uses(rate, burst, [0.0, 0.0])
    assert first == pytest.approx(100.0)
    assert second - first >= 1 / rate - 1e-6


@given(
    rate=st.floats(min_value=100, max_value=1e6),
    sizes=st.lists(st.integers(min_value=0, max_value=16_384), max_size=200),
)
def test_units_of_many_bytes_keep_the_mean(rate: float, sizes: list[int]) -> None:
    now, state = 0.0, Gcra.empty(rate, 16_384, 0.0)
    for size in sizes:
        state, wait = state.take(now, float(size))
        now += wait
    assert now >= (sum(sizes[:-1]) - 16_384) / rate - 1e-6


@given(
    parts=st.integers(min_value=1, max_value=20),
    rate=st.floats(min_value=1, max_value=1000),
    concurrent=st.integers(min_value=1, max_value=100),
    size=st.integers(min_value=100, max_value=10**7),
)
def test_shares_together_stay_inside(parts: int, rate: float, concurrent: int, size: int) -> None:
    whole = Pace(
        connections_per_s=rate,
        requests_per_s=rate,
        concurrent_connections=concurrent,
        bytes_per_s=size,
        packets_per_s=rate,
    )
    share = whole.share(parts)
    assert share.connections_per_s * parts <= rate * (1 + 1e-9)
    assert share.requests_per_s * parts <= rate * (1 + 1e-9)
    assert share.bytes_per_s * parts <= size
    assert share.packets_per_s * parts <= rate * (1 + 1e-9)
    assert share.concurrent_connections * parts <= max(concurrent, parts)


def test_the_lowest_bounds_keep_both() -> None:
    slow, fast = Pace(connections_per_s=1, bytes_per_s=9_000_000), Pace(connections_per_s=50, bytes_per_s=10)
    assert slow.lowest(fast) == Pace(connections_per_s=1, bytes_per_s=10) == fast.lowest(slow)


def test_the_bound_on_packets_is_the_lower_of_those_that_were_named() -> None:
    none, few, many = Pace(), Pace(packets_per_s=100), Pace(packets_per_s=5000)
    assert few.lowest(many).packets_per_s == many.lowest(few).packets_per_s == 100
    assert none.lowest(few).packets_per_s == few.lowest(none).packets_per_s == 100
    assert none.lowest(none) == none


@given(
    rate=st.floats(min_value=1, max_value=1000),
    done=st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 10**6)),
)
def test_without_a_bound_of_their_own_packets_are_what_the_other_bounds_can_need(
    rate: float, done: tuple[int, int, int]
) -> None:
    pace = Pace(connections_per_s=rate, requests_per_s=rate, bytes_per_s=10**6)
    connections, asks, size = done
    seconds = max(connections / rate, asks / rate, size / 10**6)
    assert Tally(connections=connections, requests=asks, bytes_sent=size).packets <= pace.packets * seconds + 1
    assert Pace(packets_per_s=100).packets == 100
