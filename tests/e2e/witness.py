"""The target's side: web servers that note who asks, and the kernel's time of every connection that is tried."""

from __future__ import annotations

import contextlib
import ctypes
import re
import selectors
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.capture import Capture

ANSWER = b"HTTP/1.1 200 OK\r\nServer: shop\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
AGENT = re.compile(rb"^User-Agent: ([^\r\n]*)", re.MULTILINE | re.IGNORECASE)
ORDER = re.compile(r"\+mailto:desk@body\.example; order ([0-9a-f]{8})\)$")


@dataclass(frozen=True)
class Visit:
    """One request."""

    at: float
    """When, seconds since the epoch."""
    address: str
    """Address that was asked."""
    port: int
    """Port that was asked."""
    agent: str
    """Who said to ask."""

    @property
    def order(self) -> str:
        """The order that it names; empty when it names none."""
        found = ORDER.search(self.agent)
        return found.group(1) if found else ""


class WebServers:
    """Many small web servers in one thread."""

    def __init__(self, addresses: tuple[str, ...], ports: range) -> None:
        self.visits: list[Visit] = []
        self._selector = selectors.DefaultSelector()
        self._heard: dict[socket.socket, bytes] = {}
        for address in addresses:
            for port in ports:
                listener = socket.create_server((address, port), backlog=64)
                listener.setblocking(False)
                self._selector.register(listener, selectors.EVENT_READ, "listener")
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._done.is_set():
            for key, _ in self._selector.select(0.2):
                if isinstance(key.fileobj, socket.socket):
                    with contextlib.suppress(OSError):
                        self._accept(key.fileobj) if key.data == "listener" else self._hear(key.fileobj)

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.setblocking(False)
        self._heard[connection] = b""
        self._selector.register(connection, selectors.EVENT_READ, "connection")

    def _hear(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(4096)
        except OSError:
            data = b""
        self._heard[connection] += data
        if data and b"\r\n\r\n" not in self._heard[connection]:
            return
        whole = self._heard.pop(connection)
        self._selector.unregister(connection)
        if whole:
            found = AGENT.search(whole)
            address, port = connection.getsockname()[:2]
            agent = found.group(1).decode("latin-1") if found else ""
            self.visits.append(Visit(time.time(), address, port, agent))
            with contextlib.suppress(OSError):
                connection.send(ANSWER)
        connection.close()

    def close(self) -> None:
        """End them."""
        self._done.set()
        self._thread.join(5)
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()


class Tries(Capture):
    """Notes every TCP connection that is tried (SYN without ACK) towards one address."""

    def _filter(self) -> None:
        program = struct.pack(
            "HBBIHBBIHBBIHBBIHBBIHBBIHBBI",
            *(0x20, 0, 0, 16),  # destination address
            *(0x15, 0, 4, int.from_bytes(self._wanted, "big")),
            *(0x30, 0, 0, 33),  # TCP flags behind an IPv4 header without options
            *(0x54, 0, 0, 0x12),
            *(0x15, 0, 1, 0x02),
            *(0x06, 0, 0, 64),
            *(0x06, 0, 0, 0),
        )
        buffer = ctypes.create_string_buffer(program)
        self._socket.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", 7, ctypes.addressof(buffer)))


@contextlib.contextmanager
def web_servers(addresses: tuple[str, ...], ports: range) -> Iterator[WebServers]:
    """Run web servers for the length of the block."""
    servers = WebServers(addresses, ports)
    try:
        yield servers
    finally:
        servers.close()


@contextlib.contextmanager
def tries(address: str) -> Iterator[Tries]:
    """Note connections that are tried, for the length of the block."""
    noted = Tries(address)
    try:
        yield noted
    finally:
        noted.close()
