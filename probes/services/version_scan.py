"""Lets nmap's version detection look at open ports, through our own dialler. Facts only.

nmap runs in a child process (`prober.py`) and is shown a loopback address. Whenever it connects there, this side dials the server:
leave, pace and count are those of every other connection, what goes over it is written down, and where our own questions found TLS,
the dialler speaks TLS and nmap sees what is inside. So its flags need not be believed: nmap sends nothing to the shop.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import probes
from plugins import canonical
from plugins.value import value
from probes.dial import Connection, CutOffError, Dialer, DialError, OutOfScopeError
from probes.pace import Pace
from probes.services import enclosure
from probes.services.fingerprint import Fingerprint
from probes.services.wire import CHUNK_BYTES, LINE_BYTES, Closed, Found, Job, Line, Opened, Said, Wanted
from probes.target import Transport
from probes.transcript import Transcript

POLL_S = 0.1
"""Seconds between two looks at the leave."""
_GRACE_S = 15.0
_MOST_WAITING = 64


@value
class Limits:
    """What nmap gets."""

    connections: int = 3
    """Most connections to a service that is known: only product and version are wanted."""
    unknown_connections: int = 8
    """Most connections to a service that is not."""
    seconds: float = 20.0
    """Most seconds per port."""
    silence_s: float = 1.5
    """Silence after which a connection is ended; nmap would wait five or six seconds before its next question."""
    connection_bytes: int = 65_536
    """Most bytes that are read from one connection."""
    wait_s: float = 0.5
    """Longest wait for the pace that leaves nmap's own time limits a sense."""
    parallel: int = 4
    """Most ports at once."""


LIMITS = Limits()
"""What nmap gets, unless a caller says otherwise."""


@value
class Asked:
    """An open port, with what our own questions brought."""

    address: str
    """Address."""
    port: int
    """TCP port."""
    tls_name: str | None
    """Name to ask for inside TLS; None: it speaks in the clear."""
    service: str = ""
    """Service that our own questions recognised, under its name without TLS; empty: none."""
    quiet: bool = False
    """True: it says nothing before it is asked."""


@value
class Sounded:
    """What nmap says of one port."""

    fingerprint: Fingerprint
    """What it takes the service for."""
    transcripts: tuple[Transcript, ...]
    """What was said on its connections."""


_SHOWN_AS = {
    "http": 8080,
    "domain": 53,
    "sunrpc": 111,
    "nfs": 2049,
    "x11": 6000,
    "postgresql": 5432,
    "mysql": 3306,
    "redis": 6379,
    "memcache": 11_211,
    "ms-wbt-server": 3389,
    "rfb": 5900,
    "rtsp": 554,
    "sip": 5060,
}
"""Port number under which nmap is shown a service that we know: it then asks the right question first, wherever the service is."""


def parallel(pace: Pace, limits: Limits = LIMITS) -> int:
    """Give how many ports nmap may look at once; 0: the pace cannot hold it.

    nmap measures its time limits from its own connect, so it must not wait long for the pace.
    """
    per_s = min(pace.connections_per_s, pace.requests_per_s)
    return max(0, min(limits.parallel, math.floor(per_s * limits.wait_s), pace.concurrent_connections))


def _most(one: Asked, limits: Limits) -> int:
    return limits.connections if one.service else limits.unknown_connections


def _wanted(one: Asked, limits: Limits) -> Wanted:
    shown_as = _SHOWN_AS.get(one.service, one.port)
    return Wanted(port=one.port, shown_as=shown_as, quiet=one.quiet, most_connections=_most(one, limits))


async def scan(dialer: Dialer, asked: Sequence[Asked], limits: Limits = LIMITS) -> dict[int, Sounded]:
    """Fingerprint open ports of one address, by port; nothing where nmap is missing or the pace cannot hold it.

    `CutOffError` comes through. Whatever breaks in the child leaves our own findings as they are.
    """
    at_once = parallel(dialer.meter.pace, limits)
    if not asked or not at_once or not limits.seconds or not enclosure.program():
        return {}
    job = Job(
        wanted=tuple(_wanted(one, limits) for one in asked),
        parallel=at_once,
        connections_per_s=dialer.meter.pace.connections_per_s,
        seconds=limits.seconds,
    )
    async with _child() as child:
        conversation = _Conversation(dialer, asked, limits, child)
        try:
            async with asyncio.timeout(limits.seconds * math.ceil(len(asked) / at_once) + _GRACE_S):
                await conversation.run(job)
        except (TimeoutError, OSError, ValueError):
            pass  # the child is ended; what it said so far counts
        finally:
            await conversation.close()
    return conversation.sounded()


