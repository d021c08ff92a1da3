"""The driver's side of the grid: starts or joins Ray, hands out sealed orders, takes reports back.

with Grid.start() as grid:
    for record in grid.run(sealed_orders, trusted, intake):
        ...
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from grid import board as boards
from grid import inspector
from grid.account import Account, account
from grid.brake import Brake
from grid.cluster import RayError, ray
from grid.hand_out import Door, HandOut, OpenDoor, by_inspection
from grid.key import TrustedKeys
from grid.pulse.watch import PulseWatch
from grid.report import Record, Report
from grid.seal import SealedOrder
from plugins.cargo import Cargo
from plugins.clock import Clock, SystemClock
from probes.observation import Ending

WORKERS = 8
"""Orders that one node runs at once, unless told otherwise."""
TAKE_EVERY_S = 0.1
"""Seconds between two looks at the board."""
ELSEWHERE = "the workers are behind a gate or in a cluster that was joined, and need not share this machine's loopback"
"""Why workers of a joined cluster, also of that inside a gate, may not reach our loopback."""
SLOT = "inspector"
"""Ray resource of which one order takes one."""


class Intake(Protocol):
    """Where the driver puts reports as they arrive, so that what was reported outlives every process of the run."""

    def took(self, report: Report) -> None:
        """Keep a report; called once per report, in order per worker."""


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the caller's handlers: Ray takes SIGTERM for itself, and a stop would end the process without a result."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Grid:
    """A connection to Ray; a context manager. `start()` makes a small cluster of this machine's own, `join()` uses one."""

    def __init__(self, clock: Clock, door: Door | None = None, *, raw: bool = False, apart: str = "") -> None:
        """`raw`: workers may use raw sockets for the port scan, where their host lets them."""
        self.apart = apart
        """Why workers may not reach servers on the loopback of this machine; empty: they surely do."""
        self._clock = clock
        self._door = door or OpenDoor()
        self._raw = raw

    @classmethod
    def start(cls, *, workers: int = WORKERS, clock: Clock | None = None, raw: bool = False) -> Self:
        """Start Ray on this machine: loopback only, token authentication on, no dashboard, no usage reports."""
        with _own_signals():
            ray.init(
                address="local",
                # Given explicitly, because Ray otherwise asks public resolvers which address it has.
                _node_ip_address="127.0.0.1",
                resources={SLOT: workers},
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=False,
                object_store_memory=256 * 1024 * 1024,
            )
        return cls(clock or SystemClock(), raw=raw)

    @classmethod
    def join(
        cls,
        address: str,
        *,
        clock: Clock | None = None,
        own_address: str | None = None,
        door: Door | None = None,
        raw: bool = False,
    ) -> Self:
        """Join a running cluster whose nodes offer the resource `inspector`. `own_address`: ours, so that Ray need not guess it."""
        with _own_signals():
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, _node_ip_address=own_address)
        return cls(clock or SystemClock(), door, raw=raw, apart=ELSEWHERE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave Ray; a cluster made by `start` ends."""
        ray.shutdown()

    def run(
        self,
        orders: Sequence[SealedOrder],
        trusted: TrustedKeys,
        intake: Intake,
        brake: Brake,
        watches: Mapping[str, PulseWatch] | None = None,
        cargo: Cargo | None = None,
    ) -> list[Record]:
        """Run every order in a worker process of its own; give one record per order, in the order given.

        Returns when all have ended. When the brake says stop, all workers are told at once. A worker that is lost leaves a record
        that says so; its order is never run again. `watches` holds, by inspection id, the pulse that decides how fast an inspection
        goes; orders for its heartbeat give no record. `cargo` is the signature pack that the orders are bound to; None: the workers
        use the one that is installed where they run.
        """
        if brake.stopped:
            accounts = [account(sealed, trusted) for sealed in orders]
            accounts = [account for account in accounts if not account.beats]
            return [account.record(self._clock, brake.stopped, Ending.NOT_STARTED) for account in accounts]
        run = _Run(orders, trusted, intake, self._clock, watches or {}, self._door, self._raw, cargo)
        try:
            return run.to_end(brake)
        finally:
            run.close()


class _Run:
    """One call of `Grid.run`."""

    def __init__(
        self,
        orders: Sequence[SealedOrder],
        trusted: TrustedKeys,
        intake: Intake,
        clock: Clock,
        watches: Mapping[str, PulseWatch],
        door: Door,
        raw: bool,
        cargo: Cargo | None,
    ) -> None:
        # Once into the object store, however many orders there are.
        self._cargo = ray.put(cargo)
        self._clock = clock
        self._raw = raw
        self._intake = intake
        self._door = door
        self._trusted = trusted
        self._board = boards.start()
        self._accounts: dict[str, Account] = {}
        self._tasks: dict[Any, str] = {}
        self._lost: dict[str, str] = {}
        self._doubtful: dict[str, str] = {}
        self._told_stop = False
        self._told_share = 1.0
        self._hand_outs = [
            HandOut(group, trusted, watches.get(inspection_id), self._board)
            for inspection_id, group in by_inspection(orders, trusted).items()
        ]
        for sealed in orders:
            opened = account(sealed, trusted)
            self._accounts[opened.order_id] = opened

    def to_end(self, brake: Brake) -> list[Record]:
        """Hand out orders and take reports until every order has ended."""
        self._hand_out()
        while self._tasks:
            self._obey(brake)
            self._reap()
            self._take()
            self._follow_pulse()
            self._hand_out()
        self._take()
        return [self._record(account) for account in self._accounts.values() if not account.beats]

    def _obey(self, brake: Brake) -> None:
        if brake.stopped and not self._told_stop:
            self._told_stop = True
            self._board.stop.remote(brake.stopped)
            self._lost |= {order_id: brake.stopped for hand_out in self._hand_outs for order_id in hand_out.drop()}
        if brake.share < self._told_share:
            self._told_share = brake.share
            for hand_out in self._hand_outs:
                hand_out.budget.lower.remote(brake.share)

    def _follow_pulse(self) -> None:
        for hand_out in self._hand_outs:
            dropped = hand_out.follow_pulse()
            self._lost |= dict.fromkeys(dropped, "the pulse handed the window back")

    def _record(self, account: Account) -> Record:
        if doubt := self._doubtful.get(account.order_id):
            return account.record(self._clock, doubt, Ending.STOPPED, doubtful=True)
        ending = Ending.BROKEN if account.begun else Ending.NOT_STARTED
        return account.record(self._clock, self._lost.get(account.order_id, ""), ending)

    def _hand_out(self) -> None:
        """Start as many orders of each system as it may have connections: a worker needs at least one."""
        task = ray.remote(inspector.inspect).options(
            # An order runs once: Ray must never run it again elsewhere while the first worker may still be sending.
            num_cpus=0,
            resources={SLOT: 1},
            max_retries=0,
            scheduling_strategy="SPREAD",
        )
        for hand_out in self._hand_outs:
            for order_id, sealed in hand_out.next_orders():
                if refusal := self._door.open(sealed, self._trusted):
                    self._lost[order_id] = refusal
                    hand_out.ended(order_id)
                    continue
                reference = task.remote(sealed, self._trusted, self._board, hand_out.budget, self._raw, self._cargo)
                self._tasks[reference] = order_id

    def _reap(self) -> None:
        done, _ = ray.wait(list(self._tasks), num_returns=1, timeout=TAKE_EVERY_S)
        for reference in done:
            order_id = self._tasks.pop(reference)
            if doubt := self._door.close(order_id):
                self._doubtful[order_id] = doubt
            for hand_out in self._hand_outs:
                hand_out.ended(order_id)
            try:
                ray.get(reference)
            except RayError as error:
                self._lost[order_id] = f"the worker was lost: {type(error).__name__}"

    def _take(self) -> None:
        try:
            reports: list[Report] = ray.get(self._board.take.remote())
        except RayError as error:
            # Without the board no worker goes on (see inspector), so waiting for the tasks ends.
            for order_id, account in self._accounts.items():
                if not account.finished:
                    self._lost.setdefault(order_id, f"the board was lost: {type(error).__name__}")
            return
        for report in reports:
            self._intake.took(report)
            self._accounts[report.order_id].took(report)
            for hand_out in self._hand_outs:
                hand_out.hear(report)

    def close(self) -> None:
        """Shut the door, end the board and the budgets; a task that still runs loses touch and stops."""
        for order_id in self._tasks.values():
            self._door.close(order_id)
        ray.kill(self._board)
        for hand_out in self._hand_outs:
            ray.kill(hand_out.budget)
