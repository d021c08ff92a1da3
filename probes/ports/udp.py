"""Sees what UDP ports do. Facts only; `udp_judge.py` says what they mean.

A UDP port says no only by ICMP, and every system limits how often: Linux sends six such errors at once and then one per second.
So one address gets a few datagrams at once and then one per second, and silence stays silence: `open|filtered`.
"""

from __future__ import annotations

import asyncio

from plugins.ask import NoAnswerReason
from probes.crowd import each
from probes.datagram import Datagrams
from probes.dial import Dialer, DialError, OutOfScopeError
from probes.pace import Gcra
from probes.ports.engine import words
from probes.ports.facts import PortState, State
from probes.ports.questions import Question, question
from probes.ports.view import ports_of
from probes.recorder import Recorder
from probes.services.facts import ServiceSeen
from probes.target import Item, Scope, Transport

TRIES = 3
"""Datagrams that a silent port gets."""
BURST = 4
"""Datagrams to one address at once; Linux answers six (net.ipv4.icmp_ratelimit: tokens for six)."""
PER_S = 1.0
"""Datagrams to one address per second after that."""
FIRST_WAIT_S = 1.0
"""How long the answer to the first try may take; each further one twice as long, at most `MOST_WAIT_S`."""
MOST_WAIT_S = 1.5
MOST_PORTS = 64
"""Ports of one address that are looked at; more would take longer than a window, at one per second."""
TOO_MANY = f"only {MOST_PORTS} UDP ports of an address are looked at, because it may be asked only once a second"


class UdpLook:
    """The look at the UDP ports of one server."""

    def __init__(self, scope: Scope, dialer: Dialer, recorder: Recorder, *, per_s: float = PER_S) -> None:
        self._scope, self._dialer, self._recorder = scope, dialer, recorder
        ports = ports_of(scope, Transport.UDP)
        self.doors = [(address, port) for address in scope.target.addresses for port in ports[:MOST_PORTS]]
        self._beyond = [(address, port) for address in scope.target.addresses for port in ports[MOST_PORTS:]]
        now = dialer.clock.monotonic()
        burst = Gcra(rate=per_s, burst=BURST, tat=now)
        self._paces = dict.fromkeys(scope.target.addresses, burst)

    async def run(self) -> None:
        """Look at every port. `CutOffError` comes through."""
        for address, port in self._beyond:
            self._saw(address, port, State.UNKNOWN, TOO_MANY)
        visitors = min(len(self.doors), self._dialer.meter.pace.concurrent_connections)
        await each(self.doors, visitors, lambda door: self._visit(*door))

    async def _visit(self, address: str, port: int) -> None:
        declared = self._scope.target.declared(port, Transport.UDP)
        asked = question(declared.service if declared else "", port)
        try:
            with self._dialer.datagrams(address, port) as box:
                await self._ask(address, port, asked, box)
        except DialError as error:
            state = State.CLOSED if error.reason is NoAnswerReason.REFUSED else State.FILTERED
            self._saw(address, port, state if error.icmp else State.UNKNOWN, words(error.code))
        except (OutOfScopeError, OSError) as error:
            self._saw(address, port, State.UNKNOWN, str(error))

    async def _ask(self, address: str, port: int, asked: Question, box: Datagrams) -> None:
        wait_s = FIRST_WAIT_S
        for number in range(TRIES):
            await self._pace(address)
            payload = asked.payloads[number % len(asked.payloads)]
            answer = await box.exchange(payload, timeout_s=wait_s, any_port=asked.any_port)
            if answer is not None:
                self._answered(address, port, asked, box, answer)
                return
            wait_s = min(2 * wait_s, MOST_WAIT_S)
        self._saw(address, port, State.OPEN_OR_FILTERED, f"no answer to {TRIES} datagrams")

    async def _pace(self, address: str) -> None:
        self._paces[address], wait = self._paces[address].take(self._dialer.clock.monotonic())
        await asyncio.sleep(wait)

    def _answered(self, address: str, port: int, asked: Question, box: Datagrams, answer: bytes) -> None:
        service = asked.named(answer)
        self._saw(address, port, State.OPEN, "")
        seen = ServiceSeen(
            address=address,
            port=port,
            transport=Transport.UDP,
            service=service,
            tls=False,
            banner=answer[:512],
            detail="" if service else "it answered with something that is of no known protocol",
        )
        self._recorder.saw(Item.PORTS, seen, box.transcript)

    def _saw(self, address: str, port: int, state: State, detail: str) -> None:
        self._recorder.saw(
            Item.PORTS, PortState(address=address, port=port, transport=Transport.UDP, state=state, detail=detail)
        )