@contextlib.asynccontextmanager
async def _child() -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the prober with nothing of this process's environment; it is gone when the block ends, however it ends."""
    root = Path(probes.__file__).parent.parent
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "probes.services.prober",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=LINE_BYTES,
        env={"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
        await asyncio.shield(child.wait())


class _Conversation:
    """The dialogue with one child (see `wire.py`)."""

    def __init__(
        self, dialer: Dialer, asked: Sequence[Asked], limits: Limits, child: asyncio.subprocess.Process
    ) -> None:
        assert child.stdin is not None  # noqa: S101 - it was asked for as a pipe
        assert child.stdout is not None  # noqa: S101 - same
        self._dialer, self._limits = dialer, limits
        self._asked = {one.port: one for one in asked}
        self._reader, self._writer = child.stdout, child.stdin
        self._queues: dict[int, asyncio.Queue[bytes]] = {}
        self._relays: dict[int, asyncio.Task[None]] = {}
        self._opened: dict[int, int] = dict.fromkeys(self._asked, 0)
        self._found: dict[int, Fingerprint] = {}
        self._transcripts: dict[int, list[Transcript]] = {port: [] for port in self._asked}

    def sounded(self) -> dict[int, Sounded]:
        """Give what was found, by port."""
        return {
            port: Sounded(fingerprint=found, transcripts=tuple(self._transcripts[port]))
            for port, found in self._found.items()
        }

    async def run(self, job: Job) -> None:
        """Give the job, carry connections, take what is found."""
        await self._say(job)
        while len(self._found) < len(self._asked):
            line = await self._line()
            if not line.endswith(b"\n"):
                return  # it ended early, or it said too much
            self._heard(canonical.loads(Line, line).says)

    async def close(self) -> None:
        """Drop all connections."""
        for relay in self._relays.values():
            relay.cancel()
        await asyncio.gather(*self._relays.values(), return_exceptions=True)

    def _heard(self, says: Opened | Said | Closed | Found) -> None:
        if isinstance(says, Found):
            if says.port in self._asked:
                self._found[says.port] = says.fingerprint
        elif isinstance(says, Opened):
            self._open(says)
        elif isinstance(says, Said):
            queue = self._queues.get(says.number)
            if queue is not None and not queue.full():
                queue.put_nowait(says.data[:CHUNK_BYTES])
        elif relay := self._relays.pop(says.number, None):
            relay.cancel()

    def _open(self, says: Opened) -> None:
        """Dial for nmap; the child counts its connections, and so does this side."""
        asked = self._asked.get(says.port)
        if asked is None or says.number in self._queues or self._opened[says.port] >= _most(asked, self._limits):
            return
        self._opened[says.port] += 1
        self._queues[says.number] = asyncio.Queue(_MOST_WAITING)
        self._relays[says.number] = asyncio.create_task(self._relay(says.number, asked))

    async def _relay(self, number: int, asked: Asked) -> None:
        """Carry one connection. What the leave says against it is noticed in `_line`, too, and ends everything there."""
        try:
            await self._dialer.meter.request()
            async with self._dialer.connect(
                asked.address, asked.port, timeout_s=2.0, tls_name=asked.tls_name
            ) as connection:
                self._dialer.counter.request()
                try:
                    await self._both_ways(connection, number)
                finally:
                    self._transcripts[asked.port].append(connection.transcript)
        except (DialError, CutOffError, OutOfScopeError):
            pass
        finally:
            self._queues.pop(number, None)
        await self._say(Line(says=Closed(number=number)))

    async def _both_ways(self, connection: Connection, number: int) -> None:
        sending = asyncio.create_task(self._send(connection, self._queues[number]))
        try:
            left = self._limits.connection_bytes
            while left > 0 and (data := await self._heard_from(connection, min(left, CHUNK_BYTES))):
                left -= len(data)
                await self._say(Line(says=Said(number=number, data=data)))
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _heard_from(self, connection: Connection, most: int) -> bytes:
        """Read what comes within the patience; nothing means that it is over."""
        try:
            async with asyncio.timeout(self._limits.silence_s):
                return await connection.read(most)
        except TimeoutError:
            return b""

    async def _send(self, connection: Connection, queue: asyncio.Queue[bytes]) -> None:
        with contextlib.suppress(DialError, CutOffError):
            while True:
                await connection.write(await queue.get())

    async def _say(self, message: Job | Line) -> None:
        with contextlib.suppress(OSError):  # the child is gone, which `_line` notices
            self._writer.write(canonical.dumps(message) + b"\n")
            await self._writer.drain()

    async def _line(self) -> bytes:
        """Read a line; the leave is asked ten times a second, so that a stop is obeyed while nmap thinks."""
        reading = asyncio.ensure_future(self._reader.readline())
        asked = next(iter(self._asked.values()))
        try:
            while True:
                self._dialer.leave.check(asked.address, asked.port, Transport.TCP)
                await asyncio.wait({reading}, timeout=POLL_S)
                if reading.done():
                    return reading.result()
        finally:
            reading.cancel()
