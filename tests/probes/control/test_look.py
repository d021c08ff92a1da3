"""Looking at control: real DNS messages and real HTTP servers on loopback, and servers that lie, hang or flood."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import pytest

from plugins.clock import SystemClock
from probes.control.facts import DnsSeen, PageSeen, Question, RecordType, Visit
from probes.control.look import (
    BODY_BYTES,
    MOST_QUESTIONS,
    PACE,
    ControlLeave,
    ResolverError,
    fetch,
    look_up,
    resolver,
    resolvers_of_this_machine,
)
from probes.dial import CutOffError, Dialer, OutOfScopeError
from probes.target import Resolver, Transport
from tests.fakes import FakeClock, LoopbackLeave
from tests.probes.control.name_server import Spoil, Zone, serving

TXT = Question(name="_tenken.shop.example", type=RecordType.TXT)
A = Question(name="shop.example", type=RecordType.A)
AAAA = Question(name="shop.example", type=RecordType.AAAA)
ZONE: Zone = {
    ("_tenken.shop.example", "TXT"): ['"tenken-control=" "abc"', '"v=spf1 -all"'],
    ("shop.example", "A"): ["192.0.2.10", "192.0.2.11"],
    ("shop.example", "AAAA"): ["2001:db8:0:0::10"],
    ("www.shop.example", "CNAME"): ["shop.example."],
}


def _never() -> bool:
    return False


async def test_answers_are_values() -> None:
    async with serving(ZONE) as (server, known):
        facts = await look_up((TXT, A, AAAA), (known,), 5, _never)
    assert facts == (
        DnsSeen(question=TXT, values=("tenken-control=abc", "v=spf1 -all")),
        DnsSeen(question=A, values=("192.0.2.10", "192.0.2.11")),
        DnsSeen(question=AAAA, values=("2001:db8::10",)),
    )
    assert sorted(server.asked) == [("_tenken.shop.example", "TXT"), ("shop.example", "A"), ("shop.example", "AAAA")]


async def test_an_alias_is_followed() -> None:
    async with serving(ZONE) as (_, known):
        (fact,) = await look_up((Question(name="www.shop.example", type=RecordType.A),), (known,), 5, _never)
    assert fact.values == ("192.0.2.10", "192.0.2.11")


async def test_no_such_name_and_no_such_record() -> None:
    nowhere, empty = (
        Question(name="nowhere.example", type=RecordType.A),
        Question(name="shop.example", type=RecordType.TXT),
    )
    async with serving(ZONE) as (_, known):
        facts = await look_up((nowhere, empty), (known,), 5, _never)
    assert facts == (DnsSeen(question=nowhere, detail="no such name"), DnsSeen(question=empty))


def _servfail(question: dns.message.Message, _: bytes) -> bytes:
    answer = dns.message.make_response(question)
    answer.set_rcode(dns.rcode.SERVFAIL)
    return answer.to_wire()


def _another_id(_: dns.message.Message, answer: bytes) -> bytes:
    return bytes([answer[0] ^ 0xFF]) + answer[1:]


def _cut_off(question: dns.message.Message, _: bytes) -> bytes:
    answer = dns.message.make_response(question)
    answer.flags |= dns.flags.TC
    return answer.to_wire()


@pytest.mark.parametrize(
    "spoil",
    [
        _servfail,
        _another_id,
        _cut_off,
        lambda _question, _answer: None,
        lambda _question, _answer: b"",
        lambda _question, _answer: b"garbage" * 50,
        lambda _question, answer: answer[:-3],
        lambda question, _answer: question.to_wire(),
        lambda _question, answer: answer[:12] + b"\xc0\x0c" * 200,
    ],
    ids=["servfail", "another-id", "truncated", "silent", "empty", "garbage", "short", "echo", "loops"],
)
async def test_a_server_that_answers_badly_gives_no_values_and_costs_no_time(spoil: Spoil) -> None:
    started = time.monotonic()
    async with serving(ZONE, spoil) as (_, known):
        facts = await look_up((TXT, A), (known,), 0.5, _never)
    assert [fact.values for fact in facts] == [(), ()]
    assert all(fact.detail for fact in facts)
    assert time.monotonic() - started < 3


async def test_the_second_resolver_is_asked_when_the_first_fails() -> None:
    async with serving(ZONE, _servfail) as (_, broken), serving(ZONE) as (_, good):
        (fact,) = await look_up((A,), (broken, good), 5, _never)
    assert fact.values == ("192.0.2.10", "192.0.2.11")


async def test_a_stop_ends_the_looking_at_once() -> None:
    stops = iter([False, False])
    async with serving(ZONE, lambda _question, _answer: None) as (_, known):
        async with asyncio.timeout(3):
            facts = await look_up((A,), (known,), 60, lambda: next(stops, True))
    assert facts == (DnsSeen(question=A, detail="stopped"),)


async def test_without_resolvers_nothing_is_asked() -> None:
    assert await look_up((A,), (), 5, _never) == (DnsSeen(question=A, detail="no resolver is known"),)


async def test_the_number_of_questions_is_bounded() -> None:
    questions = [Question(name=f"h{number}.example", type=RecordType.A) for number in range(MOST_QUESTIONS + 5)]
    async with serving({}) as (server, known):
        facts = await look_up(questions, (known,), 20, _never)
    assert len(server.asked) == MOST_QUESTIONS
    assert [fact.detail for fact in facts[-5:]] == ["not asked: too many names"] * 5


async def test_a_name_that_dns_cannot_hold_is_an_answer() -> None:
    question = Question(name=f"_tenken.{'a' * 64}.example", type=RecordType.TXT)
    async with serving(ZONE) as (server, known):
        (fact,) = await look_up((question,), (known,), 5, _never)
    assert fact.detail == "no answer: LabelTooLong"
    assert server.asked == []


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.53", "192.0.2.53", 53),
        ("127.0.0.1:5353", "127.0.0.1", 5353),
        ("2001:DB8::53", "2001:db8::53", 53),
        ("[::1]:54", "::1", 54),
        ("[::1]", "::1", 53),
    ],
)
def test_resolvers_are_read(text: str, address: str, port: int) -> None:
    assert resolver(text) == Resolver(address=address, port=port)


@pytest.mark.parametrize(
    "text", ["", "dns.example", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:x", "192.0.2.53:99999", "[::1]:x"]
)
def test_what_is_no_resolver(text: str) -> None:
    with pytest.raises(ResolverError, match="expected address"):
        resolver(text)


def test_the_resolvers_of_a_machine(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("search example\nnameserver 127.0.0.53\nnameserver ::1\n")
    assert resolvers_of_this_machine(file) == (Resolver(address="127.0.0.53"), Resolver(address="::1"))
    assert resolvers_of_this_machine(tmp_path / "missing") == ()


@contextlib.asynccontextmanager
async def _web(answer: bytes, *, hang: bool = False) -> AsyncIterator[tuple[Visit, list[bytes]]]:
    """Serve the same bytes to everybody; give the visit and what was asked."""
    asked: list[bytes] = []
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
            if hang:
                await done.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.53.2", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield Visit(address="127.0.53.2", port=port, tls=False, host="shop.example"), asked
    finally:
        done.set()
        server.close()


def _page(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _dialer() -> Dialer:
    return Dialer("proof of control", LoopbackLeave(), PACE, SystemClock())


async def test_a_page_is_fetched_once_from_the_address_with_the_declared_host() -> None:
    async with _web(_page(b"tenken-control=abc\n")) as (visit, asked):
        facts = await fetch((visit,), "abc", _dialer(), "desk@body.example", _never)
    assert facts == (PageSeen(visit=visit, status=200, body=b"tenken-control=abc\n"),)
    assert len(asked) == 1
    assert asked[0].startswith(b"GET /.well-known/tenken/abc HTTP/1.1\r\nHost: shop.example:")
    assert b"desk@body.example" in asked[0]


async def test_a_redirect_is_a_fact_and_is_not_followed() -> None:
    answer = b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.53.2/\r\nContent-Length: 0\r\n\r\n"
    async with _web(answer) as (visit, asked):
        (fact,) = await fetch((visit,), "abc", _dialer(), "", _never)
    assert (fact.status, len(asked)) == (301, 1)


@pytest.mark.parametrize(
    "answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx", b"\x16\x03\x01" * 99]
)
async def test_a_broken_answer_is_no_page(answer: bytes) -> None:
    async with _web(answer) as (visit, _):
        (fact,) = await fetch((visit,), "abc", _dialer(), "", _never)
    assert (fact.status, fact.body) == (0, b"")
    assert fact.detail


async def test_a_flood_is_cut() -> None:
    async with _web(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 3_000_000) as (visit, _):
        (fact,) = await fetch((visit,), "abc", _dialer(), "", _never)
    assert len(fact.body) == BODY_BYTES


async def test_a_page_that_hangs_is_left_at_a_stop() -> None:
    stops = iter([False] * 3)
    async with _web(b"HTTP/1.1 200 OK\r\n", hang=True) as (visit, _):
        async with asyncio.timeout(3):
            (fact,) = await fetch((visit,), "abc", _dialer(), "", lambda: next(stops, True))
    assert fact == PageSeen(visit=visit, detail="stopped")


async def test_nobody_there() -> None:
    async with _web(b"") as (visit, _):
        pass
    (fact,) = await fetch((visit,), "abc", _dialer(), "", _never)
    assert fact.detail.startswith("refused")


async def test_a_host_that_would_end_the_header_is_never_sent() -> None:
    async with _web(_page(b"")) as (visit, asked):
        evil = Visit(address=visit.address, port=visit.port, tls=False, host="a\r\nX: y")
        (fact,) = await fetch((evil,), "abc", _dialer(), "", _never)
    assert "not sent" in fact.detail
    assert asked == []


def test_the_leave_names_addresses_and_web_ports_only() -> None:
    clock, named = FakeClock(), Visit(address="192.0.2.10", port=443, tls=True, host="shop.example")
    odd = Visit(address="192.0.2.10", port=8443, tls=True, host="shop.example")
    leave = ControlLeave((named, odd), clock, 30, _never)
    leave.check("192.0.2.10", 443, Transport.TCP)
    for address, port, transport in (
        ("192.0.2.10", 8443, Transport.TCP), ("192.0.2.10", 80, Transport.TCP), ("192.0.2.11", 443, Transport.TCP),
        ("192.0.2.10", 443, Transport.UDP),
    ):  # fmt: skip
        with pytest.raises(OutOfScopeError):
            leave.check(address, port, transport)
    clock.advance(30)
    with pytest.raises(CutOffError):
        leave.check("192.0.2.10", 443, Transport.TCP)
    with pytest.raises(CutOffError):
        ControlLeave((named,), clock, 30, lambda: True).check("192.0.2.10", 443, Transport.TCP)
