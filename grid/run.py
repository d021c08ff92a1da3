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
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Protocol, Self

from grid import board as boards
from grid import budget as budgets
from grid import inspector
from grid.board import BoardHandle
from grid.brake import Brake
from grid.cluster import RayError, ray
from grid.key import TrustedKeys
from grid.order import Order
from grid.pulse.watch import PulseWatch
from grid.report import Record, Report
from grid.seal import SealedOrder, read_order
from plugins.clock import Clock, SystemClock
from plugins.text import Text
from probes.observation import Ending, ItemEnded, Observation
from probes.pulse.facts import Advice, Phase, Pulse
from probes.tally import Tally

WORKERS = 8
"""Orders that one node runs at once, unless told otherwise."""
TAKE_EVERY_S = 0.1
"""Seconds between two looks at the board."""
_SLOT = "inspector"
"""Ray resource of which one order takes one."""


class Intake(Protocol):
    """Where the driver puts reports as they arrive, so that what was reported outlives every process of the run."""

    def took(self, report: Report) -> None:
        """Keep a report; called once per report, in order per worker."""


class _Account:
    """What has arrived for one order."""

    def __init__(self, order: Order) -> None:
        self.order_id, self.server, self.items = order.order_id, order.scope.target.name, order.scope.items
        self.beats = isinstance(order.pulse, Pulse)
        self._first: Report | None = None
        self._last: Report | None = None
        self._observations: list[Observation] = []

    @property
    def begun(self) -> bool:
        return self._first is not None

    @property
    def finished(self) -> bool:
        return self._last is not None and self._last.last

    def took(self, report: Report) -> None:
        # Transcripts are on disk by now; keeping them here would keep every server's bytes in memory.
        kept = replace(report, transcripts=(), observations=())
        self._first = self._first or kept
        self._last = kept
        self._observations.extend(report.observations)

    def record(self, clock: Clock, lost: str, ending: Ending = Ending.BROKEN) -> Record:
        """Close the account; items without a last fact get one."""
        first, last = self._first, self._last
        ended = {entry.item for entry in self._observations if isinstance(entry.fact, ItemEnded)}
        missing = [item for item in self.items if item not in ended]
        fact = ItemEnded(ending=ending, detail=lost or "the worker's last report never came")
        now = clock.now()
        return Record(
            order_id=self.order_id,
            server=self.server,
            worker_pid=first.worker_pid if first else 0,
            node=first.node if first else "",
            started=first.at if first else now,
            ended=last.at if last and last.last else now,
            observations=tuple(self._observations),
            noticed=tuple(Observation(server=self.server, item=item, at=now, fact=fact) for item in missing),
            tally=last.tally if last else Tally(),
            lost=lost,
        )


def _account(sealed: SealedOrder, trusted: TrustedKeys) -> _Account:
    return _Account(read_order(sealed, trusted))


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

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @classmethod
    def start(cls, *, workers: int = WORKERS, clock: Clock | None = None) -> Self:
        """Start Ray on this machine: loopback only, token authentication on, no dashboard, no usage reports."""
        with _own_signals():
            ray.init(
                address="local",
                # Given explicitly, because Ray otherwise asks public resolvers which address it has.
                _node_ip_address="127.0.0.1",
                resources={_SLOT: workers},
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=False,
                object_store_memory=256 * 1024 * 1024,
            )
        return cls(clock or SystemClock())

    @classmethod
    def join(cls, address: str, *, clock: Clock | None = None) -> Self:
        """Join a running cluster whose nodes offer the resource `inspector`."""
        with _own_signals():
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        return cls(clock or SystemClock())

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
    ) -> list[Record]:
        """Run every order in a worker process of its own; give one record per order, in the order given.

        Returns when all have ended. When the brake says stop, all workers are told at once. A worker that is lost leaves a record
        that says so; its order is never run again. `watches` holds, by inspection id, the pulse that decides how fast an inspection
        goes; orders for its heartbeat give no record.
        """
        if brake.stopped:
            accounts = [_account(sealed, trusted) for sealed in orders]
            accounts = [account for account in accounts if not account.beats]
            return [account.record(self._clock, brake.stopped, Ending.NOT_STARTED) for account in accounts]
        run = _Run(orders, trusted, intake, self._clock, watches or {})
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
    ) -> None:
        self._clock = clock
        self._intake = intake
        self._trusted = trusted
        self._board = boards.start()
        self._accounts: dict[str, _Account] = {}
        self._tasks: dict[Any, str] = {}
        self._lost: dict[str, str] = {}
        self._told_stop = False
        self._told_share = 1.0
        self._systems = [
            _System(group, trusted, watches.get(inspection_id), self._board)
            for inspection_id, group in _by_inspection(orders, trusted).items()
        ]
        for sealed in orders:
            account = _account(sealed, trusted)
            self._accounts[account.order_id] = account

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
            self._lost |= {order_id: brake.stopped for system in self._systems for order_id in system.drop()}
        if brake.share < self._told_share:
            self._told_share = brake.share
            for system in self._systems:
                system.budget.lower.remote(brake.share)

    def _follow_pulse(self) -> None:
        for system in self._systems:
            dropped = system.follow_pulse()
            self._lost |= dict.fromkeys(dropped, "the pulse handed the window back")

    def _record(self, account: _Account) -> Record:
        ending = Ending.BROKEN if account.begun else Ending.NOT_STARTED
        return account.record(self._clock, self._lost.get(account.order_id, ""), ending)

    def _hand_out(self) -> None:
        """Start as many orders of each system as it may have connections: a worker needs at least one."""
        task = ray.remote(inspector.inspect).options(
            # An order runs once: Ray must never run it again elsewhere while the first worker may still be sending.
            num_cpus=0,
            resources={_SLOT: 1},
            max_retries=0,
            scheduling_strategy="SPREAD",
        )
        for system in self._systems:
            for order_id, sealed in system.next_orders():
                reference = task.remote(sealed, self._trusted, self._board, system.budget)
                self._tasks[reference] = order_id

    def _reap(self) -> None:
        done, _ = ray.wait(list(self._tasks), num_returns=1, timeout=TAKE_EVERY_S)
        for reference in done:
            order_id = self._tasks.pop(reference)
            for system in self._systems:
                system.ended(order_id)
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
            for system in self._systems:
                system.hear(report)

    def close(self) -> None:
        """End the board and the budgets; a task that still runs loses touch and stops."""
        ray.kill(self._board)
        for system in self._systems:
            ray.kill(system.budget)


