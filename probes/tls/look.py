"""Sees what TLS end points offer. Facts only; `judge.py` says what they mean.

The handshakes are made by a child process (`prober.py`); this side gives it leave, pace and time for every single connection, and
ends it when it takes too long, says too much, or when the inspection is stopped.
"""

from __future__ import annotations

import asyncio

from plugins import canonical
from plugins.canonical import NotCanonicalError
from plugins.value import value
from probes.crowd import each
from probes.dial import Dialer, OutOfScopeError
from probes.http import user_agent
from probes.recorder import Recorder
from probes.target import Item, Scope, TlsEndpoint, Transport
from probes.tls.crew import Crew
from probes.tls.facts import TlsSeen
from probes.tls.path import Witnesses
from probes.tls.revocation import BOUNDS, Bounds, Fetcher
from probes.tls.wire import LINE_BYTES, Done, Go, Gone, Job, Line, Seen, Want
from probes.transcript import printable

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


async def look(
    scope: Scope,
    dialer: Dialer,
    recorder: Recorder,
    pack: object,  # noqa: ARG001 - every probe is called alike; this one needs no signatures
    *,
    limits: Limits = LIMITS,
) -> None:
    """Look at every declared TLS end point on every address, and fetch what tells about revocation. `CutOffError` comes through."""
    agent = user_agent(scope.contact)
    jobs = [_job(address, endpoint, agent) for endpoint in scope.target.tls for address in scope.target.addresses]
    done, crew = 0, Crew()

    fetcher = Fetcher(scope, dialer, recorder, limits.bounds)

    async def visit(job: Job) -> None:
        nonlocal done
        seen = await _seen(dialer, job, limits, crew)
        at = dialer.clock.now()
        recorder.saw(Item.TLS, await witnesses.witness(seen, at.timestamp()))
        await fetcher.follow(seen, at)
        done += 1
        recorder.progress(Item.TLS, done, len(jobs))

    async with Witnesses(scope.anchors) as witnesses:
        try:
            await each(jobs, min(len(jobs), limits.children), visit)
        finally:
            await crew.dismiss()


def _job(address: str, endpoint: TlsEndpoint, agent: str) -> Job:
    return Job(
        address=address,
        port=endpoint.port,
        server_name=endpoint.server_name,
        starttls=endpoint.starttls,
        agent=agent,
    )


async def _seen(dialer: Dialer, job: Job, limits: Limits, crew: Crew) -> TlsSeen:
    try:
        async with crew.prober() as child:
            return await _Conversation(dialer, job, limits, child).run()
    except (ProberError, OutOfScopeError) as error:
        words = str(error)
    return TlsSeen(address=job.address, port=job.port, server_name=job.server_name, versions=(), failure=words)


class _Conversation:
    """The dialogue with one child (see `wire.py`)."""

    def __init__(self, dialer: Dialer, job: Job, limits: Limits, child: asyncio.subprocess.Process) -> None:
        self._dialer, self._job, self._limits, self._child = dialer, job, limits, child

    async def run(self) -> TlsSeen:
        """Give the job, allow connections, take the result."""
        await self._say(self._job)
        for _ in range(self._limits.connections):
            heard = await self._hear(self._limits.thinking_s)
            if isinstance(heard, Seen):
                return await self._finished(heard.seen)
            if not isinstance(heard, Want):
                raise ProberError("the prober spoke out of turn")
            await self._one_connection()
        heard = await self._hear(self._limits.thinking_s)
        if isinstance(heard, Seen):
            return await self._finished(heard.seen)
        raise ProberError(f"the prober wanted more than {self._limits.connections} connections")

    async def _finished(self, seen: TlsSeen) -> TlsSeen:
        """Take the result, once the process that made it is gone."""
        if not isinstance(await self._hear(self._limits.thinking_s), Gone):
            raise ProberError("the prober spoke out of turn")
        if (seen.address, seen.port, seen.server_name) != (self._job.address, self._job.port, self._job.server_name):
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

    async def _say(self, message: Job | Go) -> None:
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
