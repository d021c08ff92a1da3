"""HTTP on the wire: exact bytes out, and whatever comes back ends in a bounded answer."""

from __future__ import annotations

import asyncio
import gzip
import resource
import ssl
import time
import zlib
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.ask import HttpAnswer, HttpAsk, NoAnswer, NoAnswerReason, WebAnswer, WebEndpoint
from probes.dial import CutOffError, Dialer
from probes.http import exchange, request_bytes, user_agent
from probes.transcript import Direction, Transcript
from tests.fakes import LoopbackLeave
from tests.pki import Pki
from tests.probes.holes.web import Manner, pages, response, says, serving
from tests.probes.scene import dialer_for

ASK = HttpAsk(path="/", timeout_s=5.0)


async def asked(manner: Manner, ask: HttpAsk = ASK) -> tuple[WebAnswer, Transcript | None]:
    async with serving(manner) as web:
        return await exchange(dialer_for(), web.endpoint, ask, "ops@example.org")


async def answer_to(data: bytes, ask: HttpAsk = ASK) -> WebAnswer:
    answer, transcript = await asked(says(data), ask)
    assert transcript is not None
    assert isinstance(answer, HttpAnswer) or transcript.ended
    return answer


def reason_of(answer: WebAnswer) -> NoAnswerReason:
    assert isinstance(answer, NoAnswer), answer
    return answer.reason


async def test_the_request_is_exactly_these_bytes() -> None:
    ask = HttpAsk(method="OPTIONS", path="/a/../b;x//%2e%2E?q={{7*7}}&é", headers=(("Range", "bytes=0-3"),))
    async with serving(says(response(b"hi"))) as web:
        dialer = dialer_for()
        _, transcript = await exchange(dialer, web.endpoint, ask, "ops@example.org")
    port = web.endpoint.port
    assert web.requests == [
        b"OPTIONS /a/../b;x//%2e%2E?q={{7*7}}&\xe9 HTTP/1.1\r\n"
        + f"Host: shop.example:{port}\r\n".encode()
        + f"User-Agent: Tenken/{metadata.version('tenken')} (+ops@example.org)\r\n".encode()
        + b"Accept: */*\r\nRange: bytes=0-3\r\nConnection: close\r\n\r\n"
    ]
    assert transcript is not None
    assert [passage.direction for passage in transcript.passages] == [Direction.SENT, Direction.RECEIVED]
    assert transcript.passages[0].data == web.requests[0]
    assert (dialer.tally.requests, dialer.tally.connections) == (1, 1)


@pytest.mark.parametrize(
    "ask",
    [
        HttpAsk(path="/a b"),
        HttpAsk(path="/a\r\nX: y"),
        HttpAsk(path="/a\n"),
        HttpAsk(path="/\0"),
        HttpAsk(path="x"),
        HttpAsk(path="http://192.0.2.1/"),
        HttpAsk(path=""),
        HttpAsk(path="/あ"),
        HttpAsk(path="/", headers=(("X", "a\r\nY: b"),)),
        HttpAsk(path="/", headers=(("X\n", "a"),)),
        HttpAsk(path="/", headers=(("X", "あ"),)),
        HttpAsk(method="POST", path="/"),
        HttpAsk(method="POST", path="/", body=b"x=1"),
        HttpAsk(method="GET", path="/", body=b"x=1"),
    ],
)
async def test_what_is_not_one_reading_request_is_not_sent(ask: HttpAsk) -> None:
    async with serving(says(response())) as web:
        with pytest.raises(ValueError, match="not sent"):
            await exchange(dialer_for(), web.endpoint, ask, "")
    assert web.requests == []


