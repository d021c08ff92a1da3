"""Sees which ports are open and what answers there. Facts only; `judge.py` says what they mean.

First every port is knocked at (`sweep.py`), then every open port is asked what it is. A server that answers on (almost) every port
is asked at its declared ports only: there is something in between.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Awaitable, Callable

from plugins.value import value
from probes.crowd import each
from probes.dial import Dialer
from probes.ports.connecting import ConnectEngine
from probes.ports.engine import Engine, Field
from probes.ports.facts import PortBlock, PortState, SweepSeen
from probes.ports.half_open import HalfOpenEngine
from probes.ports.interference import everything_open
from probes.ports.ledger import Outlet
from probes.ports.permutation import Below
from probes.ports.round_trip import MOST_S
from probes.ports.sweep import Sweep
from probes.ports.udp import UdpLook
from probes.ports.view import ports_of
from probes.recorder import Recorder
from probes.services.identify import Patience
from probes.services.look import ServiceLook
from probes.target import Item, Scope, Transport


@value
class Door:
    """One port of one address."""

    address: str
    """Address to dial."""
    port: int
    """TCP port."""


PATIENCE = Patience()
"""How long a server gets, unless a caller says otherwise."""


async def look(
    scope: Scope,
    dialer: Dialer,
    recorder: Recorder,
    pack: object,  # noqa: ARG001 - every probe is called alike; this one needs no signatures
    *,
    patience: Patience = PATIENCE,
    below: Below = secrets.randbelow,
) -> None:
    """Knock at every port of the scope on every address and identify what is open. `CutOffError` comes through."""
    looker = _Looker(scope, dialer, recorder, patience)
    await looker.sweep(below)
    await looker.identify()
    await looker.ask_by_udp()


class _Looker:
    """One look at one server."""

    def __init__(self, scope: Scope, dialer: Dialer, recorder: Recorder, patience: Patience) -> None:
        self._scope, self._dialer, self._recorder = scope, dialer, recorder
        self._patience = patience
        self._ports = ports_of(scope)
        self._total = len(self._ports) * len(scope.target.addresses)
        self._done = 0
        self._open: list[Door] = []
        self._services = ServiceLook(scope, dialer, recorder, patience)
        self._udp = UdpLook(scope, dialer, recorder)

    async def sweep(self, below: Below) -> None:
        """Knock at all doors."""
        if not self._ports:
            return
        doors = Field(self._scope.target.addresses, self._ports)
        with contextlib.closing(_engine(doors, self._dialer, below)) as engine:
            sweep = Sweep(
                doors,
                engine,
                [port for port in self._ports if self._is_declared(port)],
                Outlet(fact=self._saw, done=self._progress),
                below=below,
                clock=self._dialer.clock,
                most_patience_s=min(self._patience.connect_s, MOST_S),
            )
            await sweep.run()
        self._open = [Door(address=address, port=port) for address, port in sweep.open_doors]

    def _saw(self, fact: PortState | PortBlock | SweepSeen) -> None:
        self._recorder.saw(Item.PORTS, fact)

    def _progress(self, done: int) -> None:
        self._done = done
        self._recorder.progress(Item.PORTS, done, self._total)

    async def identify(self) -> None:
        """Ask every open port what it is."""
        doors = [door for address in self._scope.target.addresses for door in self._worth_asking(address)]
        self._total += len(doors)
        await self._crowd(doors, self._identify_one)
        await self._services.sound()

    async def ask_by_udp(self) -> None:
        """Ask the UDP ports, last: they are the slowest."""
        self._total += len(self._udp.doors)
        await self._udp.run()
        self._progress(self._total)

    def _worth_asking(self, address: str) -> list[Door]:
        doors = [door for door in self._open if door.address == address]
        undeclared = [port for port in self._ports if not self._is_declared(port)]
        answering = [door for door in doors if not self._is_declared(door.port)]
        if everything_open(len(answering), len(undeclared)):
            return [door for door in doors if self._is_declared(door.port)]
        return doors

    def _is_declared(self, port: int) -> bool:
        return self._scope.target.declared(port, Transport.TCP) is not None

    async def _identify_one(self, door: Door) -> None:
        await self._services.ask(door.address, door.port)
        self._progress(self._done + 1)

    async def _crowd(self, doors: list[Door], visit: Callable[[Door], Awaitable[None]]) -> None:
        """Visit doors, as many at once as the pace allows."""
        await each(doors, min(len(doors), self._dialer.meter.pace.concurrent_connections), visit)


def _engine(doors: Field, dialer: Dialer, below: Below) -> Engine:
    """Give the half-open engine where grid and host allow raw sockets, else the one that needs no rights."""
    if dialer.raw:
        with contextlib.suppress(OSError):
            return HalfOpenEngine(doors, dialer, below)
    return ConnectEngine(doors, dialer)
