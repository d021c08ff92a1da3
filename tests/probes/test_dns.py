"""DNS queries: to the declared server alone, over UDP and TCP, and nothing but an answer to the query counts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from plugins.ask import DnsAnswer, DnsAsk, DnsEndpoint, NoAnswer, NoAnswerReason
from probes import dns as dns_probe
from tests.fakes import LoopbackLeave
from tests.probes.scene import dialer_for

HOST = "127.44.1.2"
Reply = Callable[[bytes], list[bytes]]


def zone(data: bytes) -> list[bytes]:
    """Answer version.bind and one host; refuse the rest."""
    query = dns.message.from_wire(data)
    reply = dns.message.make_response(query, recursion_available=False)
    name = query.question[0].name.to_text()
    if name == "version.bind.":
        reply.answer.append(dns.rrset.from_text(name, 0, "CH", "TXT", '"9.9.4-RedHat"'))
    elif name == "shop.example.":
        reply.answer.append(dns.rrset.from_text(name, 300, "IN", "A", "192.0.2.1", "192.0.2.2"))
    else:
        reply.set_rcode(dns.rcode.REFUSED)
    return [reply.to_wire()]


@contextlib.asynccontextmanager
async def serving(reply: Reply) -> AsyncIterator[int]:
    """Answer over UDP and TCP at one port."""

    class Datagrams(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            for answer in reply(data):
                self.transport.sendto(answer, addr)  # type: ignore[attr-defined]  # a datagram transport

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            size = int.from_bytes(await reader.readexactly(2), "big")
            for answer in reply(await reader.readexactly(size)):
                writer.write(len(answer).to_bytes(2, "big") + answer)
            await writer.drain()
        writer.close()

    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(stream, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(Datagrams, (HOST, port))
    try:
        yield port
    finally:
        transport.close()
        server.close()


def at(port: int) -> DnsEndpoint:
    return DnsEndpoint(address=HOST, port=port, domain="shop.example")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_an_answer_is_told_in_presentation_form(transport: str) -> None:
    dialer = dialer_for()
    async with serving(zone) as port:
        version = DnsAsk(name="version.bind", type="TXT", dns_class="CH", transport=transport)  # type: ignore[arg-type]  # one of the two
        answer, transcript = await dns_probe.exchange(dialer, at(port), version)
        host, _ = await dns_probe.exchange(dialer, at(port), DnsAsk(name="shop.example", transport=transport))  # type: ignore[arg-type]  # same
        refused, _ = await dns_probe.exchange(dialer, at(port), DnsAsk(name="other.example", transport=transport))  # type: ignore[arg-type]  # same
    assert isinstance(answer, DnsAnswer)
    assert [(one.name, one.dns_class, one.type, one.data) for one in answer.answer] == [
        ("version.bind", "CH", "TXT", '"9.9.4-RedHat"')
    ]
    assert answer.question == ("version.bind CH TXT",)
    assert "qr" in answer.flags
    assert isinstance(host, DnsAnswer)
    assert {one.data for one in host.answer} == {"192.0.2.1", "192.0.2.2"}
    assert isinstance(refused, DnsAnswer)
    assert refused.rcode == 5
    assert transcript is not None
    assert len(transcript.passages) == 2
    assert (dialer.tally.connections, dialer.tally.requests) == (3 if transport == "tcp" else 0, 3)


async def test_an_answer_to_another_query_is_passed_over() -> None:
    def liar(data: bytes) -> list[bytes]:
        wrong_id = bytes([data[0] ^ 1, data[1]]) + zone(data)[0][2:]
        other = dns.message.make_response(dns.message.make_query("evil.example", "A"))
        other.id = dns.message.from_wire(data).id
        return [wrong_id, b"garbage", data, other.to_wire(), *zone(data)]

    async with serving(liar) as port:
        answer, _ = await dns_probe.exchange(dialer_for(), at(port), DnsAsk(name="shop.example"))
    assert isinstance(answer, DnsAnswer)
    assert answer.question == ("shop.example IN A",)


async def test_silence_is_tried_again_as_often_as_asked() -> None:
    asked: list[bytes] = []

    def silent(data: bytes) -> list[bytes]:
        asked.append(data)
        return []

    async with serving(silent) as port:
        answer, transcript = await dns_probe.exchange(
            dialer_for(), at(port), DnsAsk(name="shop.example", tries=2, timeout_s=0.2)
        )
    assert isinstance(answer, NoAnswer)
    assert (answer.reason, len(asked)) == (NoAnswerReason.TIMEOUT, 2)
    assert transcript is not None
    assert len(transcript.passages) == 2


async def test_a_bomb_of_records_is_cut() -> None:
    def many(data: bytes) -> list[bytes]:
        reply = dns.message.make_response(dns.message.from_wire(data))
        texts = [f"192.0.{number // 250}.{number % 250}" for number in range(3000)]
        reply.answer.append(dns.rrset.from_text("shop.example.", 1, "IN", "A", *texts))
        return [reply.to_wire(max_size=65_535)]

    async with serving(many) as port:
        answer, _ = await dns_probe.exchange(dialer_for(), at(port), DnsAsk(name="shop.example", transport="tcp"))
    assert isinstance(answer, DnsAnswer)
    assert (len(answer.answer), answer.truncated) == (100, True)


async def test_over_tcp_what_is_no_dns_is_told_so() -> None:
    async with serving(lambda _: [b"HTTP/1.1 400"]) as port:
        answer, _ = await dns_probe.exchange(dialer_for(), at(port), DnsAsk(name="shop.example", transport="tcp"))
    assert isinstance(answer, NoAnswer)
    assert answer.reason is NoAnswerReason.NOT_DNS


async def test_nobody_else_is_asked() -> None:
    answer, _ = await dns_probe.exchange(dialer_for(LoopbackLeave(allowed=set())), at(53), DnsAsk(name="shop.example"))
    assert isinstance(answer, NoAnswer)
    assert answer.reason is NoAnswerReason.OUT_OF_SCOPE
