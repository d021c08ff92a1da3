"""Sees whether declared ports answer and what the DNS says of declared names and addresses. Facts only; `judge.py` judges.

The resolvers are those that the order names; they are asked over TCP through the dialler, so every question is by the order's
leave, at its pace, counted, and kept as evidence.
"""

from __future__ import annotations

import asyncio

from plugins.ask import NoAnswerReason
from probes.control.facts import Question, RecordType
from probes.control.judge import domains
from probes.crowd import each
from probes.dial import Connection, Dialer, DialError, OutOfScopeError
from probes.hosts import wire
from probes.hosts.facts import NameSeen
from probes.ports.facts import PortState, State
from probes.recorder import Recorder
from probes.target import Item, Scope, Transport
from probes.transcript import Transcript

ANSWER_S = 5.0
"""Seconds for one question to one resolver."""
CONNECT_S = 3.0
"""Seconds for one connection to a declared port."""
MOST_QUESTIONS = 150
"""Most questions for one server."""
MOST_SERVED = 10
"""Most mail or name servers of a domain that are looked up."""
MOST_DOORS = 2_000
"""Most declared ports that are dialled, over all addresses."""


async def look(
    scope: Scope,
    dialer: Dialer,
    recorder: Recorder,
    pack: object,  # noqa: ARG001 - every probe is called alike; this one needs no signatures
) -> None:
    """Dial every declared port, ask about every declared name and address. `CutOffError` comes through."""
    doors = _doors(scope)
    names = _Names(scope, dialer, recorder)
    total = len(doors) + 1
    done = 0

    async def dial(door: tuple[str, int]) -> None:
        nonlocal done
        recorder.saw(Item.HOSTS, await _state(dialer, *door))
        done += 1
        recorder.progress(Item.HOSTS, done, total)

    await each(doors, min(len(doors), dialer.meter.pace.concurrent_connections), dial)
    if scope.site.resolvers:
        await names.ask_all()
    recorder.progress(Item.HOSTS, total, total)


def _doors(scope: Scope) -> list[tuple[str, int]]:
    """Give every declared TCP port of every address."""
    ranges = (entry.ports for entry in scope.target.ports if entry.transport is Transport.TCP)
    ports = sorted({port for one in ranges for port in range(one.first, one.last + 1)})
    return [(address, port) for address in scope.target.addresses for port in ports][:MOST_DOORS]


async def _state(dialer: Dialer, address: str, port: int) -> PortState:
    """Dial a port; what gives no answer is dialled once more."""
    state, detail = State.UNKNOWN, ""
    for _ in range(2):
        try:
            async with dialer.connect(address, port, timeout_s=CONNECT_S):
                state, detail = State.OPEN, ""
        except DialError as error:
            state, detail = _after(error), error.detail
        except OutOfScopeError as error:
            state, detail = State.UNKNOWN, str(error)
        if state is not State.FILTERED:
            break
    return PortState(address=address, port=port, transport=Transport.TCP, state=state, detail=detail)


def _after(error: DialError) -> State:
    """Say what a failed connection means; trouble of our own is never the server's state."""
    if error.reason is NoAnswerReason.RESET:
        return State.OPEN  # a reset that is no refusal comes after the handshake, so somebody listens there
    if error.reason is NoAnswerReason.REFUSED:
        return State.CLOSED
    silent = error.reason is NoAnswerReason.TIMEOUT or error.icmp
    return State.FILTERED if silent else State.UNKNOWN


class _Names:
    """Asks the DNS about one server."""

    def __init__(self, scope: Scope, dialer: Dialer, recorder: Recorder) -> None:
        self._scope, self._dialer, self._recorder = scope, dialer, recorder
        self._known: dict[Question, NameSeen] = {}

    async def ask_all(self) -> None:
        """Ask forward, backward, and for the mail and name servers of the domains that are this server's to ask about."""
        target = self._scope.target
        for host in target.host_names:
            await self._addresses(host)
        for address in target.addresses:
            await self._ask(wire.reverse(address))
        for host in target.host_names:
            for type_ in (RecordType.NS, RecordType.MX):
                await self._served(host, type_)

    async def _addresses(self, name: str) -> None:
        for type_ in (RecordType.A, RecordType.AAAA):
            await self._ask(Question(name=name, type=type_))

    async def _served(self, host: str, type_: RecordType) -> None:
        """Look for the nearest domain that names servers of this kind, and look those up."""
        for domain in domains(host):
            if owner(self._scope, domain) not in self._scope.target.host_names:
                return  # another server's order asks from here on
            found = await self._ask(Question(name=domain, type=type_))
            if found.values:
                for name in found.values[:MOST_SERVED]:
                    await self._addresses(name)
                return

    async def _ask(self, question: Question) -> NameSeen:
        if question in self._known:
            return self._known[question]
        if len(self._known) >= MOST_QUESTIONS:
            return NameSeen(question=question, detail="not asked: too many names")
        fact, transcripts = await self._answer(question)
        self._known[question] = fact
        self._recorder.saw(Item.HOSTS, fact, *transcripts)
        return fact

    async def _answer(self, question: Question) -> tuple[NameSeen, list[Transcript]]:
        """Ask one resolver after the other until one of them has an answer."""
        fact = NameSeen(question=question, detail="no resolver was asked")
        transcripts: list[Transcript] = []
        for resolver in self._scope.site.resolvers:
            try:
                await self._dialer.meter.request()
                async with self._dialer.connect(resolver.address, resolver.port, timeout_s=ANSWER_S) as connection:
                    self._dialer.counter.request()
                    try:
                        fact = await _exchange(connection, question)
                    finally:
                        transcripts.append(connection.transcript)
            except (DialError, OutOfScopeError, TimeoutError, wire.QuestionError) as error:
                fact = NameSeen(question=question, detail=str(error) or "no answer in time")
            if fact.answered:
                break
        return fact, transcripts


def owner(scope: Scope, domain: str) -> str:
    """Give the first declared name of the system that lies in a domain: only its server asks about the domain."""
    return next((name for name in scope.site.host_names if domain in domains(name)), "")


async def _exchange(connection: Connection, question: Question) -> NameSeen:
    asked = wire.query(question)
    async with asyncio.timeout(ANSWER_S):
        await connection.write(wire.framed(asked))
        length = int.from_bytes(await _exactly(connection, 2), "big")
        if length > wire.MESSAGE_BYTES:
            return NameSeen(question=question, detail=f"the answer is longer than {wire.MESSAGE_BYTES} bytes")
        return wire.seen(question, asked, await _exactly(connection, length))


async def _exactly(connection: Connection, size: int) -> bytes:
    """Read `size` bytes; fewer when the resolver hangs up."""
    heard = bytearray()
    while len(heard) < size and (data := await connection.read(size - len(heard))):
        heard += data
    return bytes(heard)
