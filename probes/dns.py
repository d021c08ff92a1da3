"""DNS queries to a declared name server, and to nobody else (RFC 1035; TCP: RFC 7766)."""

from __future__ import annotations

import asyncio
import secrets

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from plugins.ask import Answer, DnsAnswer, DnsAsk, DnsEndpoint, DnsRecord, NoAnswer, NoAnswerReason
from probes.dial import Connection, Dialer, DialError, OutOfScopeError
from probes.transcript import Transcript

MOST_RECORDS = 100
"""Records of a section that are kept."""
LONGEST = 4_096
"""Characters of a record's data that are kept."""


async def exchange(dialer: Dialer, endpoint: DnsEndpoint, ask: DnsAsk) -> tuple[Answer, Transcript | None]:
    """Send one query; raises only `CutOffError`. The transcript is None when nothing could be sent."""
    query = dns.message.make_query(
        ask.name, ask.type, ask.dns_class, flags=dns.flags.RD if ask.recursion else 0, id=secrets.randbelow(65_536)
    )
    wire = query.to_wire()
    try:
        if ask.transport == "tcp":
            return await _over_tcp(dialer, endpoint, ask, query, wire)
        return await _over_udp(dialer, endpoint, ask, query, wire)
    except DialError as error:
        return NoAnswer(reason=error.reason, detail=error.detail), None
    except OutOfScopeError as error:
        return NoAnswer(reason=NoAnswerReason.OUT_OF_SCOPE, detail=str(error)), None
    except OSError as error:
        return NoAnswer(reason=NoAnswerReason.UNREACHABLE, detail=error.strerror or str(error)), None


async def _over_udp(
    dialer: Dialer, endpoint: DnsEndpoint, ask: DnsAsk, query: dns.message.Message, wire: bytes
) -> tuple[Answer, Transcript | None]:
    with dialer.datagrams(endpoint.address, endpoint.port) as box:
        for _ in range(max(1, ask.tries)):
            data = await box.exchange(wire, timeout_s=ask.timeout_s, fits=lambda data: _read(query, data) is not None)
            if data is not None:
                return _answer(query, data), box.transcript
        detail = f"no answer in {ask.timeout_s:g} s"
        return NoAnswer(reason=NoAnswerReason.TIMEOUT, detail=detail), box.transcript


async def _over_tcp(
    dialer: Dialer, endpoint: DnsEndpoint, ask: DnsAsk, query: dns.message.Message, wire: bytes
) -> tuple[Answer, Transcript | None]:
    await dialer.meter.request()
    async with dialer.connect(endpoint.address, endpoint.port, timeout_s=ask.timeout_s) as connection:
        dialer.counter.request()
        try:
            async with asyncio.timeout(ask.timeout_s):
                await connection.write(len(wire).to_bytes(2, "big") + wire)
                size = int.from_bytes(await _exactly(connection, 2), "big")
                answer = _answer(query, await _exactly(connection, size))
        except TimeoutError:
            answer = NoAnswer(reason=NoAnswerReason.TIMEOUT, detail=f"no answer in {ask.timeout_s:g} s")
        return answer, connection.transcript


async def _exactly(connection: Connection, size: int) -> bytes:
    got = bytearray()
    while len(got) < size:
        data = await connection.read(size - len(got))
        if not data:
            raise DialError("", 0, NoAnswerReason.RESET, "closed in the middle of an answer")
        got += data
    return bytes(got)


def _read(query: dns.message.Message, data: bytes) -> dns.message.Message | None:
    """Read an answer to exactly this query; None: it is none."""
    try:
        message = dns.message.from_wire(data, ignore_trailing=True, raise_on_truncation=False)
    except (dns.exception.DNSException, ValueError, IndexError):
        return None
    fits = message.id == query.id and bool(message.flags & dns.flags.QR)
    return message if fits and (not message.question or message.question == query.question) else None


def _answer(query: dns.message.Message, data: bytes) -> Answer:
    message = _read(query, data)
    if message is None:
        return NoAnswer(reason=NoAnswerReason.NOT_DNS, detail="what came is no answer to the query")
    sections = [_records(section) for section in (message.answer, message.authority, message.additional)]
    cut = any(len(section) > MOST_RECORDS for section in sections)
    answer, authority, additional = (section[:MOST_RECORDS] for section in sections)
    return DnsAnswer(
        rcode=int(message.rcode()),
        flags=tuple(dns.flags.to_text(message.flags).lower().split()),
        question=tuple(_question(entry) for entry in message.question),
        answer=answer,
        authority=authority,
        additional=additional,
        truncated=cut or bool(message.flags & dns.flags.TC),
    )


def _question(entry: dns.rrset.RRset) -> str:
    return f"{_name(entry.name)} {dns.rdataclass.to_text(entry.rdclass)} {dns.rdatatype.to_text(entry.rdtype)}"


def _records(section: list[dns.rrset.RRset]) -> tuple[DnsRecord, ...]:
    return tuple(
        DnsRecord(
            name=_name(entry.name),
            ttl=entry.ttl,
            dns_class=dns.rdataclass.to_text(entry.rdclass),
            type=dns.rdatatype.to_text(entry.rdtype),
            data=record.to_text()[:LONGEST],
        )
        for entry in section
        for record in entry
    )


def _name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)
