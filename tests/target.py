"""The target's own account: a server that notes when each connection comes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator


class CountingServer:
    """Accepts connections on many ports, notes the moment of each, and closes it."""

    def __init__(self, address: str, ports: range) -> None:
        self.times: list[float] = []
        self._sockets = [_listening(address, port) for port in ports]
        self._threads = [threading.Thread(target=self._accept, args=(one,), daemon=True) for one in self._sockets]
        for thread in self._threads:
            thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.times.append(time.monotonic())
                connection.close()

    def close(self) -> None:
        """End all threads."""
        for listener in self._sockets:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for thread in self._threads:
            thread.join(5)

    def after(self, moment: float) -> list[float]:
        """Give how long after `moment` (monotonic) each later connection came."""
        return [at - moment for at in self.times if at > moment]


def _listening(address: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(64)
    return listener


@contextlib.contextmanager
def counting(address: str, ports: range) -> Iterator[CountingServer]:
    """Run a counting server for the length of the block."""
    server = CountingServer(address, ports)
    try:
        yield server
    finally:
        server.close()


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Poll what another process does, until it is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.01)  # a poll of another process: there is no event to wait for
