"""The grid on real Ray workers: separate processes, the hard edge, the stop, a lost worker, a changed order."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.brake import Brake
from grid.key import TrustedKeys, trusted
from grid.order import Order
from grid.report import Record, Report
from grid.run import Grid
from grid.seal import SealedOrder, SealError, read_order, seal
from grid.window import Window
from plugins.clock import SystemClock
from probes.observation import Ending, ItemEnded
from probes.pace import Pace
from probes.ports.facts import PortBlock, PortState, State
from probes.ports.view import single
from probes.target import PortRange
from tests.grid.orders import make_order, make_target
from tests.pack import CARGO, PACK
from tests.target import counting, wait_for

KEY = Ed25519PrivateKey.generate()
CLOCK = SystemClock()


class Kept:
    """An intake that keeps reports in memory."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def took(self, report: Report) -> None:
        self.reports.append(report)


@pytest.fixture(scope="module")
def grid() -> Iterator[Grid]:
    with Grid.start(workers=4) as started:
        yield started


def order(
    address: str, *, order_id: str = "o1", name: str = "web-1", per_s: float = 200.0, seconds: float = 60.0
) -> Order:
    """An order for 100 ports of one address, whose window is open now."""
    now = CLOCK.now()
    made = make_order(
        target=make_target(name=name, address=address, port=8000),
        window=Window(start=now, end=now + timedelta(seconds=seconds)),
        order_id=order_id,
        pack_digest=PACK.digest,
    )
    ports = (PortRange(first=8000, last=8099),)
    pace = Pace(connections_per_s=per_s)
    return replace(made, scope=replace(made.scope, tcp_ports=ports), pace=pace, system_pace=pace)


def run(grid: Grid, *orders: Order, brake: Brake | None = None, kept: Kept | None = None) -> list[Record]:
    sealed = [seal(each, KEY) for each in orders]
    return grid.run(sealed, trusted(KEY), kept or Kept(), brake or Brake(), cargo=CARGO)


def endings(record: Record) -> set[Ending]:
    return {o.fact.ending for o in record.observations + record.noticed if isinstance(o.fact, ItemEnded)}


def test_two_orders_run_in_two_worker_processes(grid: Grid) -> None:
    with counting("127.0.62.1", range(8000, 8001)), counting("127.0.62.2", range(8000, 8001)):
        first, second = run(grid, order("127.0.62.1"), order("127.0.62.2", order_id="o2", name="web-2"))
    assert len({first.worker_pid, second.worker_pid, os.getpid()}) == 3
    for record in (first, second):
        assert endings(record) == {Ending.FINISHED}
        told = (o.fact for o in record.observations if isinstance(o.fact, PortState | PortBlock))
        states = {one.port: one.state for fact in told for one in single(fact)}
        assert states == {port: State.OPEN if port == 8000 else State.CLOSED for port in range(8000, 8100)}


def test_nothing_comes_after_the_end_of_the_window(grid: Grid) -> None:
    cut = order("127.0.62.3", per_s=10.0, seconds=10.0)
    with counting("127.0.62.3", range(8000, 8100)) as target:
        (record,) = run(grid, cut)
        edge = time.monotonic() + (cut.window.end - CLOCK.now()).total_seconds()
    assert len(target.times) >= 5
    assert not target.after(edge)
    assert endings(record) == {Ending.WINDOW_OVER}


def test_a_stop_is_heard_within_a_second(grid: Grid) -> None:
    brake = Brake()
    with counting("127.0.62.4", range(8000, 8100)) as target:
        runner = threading.Thread(target=run, args=(grid, order("127.0.62.4", per_s=20.0)), kwargs={"brake": brake})
        runner.start()
        wait_for(lambda: len(target.times) >= 5)
        called = time.monotonic()
        brake.stop("the test says stop")
        runner.join(30)
    assert max(target.after(called), default=0.0) <= 1.0


