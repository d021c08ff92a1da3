"""A table of the kernel that holds passages: opens, closes and counts. Shared by the gate and its fallback."""

from __future__ import annotations

from typing import Any

from grid.gate import kernel, rules
from grid.gate.kernel import GateError
from grid.gate.passage import Passage, passage_of
from grid.permit import EDGE_S, Permit
from plugins.clock import Clock
from plugins.value import value

MARGIN_S = 0.25
"""How long before the end the kernel stops letting through: later than the permit, so that connections are closed in good order,
and early enough for telling the kernel and for the way to the server."""
_TRIES = 3


@value
class Let:
    """What the kernel counted for one order, in packets."""

    passed: int
    """Let through."""
    hasty: int
    """Dropped because they came faster than agreed."""
    late: int
    """Dropped because the wall clock was past the end."""


@value
class Counted:
    """What the kernel counted, in packets."""

    orders: dict[str, Let]
    """Per order id, open or closed."""
    forged: int
    """Dropped: the source was not the worker's own."""
    odd: int
    """Dropped: fragments, source routes, tags, other protocols."""
    foreign: int
    """Dropped: no open order names address and port."""
    chatter: int
    """Neighbour discovery and the like: never leaves the cable."""


class Table:
    """One nft table with passages in it."""

    def __init__(self, family: str, name: str, clock: Clock, switch: str = "") -> None:
        self.family, self.name = family, name
        self._clock = clock
        self._switch = switch
        self._slots: dict[str, int] = {}
        self._open: dict[str, int] = {}

    def apply(self, text: str) -> None:
        """Apply one transaction: all of it or nothing."""
        kernel.run(kernel.inside(self._switch, ["nft", "-f", "-"]), text)

    def open(self, permit: Permit, packets_per_s: float | None = None) -> None:
        """Let out what an opened order names, until its end. An order is opened once. Raises `GateError`, `PassageError`."""
        passage = passage_of(permit.order, packets_per_s)
        if passage.order_id in self._slots:
            # A second opening would start with a full token bucket.
            raise GateError(f"order {passage.order_id!r}", "an order that was never opened here", "it was")
        slot = self._slots[passage.order_id] = len(self._slots) + 1
        for _ in range(_TRIES):
            if self._tried(permit, passage, slot):
                self._open[passage.order_id] = slot
                return
        raise GateError(f"order {passage.order_id!r}", f"to open it within {MARGIN_S} s", "the host is too slow")

    def _tried(self, permit: Permit, passage: Passage, slot: int) -> bool:
        """Open; True when the kernel knew soon enough for its timeout to end before the window does."""
        began = self._clock.monotonic()
        left_ms = int((self._left_s(permit) - MARGIN_S) * 1000)
        if left_ms <= 0:
            raise GateError(f"order {passage.order_id!r}", "a window that is still open", "it is over, or nearly")
        self.apply(rules.opened(self.family, self.name, slot, passage, left_ms, self._open.values()))
        if self._clock.monotonic() - began <= MARGIN_S:
            return True
        self.apply(rules.closed(self.family, self.name, slot, self._open.values()))
        return False

    def _left_s(self, permit: Permit) -> float:
        """Give the seconds until the window's end; 0 when the permit was halted. The permit stops sending a little before."""
        left = permit.remaining_s()
        wall = (permit.order.window.end - self._clock.now()).total_seconds()
        return min(wall, left + EDGE_S) if left else 0.0

    def close(self, order_id: str) -> None:
        """Let nothing more out for an order, at once. Closing a closed one does nothing."""
        slot = self._open.pop(order_id, None)
        if slot is not None:
            self.apply(rules.closed(self.family, self.name, slot, self._open.values()))

    def counted(self) -> Counted:
        """Read what the kernel counted."""
        command = kernel.inside(self._switch, ["nft", "-j", "list", "counters", "table", self.family, self.name])
        packets = _packets(kernel.run_json(command))
        orders = {
            order_id: Let(**{each: packets.get(f"o{slot}-{each}", 0) for each in rules.SLOT_COUNTERS})
            for order_id, slot in self._slots.items()
        }
        return Counted(orders=orders, **{each: packets.get(each, 0) for each in rules.COUNTERS})

    def remove(self) -> None:
        """Take the table away; also when it is gone already."""
        # Adding first makes deleting succeed whether it was there or not.
        self.apply(f"add table {self.family} {self.name}\ndelete table {self.family} {self.name}\n")


def _packets(answer: Any) -> dict[str, int]:  # noqa: ANN401 - JSON is what it is
    try:
        entries = [entry["counter"] for entry in answer["nftables"] if "counter" in entry]
        return {str(entry["name"]): int(entry["packets"]) for entry in entries}
    except (KeyError, TypeError, ValueError) as error:
        raise GateError("nft", "counters in JSON", f"{type(error).__name__}: {error}") from None
