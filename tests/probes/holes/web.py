"""A web server of a few lines on loopback, whose every byte a test decides."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from plugins.ask import WebEndpoint

Page = Callable[[str, str], bytes]
"""Gives the response, status line and all, to a method and a target."""
Manner = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Treats a connection after its request was read."""


@dataclass
class Web:
    """A server that runs."""

    endpoint: WebEndpoint
    requests: list[bytes] = field(default_factory=list)

    @property
    def targets(self) -> list[str]:
        """What was asked for, in order."""
        return [request.split(b" ")[1].decode("latin-1") for request in self.requests]


def response(body: bytes | str = b"", status: int = 200, **headers: str) -> bytes:
    """Write a response; header names in snake spelling."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def pages(page: Page) -> Manner:
    """Answer every request by a function."""

    async def answer(request: bytes, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target = request.split(b" ")[:2]
        writer.write(page(method.decode("latin-1"), target.decode("latin-1")))
        await writer.drain()

    return answer


def says(data: bytes) -> Manner:
    """Say these bytes, whatever was asked, then close."""

    async def answer(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return answer


@contextlib.asynccontextmanager
async def serving(manner: Manner, address: str = "127.0.0.7", tls: ssl.SSLContext | None = None) -> AsyncIterator[Web]:
    """Run a server; every connection is treated by `manner` and closed."""
    web = Web(WebEndpoint(address=address, port=1, tls=tls is not None, host="shop.example"))

    async def treat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError
        ):
            request = await reader.readuntil(b"\r\n\r\n")
            web.requests.append(request)
            await manner(request, reader, writer)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(treat, address, 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    web.endpoint = WebEndpoint(address=address, port=port, tls=tls is not None, host="shop.example")
    try:
        yield web
    finally:
        server.close()
