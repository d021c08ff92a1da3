"""Packets: whatever mix of permissions is lent, no second holds more of them than agreed, and nobody starves for it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grid.budget import Bound, Ledger, most_packets, packets
from grid.order import Order
from probes.lease import HORIZON_S, burst
from probes.pace import Pace
from tests.fakes import FakeClock
from tests.grid.paced import orders

WANTED = (Bound.CONNECTIONS, Bound.SYNS, Bound.REQUESTS, Bound.DATAGRAMS, Bound.CHUNKS)
Use = tuple[float, float]
"""When, and how many packets."""


def made(pace: Pace) -> list[Order]:
    return [replace(order, pace=pace, system_pace=pace) for order in orders("127.61.5.1", 1.0, 3)]


def lent(ledger: Ledger, clock: FakeClock, order: Order, bound: Bound, want: int, late: bool = False) -> list[Use]:
    """Lease; give what is sent with it, at the first or at the last moment at which each permission is good."""
    ((_, slice_),) = ledger.lend(order.order_id, {bound: want}).slices
    begin = clock.monotonic() + slice_.start_s + (slice_.keep_s if late else 0.0)
    return [(begin + number * slice_.interval_s, packets(order.pace, bound)) for number in range(slice_.count)]


def worst_second(uses: list[Use]) -> float:
    worst, first, held = 0.0, 0, 0.0
    for at, size in uses:
        held += size
        while uses[first][0] <= at - 1.0:
            held -= uses[first][1]
            first += 1
        worst = max(worst, held)
    return worst


@settings(deadline=None, max_examples=60)
@given(
    per_s=st.sampled_from([100.0, 137.0, 500.0, 3000.0]),
    others=st.sampled_from([30.0, 300.0, 2000.0]),
    gap_s=st.sampled_from([0.005, 0.02, 0.1]),
    late=st.floats(0, 1),
    crashes=st.sampled_from([0.0, 0.02, 0.1]),
    seed=st.integers(0, 2**32),
)
def test_no_second_holds_more_packets_than_agreed_and_those_of_one_permission(
    per_s: float, others: float, gap_s: float, late: float, crashes: float, seed: int
) -> None:
    chance = random.Random(seed)
    pace = Pace(connections_per_s=others, requests_per_s=others, bytes_per_s=10_000_000, packets_per_s=per_s)
    clock, three, uses = FakeClock(), made(pace), list[Use]()
    ledger = Ledger(three, clock)
    for _ in range(200):
        clock.advance(chance.uniform(0, 2 * gap_s))
        if chance.random() < crashes:
            ledger = Ledger(three, clock)
        if chance.random() < 0.1:
            ledger.throttle(chance.choice([1.0, 0.5, 0.1]), "test")
        bound, want = chance.choice(WANTED), chance.choice([1, 5, 300])
        uses += lent(ledger, clock, chance.choice(three), bound, want, late=chance.random() < late)
    assert worst_second(sorted(uses)) <= per_s + burst(per_s) + most_packets(pace)


@pytest.mark.parametrize("bound", [Bound.SYNS, Bound.DATAGRAMS, Bound.CONNECTIONS])
def test_who_sends_alone_gets_most_of_the_packets(bound: Bound) -> None:
    pace = Pace(connections_per_s=1000, requests_per_s=1000, packets_per_s=400)
    clock, uses = FakeClock(), list[Use]()
    one, *_ = three = made(pace)
    ledger = Ledger(three, clock)
    for _ in range(200):
        clock.advance(0.05)
        uses += lent(ledger, clock, one, bound, 100)
    assert sum(size for _, size in uses) >= 0.95 * 400 * 10 / (1 + HORIZON_S)


def test_a_slow_bound_does_not_hold_up_the_packets_of_another() -> None:
    pace = Pace(connections_per_s=5, requests_per_s=100, packets_per_s=600)
    clock, uses = FakeClock(), dict.fromkeys(WANTED, 0)
    one, two, _ = three = made(pace)
    ledger = Ledger(three, clock)
    for _ in range(200):
        clock.advance(0.05)
        uses[Bound.CONNECTIONS] += len(lent(ledger, clock, one, Bound.CONNECTIONS, 100))
        uses[Bound.REQUESTS] += len(lent(ledger, clock, two, Bound.REQUESTS, 100))
    assert uses[Bound.CONNECTIONS] >= 0.9 * 5 * 10
    assert uses[Bound.REQUESTS] >= 0.9 * 100 * 10


def test_without_a_bound_of_their_own_packets_hold_up_nothing() -> None:
    pace = Pace(connections_per_s=100, requests_per_s=0.1, bytes_per_s=10_000)
    clock, uses = FakeClock(), list[Use]()
    one, *_ = three = made(pace)
    ledger = Ledger(three, clock)
    for _ in range(200):
        clock.advance(0.05)
        uses += lent(ledger, clock, one, Bound.SYNS, 100)
    assert len(uses) >= 0.95 * 100 * 10
    assert sum(size for _, size in uses) <= pace.packets * 10