def test_what_is_stopped_before_it_begins_sends_nothing(grid: Grid) -> None:
    brake = Brake()
    brake.stop("the test says stop")
    with counting("127.0.62.5", range(8000, 8100)) as target:
        (record,) = run(grid, order("127.0.62.5"), brake=brake)
    assert target.times == []
    assert endings(record) == {Ending.NOT_STARTED}


def test_a_killed_worker_loses_nothing_that_it_reported_and_does_not_run_again(grid: Grid) -> None:
    kept = Kept()
    records: list[Record] = []
    one = order("127.0.62.6", per_s=10.0)
    with counting("127.0.62.6", range(8000, 8100)) as target:
        runner = threading.Thread(target=lambda: records.extend(run(grid, one, kept=kept)))
        runner.start()
        wait_for(lambda: any(report.observations for report in kept.reports))
        os.kill(kept.reports[0].worker_pid, signal.SIGKILL)
        runner.join(60)
        killed = len(target.times)
    (record,) = records
    assert "lost" in record.lost
    assert record.observations == tuple(o for report in kept.reports for o in report.observations)
    assert record.observations
    assert endings(record) == {Ending.BROKEN}
    assert killed < 100


def test_an_order_with_another_pack_is_not_begun(grid: Grid) -> None:
    with counting("127.0.62.7", range(8000, 8100)) as target:
        (record,) = run(grid, replace(order("127.0.62.7"), pack_digest="f" * 64))
    assert target.times == []
    assert endings(record) == {Ending.NOT_STARTED}


def test_an_order_whose_window_is_not_open_is_not_begun(grid: Grid) -> None:
    later = CLOCK.now() + timedelta(hours=1)
    with counting("127.0.62.8", range(8000, 8100)) as target:
        (record,) = run(grid, replace(order("127.0.62.8"), window=Window(start=later, end=later + timedelta(hours=1))))
    assert target.times == []
    assert endings(record) == {Ending.NOT_STARTED}


def test_a_changed_order_is_refused_before_it_reaches_a_worker(grid: Grid) -> None:
    sealed = seal(order("127.0.62.9"), KEY)
    changed: SealedOrder = replace(sealed, order=sealed.order.replace(b"127.0.62.9", b"127.0.62.8"))
    with pytest.raises(SealError, match="changed"):
        grid.run([changed], trusted(KEY), Kept(), Brake())


class ShutDoor:
    """A door that does not open, or that had fallen by the end."""

    def __init__(self, at_open: str, at_close: str) -> None:
        self._answers = at_open, at_close
        self.passed: list[str] = []

    def open(self, sealed: SealedOrder, trusted: TrustedKeys) -> str:
        self.passed.append(f"out {read_order(sealed, trusted).order_id}")
        return self._answers[0]

    def close(self, order_id: str) -> str:
        self.passed.append(f"end {order_id}")
        return self._answers[1]


@pytest.mark.usefixtures("grid")
def test_an_order_that_the_door_does_not_let_out_is_not_handed_out() -> None:
    door = ShutDoor("the wall is shut", "")
    with counting("127.0.62.71", range(8000, 8001)) as server:
        (record,) = run(Grid(CLOCK, door), order("127.0.62.71"))
        assert server.times == []
    assert (record.lost, record.worker_pid) == ("the wall is shut", 0)
    assert endings(record) == {Ending.NOT_STARTED}
    assert door.passed == ["out o1"]


@pytest.mark.usefixtures("grid")
def test_what_was_seen_through_a_door_that_fell_is_not_relied_on() -> None:
    door = ShutDoor("", "the wall fell")
    (record,) = run(Grid(CLOCK, door), order("127.0.62.72"))
    assert record.lost == "the wall fell"
    assert Ending.STOPPED in endings(record)
    assert {entry.item for entry in record.noticed} == set(order("127.0.62.72").scope.items)
    assert door.passed == ["out o1", "end o1"]
