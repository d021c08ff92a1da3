"""The meter: waits until the pace allows the next unit. Who sends alone has one of its own; workers lease (grid/budget.py)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from plugins.clock import Clock
from probes.pace import Gcra, Pace

READ_BYTES = 16_384
"""Most bytes of one read; also the burst of the byte bound."""


class Meter(Protocol):
    """Waits until the pace allows the next unit. One per order."""

    pace: Pace
    """This order's bounds."""

    def connection(self) -> AbstractAsyncContextManager[None]:
        """Hold one of the concurrent connections, after waiting for the connection rate."""

    async def connections(self, most: int) -> int:
        """Wait for the connection rate; give how many may be tried at this moment, 1 to `most`.

        For who sends many small packets and keeps the bound on concurrent connections by itself (`pace`).
        """

    async def request(self) -> None:
        """Wait for the request rate."""

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

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        """Hold one of the concurrent connections, after waiting for the connection rate."""
        async with self._open:
            self._connections, wait = self._connections.take(self._clock.monotonic())
            await _sleep(wait)
            yield

    async def connections(self, most: int) -> int:
        """Wait for the connection rate; give how many may be tried at this moment, 1 to `most`."""
        self._connections, wait = self._connections.take(self._clock.monotonic())
        await _sleep(wait)
        now = self._clock.monotonic()
        more = min(self._connections.ready(now), most - 1)
        if more:
            self._connections, _ = self._connections.take(now, more)
        return 1 + more

    async def request(self) -> None:
        """Wait for the request rate."""
        self._requests, wait = self._requests.take(self._clock.monotonic())
        await _sleep(wait)

    async def transfer(self, size: int) -> None:
        """Wait until `size` bytes fit into the byte rate."""
        self._bytes, wait = self._bytes.take(self._clock.monotonic(), float(size))
        await _sleep(wait)


async def _sleep(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)