async def test_a_reviewed_post_is_sent_with_its_content_and_an_accept_of_its_own() -> None:
    headers = (("accept", "text/html"), ("Content-Type", "text/plain"))
    ask = HttpAsk(method="POST", path="/x", headers=headers, body=b"a\r\n\xff", reviewed="It only searches.")
    async with serving(says(response("found"))) as web:
        answer, _ = await exchange(dialer_for(), web.endpoint, ask, "")
    assert isinstance(answer, HttpAnswer)
    assert answer.body == b"found"
    assert web.requests[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert web.requests[0].lower().count(b"accept:") == 1
    assert b"Content-Length: 4\r\n" in web.requests[0]
    assert request_bytes(web.endpoint, ask, "").endswith(b"\r\n\r\na\r\n\xff")


def test_who_asks_is_always_one_line() -> None:
    assert user_agent("") == f"Tenken/{metadata.version('tenken')}"
    assert user_agent("審査 (a)\r\nb").endswith(r" (+?? [a]\x0d\x0ab)")
    endpoint = WebEndpoint(address="::1", port=443, tls=True, host="::1")
    assert b"Host: [::1]\r\n" in request_bytes(endpoint, ASK, "x")


async def test_an_answer_is_told_as_it_came() -> None:
    answer = await answer_to(b"HTTP/1.0 299 Odd\r\nX-A: 1\r\nx-a: \xe9\r\n\r\n\xff\x00body")
    assert answer == HttpAnswer(status=299, headers=(("x-a", "1"), ("x-a", "é")), body=b"\xff\x00body")


async def test_chunks_interim_responses_and_trailers() -> None:
    answer = await answer_to(
        b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: y\r\n\r\n"
    )
    assert isinstance(answer, HttpAnswer)
    assert (answer.status, answer.body, answer.truncated) == (200, b"abcde", False)


@pytest.mark.parametrize("method", ["HEAD", "GET"])
async def test_the_end_of_a_response_depends_on_the_method(method: str) -> None:
    ask = HttpAsk(method=method, path="/", timeout_s=5.0)  # type: ignore[arg-type]  # both are methods
    answer = await answer_to(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", ask)
    if method == "HEAD":
        assert isinstance(answer, HttpAnswer)
    else:
        assert reason_of(answer) is NoAnswerReason.RESET


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(b"hello")),
        ("GZIP", gzip.compress(b"hello")),
        ("x-gzip", gzip.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")[2:-4]),
        ("identity", b"hello"),
    ],
)
async def test_content_codings(coding: str, data: bytes) -> None:
    answer = await answer_to(response(data, content_encoding=coding))
    assert isinstance(answer, HttpAnswer)
    assert (answer.body, answer.truncated) == (b"hello", False)


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", b"not gzip"),
        ("gzip", gzip.compress(b"hello")[:-9]),
        ("br", b"x"),
        ("gzip, gzip", b"x"),
        ("deflate", b"\xff"),
    ],
)
async def test_codings_that_do_not_hold(coding: str, data: bytes) -> None:
    assert reason_of(await answer_to(response(data, content_encoding=coding))) is NoAnswerReason.NOT_HTTP


async def test_a_bomb_is_opened_only_as_far_as_asked() -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = await answer_to(response(bomb, content_encoding="gzip"))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert isinstance(answer, HttpAnswer)
    assert (len(answer.body), answer.truncated) == (ASK.max_bytes, True)
    assert grown < 50_000, "KiB"


@pytest.mark.parametrize(
    "head", [b"Content-Length: 1000000000", b"Transfer-Encoding: chunked", b"X: read until closed"]
)
async def test_a_gigabyte_is_cut(head: bytes) -> None:
    sent = 0

    async def gush(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        block = b"x" * 65_536
        chunked = b"10000\r\n" + block + b"\r\n" if b"chunked" in head else block
        while sent < 1_000_000_000:
            writer.write(chunked)
            await writer.drain()
            sent += len(block)

    answer, transcript = await asked(gush)
    assert isinstance(answer, HttpAnswer)
    assert (answer.body, answer.truncated) == (b"x" * ASK.max_bytes, True)
    assert sent < 50_000_000
    assert transcript is not None
    assert transcript.cut


async def test_an_ask_that_wants_little_takes_little() -> None:
    ask = HttpAsk(path="/", max_bytes=40)
    answer, transcript = await asked(says(response(b"APP_NAME=shop\n" + b"SECRET" * 10_000)), ask)
    assert isinstance(answer, HttpAnswer)
    assert (len(answer.body), answer.truncated) == (40, True)
    assert transcript is not None
    assert sum(len(passage.data) for passage in transcript.passages if passage.direction is Direction.RECEIVED) < 250


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", NoAnswerReason.RESET),
        (b"SSH-2.0-OpenSSH_9.2\r\n", NoAnswerReason.NOT_HTTP),
        (b"\x00" * 100_000, NoAnswerReason.NOT_HTTP),
        (bytes(range(255, -1, -1)) * 4, NoAnswerReason.NOT_HTTP),
        (b"HTTP/1.1 abc OK\r\n\r\n", NoAnswerReason.NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n", NoAnswerReason.NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", NoAnswerReason.NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", NoAnswerReason.NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", NoAnswerReason.NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", NoAnswerReason.RESET),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nab", NoAnswerReason.RESET),
        (b"HTTP/1.1 200 OK\r\nX: y", NoAnswerReason.RESET),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 500_000, NoAnswerReason.TOO_LARGE),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, NoAnswerReason.TOO_LARGE),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n", NoAnswerReason.TOO_LARGE),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 50, NoAnswerReason.NOT_HTTP),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", NoAnswerReason.NOT_HTTP),
    ],
)
async def test_what_is_no_answer_says_why(data: bytes, reason: NoAnswerReason) -> None:
    assert reason_of(await answer_to(data)) is reason


