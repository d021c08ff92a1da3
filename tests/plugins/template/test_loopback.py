"""Conformance over real connections: the subtle semantics again, against small servers on loopback.

HTTP goes through the product's own exchange. The TCP side is written out here, because it is the smallest reading of what
`TcpAsk` says that whoever dials has to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from plugins.ask import Answer, Ask, Endpoint, HttpAsk, NoAnswer, NoAnswerReason, ServiceEndpoint, TcpAnswer, TcpAsk
from plugins.template.load import load
from plugins.template.model import Template
from plugins.template.program import Match, NotTested, Outcome, program
from probes.http import exchange
from tests.pki import Pki
from tests.plugins.template.samples import HEAD, OCCASION, template
from tests.probes.holes.web import Page, Web, pages, response, serving
from tests.probes.scene import dialer_for

ADDRESS = "127.43.0.1"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def driven(one: Template, endpoint: Endpoint, send: Callable[[Ask], Awaitable[Answer]]) -> Outcome:
    """Run a program over real connections."""
    running = program(one, endpoint, OCCASION)
    try:
        ask = next(running)
        while True:
            ask = running.send(await send(ask))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


async def over_http(page: Page, http: str, head: str = HEAD) -> tuple[Outcome, Web]:
    """Run a template against a server of pages."""
    async with serving(pages(page), ADDRESS) as web:
        dialer = dialer_for()

        async def send(ask: Ask) -> Answer:
            assert isinstance(ask, HttpAsk)
            answer, _ = await exchange(dialer, web.endpoint, ask, "ops@example.org")
            return answer

        return await driven(template(http, head), web.endpoint, send), web


async def test_01_16_a_chain_is_followed_inside_and_left_at_the_border() -> None:
    def page(_: str, target: str) -> bytes:
        if target == "/a":
            return response("", 302, location="/b", set_cookie="s=1; Path=/")
        if target == "/b":
            return response("half of it", 301, location="c")
        return response("all of it") if target == "/c" else response("", 302, location="http://192.0.2.1/")

    http = """
    - path: ["{{BaseURL}}/a", "{{BaseURL}}/out"]
      redirects: true
      matchers: [{type: word, words: ["of it"]}, {type: status, status: [302]}]
    """
    outcome, web = await over_http(page, http)
    assert isinstance(outcome, Match)
    assert web.targets == ["/a", "/b", "/c", "/out"]
    assert [hit.ask.path for hit in outcome.hits if isinstance(hit.ask, HttpAsk)] == ["/c"]
    assert b"Cookie: s=1" in web.requests[1]
    assert b"Cookie" not in web.requests[3]


async def test_02_06_07_a_token_goes_from_one_page_into_the_next_and_is_never_read_again() -> None:
    def page(_: str, target: str) -> bytes:
        if target == "/login":
            return response('<input name="token" value="{{md5(1)}}">', set_cookie="sid=abc")
        return response("welcome" if target == "/do?t={{md5(1)}}" else "no")

    http = """
    - raw:
        - "GET /login HTTP/1.1"
        - "GET /do?t={{token}} HTTP/1.1\\nHost: {{Hostname}}"
      extractors: [{type: xpath, name: token, internal: true, xpath: ['//input[@name="token"]'], attribute: value}]
      matchers: [{type: dsl, dsl: ['status_code_1 == 200 && contains(body_2, "welcome")']}]
    """
    outcome, web = await over_http(page, http)
    assert isinstance(outcome, Match)
    assert web.targets == ["/login", "/do?t={{md5(1)}}"]
    assert b"Cookie: sid=abc\r\n" in web.requests[1]
    nothing, web = await over_http(lambda _, __: response("no form here"), http)
    assert (nothing, web.targets) == (None, ["/login"])


async def test_05_08_flow_asks_only_what_it_needs() -> None:
    http = """
    - path: ["{{BaseURL}}/version"]
      matchers: [{type: word, part: server, words: [nginx], internal: true}]
    - path: ["{{BaseURL}}/hole"]
      matchers: [{type: word, words: [here]}]
    """
    head = "flow: http(1) && http(2)\n" + HEAD
    outcome, web = await over_http(lambda _, __: response("here", server="nginx"), http, head)
    assert (isinstance(outcome, Match), web.targets) == (True, ["/version", "/hole"])
    outcome, web = await over_http(lambda _, __: response("here", server="other"), http, head)
    assert (outcome, web.targets) == (None, ["/version"])


async def test_09_13_payloads_stand_in_paths_byte_for_byte() -> None:
    http = """
    - path: ["{{BaseURL}}/{{dir}}/..;/{{file}}?#{{7*7}}"]
      attack: clusterbomb
      payloads: {dir: [a, '%2e%2e'], file: ['b//c', ';d']}
      matchers: [{type: word, words: ["{{dir}}|{{file}}"]}]
    """
    outcome, web = await over_http(lambda _, target: response("%2e%2e|;d" if target.startswith("/%2e") else ""), http)
    assert isinstance(outcome, Match)
    assert web.targets[0] == "/a/..;/b//c?#{{7*7}}"
    assert len(web.targets) == 4
    assert [dict(hit.before.payloads)["file"] for hit in outcome.hits] == [b";d"]


async def test_10_who_asks_is_always_told() -> None:
    http = '- path: ["{{BaseURL}}/"]\n  matchers: [{type: status, status: [200]}]\n'
    _, web = await over_http(lambda _, __: response("x"), http)
    assert b"User-Agent: Tenken/" in web.requests[0]
    assert b"ops@example.org" in web.requests[0]


async def test_14_bodies_are_matched_as_decoded_bytes() -> None:
    body = gzip.compress(b"\xff\x00 secret \x83\x65")

    def page(_: str, __: str) -> bytes:
        return response(body, content_encoding="gzip", content_type="text/html; charset=utf-16")

    http = """
    - path: ["{{BaseURL}}/"]
      matchers-condition: and
      matchers:
        - {type: binary, binary: [ff00, '8365']}
        - {type: regex, part: response, regex: ['(?s)^HTTP/1.1 200 OK\\r\\n.*Content-Encoding: gzip.*secret']}
        - {type: size, size: [12]}
    """
    outcome, _ = await over_http(page, http)
    assert isinstance(outcome, Match)


async def test_15_a_server_that_hangs_up_is_not_tested() -> None:
    http = '- path: ["{{BaseURL}}/"]\n  matchers: [{type: word, words: [x], negative: true}]\n'
    outcome, _ = await over_http(lambda _, __: b"", http)
    assert isinstance(outcome, NotTested)


async def tcp_exchange(endpoint: ServiceEndpoint, ask: TcpAsk) -> Answer:
    """Do what `TcpAsk` says."""
    context = None
    if ask.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        reader, writer = await asyncio.open_connection(endpoint.address, endpoint.port, ssl=context)
    except OSError:
        return NoAnswer(reason=NoAnswerReason.REFUSED)

    async def read(most: int, *, fill: bool) -> bytes:
        data = b""
        while len(data) < most:
            try:
                piece = await asyncio.wait_for(reader.read(most - len(data)), ask.quiet_s)
            except TimeoutError:
                break
            data += piece
            if not piece or not fill:
                break
        return data

    reads = []
    for step in ask.steps:
        writer.write(step.send)
        reads.append(await read(step.read, fill=True) if step.read else b"")
    data = await read(ask.read, fill=ask.read_all)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return TcpAnswer(reads=tuple(reads), data=data)


@contextlib.asynccontextmanager
async def talking(talk: Talk, context: ssl.SSLContext | None = None) -> AsyncIterator[ServiceEndpoint]:
    """Run a server that talks like this."""

    async def treat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(treat, ADDRESS, 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    try:
        yield ServiceEndpoint(address=ADDRESS, port=port, host="shop.example", service="redis")
    finally:
        server.close()


async def over_tcp(talk: Talk, block: str, context: ssl.SSLContext | None = None) -> Outcome:
    lines = "".join(f"    {line}\n" for line in block.strip("\n").splitlines())
    one = load(f"{HEAD}tcp:\n  -\n{lines}", "x.yaml")
    async with talking(talk, context) as endpoint:

        async def send(ask: Ask) -> Answer:
            assert isinstance(ask, TcpAsk)
            return await tcp_exchange(endpoint, ask)

        return await driven(one, endpoint, send)


async def redis(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer PING and INFO as Redis does."""
    while line := await reader.readline():
        writer.write(
            b"+PONG\r\n"
            if line == b"PING\r\n"
            else b"$20\r\nredis_version:6.0.1\r\n"
            if line == b"INFO\r\n"
            else b"-ERR\r\n"
        )
        await writer.drain()


