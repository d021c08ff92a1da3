"""Debian's inetutils-telnetd, started per connection by a small listener of our own (as inetd would)."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator

from tests.servers.process import installed

PROGRAM = installed("telnetd")


@contextlib.contextmanager
def telnetd(address: str, port: int) -> Iterator[None]:
    """Serve TELNET at `address` and `port`."""
    assert PROGRAM, "inetutils-telnetd is not installed"
    started: list[subprocess.Popen[bytes]] = []
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(16)
        server = threading.Thread(target=_serve, args=(listener, PROGRAM, started), daemon=True)
        server.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.join(5)
            for child in started:
                child.kill()
                child.wait(5)


def _serve(listener: socket.socket, program: str, started: list[subprocess.Popen[bytes]]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            started.append(
                subprocess.Popen(
                    [program], stdin=connection.fileno(), stdout=connection.fileno(), stderr=subprocess.DEVNULL
                )
            )
