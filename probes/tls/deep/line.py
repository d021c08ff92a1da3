"""The one way in which sslyze reaches the server. Child process only.

sslyze opens every connection through one function, which is replaced here by `Line.open`: the parent is asked for each connection,
and only at the moment when there is something to send. What comes is watched, because sslyze takes silence for "not vulnerable".
"""

from __future__ import annotations

from collections.abc import Callable

import sslyze.connection_helpers.tls_connection as layer

from plugins.clock import Clock
from probes.tls.starttls import Dialogue, StartTlsError
from probes.tls.wall import BoundedSocket, Lane
from probes.tls.wire import Job
from probes.transcript import printable

CONNECTIONS = 600
"""Most connections for one end point."""
BUSY_S = 240.0
"""Longest time for all connections together, without the waiting for the pace."""
IN_VAIN = 3
"""So many connections in a row without an answer, and the server is left alone."""
_HELLO_BYTES = 131_072
_RECORD_HANDSHAKE, _RECORD_HEARTBEAT, _HELLO_DONE = 22, 24, 14


class EnoughError(Exception):
    """No further connection is made: a bound is reached, or the server no longer answers."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class UnreachedError(Exception):
    """No connection was made. Not an `OSError`, because sslyze takes those for the server's no."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


def check_harmless(data: bytes) -> None:
    """Refuse to send a heartbeat that asks for more bytes than it brings, which would read a server's memory (RFC 6520, section 4).

    sslyze's heartbeats ask for exactly what they bring. This holds should that ever change.
    """
    while len(data) >= 5 and data[0] == _RECORD_HEARTBEAT:
        end = 5 + int.from_bytes(data[3:5], "big")
        brought = len(data[8:end])
        if int.from_bytes(data[6:8], "big") > brought or end > len(data):
            raise EnoughError("a heartbeat was not sent, because it asks for more than it brings")
        data = data[end:]


class Hello:
    """Finds the end of a server's first flight (RFC 5246, section 7.4.5) in what it sends."""

    def __init__(self) -> None:
        self.done = False
        """Whether a ServerHelloDone came."""
        self._bytes = b""

    def feed(self, data: bytes) -> None:
        """Take what came; nothing is kept once the flight is complete."""
        if self.done or len(self._bytes) > _HELLO_BYTES:
            return
        self._bytes += data
        self.done = _HELLO_DONE in _messages(_fragments(self._bytes))
        if self.done:
            self._bytes = b""


def _fragments(stream: bytes) -> bytes:
    """Give the contents of the handshake records that a stream begins with."""
    contents = b""
    while len(stream) >= 5 and stream[0] == _RECORD_HANDSHAKE:
        end = 5 + int.from_bytes(stream[3:5], "big")
        contents += stream[5:end]
        stream = stream[end:]
    return contents


def _messages(contents: bytes) -> list[int]:
    """Give the types of the complete messages."""
    found = []
    while len(contents) >= 4 and len(contents) >= (end := 4 + int.from_bytes(contents[1:4], "big")):
        found.append(contents[0])
        contents = contents[end:]
    return found


class Watched:
    """A connection as nassl and sslyze use it, opened when the first byte is sent."""

    def __init__(self, begin: Callable[[], BoundedSocket], ended: Callable[[Watched], None]) -> None:
        self._begin, self._ended = begin, ended
        self._connection: BoundedSocket | None = None
        self._closed = False
        self._hello = Hello()
        self.silent = False
        """Whether something was waited for in vain."""
        self.heard = False
        """Whether anything came."""

    @property
    def greeted(self) -> bool:
        """Whether the server's first flight came to its end."""
        return self._hello.done

    @property
    def used(self) -> bool:
        """Whether it was opened."""
        return self._connection is not None

    def send(self, data: bytes) -> int:
        """Send all of `data`; raises `OSError`, `UnreachedError`, `EnoughError`."""
        if self._closed:
            raise OSError("it is closed")
        check_harmless(data)
        if self._connection is None:
            self._connection = self._begin()
        return self._connection.send(data)

    def recv(self, size: int) -> bytes:
        """Read at most `size` bytes; raises `OSError`."""
        if self._connection is None or self._closed:
            raise OSError("nothing was sent")
        try:
            data = self._connection.recv(size)
        except TimeoutError:
            self.silent = True
            raise
        self.heard = self.heard or bool(data)
        self._hello.feed(data)
        return data

    def close(self) -> None:
        """Close it."""
        if self._closed:
            return
        self._closed = True
        if self._connection is not None:
            self._connection.close()
            self._ended(self)


class Line:
    """Opens connections to one end point, within bounds."""

    def __init__(self, lane: Lane, job: Job, clock: Clock) -> None:
        self._lane, self._job, self._clock = lane, job, clock
        self._busy_s = self._since = 0.0
        self._in_vain = 0
        self.made: list[Watched] = []
        """Connections since the last `forget`."""

    def capture(self) -> None:
        """Make sslyze use this line for everything, for good."""
        layer._open_socket = lambda *_: self.open()  # type: ignore[assignment]  # noqa: SLF001 - it has no official hook

    def forget(self) -> None:
        """Begin a new list of connections."""
        self.made = []

    def open(self) -> Watched:
        """Give a connection that will be opened when something is sent."""
        made = Watched(self._begin, self._ended)
        self.made.append(made)
        return made

    def _begin(self) -> BoundedSocket:
        self._check()
        self._since = self._clock.monotonic()
        try:
            connection = self._lane.connect(self._job.address, self._job.port)
        except OSError as error:
            self._in_vain += 1
            raise UnreachedError(f"no connection: {error}") from None
        try:
            Dialogue(self._job.starttls, connection, self._job.server_name).begin()
        except (StartTlsError, OSError) as error:
            self._in_vain += 1
            connection.close()
            raise UnreachedError(printable(str(error).encode(), 200)) from None
        return connection

    def _check(self) -> None:
        if self._lane.opened >= CONNECTIONS:
            raise EnoughError(f"{CONNECTIONS} connections were made")
        if self._busy_s > BUSY_S:
            raise EnoughError(f"its answers took more than {BUSY_S:g} s")
        if self._in_vain >= IN_VAIN:
            raise EnoughError(f"{IN_VAIN} connections in a row had no answer")

    def _ended(self, one: Watched) -> None:
        self._busy_s += self._clock.monotonic() - self._since
        self._in_vain = self._in_vain + 1 if one.silent else 0
