"""Sees which ports are open and what answers there. Facts only; `judge.py` says what they mean.

First every port is dialled once, in random order; those that gave no answer are dialled once more. Then every open port is asked
what it is. A server that answers on (almost) every port is asked at its declared ports only: there is something in between.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Awaitable, Callable, MutableSequence

from plugins.ask import NoAnswerReason
from plugins.value import value
from probes.crowd import each
from probes.dial import Dialer, DialError, OutOfScopeError
from probes.ports.facts import PortState, State
from probes.ports.interference import everything_open
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


Shuffle = Callable[[MutableSequence[Door]], None]
"""Brings a list into random order, in place; `random.Random.shuffle` of a seeded generator makes a run repeatable."""

PATIENCE = Patience()
"""How long a server gets, unless a caller says otherwise."""
_SHUFFLE: Shuffle = secrets.SystemRandom().shuffle
_ICMP_ERRORS = {errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENOPROTOOPT, errno.ENONET}
"""What Linux makes of ICMP errors. ENETUNREACH is not among them: it may be a route that we lack ourselves."""


async def look(
    scope: Scope,
    dialer: Dialer,
    recorder: Recorder,
    pack: object,  # noqa: ARG001 - every probe is called alike; this one needs no signatures
    *,
    patience: Patience = PATIENCE,
    shuffle: Shuffle = _SHUFFLE,
) -> None:
    """Dial every port of the scope on every address and identify what is open. `CutOffError` comes through."""
    looker = _Looker(scope, dialer, recorder, patience, shuffle)
    silent = await looker.dial(looker.doors(), again=False)
    await looker.dial(silent, again=True)
    await looker.identify()


class _Looker:
    """One look at one server."""

    def __init__(self, scope: Scope, dialer: Dialer, recorder: Recorder, patience: Patience, shuffle: Shuffle) -> None:
        self._scope, self._dialer, self._recorder = scope, dialer, recorder
        self._patience, self._shuffle = patience, shuffle
        self._ports = ports_of(scope)
        self._total = len(self._ports) * len(scope.target.addresses)
        self._done = 0
        self._open: list[Door] = []
        self._services = ServiceLook(scope, dialer, recorder, patience)

    def doors(self) -> list[Door]:
        """Give everything to dial."""
        return [Door(address=address, port=port) for address in self._scope.target.addresses for port in self._ports]

    async def dial(self, doors: list[Door], *, again: bool) -> list[Door]:
        """Dial doors in random order; give those that should be dialled again before they count as filtered."""
        self._shuffle(doors)
        silent: list[Door] = []

        async def dial_one(door: Door) -> None:
            fact = await self._state(door)
            if fact.state is State.FILTERED and not again:
                silent.append(door)
                return
            self._saw(door, fact)

        await self._crowd(doors, dial_one)
        return silent

    def _saw(self, door: Door, fact: PortState) -> None:
        self._recorder.saw(Item.PORTS, fact)
        if fact.state is State.OPEN:
            self._open.append(door)
        self._step()

    def _step(self) -> None:
        self._done += 1
        self._recorder.progress(Item.PORTS, self._done, self._total)

    async def _state(self, door: Door) -> PortState:
        state, detail = State.OPEN, ""
        try:
            async with self._dialer.connect(door.address, door.port, timeout_s=self._patience.connect_s):
                pass
        except DialError as error:
            state = _state_after(error)
            detail = os.strerror(error.code) if error.code else error.detail
        except OutOfScopeError as error:
            state, detail = State.UNKNOWN, str(error)
        return PortState(address=door.address, port=door.port, transport=Transport.TCP, state=state, detail=detail)

    async def identify(self) -> None:
        """Ask every open port what it is."""
        doors = [door for address in self._scope.target.addresses for door in self._worth_asking(address)]
        self._total += len(doors)
        await self._crowd(doors, self._identify_one)
        await self._services.sound()

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
        self._step()

    async def _crowd(self, doors: list[Door], visit: Callable[[Door], Awaitable[None]]) -> None:
        """Visit doors, as many at once as the pace allows."""
        await each(doors, min(len(doors), self._dialer.meter.pace.concurrent_connections), visit)


def _state_after(error: DialError) -> State:
    """Say what a failed connection means; trouble of our own is never the server's state."""
    if error.reason is NoAnswerReason.REFUSED:
        return State.CLOSED
    if error.reason is NoAnswerReason.RESET:
        # A reset that is no refusal comes after the handshake (RFC 9293, section 3.10.7.3), so somebody listens there.
        return State.OPEN
    icmp = error.reason is NoAnswerReason.UNREACHABLE and error.code in _ICMP_ERRORS
    return State.FILTERED if icmp or error.reason is NoAnswerReason.TIMEOUT else State.UNKNOWN
