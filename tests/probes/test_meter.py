"""A meter of one's own: what it lets through in any second is what was agreed, one at a time or several at once."""

from __future__ import annotations

import asyncio
import heapq

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.clock import SystemClock
from probes import meter
from probes.lease import burst
from probes.meter import OwnMeter
from probes.pace import Pace
from tests.capture import worst_second


class ByHand(SystemClock):
    """A clock that only moves when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    async def wait(self, seconds: float) -> None:
        """Take the place of sleeping."""
        self.seconds += max(0.0, seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ByHand:
    by_hand = ByHand()
    monkeypatch.setattr(meter, "_sleep", by_hand.wait)
    return by_hand


@given(rate=st.sampled_from([1.0, 5.0, 50.0, 2000.0]), wants=st.lists(st.integers(1, 300), min_size=1, max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_several_at_once_are_no_more_than_agreed(clock: ByHand, rate: float, wants: list[int]) -> None:
    own = OwnMeter(Pace(connections_per_s=rate), clock)
    sent: list[float] = []
    for want in wants:
        given_now = asyncio.run(own.knocks(want))
        assert 1 <= given_now <= want
        sent += [clock.seconds] * given_now
    assert worst_second(sent) <= rate + burst(rate)


async def test_one_at_a_time_and_several_at_once_share_one_bound(clock: ByHand) -> None:
    own = OwnMeter(Pace(connections_per_s=50, concurrent_connections=5), clock)
    sent: list[float] = []
    for _ in range(100):
        async with own.connection():
            sent.append(clock.seconds)
        sent += [clock.seconds] * await own.knocks(20)
    assert worst_second(sent) <= 51


@given(late=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=80), rate=st.sampled_from([5.0, 50.0]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_those_who_wake_late_do_not_bunch(
    clock: ByHand, monkeypatch: pytest.MonkeyPatch, late: list[float], rate: float
) -> None:
    """A busy machine wakes whoever waits too late, and then several whose time has come at once."""
    own, lateness = OwnMeter(Pace(connections_per_s=rate, concurrent_connections=80), clock), iter(late)
    sent: list[float] = []
    asleep: list[tuple[float, int, asyncio.Future[None]]] = []

    async def oversleep(seconds: float) -> None:
        if seconds > 0:
            wakes = asyncio.get_running_loop().create_future()
            heapq.heappush(asleep, (clock.seconds + seconds + next(lateness, 0.0), len(sent) + len(asleep), wakes))
            await wakes

    async def once() -> None:
        async with own.connection():
            sent.append(clock.seconds)

    async def all_at_once() -> None:
        tasks = [asyncio.create_task(once()) for _ in range(80)]
        while not all(task.done() for task in tasks):
            for _ in range(5):
                await asyncio.sleep(0)
            if asleep:
                at, _, wakes = heapq.heappop(asleep)
                clock.seconds = max(clock.seconds, at)
                wakes.set_result(None)

    monkeypatch.setattr(meter, "_sleep", oversleep)
    asyncio.run(all_at_once())
    assert len(sent) == 80
    assert worst_second(sent) <= rate + burst(rate)


async def test_no_more_connections_are_held_than_agreed() -> None:
    own = OwnMeter(Pace(connections_per_s=1e6, concurrent_connections=2), SystemClock())
    async with own.connection(), own.connection():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), own.connection():
                pass


async def test_requests_and_bytes_have_bounds_of_their_own(clock: ByHand) -> None:
    own = OwnMeter(Pace(requests_per_s=10, bytes_per_s=100_000), clock)
    for _ in range(20):
        await own.request()
    assert 1.8 <= clock.seconds <= 2.1
    began = clock.seconds
    for _ in range(30):
        await own.transfer(10_000)
    assert 2.5 <= clock.seconds - began <= 3.1


@pytest.mark.parametrize("connections", [20.0, 2000.0])
async def test_packets_have_a_bound_of_their_own_over_everything_that_is_sent(
    clock: ByHand, connections: float
) -> None:
    own = OwnMeter(Pace(connections_per_s=connections, requests_per_s=300, packets_per_s=150), clock)
    sent: list[float] = []
    for number in range(60):
        sent += [clock.seconds] * (2 * await own.knocks(1 + number))
        async with own.connection():
            sent += [clock.seconds] * 10
        await own.datagram()
        sent += [clock.seconds]
        await own.request()
        sent += [clock.seconds] * 4
        await own.transfer(14_480)
        sent += [clock.seconds] * 10
    assert worst_second(sent) <= 150 + burst(150) + 10
    assert clock.seconds <= 1.1 * max(len(sent) / 150, 120 / connections)
