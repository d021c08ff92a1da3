"""The only sockets of the product. Every connection asks the leave, waits for the pace, and is counted and transcribed.

    ask -> Leave.check (order, window) -> Meter (pace) -> connect -> Connection (caps, transcript) -> Tally

Libraries that bring their own sockets (sslyze, nassl) are wrapped by one probe module each, which takes `Dialer.admit`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from plugins.ask import NoAnswerReason
from plugins.clock import Clock
from probes.datagram import Datagrams
from probes.meter import READ_BYTES, Meter, OwnMeter
from probes.pace import Pace
from probes.raw import RawWay, icmp_error
from probes.tally import Counter, Tally
from probes.target import Transport
from probes.transcript import Direction, Passage, Transcript

TRANSCRIPT_BYTES = 65_536
"""Most bytes of one connection that a transcript keeps."""


class Leave(Protocol):
    """By whose leave a server is touched: the opened order."""

    def check(self, address: str, port: int, transport: Transport) -> None:
        """Return when this may be sent now; raise `OutOfScopeError` or `CutOffError` when not."""

    def remaining_s(self) -> float:
        """Seconds until nothing may be sent any more."""


class OutOfScopeError(Exception):
    """A send that the order does not name. Nothing left the machine."""

    def __init__(self, address: str, port: int, transport: str) -> None:
        super().__init__(address, port, transport)
        self.address, self.port, self.transport = address, port, transport

    def __str__(self) -> str:
        return f"{self.address} {self.port}/{self.transport}: not named by the order; nothing was sent"


class CutOffError(Exception):
    """The window is over or somebody said stop. Nothing is sent any more."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"cut off: {self.reason}"


class DialError(Exception):
    """A connection that failed in a way that says something about the server."""

    def __init__(
        self, address: str, port: int, reason: NoAnswerReason, detail: str, code: int = 0, icmp: bool = False
    ) -> None:
        super().__init__(address, port, reason, detail, code, icmp)
        self.address, self.port, self.reason, self.detail = address, port, reason, detail
        self.code = code
        """The system's errno; 0 when there is none."""
        self.icmp = icmp
        """True: an ICMP error said so, so it is no trouble of our own."""

    def __str__(self) -> str:
        return f"{self.address} {self.port}: {self.reason} ({self.detail})"


class Connection:
    """One open connection. Reads and writes obey the pace, the permit and the transcript's cap."""

    def __init__(
        self,
        dialer: Dialer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        address: str,
        port: int,
        tls: bool,
    ) -> None:
        self._dialer = dialer
        self._reader = reader
        self._writer = writer
        self._address, self._port, self._tls = address, port, tls
        self._started = dialer.clock.now()
        self._passages: list[tuple[Direction, bytearray]] = []
        self._kept = 0
        self._cut = False
        self.ended = ""

    async def write(self, data: bytes) -> None:
        """Send bytes; raises `DialError`, `CutOffError`."""
        await self._dialer.meter.transfer(len(data))
        self._dialer.leave.check(self._address, self._port, Transport.TCP)
        self._keep(Direction.SENT, data)
        self._dialer.counter.sent(len(data))
        try:
            self._writer.write(data)
            await self._writer.drain()
        except (OSError, ssl.SSLError) as error:
            raise self._failed(error) from None

    async def read(self, size: int = READ_BYTES) -> bytes:
        """Read at most `size` bytes; b"" at the end of the stream; raises `DialError`."""
        try:
            data = await self._reader.read(min(size, READ_BYTES))
        except (OSError, ssl.SSLError) as error:
            raise self._failed(error) from None
        self._keep(Direction.RECEIVED, data)
        self._dialer.counter.received(len(data))
        await self._dialer.meter.transfer(len(data))
        return data

    def _failed(self, error: Exception) -> DialError:
        self.ended = str(error) or type(error).__name__
        reason = NoAnswerReason.TLS if isinstance(error, ssl.SSLError) else NoAnswerReason.RESET
        return DialError(self._address, self._port, reason, self.ended)

    def _keep(self, direction: Direction, data: bytes) -> None:
        room = TRANSCRIPT_BYTES - self._kept
        self._cut = self._cut or len(data) > room
        kept = data[:room]
        if not kept:
            return
        self._kept += len(kept)
        if self._passages and self._passages[-1][0] is direction:
            self._passages[-1][1].extend(kept)
        else:
            self._passages.append((direction, bytearray(kept)))

    @property
    def certificate_der(self) -> bytes | None:
        """The leaf that the server sent, DER; None without TLS."""
        transport: ssl.SSLObject | None = self._writer.get_extra_info("ssl_object")
        return transport.getpeercert(binary_form=True) if transport else None

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The handshake's outcome; None without TLS."""
        shaken: ssl.SSLObject | None = self._writer.get_extra_info("ssl_object")
        return shaken

    @property
    def transcript(self) -> Transcript:
        """What went over this connection so far."""
        return Transcript(
            server=self._dialer.server,
            address=self._address,
            port=self._port,
            tls=self._tls,
            started=self._started,
            passages=tuple(Passage(direction=way, data=bytes(data)) for way, data in self._passages),
            cut=self._cut,
            ended=self.ended,
        )

    def abort(self) -> None:
        """Drop the connection at once."""
        self._writer.transport.abort()


