"""The budget: what it lends, to whom, how it only slows down; and live workers measured at the target."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.budget import Bound, Ledger, chunk_bytes, rate
from grid.cluster import RayError, ray
from grid.run import Grid
from probes.lease import HORIZON_S, burst, keep
from probes.pace import Pace
from tests.capture import capturing, worst_second
from tests.fakes import FakeClock
from tests.grid.orders import make_order, make_target
from tests.grid.paced import orders, workers_at
from tests.namespaces import pair
from tests.target import wait_for

REPOSITORY = Path(__file__).parents[2]
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="a capture at the target needs root")


def lent(ledger: Ledger, order_id: str, want: int = 1000) -> int:
    loan = ledger.lend(order_id, {Bound.CONNECTIONS: want})
    return sum(slice_.count for _, slice_ in loan.slices)


def opened(per_s: float = 100.0, workers: int = 2) -> tuple[Ledger, FakeClock]:
    clock = FakeClock()
    ledger = Ledger(orders("127.0.66.9", per_s, workers), clock)
    clock.advance(1.0)
    return ledger, clock


def test_two_workers_share_what_one_would_get() -> None:
    alone, clock = opened()
    for _ in range(100):
        clock.advance(0.05)
        lent(alone, "o0")
    shared, clock = opened()
    counts = {"o0": 0, "o1": 0}
    for _ in range(100):
        clock.advance(0.05)
        for name in counts:
            counts[name] += lent(shared, name)
    assert sum(counts.values()) == pytest.approx(0.98 * 100 * 5, rel=0.06)


def test_a_stranger_gets_nothing() -> None:
    loan = opened()[0].lend("o99", {Bound.CONNECTIONS: 5})
    assert loan.slices == ()
    assert "not of this system" in loan.paused


def test_a_new_budget_is_silent_for_as_long_as_the_old_one_s_leases_live() -> None:
    clock = FakeClock()
    ledger = Ledger(orders("127.0.66.9", 100.0, 1), clock)
    ((_, first),) = ledger.lend("o0", {Bound.CONNECTIONS: 1}).slices
    assert first.count == 0 or first.start_s >= HORIZON_S


@given(factors=st.lists(st.floats(-1, 5), min_size=1), ceilings=st.lists(st.floats(-1, 5), min_size=1))
def test_nothing_raises_the_pace_above_the_ceiling(factors: list[float], ceilings: list[float]) -> None:
    ledger, _ = opened()
    for ceiling in ceilings:
        ledger.lower(ceiling)
    low = min(1.0, *(max(c, 0.0) for c in ceilings))
    for factor in factors:
        assert ledger.throttle(factor, "test") <= low
    assert ledger.lower(5.0) <= low


def test_a_paused_budget_lends_nothing_and_says_why() -> None:
    ledger, clock = opened()
    ledger.throttle(0.0, "the shop answers 503")
    clock.advance(5.0)
    loan = ledger.lend("o0", {Bound.CONNECTIONS: 5})
    assert [slice_.count for _, slice_ in loan.slices] == [0]
    assert loan.paused == "the shop answers 503"
    ledger.throttle(1.0, "")
    clock.advance(1.0)
    assert lent(ledger, "o0") > 0


def test_servers_on_one_address_share_its_bound_and_a_server_keeps_its_own() -> None:
    slow = replace(make_order(), pace=Pace(connections_per_s=1.0), system_pace=Pace(connections_per_s=1000.0))
    clock = FakeClock()
    ledger = Ledger(
        [slow, replace(slow, order_id="o2", scope=replace(slow.scope, target=make_target(name="b")))], clock
    )
    clock.advance(10.0)
    total = 0
    for _ in range(100):
        clock.advance(0.1)
        total += lent(ledger, "o1")
    assert total <= 11


@pytest.mark.parametrize("size", [1, 1000, 20_000, 1_000_000, 100_000_000])
def test_bytes_are_lent_in_portions_that_keep_their_rate(size: int) -> None:
    pace = Pace(bytes_per_s=size)
    assert rate(pace, Bound.CHUNKS) * chunk_bytes(pace) == pytest.approx(size)


@pytest.fixture(scope="module")
def grid() -> Iterator[Grid]:
    with Grid.start(workers=4) as started:
        yield started


@ROOT
@pytest.mark.root
@pytest.mark.usefixtures("grid")
def test_four_live_workers_keep_one_bound_through_the_death_of_their_budget_and_of_one_of_them() -> None:
    address, per_s = "127.0.66.2", 50.0
    with capturing(address) as capture, workers_at(address, per_s, 4, 5.0) as (budget, references):
        wait_for(lambda: len(capture.times) > 50)
        ray.cancel(references[0], force=True)
        ray.kill(budget, no_restart=False)
        seen = len(capture.times)
        sent = 0
        for reference in references:
            with contextlib.suppress(RayError):
                sent += ray.get(reference)
    assert worst_second(sorted(capture.times)) <= per_s + burst(per_s)
    assert len(capture.times) > seen, "the budget came back and lent again"
    assert len(capture.times) >= sent


@ROOT
@pytest.mark.root
@pytest.mark.skipif(shutil.which("ip") is None, reason="network namespaces need iproute2")
def test_they_keep_it_from_another_namespace_by_the_account_of_the_target_s_end_of_the_cable() -> None:
    per_s = 50.0
    apart = [sys.executable, "-m", "tests.grid.apart"]
    with pair() as made:
        hear = made.at_target([*apart, "--hear", made.target_address])
        with subprocess.Popen(hear, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as ear:
            assert ear.stdout is not None
            assert ear.stdout.readline() == "listening\n"
            send = made.inside([*apart, made.target_address, str(per_s)])
            done = subprocess.run(send, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
            heard, _ = ear.communicate(timeout=20)
    assert done.returncode == 0, done.stderr
    times, sent = sorted(json.loads(heard)), json.loads(done.stdout)
    assert worst_second(times) <= per_s + burst(per_s)
    assert 0 < sent <= len(times), "what the killed worker sent is heard as well"


@ROOT
@pytest.mark.root
@pytest.mark.usefixtures("grid")
def test_workers_without_a_budget_are_silent_within_a_slice() -> None:
    address = "127.0.66.3"
    with capturing(address) as capture, workers_at(address, 100.0, 2, 4.0) as (budget, references):
        wait_for(lambda: len(capture.times) > 20)
        killed = time.time()
        ray.kill(budget)
        ray.wait(list(references), num_returns=2, timeout=20)
    assert max(capture.times) - killed <= HORIZON_S + keep(100.0) + 0.1
