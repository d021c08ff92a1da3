"""The meter: waits until the pace allows the next unit. Who sends alone has one of its own; workers lease (grid/budget.py)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from plugins.clock import Clock
from probes.pace import (
    PACKETS_PER_CONNECTION,
    PACKETS_PER_DATAGRAM,
    PACKETS_PER_REQUEST,
    PACKETS_PER_SYN,
    SEGMENT_BYTES,
    Gcra,
    Pace,
)

READ_BYTES = 16_384
"""Most bytes of one read; also the burst of the byte bound."""


class Meter(Protocol):
    """Waits until the pace allows the next unit. One per order."""

    pace: Pace
    """This order's bounds."""

    def connection(self) -> AbstractAsyncContextManager[None]:
        """Hold one of the concurrent connections, after waiting for the connection rate."""

    async def knocks(self, most: int) -> int:
        """Wait for the connection rate; give how many SYNs may be sent at this moment, 1 to `most`.

        For who sends single packets and keeps the bound on concurrent connections by itself (`pace`).
        """

    async def request(self) -> None:
        """Wait for the request rate."""

    async def datagram(self) -> None:
        """Wait for the request rate, for one UDP datagram."""

    async def transfer(self, size: int) -> None:
        """Wait until `size` bytes fit into the byte rate."""


class _Own:
    """One bound of an own meter. First come, first served: who waits keeps the others behind."""

    def __init__(self, rate: float, burst: float, clock: Clock) -> None:
        self._clock = clock
        self._state = Gcra.empty(rate, burst, clock.monotonic())
        self._turn = asyncio.Lock()

    async def take(self, units: float = 1.0) -> None:
        """Wait for `units`.

        They count from the moment at which they are used, not from the one at which they became due: a busy machine wakes waiting
        tasks late, and several that were due one after another would all be used in the same moment.
        """
        async with self._turn:
            while True:
                after, wait = self._state.take(self._clock.monotonic(), units)
                if wait <= 0:
                    self._state = after
                    return
                await _sleep(wait)

    def ready(self) -> int:
        """Give how many units may be used at this moment."""
        return self._state.ready(self._clock.monotonic())

    def use(self, units: float) -> None:
        """Take units that are ready."""
        self._state, _ = self._state.take(self._clock.monotonic(), units)


class OwnMeter:
    """A meter that keeps a pace all by itself: for what one process sends alone. Workers of a grid lease (grid/budget.py)."""

    def __init__(self, pace: Pace, clock: Clock) -> None:
        self.pace = pace
        self._open = asyncio.Semaphore(pace.concurrent_connections)
        self._connections = _Own(pace.connections_per_s, max(1.0, pace.connections_per_s * 0.02), clock)
        self._requests = _Own(pace.requests_per_s, max(1.0, pace.requests_per_s * 0.02), clock)
        self._bytes = _Own(float(pace.bytes_per_s), float(max(READ_BYTES, pace.bytes_per_s // 50)), clock)
        self._packets = _Own(pace.packets, max(1.0, pace.packets * 0.02), clock)
        self._turn = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        """Hold one of the concurrent connections, after waiting for the connection rate."""
        async with self._open:
            async with self._packed(PACKETS_PER_CONNECTION):
                await self._connections.take()
            yield

    async def knocks(self, most: int) -> int:
        """Wait for the connection rate; give how many SYNs may be sent at this moment, 1 to `most`."""
        async with self._packed(PACKETS_PER_SYN):
            await self._connections.take()
        more = min(self._connections.ready(), most - 1)
        if self.pace.packets_per_s:
            more = min(more, self._packets.ready() // PACKETS_PER_SYN)
        if more:
            self._connections.use(more)
            self._packets.use(more * PACKETS_PER_SYN)
        return 1 + more

    async def request(self) -> None:
        """Wait for the request rate."""
        async with self._packed(PACKETS_PER_REQUEST):
            await self._requests.take()

    async def datagram(self) -> None:
        """Wait for the request rate, for one UDP datagram."""
        async with self._packed(PACKETS_PER_DATAGRAM):
            await self._requests.take()

    async def transfer(self, size: int) -> None:
        """Wait until `size` bytes fit into the byte rate."""
        async with self._packed(size / SEGMENT_BYTES):
            await self._bytes.take(float(size))

    @contextlib.asynccontextmanager
    async def _packed(self, packets: float) -> AsyncIterator[None]:
        """Wait for packets where they have a bound of their own; who waits for another bound inside keeps everybody else out."""
        if not self.pace.packets_per_s:
            yield
            return
        async with self._turn:
            await self._packets.take(packets)
            yield


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)
