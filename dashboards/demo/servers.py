"""The servers of the demo: real programs, started on the first free port of a list.

Every function returns the port that it took. None of them opens a connection of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import asyncssh
from aiohttp import web

from dashboards.demo import pop3

Ports = Iterable[int]
"""Ports to try, in order."""
Listen = Callable[[int], Awaitable[None]]
"""Starts to listen on a port, or raises `OSError`."""
Also = Callable[[web.Application], None]
"""Adds pages to a web server."""
_PAGE = """<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>いらっしゃいませ。 Welcome.</p></body></html>
"""


class NoPortError(Exception):
    """None of the ports was free."""

    def __init__(self, address: str, ports: tuple[int, ...]) -> None:
        super().__init__(address, ports)
        self.address, self.ports = address, ports

    def __str__(self) -> str:
        tried = ", ".join(map(str, self.ports))
        return f"{self.address}: none of the ports {tried} is free; end the program that holds them, or try again"


async def first_free(address: str, ports: Ports, listen: Listen) -> int:
    """Listen on the first port that nobody holds."""
    tried = tuple(ports)
    for port in tried:
        try:
            await listen(port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return port
    raise NoPortError(address, tried)


async def _serve(app: web.Application, address: str, ports: Ports, context: ssl.SSLContext | None = None) -> int:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()

    async def listen(port: int) -> None:
        await web.TCPSite(runner, address, port, ssl_context=context).start()

    return await first_free(address, ports, listen)


async def redirect(address: str, ports: Ports, to: str) -> int:
    """An HTTP server that sends everybody to `to`."""

    async def moved(_: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": to})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", moved)
    return await _serve(app, address, ports)


def nothing(_: web.Application) -> None:
    """Add no page."""


async def shop(address: str, ports: Ports, title: str, context: ssl.SSLContext, also: Also = nothing) -> int:
    """An HTTPS server with one page, and whatever `also` adds."""

    async def front(_: web.Request) -> web.Response:
        return web.Response(text=_PAGE.format(title=title), content_type="text/html")

    app = web.Application()
    app.router.add_get("/", front)
    also(app)
    return await _serve(app, address, ports, context)


async def files(
    address: str, ports: Ports, folder: Path, context: ssl.SSLContext | None = None, also: Also = nothing
) -> int:
    """A web server that serves every file of a folder, also those that nobody meant to publish."""

    async def front(_: web.Request) -> web.FileResponse:
        return web.FileResponse(folder / "index.html")

    app = web.Application()
    app.router.add_get("/", front)
    also(app)
    app.router.add_static("/", folder)
    return await _serve(app, address, ports, context)


def publish(folder: Path, title: str, others: dict[str, str]) -> None:
    """Write a front page and other files into a folder to be served."""
    pages = {"index.html": _PAGE.format(title=title), **others}
    for name, text in pages.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


class _KeysOnly(asyncssh.SSHServer):
    """Offers public keys only and accepts none."""

    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return False

    def kbdint_auth_supported(self) -> bool:
        return False


async def ssh(address: str, ports: Ports) -> int:
    """An SSH server for maintenance: public keys only."""
    key = asyncssh.generate_private_key("ssh-ed25519")

    async def listen(port: int) -> None:
        await asyncssh.create_server(_KeysOnly, address, port, server_host_keys=[key], gss_host=None)

    return await first_free(address, ports, listen)


async def ftp(address: str, ports: Ports, folder: Path) -> int:
    """An FTP server for content updates that hangs up on strangers before it says a word; here, everybody is a stranger."""
    # Python 3.11 warns of asyncore when pyftpdlib is imported; only the process that serves needs to hear of it.
    from pyftpdlib.authorizers import DummyAuthorizer  # noqa: PLC0415 - see above
    from pyftpdlib.handlers import FTPHandler  # noqa: PLC0415 - see above
    from pyftpdlib.servers import FTPServer  # noqa: PLC0415 - see above

    def turn_away(handler: FTPHandler) -> None:
        handler.close()

    authorizer = DummyAuthorizer()
    authorizer.add_user("staff", "worthless", str(folder), perm="elr")
    handler = type("Handler", (FTPHandler,), {"authorizer": authorizer, "on_connect": turn_away})

    async def listen(port: int) -> None:
        server = FTPServer((address, port), handler)
        threading.Thread(target=server.serve_forever, kwargs={"handle_exit": False}, daemon=True).start()

    return await first_free(address, ports, listen)


async def mailbox(address: str, ports: Ports) -> int:
    """A POP3 server."""

    async def listen(port: int) -> None:
        await asyncio.start_server(pop3.converse, address, port, limit=pop3.LINE_BYTES)

    return await first_free(address, ports, listen)


async def mute(address: str, ports: Ports, context: ssl.SSLContext) -> int:
    """A server that hangs: it takes connections, shakes hands, reads what is said, and never answers."""

    async def listen_for_ever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(4096):
                pass
        writer.close()

    async def listen(port: int) -> None:
        await asyncio.start_server(listen_for_ever, address, port, ssl=context)

    return await first_free(address, ports, listen)