REDIS = """
port: redis
inputs:
  - {data: "PING\\r\\n", read: 7, name: pong}
  - {data: 494e464f0d0a, type: hex}
matchers-condition: and
matchers:
  - {type: word, part: pong, words: [+PONG]}
  - {type: dsl, dsl: ['compare_versions(version, "< 6.2.0")']}
extractors:
  - {type: regex, name: version, regex: ['redis_version:([0-9.]+)'], group: 1}
"""


async def test_tcp_in_several_steps_as_text_and_as_hexadecimal_digits() -> None:
    outcome = await over_tcp(redis, REDIS)
    assert isinstance(outcome, Match)
    assert outcome.hits[0].extracted == (("version", b"6.0.1"),)


async def test_tcp_inside_tls(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Pki().leaf(None).write(tmp_path, "leaf"))
    block = 'host: ["tls://{{Hostname}}"]\n' + REDIS.strip()
    assert isinstance(await over_tcp(redis, block, context), Match)


async def test_tcp_a_server_that_speaks_first_and_one_that_says_nothing() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 vsFTPd 2.3.4\r\n")
        await writer.drain()

    banner = "matchers: [{type: regex, regex: ['^220 vsFTPd 2\\.3\\.4']}]"
    assert isinstance(await over_tcp(greet, banner), Match)

    async def silent(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        return

    assert await over_tcp(silent, banner) is None
