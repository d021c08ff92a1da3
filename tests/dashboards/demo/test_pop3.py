"""The small POP3 server speaks RFC 1939."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from dashboards.demo import pop3


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = await asyncio.start_server(pop3.converse, "127.0.0.1", 0, limit=pop3.LINE_BYTES)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _say(port: int, words: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(words)
    writer.write_eof()
    said = await reader.read()
    writer.close()
    return said


async def test_it_greets_answers_and_says_goodbye(port: int) -> None:
    said = await _say(port, b"USER a\r\npass b\r\nSTAT\r\nXYZ\r\nQUIT\r\nNOOP\r\n")
    assert [line[:4] for line in said.splitlines()] == [b"+OK ", b"+OK ", b"-ERR", b"-ERR", b"-ERR", b"+OK "]


async def test_it_hangs_up_on_a_line_without_end(port: int) -> None:
    assert await _say(port, b"A" * 10_000) == b"+OK POP3 server ready\r\n"