async def test_a_server_that_hangs_or_drips_is_given_up_in_time() -> None:
    async def hang(_: bytes, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await reader.read()

    async def drip(_: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        closed = asyncio.ensure_future(reader.read())
        while not closed.done():
            writer.write(b"x")
            await asyncio.wait([closed], timeout=0.02)

    ask = HttpAsk(path="/", timeout_s=0.3)
    for manner in (hang, drip):
        started = time.monotonic()
        answer, transcript = await asked(manner, ask)
        assert reason_of(answer) is NoAnswerReason.TIMEOUT
        assert time.monotonic() - started < 2
        assert transcript is not None
        assert "no complete answer" in transcript.ended


async def test_a_reset_in_the_middle_is_no_answer() -> None:
    async def reset(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    answer, _ = await asked(reset)
    assert reason_of(answer) is NoAnswerReason.RESET


async def test_a_closed_port_makes_no_transcript_and_counts_no_ask() -> None:
    async with serving(says(b"")) as web:
        endpoint = web.endpoint
    dialer = dialer_for()
    answer, transcript = await exchange(dialer, endpoint, ASK, "")
    assert (reason_of(answer), transcript) == (NoAnswerReason.REFUSED, None)
    assert (dialer.tally.requests, dialer.tally.connections) == (0, 1)


async def test_outside_the_order_nothing_is_sent() -> None:
    async with serving(says(response())) as web:
        dialer = dialer_for(LoopbackLeave({("127.0.0.1", 1)}))
        answer, transcript = await exchange(dialer, web.endpoint, ASK, "")
    assert (reason_of(answer), transcript, web.requests) == (NoAnswerReason.OUT_OF_SCOPE, None, [])


async def test_stop_gets_out_as_it_is() -> None:
    leave = LoopbackLeave()
    leave.stop()
    async with serving(says(response())) as web:
        with pytest.raises(CutOffError):
            await exchange(dialer_for(leave), web.endpoint, ASK, "")
    assert web.requests == []


async def test_tls_with_any_certificate_and_tls_that_is_none(tmp_path: Path) -> None:
    async with serving(pages(lambda method, target: response(f"{method} {target}")), tls=tls_context(tmp_path)) as web:
        answer, _ = await exchange(dialer_for(), web.endpoint, ASK, "")
    assert isinstance(answer, HttpAnswer)
    assert answer.body == b"GET /"
    async with serving(says(b"no TLS here")) as web:
        endpoint = WebEndpoint(address=web.endpoint.address, port=web.endpoint.port, tls=True, host="shop.example")
        answer, transcript = await exchange(dialer_for(), endpoint, HttpAsk(path="/", timeout_s=0.3), "")
    assert (reason_of(answer) in {NoAnswerReason.TLS, NoAnswerReason.TIMEOUT}, transcript) == (True, None)


def tls_context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Pki().leaf(None, names=("other.example",)).write(folder, "leaf"))
    return context


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200)
    | st.lists(
        st.sampled_from(
            [
                b"HTTP/1.1 200 OK\r\n",
                b"HTTP/1.1 100 C\r\n",
                b"Content-Length: 3\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"\r\n",
                b"0\r\n",
                b"abc",
                b"Content-Encoding: gzip\r\n",
                b"\x1f\x8b",
                b":",
                b"\0",
            ]
        ),
        max_size=10,
    ).map(b"".join)
)
def test_whatever_is_said_ends_in_an_answer(data: bytes) -> None:
    answer, transcript = asyncio.run(asked(says(data), HttpAsk(path="/", timeout_s=1.0)))
    assert isinstance(answer, HttpAnswer | NoAnswer)
    assert transcript is not None


async def test_the_byte_pace_is_not_held_against_the_server() -> None:
    from probes.pace import Pace

    slow = Pace(connections_per_s=100, requests_per_s=100, concurrent_connections=5, bytes_per_s=40_000)
    dialer = Dialer("web", LoopbackLeave(), slow, dialer_for().clock)
    async with serving(says(response(b"x" * 40_000))) as web:
        answer, _ = await exchange(dialer, web.endpoint, HttpAsk(path="/", timeout_s=0.3), "")
    assert isinstance(answer, HttpAnswer)
    assert len(answer.body) == 40_000
