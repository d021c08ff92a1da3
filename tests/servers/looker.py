"""Looks at ports from inside a namespace: `python -m tests.servers.looker`, an `Outlook` on stdin, observations on stdout."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import sys
import threading

from plugins import canonical
from plugins.clock import SystemClock
from plugins.value import value
from probes.dial import Dialer, OutOfScopeError
from probes.observation import Ending, ItemEnded, Observation
from probes.pace import Pace
from probes.ports.look import look
from probes.recorder import Recorder
from probes.services.identify import Patience
from probes.tally import Tally
from probes.target import Item, Scope, Transport

TOWN = ipaddress.ip_network("10.42.0.0/16")


@value
class Relay:
    """A port behind which a server stands that cannot change its own."""

    address: str
    """Where it listens."""
    port: int
    """Where it listens."""
    to_address: str
    """The server."""
    to_port: int
    """The server."""


@value
class Outlook:
    """What to look at."""

    scope: Scope
    """Target and ports."""
    pace: Pace
    """How fast."""
    patience: Patience
    """How long."""
    relays: tuple[Relay, ...] = ()
    """Relays to run meanwhile."""


@value
class Seen:
    """What came of it."""

    observations: tuple[Observation, ...]
    """Facts."""
    tally: Tally
    """What was sent."""


class TownLeave:
    """Leave for the town, and for nothing else."""

    def check(self, address: str, port: int, transport: Transport) -> None:
        """Refuse what lies outside."""
        if ipaddress.ip_address(address) not in TOWN:
            raise OutOfScopeError(address, port, transport)

    def remaining_s(self) -> float:
        """As long as it takes."""
        return 3600.0


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _serve(relay: Relay, listener: socket.socket) -> None:
    while True:
        near, _ = listener.accept()
        try:
            far = socket.create_connection((relay.to_address, relay.to_port), 5)
        except OSError:
            near.close()
            continue
        for pair in ((near, far), (far, near)):
            threading.Thread(target=_carry, args=pair, daemon=True).start()


async def _look(outlook: Outlook) -> Seen:
    recorder = Recorder(outlook.scope.target.name, SystemClock())
    dialer = Dialer(outlook.scope.target.name, TownLeave(), outlook.pace, SystemClock())
    await look(outlook.scope, dialer, recorder, None, patience=outlook.patience)
    recorder.saw(Item.PORTS, ItemEnded(ending=Ending.FINISHED))
    return Seen(observations=tuple(recorder.observations), tally=dialer.tally)


def main() -> None:
    """Look once."""
    outlook = canonical.loads(Outlook, sys.stdin.buffer.read())
    for relay in outlook.relays:
        listener = socket.create_server((relay.address, relay.port), backlog=32)
        threading.Thread(target=_serve, args=(relay, listener), daemon=True).start()
    sys.stdout.buffer.write(canonical.dumps(asyncio.run(_look(outlook))))


if __name__ == "__main__":
    main()
