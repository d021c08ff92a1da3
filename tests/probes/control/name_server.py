"""A small DNS server on loopback: real messages over UDP, and every way of answering badly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from probes.target import Resolver

Zone = Mapping[tuple[str, str], list[str]]
"""(name, type) -> records in presentation form."""
Spoil = Callable[[dns.message.Message, bytes], bytes | None]
"""Question and right answer -> the bytes that are sent; None: silence."""


class NameServer(asyncio.DatagramProtocol):
    """Answers from a zone, and remembers what it was asked."""

    def __init__(self, zone: Zone, spoil: Spoil) -> None:
        self.asked: list[tuple[str, str]] = []
        self._zone, self._spoil = zone, spoil
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own selector transport is no DatagramTransport in Python 3.11, but has its methods.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        sent = self._spoil(question, self._answer(question).to_wire())
        if sent is not None and self._transport is not None:
            self._transport.sendto(sent, addr)

    def _answer(self, question: dns.message.Message) -> dns.message.Message:
        asked = question.question[0]
        name, kind = asked.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(asked.rdtype)
        self.asked.append((name, kind))
        answer = dns.message.make_response(question)
        alias = self._zone.get((name, "CNAME"))
        if alias:
            answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "CNAME", *alias))
            name = alias[0].rstrip(".")
        records = self._zone.get((name, kind), [])
        if records:
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *records))
        elif not any(known == name for known, _ in self._zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


def rightly(question: dns.message.Message, answer: bytes) -> bytes:
    """Send the right answer."""
    del question
    return answer


@contextlib.asynccontextmanager
async def serving(
    zone: Zone, spoil: Spoil = rightly, address: str = "127.0.53.1"
) -> AsyncIterator[tuple[NameServer, Resolver]]:
    """Run a name server on a port of its own."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: NameServer(zone, spoil), local_addr=(address, 0))
    try:
        yield server, Resolver(address=address, port=transport.get_extra_info("sockname")[1])
    finally:
        transport.close()
