"""The hand-out of one inspection: its orders, their common budget, the pulse that paces them, and which of them run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from grid import budget as budgets
from grid.board import BoardHandle
from grid.key import TrustedKeys
from grid.order import Order
from grid.pulse.watch import PulseWatch
from grid.report import Report
from grid.seal import SealedOrder, read_order
from plugins.text import Text
from probes.pulse.facts import Advice, Phase, Pulse


class Door(Protocol):
    """What every order passes on its way out and at its end. Called from several threads."""

    def open(self, sealed: SealedOrder, trusted: TrustedKeys) -> str:
        """Let an order out, before it is handed out; give why that cannot be, then it is not handed out."""

    def close(self, order_id: str) -> str:
        """Shut an order off after its end; give why what was seen under it cannot be relied on, empty when it can."""


class OpenDoor:
    """No wall of the grid's own outside of the workers."""

    def open(self, sealed: SealedOrder, trusted: TrustedKeys) -> str:  # noqa: ARG002 - there is nothing to open
        """Let it out."""
        return ""

    def close(self, order_id: str) -> str:  # noqa: ARG002 - there is nothing to shut
        """Do nothing."""
        return ""


class HandOut:
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


def by_inspection(sealed: Sequence[SealedOrder], trusted: TrustedKeys) -> dict[str, list[tuple[Order, SealedOrder]]]:
    """Group sealed orders by inspection."""
    groups: dict[str, list[tuple[Order, SealedOrder]]] = {}
    for one in sealed:
        order = read_order(one, trusted)
        groups.setdefault(order.inspection_id, []).append((order, one))
    return groups
