"""Scripted TCP exchanges over our own connections: exact bytes out, bounded reads in, a read ends with silence."""

from __future__ import annotations

import asyncio

from plugins.ask import Answer, NoAnswer, NoAnswerReason, ServiceEndpoint, TcpAnswer, TcpAsk, WebEndpoint
from probes.dial import Connection, Dialer, DialError, OutOfScopeError
from probes.meter import READ_BYTES
from probes.transcript import Transcript


async def exchange(
    dialer: Dialer, endpoint: ServiceEndpoint | WebEndpoint, ask: TcpAsk
) -> tuple[Answer, Transcript | None]:
    """Send one ask on a connection of its own; raises only `CutOffError`. The transcript is None when none was made."""
    await dialer.meter.request()
    name = endpoint.host if ask.tls else None
    # Our own pace is not the server's slowness: the time that the byte bound may cost comes on top.
    seconds = ask.timeout_s + ask.max_bytes / dialer.meter.pace.bytes_per_s
    try:
        async with dialer.connect(
            endpoint.address, endpoint.port, timeout_s=ask.timeout_s, tls_name=name
        ) as connection:
            dialer.counter.request()
            try:
                async with asyncio.timeout(seconds):
                    answer: Answer = await _Talk(connection, ask).whole()
            except TimeoutError:
                connection.ended = f"no end in {seconds:g} s"
                answer = NoAnswer(reason=NoAnswerReason.TIMEOUT, detail=connection.ended)
            except DialError as error:
                answer = NoAnswer(reason=error.reason, detail=error.detail)
            return answer, connection.transcript
    except DialError as error:
        return NoAnswer(reason=error.reason, detail=error.detail), None
    except OutOfScopeError as error:
        return NoAnswer(reason=NoAnswerReason.OUT_OF_SCOPE, detail=str(error)), None


class _Talk:
    """One exchange."""

    def __init__(self, connection: Connection, ask: TcpAsk) -> None:
        self._connection, self._ask = connection, ask
        self._room = ask.max_bytes
        self._closed = False

    async def whole(self) -> TcpAnswer:
        """Go through the steps, then read the end."""
        reads: list[bytes] = []
        for step in self._ask.steps:
            if self._closed:
                break
            if step.send:
                await self._connection.write(step.send)
            data, _ = await self._read(step.read) if step.read else (b"", False)
            reads.append(data)
        wanted = self._ask.max_bytes if self._ask.read_all else self._ask.read
        data, more = await self._read(wanted)
        return TcpAnswer(reads=tuple(reads), data=data, truncated=more)

    async def _read(self, size: int) -> tuple[bytes, bool]:
        """Read at most `size` bytes, until silence or the close; tell whether the server was still speaking."""
        got = bytearray()
        most = min(size, self._room)
        while len(got) < most and not self._closed:
            try:
                async with asyncio.timeout(self._ask.quiet_s):
                    data = await self._connection.read(min(READ_BYTES, most - len(got)))
            except TimeoutError:
                break
            self._closed = not data
            got += data
        self._room -= len(got)
        return bytes(got), bool(most) and len(got) >= most
