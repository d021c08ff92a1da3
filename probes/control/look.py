"""What the DNS and the addresses themselves say about control. This is the one module that lets dnspython open its sockets.

The resolvers are arguments: nothing is asked of a server that the caller did not name. Pages are fetched through a `Dialer` whose
leave names the address and port 80 or 443 and nothing else.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from plugins.ask import HttpAnswer, HttpAsk, WebEndpoint
from plugins.clock import Clock
from probes.control.facts import DnsSeen, PageSeen, Question, RecordType, Visit
from probes.control.token import page_path
from probes.dial import CutOffError, Dialer, OutOfScopeError
from probes.http import exchange
from probes.pace import Pace
from probes.target import Resolver, Transport

T = TypeVar("T")

PACE = Pace(connections_per_s=5.0, requests_per_s=5.0, concurrent_connections=4, bytes_per_s=200_000)
"""How pages are fetched: one each, and gently."""
AT_ONCE = 8
"""Questions to the DNS that are open at one moment."""
MOST_QUESTIONS = 400
"""Questions to the DNS at most; what is not asked proves nothing."""
MOST_VALUES = 100
"""Values of one answer that are looked at."""
BODY_BYTES = 1024
"""Bytes of a page that are read."""
ANSWER_S = 10.0
"""Seconds for one question or page."""
_POLL_S = 0.1
_LATE = "no answer in time"


class ResolverError(ValueError):
    """Text that is no resolver."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"resolver {self.text!a}: expected address, address:port or [IPv6]:port, such as 192.0.2.53 or [2001:db8::53]:53"


def resolver(text: str) -> Resolver:
    """Read `address`, `address:port` or `[IPv6]:port`; raises `ResolverError`."""
    host, colon, port = text.rpartition(":")
    if text.count(":") != 1 and not host.endswith("]"):
        host, colon, port = text, "", ""
    host = host.removeprefix("[").removesuffix("]")
    try:
        number = int(port) if colon else 53
        address = str(ipaddress.ip_address(host))
    except ValueError:
        raise ResolverError(text) from None
    if not 1 <= number <= 65535:
        raise ResolverError(text)
    return Resolver(address=address, port=number)


def resolvers_of_this_machine(path: Path = Path("/etc/resolv.conf")) -> tuple[Resolver, ...]:
    """Give the resolvers that this machine uses; none when it names none."""
    try:
        found = dns.resolver.Resolver(filename=str(path))
    except (dns.exception.DNSException, OSError):
        return ()
    return tuple(Resolver(address=str(each)) for each in found.nameservers if isinstance(each, str))


class ControlLeave:
    """Leave to fetch the pages of a proof: these addresses and ports, until the deadline or a stop."""

    def __init__(self, visits: Sequence[Visit], clock: Clock, seconds: float, stopped: Callable[[], bool]) -> None:
        self._named = frozenset((visit.address, visit.port) for visit in visits if visit.port in {80, 443})
        self._clock = clock
        self._end = clock.monotonic() + seconds
        self._stopped = stopped

    def check(self, address: str, port: int, transport: Transport) -> None:
        """Return when this may be sent now; raises `OutOfScopeError`, `CutOffError`."""
        if self.remaining_s() <= 0:
            raise CutOffError("the proof of control was stopped or took too long")
        if transport is not Transport.TCP or (address, port) not in self._named:
            raise OutOfScopeError(address, port, transport)

    def remaining_s(self) -> float:
        """Seconds until nothing may be sent any more."""
        return 0.0 if self._stopped() else max(0.0, self._end - self._clock.monotonic())


