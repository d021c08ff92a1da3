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


class OwnMeter:
    """A meter that keeps a pace all by itself: for what one process sends alone. Workers of a grid lease (grid/budget.py)."""

    def __init__(self, pace: Pace, clock: Clock) -> None:
        now = clock.monotonic()
        self.pace = pace
        self._clock = clock
        self._open = asyncio.Semaphore(pace.concurrent_connections)
        self._connections = Gcra.empty(pace.connections_per_s, max(1.0, pace.connections_per_s * 0.02), now)
        self._requests = Gcra.empty(pace.requests_per_s, max(1.0, pace.requests_per_s * 0.02), now)
        self._bytes = Gcra.empty(float(pace.bytes_per_s), float(max(READ_BYTES, pace.bytes_per_s // 50)), now)
        self._packets = Gcra.empty(pace.packets, max(1.0, pace.packets * 0.02), now)
        self._turn = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        """Hold one of the concurrent connections, after waiting for the connection rate."""
        async with self._open:
            async with self._packed(PACKETS_PER_CONNECTION):
                self._connections, wait = self._connections.take(self._clock.monotonic())
                await _sleep(wait)
            yield

    async def knocks(self, most: int) -> int:
        """Wait for the connection rate; give how many SYNs may be sent at this moment, 1 to `most`."""
        async with self._packed(PACKETS_PER_SYN):
            self._connections, wait = self._connections.take(self._clock.monotonic())
            await _sleep(wait)
        now = self._clock.monotonic()
        more = min(self._connections.ready(now), most - 1)
        if self.pace.packets_per_s:
            more = min(more, self._packets.ready(now) // PACKETS_PER_SYN)
        if more:
            self._connections, _ = self._connections.take(now, more)
            self._packets, _ = self._packets.take(now, more * PACKETS_PER_SYN)
        return 1 + more

    async def request(self) -> None:
        """Wait for the request rate."""
        async with self._packed(PACKETS_PER_REQUEST):
            self._requests, wait = self._requests.take(self._clock.monotonic())
            await _sleep(wait)

    async def datagram(self) -> None:
        """Wait for the request rate, for one UDP datagram."""
        async with self._packed(PACKETS_PER_DATAGRAM):
            self._requests, wait = self._requests.take(self._clock.monotonic())
            await _sleep(wait)

    async def transfer(self, size: int) -> None:
        """Wait until `size` bytes fit into the byte rate."""
        async with self._packed(size / SEGMENT_BYTES):
            self._bytes, wait = self._bytes.take(self._clock.monotonic(), float(size))
            await _sleep(wait)

    @contextlib.asynccontextmanager
    async def _packed(self, packets: float) -> AsyncIterator[None]:
        """Wait for packets where they have a bound of their own; who waits for another bound inside keeps everybody else out."""
        if not self.pace.packets_per_s:
            yield
            return
        async with self._turn:
            self._packets, wait = self._packets.take(self._clock.monotonic(), packets)
            await _sleep(wait)
            yield


async def _sleep(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)
