"""The child's own wall: it can reach one address and port only, one connection at a time, each allowed by the parent.

This module runs in the child process of `prober.py` only, where the OpenSSLs of nassl (out of maintenance) read hostile bytes.
"""

from __future__ import annotations

import os
import queue
import resource
import socket
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

from plugins import canonical
from plugins.clock import Clock
from probes.tls.wire import Done, Go, Gone, Line, Seen, Want

CONNECTION_BYTES = 262_144
"""Most bytes that are read from one connection."""
_MEBIBYTE = 1_048_576
_LIMITS = (
    (resource.RLIMIT_AS, 2048 * _MEBIBYTE),
    (resource.RLIMIT_CPU, 60),
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_FSIZE, 0),
    (resource.RLIMIT_NOFILE, 64),
)
_NEVER = {
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.system",
    "socket.bind",
    "socket.gethostbyaddr",
    "socket.gethostbyname",
    "socket.getnameinfo",
    "socket.sendmsg",
    "socket.sendto",
    "subprocess.Popen",
}


class WallError(Exception):
    """Something tried to leave by another door."""

    def __init__(self, event: str, subject: str) -> None:
        super().__init__(event, subject)
        self.event, self.subject = event, subject

    def __str__(self) -> str:
        return f"{self.event} {self.subject}: the prober may only connect to its own end point"


def build(address: str, port: int, *, asked: Callable[[], bool] = lambda: True) -> None:
    """Limit memory, processor time and files, and veto every way out but connecting to `address` and `port`. For good.

    `asked` tells whether the parent has allowed the connection that is being made: a library must not make one of its own.
    """
    for limit, most in _LIMITS:
        _, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (most, most) if hard == resource.RLIM_INFINITY or hard > most else (hard, hard))

    def veto(event: str, args: tuple[object, ...]) -> None:
        if event in _NEVER:
            raise WallError(event, "")
        if event == "socket.connect" and (_peer(args[1]) != (address, port) or not asked()):
            raise WallError(event, str(args[1]))
        if event == "socket.getaddrinfo" and args[0] != address:
            raise WallError(event, str(args[0]))

    sys.addaudithook(veto)


def _peer(name: object) -> object:
    return name[:2] if isinstance(name, tuple) else name


class BoundedSocket:
    """A connection as nassl uses it (`send`, `recv`, `close`), with one deadline and a cap on what is read."""

    def __init__(
        self,
        connection: socket.socket,  # noqa: TID251 - only named here; `Lane.connect` opens it
        clock: Clock,
        deadline: float,
        lane: Lane,
    ) -> None:
        self._connection, self._clock, self._deadline, self._lane = connection, clock, deadline, lane
        self._sent = self._received = 0
        self._closed = False

    def _hurry(self) -> None:
        left = self._deadline - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError("its time is over")
        self._connection.settimeout(left)

    def send(self, data: bytes) -> int:
        """Send all of `data`."""
        self._hurry()
        self._connection.sendall(data)
        self._sent += len(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        """Read at most `size` bytes."""
        if self._received >= CONNECTION_BYTES:
            raise OSError(f"it sent more than {CONNECTION_BYTES} bytes")
        self._hurry()
        data = self._connection.recv(size)
        self._received += len(data)
        return data

    def close(self) -> None:
        """Close it and tell the parent."""
        if self._closed:
            return
        self._closed = True
        self._connection.close()
        self._lane.say(Done(sent=self._sent, received=self._received))


def tell(out: BinaryIO, message: Want | Done | Seen | Gone) -> None:
    """Write one line to the parent."""
    out.write(canonical.dumps(Line(says=message)) + b"\n")
    out.flush()


class Lane:
    """The line to the parent. When the parent is gone, so is this process."""

    def __init__(self, lines: BinaryIO, out: BinaryIO, clock: Clock) -> None:
        self._lines, self._out, self._clock = lines, out, clock
        self.opened = 0
        """Connections that were asked for."""
        self.connecting = False
        """Whether an allowed connection is being made at this moment."""
        self._heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self._lines:
            self._heard.put(line)
        os._exit(3)

    def hear(self) -> bytes:
        """Wait for the parent's next line."""
        return self._heard.get()

    def say(self, message: Want | Done | Seen) -> None:
        """Send one line to the parent."""
        tell(self._out, message)

    def connect(self, address: str, port: int) -> BoundedSocket:
        """Ask for a connection, and open it when allowed; raises `OSError`."""
        self.opened += 1
        self.say(Want())
        seconds = canonical.loads(Go, self.hear()).seconds
        deadline = self._clock.monotonic() + seconds
        self.connecting = True
        try:
            connection = socket.create_connection((address, port), timeout=seconds)  # noqa: TID251 - nassl needs a socket
        except OSError:
            self.say(Done(sent=0, received=0))
            raise
        finally:
            self.connecting = False
        return BoundedSocket(connection, self._clock, deadline, self)