Opening = Callable[[], AbstractContextManager[None]]
"""The grid's permission to open raw sockets inside the block; a process without it has none."""


class Dialer:
    """Opens connections for one order."""

    def __init__(
        self,
        server: str,
        leave: Leave,
        pace: Pace,
        clock: Clock,
        meter: Meter | None = None,
        opening: Opening | None = None,
    ) -> None:
        self.server = server
        self.leave = leave
        self.clock = clock
        self.meter: Meter = meter or OwnMeter(pace, clock)
        self.counter = Counter()
        self._opening = opening

    @property
    def raw(self) -> bool:
        """Whether raw sockets may be opened; the host can still refuse."""
        return self._opening is not None

    @property
    def tally(self) -> Tally:
        """What was sent so far."""
        return self.counter.tally

    def _check(self, address: str, port: int, transport: Transport = Transport.TCP) -> None:
        try:
            self.leave.check(address, port, transport)
        except OutOfScopeError:
            self.counter.refused()
            raise

    @contextlib.asynccontextmanager
    async def admit(self, address: str, port: int) -> AsyncIterator[None]:
        """Hold the right to one TCP connection that a wrapped library is about to open; paced and counted like `connect`."""
        self._check(address, port)
        async with self.meter.connection():
            self._check(address, port)
            self.counter.connection(self.clock.monotonic())
            yield

    @contextlib.asynccontextmanager
    async def connect(
        self,
        address: str,
        port: int,
        *,
        timeout_s: float,
        tls_name: str | None = None,
        context: ssl.SSLContext | None = None,
    ) -> AsyncIterator[Connection]:
        """Open one TCP connection, with TLS (any certificate: it is a fact, not an opinion) when `tls_name` is given.

        `context` offers other versions and suites than usual. The connection is dropped at the end of the block.

        Raises `DialError` (the server's doing), `OutOfScopeError`, `CutOffError` (ours).
        """
        async with self.admit(address, port):
            offered = (context or observing_context()) if tls_name is not None else None
            connection = await self._open(address, port, timeout_s, tls_name, offered)
            try:
                yield connection
            finally:
                connection.abort()

    def raw_way(self, address: str, port: int) -> RawWay:
        """Open a way for single TCP segments to `address`, where the order names `port` among others; close it after use.

        Raises `OSError` where the host allows no raw sockets or has no route, `OutOfScopeError`, `CutOffError`.
        """
        self._check(address, port)
        if self._opening is None:
            raise PermissionError(errno.EPERM, "the grid allows no raw sockets here")
        with self._opening():
            return RawWay(_new_raw_socket(address, port), address, self.leave)

    @contextlib.contextmanager
    def datagrams(self, address: str, port: int) -> Iterator[Datagrams]:
        """Hold a UDP socket for exchanges with one port. Raises `OutOfScopeError`, `CutOffError`; `OSError` without a route."""
        self._check(address, port, Transport.UDP)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = socket.socket(family, socket.SOCK_DGRAM)  # noqa: TID251 - this is the one place
        with contextlib.closing(Datagrams(self, made, address, port)) as box:
            yield box

    async def _connected(
        self, address: str, port: int, timeout_s: float, context: ssl.SSLContext | None, tls_name: str | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connecting = _new_socket(address, min(timeout_s, self.leave.remaining_s()))
        try:
            await asyncio.get_running_loop().sock_connect(connecting, (address, port))
            return await asyncio.open_connection(  # noqa: TID251 - this is the one place
                sock=connecting, ssl=context, server_hostname=tls_name, limit=READ_BYTES
            )
        except BaseException:
            connecting.close()
            raise

    async def knock(self, address: str, port: int, *, timeout_s: float, measured: Callable[[float], None]) -> None:
        """Open one TCP connection and drop it at once. Raises like `connect`.

        `measured` is told the round trip in seconds when the server answered, be it by refusing.
        """
        self._check(address, port)
        async with self.meter.connection():
            self._check(address, port)
            began = self.clock.monotonic()
            self.counter.connection(began)
            with contextlib.closing(_new_socket(address, min(timeout_s, self.leave.remaining_s()))) as connecting:
                code = await _reached(connecting, (address, port), timeout_s)
                if code == errno.ETIMEDOUT and (repeats := _repeated(connecting)):
                    self.counter.connection(began, repeats)
                if code in {0, errno.ECONNREFUSED}:
                    measured(self.clock.monotonic() - began)
                if code:
                    raise _failure(connecting, address, port, code)
                if _to_itself(connecting):
                    raise _nobody(address, port)

    async def _open(
        self, address: str, port: int, timeout_s: float, tls_name: str | None, context: ssl.SSLContext | None
    ) -> Connection:
        with _failures(address, port, timeout_s):
            async with asyncio.timeout(timeout_s):
                reader, writer = await self._connected(address, port, timeout_s, context, tls_name)
        if writer.get_extra_info("sockname") == writer.get_extra_info("peername"):
            writer.transport.abort()
            raise _nobody(address, port)
        return Connection(self, reader, writer, address, port, context is not None)


@contextlib.contextmanager
def _failures(address: str, port: int, timeout_s: float) -> Iterator[None]:
    """Give every way in which connecting fails its name."""
    try:
        yield
    except TimeoutError:
        raise DialError(address, port, NoAnswerReason.TIMEOUT, f"no answer in {timeout_s:g} s") from None
    except ssl.SSLError as error:
        raise DialError(address, port, NoAnswerReason.TLS, error.reason or str(error)) from None
    except ConnectionRefusedError as error:
        raise DialError(address, port, NoAnswerReason.REFUSED, error.strerror or "refused") from None
    except ConnectionError as error:
        raise DialError(address, port, NoAnswerReason.RESET, error.strerror or str(error)) from None
    except OSError as error:
        detail = error.strerror or str(error)
        raise DialError(address, port, NoAnswerReason.UNREACHABLE, detail, error.errno or 0) from None


def _to_itself(connected: socket.socket) -> bool:  # noqa: TID251 - only named here
    """Tell whether a connection met its own other end (simultaneous open, RFC 9293, section 3.5): nobody listens there."""
    try:
        return bool(connected.getsockname() == connected.getpeername())
    except OSError:
        return False  # reset since: somebody did answer


async def _reached(connecting: socket.socket, to: tuple[str, int], timeout_s: float) -> int:  # noqa: TID251 - only named here
    """Connect; give 0 or the errno of the failure, ETIMEDOUT when nothing came. asyncio's own way takes twice as long."""
    code = connecting.connect_ex(to)
    if code != errno.EINPROGRESS:
        return code
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[int] = loop.create_future()
    loop.add_writer(connecting, _settle, answered, 0)
    timer = loop.call_later(timeout_s, _settle, answered, errno.ETIMEDOUT)
    try:
        return await answered or connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    finally:
        timer.cancel()
        loop.remove_writer(connecting)


def _settle(answered: asyncio.Future[int], code: int) -> None:
    if not answered.done():
        answered.set_result(code)


def _failure(failed: socket.socket, address: str, port: int, code: int) -> DialError:  # noqa: TID251 - only named here
    """Give the errno of a failed connection its name."""
    if told := icmp_error(failed):
        return DialError(address, port, NoAnswerReason.UNREACHABLE, "told by ICMP", told, True)
    reason = {
        errno.ETIMEDOUT: NoAnswerReason.TIMEOUT,
        errno.ECONNREFUSED: NoAnswerReason.REFUSED,
        errno.ECONNRESET: NoAnswerReason.RESET,
        errno.ECONNABORTED: NoAnswerReason.RESET,
    }.get(code, NoAnswerReason.UNREACHABLE)
    return DialError(address, port, reason, os.strerror(code), code if reason is NoAnswerReason.UNREACHABLE else 0)


def _repeated(silent: socket.socket) -> int:  # noqa: TID251 - only named here
    """Give how often the kernel has repeated its SYN: it does after a second, and a busy machine may be later than that."""
    return silent.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[2]  # tcpi_retransmits of struct tcp_info


def _nobody(address: str, port: int) -> DialError:
    """Give what a connection with ourselves means (TCP's simultaneous open, RFC 9293, section 3.5): nobody listens there."""
    return DialError(address, port, NoAnswerReason.REFUSED, "nobody listens there")


def _new_socket(address: str, seconds: float) -> socket.socket:  # noqa: TID251 - this is the one place
    """Make a TCP socket whose kernel side gives up after `seconds`, whatever becomes of this process.

    A process can be paused or killed between two lines; the kernel would go on repeating its SYN or its data for minutes, also
    behind the end of the window.
    """
    made = socket.socket(  # noqa: TID251 - this is the one place
        socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM
    )
    made.setblocking(False)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(1, int(seconds * 1000)))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
    return made


def _new_raw_socket(address: str, port: int) -> socket.socket:  # noqa: TID251 - this is the one place
    """Make a raw IP socket for TCP segments to and from one address: the kernel writes the IP header, to that address alone."""
    made = socket.socket(  # noqa: TID251 - this is the one place
        socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP
    )
    try:
        made.connect((address, port))
    except BaseException:
        made.close()
        raise
    return made


def observing_context() -> ssl.SSLContext:
    """TLS that accepts whatever the server shows, down to what the local OpenSSL still speaks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with contextlib.suppress(ValueError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TLS 1.0 is deprecated; that is why servers that speak it have to be seen
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context