class _System:
    """The orders of one inspection, their common budget, the pulse that paces them, and which of them run."""

    def __init__(
        self,
        orders: Sequence[tuple[Order, SealedOrder]],
        trusted: TrustedKeys,
        watch: PulseWatch | None,
        board: BoardHandle,
    ) -> None:
        inspecting = [(order, sealed) for order, sealed in orders if not isinstance(order.pulse, Pulse)]
        self._ids = frozenset(order.order_id for order, _ in inspecting)
        self._hearts = deque((order.order_id, sealed) for order, sealed in orders if isinstance(order.pulse, Pulse))
        self._heart_ids = tuple(order_id for order_id, _ in self._hearts)
        self._waiting = deque((order.order_id, sealed) for order, sealed in inspecting)
        self._running: set[str] = set()
        self._at_once = min(order.system_pace.concurrent_connections for order, _ in orders)
        self._board = board
        self._watch = watch
        self._advised = Advice(phase=Phase.RUN, factor=1.0, reason=Text(en="", ja=""))
        self.budget = budgets.start([sealed for _, sealed in inspecting], trusted)
        self.follow_pulse()  # with a pulse, nothing is lent before the shop has been seen without us

    def next_orders(self) -> Iterator[tuple[str, SealedOrder]]:
        """Give the orders that may start now, the heartbeat first."""
        while self._hearts:
            yield self._hearts.popleft()
        while self._waiting and len(self._running) < self._at_once:
            order_id, sealed = self._waiting.popleft()
            self._running.add(order_id)
            yield order_id, sealed

    def ended(self, order_id: str) -> None:
        """Note that an order has ended; with the last one, the heartbeat ends. Unknown ids belong to other systems."""
        self._running.discard(order_id)
        if order_id in self._ids and not self._running and not self._waiting:
            self._board.stop.remote("the inspection has ended", self._heart_ids)

    def drop(self) -> list[str]:
        """Give up the orders that have not been handed out."""
        dropped = [order_id for order_id, _ in self._waiting]
        self._waiting.clear()
        return dropped

    def hear(self, report: Report) -> None:
        """Let the pulse know what was sent, and how the shop answered."""
        if self._watch is None:
            return
        if report.order_id in self._ids:
            self._watch.sent(report.order_id, report.at, report.tally)
        elif report.order_id in self._heart_ids:
            for seen in report.beats:
                self._watch.heard(seen)

    def follow_pulse(self) -> list[str]:
        """Let the budget lend as much as the pulse advises; give the orders that are given up because it hands the window back."""
        if self._watch is None:
            return []
        advice = self._watch.advice()
        if advice == self._advised:
            return []
        self._advised = advice
        self.budget.throttle.remote(advice.factor, advice.reason.en)
        if advice.phase is not Phase.ABORT:
            return []
        self._board.stop.remote(f"the pulse: {advice.reason.en}", tuple(self._ids))
        return self.drop()


def _by_inspection(sealed: Sequence[SealedOrder], trusted: TrustedKeys) -> dict[str, list[tuple[Order, SealedOrder]]]:
    groups: dict[str, list[tuple[Order, SealedOrder]]] = {}
    for one in sealed:
        order = read_order(one, trusted)
        groups.setdefault(order.inspection_id, []).append((order, one))
    return groups