async def look_up(
    questions: Sequence[Question], resolvers: Sequence[Resolver], seconds: float, stopped: Callable[[], bool]
) -> tuple[DnsSeen, ...]:
    """Ask the resolvers; one fact per question. Questions without an answer within `seconds` say so."""
    if not resolvers:
        return tuple(DnsSeen(question=each, detail="no resolver is known") for each in questions)
    asking = _asking(resolvers)
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask(question: Question) -> DnsSeen:
        async with gate:
            return await _ask(asking, question)

    def unanswered(question: Question) -> Callable[[str], DnsSeen]:
        return lambda detail: DnsSeen(question=question, detail=detail)

    asked, left = questions[:MOST_QUESTIONS], questions[MOST_QUESTIONS:]
    facts = await asyncio.gather(*(_bounded(ask(each), unanswered(each), seconds, stopped) for each in asked))
    return (*facts, *(DnsSeen(question=each, detail="not asked: too many names") for each in left))


async def _bounded(
    running: Coroutine[Any, Any, T], otherwise: Callable[[str], T], seconds: float, stopped: Callable[[], bool]
) -> T:
    """Give what comes within `seconds` and before a stop, else what `otherwise` makes of the reason."""
    task = asyncio.ensure_future(running)
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    try:
        while not task.done() and not stopped() and loop.time() < end:
            await asyncio.wait({task}, timeout=min(_POLL_S, max(0.0, end - loop.time())))
        if task.done():
            return task.result()
        return otherwise("stopped" if stopped() else _LATE)
    finally:
        task.cancel()


def _asking(resolvers: Sequence[Resolver]) -> dns.asyncresolver.Resolver:
    asking = dns.asyncresolver.Resolver(configure=False)
    asking.nameservers = [dns.nameserver.Do53Nameserver(each.address, each.port) for each in resolvers]
    asking.lifetime, asking.timeout = ANSWER_S, ANSWER_S / 3
    asking.cache = None
    return asking


async def _ask(asking: dns.asyncresolver.Resolver, question: Question) -> DnsSeen:
    try:
        answer = await asking.resolve(f"{question.name}.", question.type.value, search=False, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return DnsSeen(question=question, detail="no such name")
    except dns.resolver.LifetimeTimeout:
        return DnsSeen(question=question, detail=_LATE)
    except (dns.exception.DNSException, OSError, ValueError) as error:
        return DnsSeen(question=question, detail=f"no answer: {type(error).__name__}")
    records = list(answer.rrset or ())[:MOST_VALUES]
    return DnsSeen(question=question, values=tuple(sorted(_text(record, question.type) for record in records)))


def _text(record: object, type_: RecordType) -> str:
    if isinstance(record, TXT):
        return b"".join(record.strings).decode("latin-1")
    return str(ipaddress.ip_address(str(record))) if type_ is not RecordType.TXT else str(record)


async def fetch(
    visits: Sequence[Visit], made: str, dialer: Dialer, contact: str, stopped: Callable[[], bool]
) -> tuple[PageSeen, ...]:
    """Fetch the page of each visit, once; one fact per visit. It takes as long as the dialer's leave holds, at most."""

    def unanswered(visit: Visit) -> Callable[[str], PageSeen]:
        return lambda detail: PageSeen(visit=visit, detail=detail)

    seconds = dialer.leave.remaining_s()
    running = (_bounded(_fetch(each, made, dialer, contact), unanswered(each), seconds, stopped) for each in visits)
    return tuple(await asyncio.gather(*running))


async def _fetch(visit: Visit, made: str, dialer: Dialer, contact: str) -> PageSeen:
    endpoint = WebEndpoint(address=visit.address, port=visit.port, tls=visit.tls, host=visit.host)
    ask = HttpAsk(path=page_path(made), max_bytes=BODY_BYTES, timeout_s=ANSWER_S)
    try:
        answer, _ = await exchange(dialer, endpoint, ask, contact)
    except CutOffError as error:
        return PageSeen(visit=visit, detail=error.reason)
    except ValueError as error:  # a host name that cannot stand in a request
        return PageSeen(visit=visit, detail=str(error))
    if not isinstance(answer, HttpAnswer):
        return PageSeen(visit=visit, detail=f"{answer.reason} {answer.detail}".strip())
    return PageSeen(visit=visit, status=answer.status, body=answer.body)
