"""Hostile and odd servers: each accepts connections and treats every one of them in its own bad way, in threads of this process."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

Manner = Callable[[socket.socket], None]


def hang(connection: socket.socket) -> None:
    """Read what comes, never answer."""
    while connection.recv(4096):
        pass


def reset(connection: socket.socket) -> None:
    """Reset at once."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def slam(_: socket.socket) -> None:
    """Close at once."""


def close_after_request(connection: socket.socket) -> None:
    """Read once, close."""
    connection.recv(4096)


def endless(connection: socket.socket) -> None:
    """Send without end."""
    block = b"A" * 65_536
    while True:
        connection.sendall(block)


def endless_lines(connection: socket.socket) -> None:
    """Look like SSH, then send lines without end."""
    while True:
        connection.sendall(b"SSH is near, but not yet\r\n" * 1000)


def drip(connection: socket.socket) -> None:
    """Send a byte now and then, so that it never pauses."""
    stop = threading.Event()
    while not stop.wait(0.02):
        connection.sendall(b"A")


def garbage(connection: socket.socket) -> None:
    """Send nonsense, then read."""
    connection.sendall(bytes(range(255, 0, -1)) * 2)
    hang(connection)


def garbage_later(connection: socket.socket) -> None:
    """Answer a request with nonsense."""
    connection.recv(4096)
    connection.sendall(bytes(range(255, 0, -1)) * 2)


def says(words: bytes) -> Manner:
    """Greet with `words`, then read."""

    def speak(connection: socket.socket) -> None:
        connection.sendall(words)
        hang(connection)

    return speak


def answers(question: bytes, words: bytes) -> Manner:
    """Answer a request that begins with `question`; hang up on any other."""

    def speak(connection: socket.socket) -> None:
        if connection.recv(4096).startswith(question):
            connection.sendall(words)
            hang(connection)

    return speak


@contextlib.contextmanager
def serving(manner: Manner, address: str, port: int = 0) -> Iterator[int]:
    """Run a server of that manner; gives its port."""
    open_ones: set[socket.socket] = set()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(64)
        thread = threading.Thread(target=_accept, args=(listener, manner, open_ones), daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for connection in tuple(open_ones):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, manner: Manner, open_ones: set[socket.socket]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        open_ones.add(connection)
        threading.Thread(target=_treat, args=(connection, manner, open_ones), daemon=True).start()


def _treat(connection: socket.socket, manner: Manner, open_ones: set[socket.socket]) -> None:
    with connection, contextlib.suppress(OSError):
        manner(connection)
    open_ones.discard(connection)
