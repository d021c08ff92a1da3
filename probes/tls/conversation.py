"""The dialogue with a child process that speaks TLS (see `wire.py`): leave, pace and time for every single connection.

A child that takes too long, says too much, or is still at work when the inspection is stopped, is ended by whoever started it.
"""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from plugins import canonical
from plugins.canonical import NotCanonicalError
from plugins.value import value
from probes.dial import Dialer
from probes.target import Transport
from probes.tls.deep.facts import DeepSeen
from probes.tls.facts import TlsSeen
from probes.tls.revocation import BOUNDS, Bounds
from probes.tls.wire import LINE_BYTES, DeepJob, Done, Go, Gone, Job, Line, Seen, Want
from probes.transcript import printable

S = TypeVar("S", TlsSeen, DeepSeen)

POLL_S = 0.1
"""Seconds between two looks at the leave while the child has a connection open."""


@value
class Limits:
    """What the child gets."""

    connection_s: float = 5.0
    """For one connection, from its start to its end."""
    thinking_s: float = 30.0
    """Between two lines of the child without a connection; it includes starting Python on a busy machine."""
    connections: int = 24
    """Most connections for one end point."""
    deep_connections: int = 620
    """Most connections for one deep scan."""
    children: int = 2
    """Most children at once."""
    bounds: Bounds = BOUNDS
    """What fetching CRLs and OCSP responses may cost."""


LIMITS = Limits()
"""What a child gets, unless a caller says otherwise."""


class ProberError(Exception):
    """The child did not do its work."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class Conversation(Generic[S]):
    """The dialogue with one child (see `wire.py`)."""

    def __init__(self, dialer: Dialer, job: Job | DeepJob, limits: Limits, child: asyncio.subprocess.Process) -> None:
        self._dialer, self._job, self._limits, self._child = dialer, job, limits, child

    async def run(self, kind: type[S], most: int) -> S:
        """Give the job, allow at most so many connections, take the result; raises `ProberError`, `OutOfScopeError`."""
        await self._say(self._job)
        for _ in range(most):
            heard = await self._hear(self._limits.thinking_s)
            if isinstance(heard, Seen):
                return await self._finished(kind, heard.seen)
            if not isinstance(heard, Want):
                raise ProberError("the prober spoke out of turn")
            await self._one_connection()
        heard = await self._hear(self._limits.thinking_s)
        if isinstance(heard, Seen):
            return await self._finished(kind, heard.seen)
        raise ProberError(f"the prober wanted more than {most} connections")

    async def _finished(self, kind: type[S], seen: TlsSeen | DeepSeen) -> S:
        """Take the result, once the process that made it is gone."""
        if not isinstance(await self._hear(self._limits.thinking_s), Gone):
            raise ProberError("the prober spoke out of turn")
        job = self._job
        asked = (job.address, job.port, job.server_name)
        if not isinstance(seen, kind) or (seen.address, seen.port, seen.server_name) != asked:
            raise ProberError("the prober tells of another end point")
        return seen

    async def _one_connection(self) -> None:
        await self._dialer.meter.request()
        async with self._dialer.admit(self._job.address, self._job.port):
            self._dialer.counter.request()
            seconds = min(self._limits.connection_s, self._dialer.leave.remaining_s())
            await self._say(Go(seconds=seconds))
            done = await self._hear(seconds + 1.0)
        if not isinstance(done, Done):
            raise ProberError("the prober spoke out of turn")
        self._dialer.counter.sent(done.sent)
        self._dialer.counter.received(done.received)
        await self._dialer.meter.transfer(done.sent + done.received)

    async def _say(self, message: Job | DeepJob | Go) -> None:
        assert self._child.stdin is not None  # noqa: S101 - it was asked for as a pipe
        try:
            self._child.stdin.write(canonical.dumps(message) + b"\n")
            await self._child.stdin.drain()
        except OSError:
            raise ProberError("the prober ended too early") from None

    async def _hear(self, seconds: float) -> Want | Done | Seen | Gone:
        line = await self._line(seconds)
        try:
            says = canonical.loads(Line, line).says
        except NotCanonicalError as error:
            raise ProberError(f"the prober cannot be understood: {printable(str(error).encode(), 200)}") from None
        if isinstance(says, Gone) and not says.well:
            raise ProberError("the prober ended before its work was done")
        return says

    async def _line(self, seconds: float) -> bytes:
        """Read a line; the leave is asked ten times a second, so that a stop is obeyed while the child is at work."""
        assert self._child.stdout is not None  # noqa: S101 - it was asked for as a pipe
        reading = asyncio.ensure_future(self._child.stdout.readline())
        try:
            for _ in range(max(1, int(seconds / POLL_S))):
                await asyncio.wait({reading}, timeout=POLL_S)
                if reading.done():
                    break
                self._dialer.leave.check(self._job.address, self._job.port, Transport.TCP)
            else:
                raise ProberError(f"the prober did not answer within {seconds:g} s and was ended")
            line = reading.result()
        except ValueError:
            raise ProberError(f"the prober said more than {LINE_BYTES} bytes at once and was ended") from None
        finally:
            reading.cancel()
        if not line.endswith(b"\n"):
            raise ProberError("the prober ended before its work was done")
        return line
