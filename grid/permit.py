"""The permit: an opened order. It answers one question: may this be sent now?"""

from __future__ import annotations

from datetime import timedelta
from typing import NoReturn

from grid.order import Order
from plugins.clock import Clock
from probes.dial import CutOffError, OutOfScopeError
from probes.target import Scope, Transport

EDGE_S = 0.5
"""Seconds before the window's end at which sending ends: closing a connection takes packets, too, and they need a round trip."""
_HIGHEST_PORT = 65_535
_ROAD = object()
"""Held by `grid.seal` alone: a permit exists only by opening a sealed order."""


class Permit:
    """Permission for one server, valid in this process only.

    The window is checked on a monotonic clock that was anchored at opening, so that a clock step cannot stretch it, and on
    the wall clock, so that a step forward ends it.
    """

    def __init__(self, order: Order, clock: Clock, road: object) -> None:
        if road is not _ROAD:
            raise TypeError("a Permit comes from grid.seal.open_order only")
        self.order = order
        self._clock = clock
        self._wall_end = order.window.end - timedelta(seconds=EDGE_S)
        self._end = clock.monotonic() + (order.window.end - clock.now()).total_seconds() - EDGE_S
        self._halted = ""
        self._addresses = frozenset(order.scope.target.addresses)
        self._sources = frozenset(order.scope.beside)
        # One byte per port, for the same reason as in `check`.
        self._ports = {transport: _ports(order.scope, transport) for transport in Transport}

    def __reduce__(self) -> NoReturn:
        """Refuse to travel: a permit is worth something only where the order was opened."""
        raise TypeError("a Permit does not leave its process; send the sealed order")

    @property
    def halted(self) -> str:
        """Why nothing may be sent any more; empty while it may."""
        return self._halted

    def halt(self, reason: str) -> None:
        """Let nothing more be sent. The first reason stays."""
        self._halted = self._halted or reason

    def remaining_s(self) -> float:
        """Seconds until nothing may be sent any more; 0 when halted."""
        if self._halted:
            return 0.0
        wall = (self.order.window.end - self._clock.now()).total_seconds() - EDGE_S
        return max(0.0, min(self._end - self._clock.monotonic(), wall))

    def check(self, address: str, port: int, transport: Transport) -> None:
        """Return when this may be sent now; raises `CutOffError`, `OutOfScopeError`."""
        # Like `remaining_s`, in the fewest steps: the port scanner asks a hundred thousand times a second.
        if not self._halted and (self._clock.monotonic() >= self._end or self._clock.now() >= self._wall_end):
            self.halt(f"the window {self.order.window} is over")
        if self._halted:
            raise CutOffError(self._halted)
        if transport is Transport.TCP and (address, port) in self._sources:
            return
        if address not in self._addresses or not (0 <= port <= _HIGHEST_PORT and self._ports[transport][port]):
            raise OutOfScopeError(address, port, transport)


def _ports(scope: Scope, transport: Transport) -> bytearray:
    """Give 1 for every port that the scope names, 0 for the others."""
    named = bytearray(_HIGHEST_PORT + 1)
    looked_at = scope.tcp_ports if transport is Transport.TCP else scope.udp_ports
    declared = (entry.ports for entry in scope.target.ports if entry.transport is transport)
    for ports in (*looked_at, *declared):
        named[ports.first : ports.last + 1] = b"\1" * (ports.last + 1 - ports.first)
    return named
