"""A web shop that shows when it is asked too fast: latency rises with load, it starts to fail, or it asks to be left alone.

Runs in a thread of its own on loopback and keeps its own account of what came and when.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiohttp import web

HEARTBEAT = "/pulse"
"""The page that the heartbeat asks for; everything else is load."""


@dataclass
class Manner:
    """How the shop behaves. A test may change it while the shop is open."""

    base_s: float = 0.02
    """Latency without load."""
    capacity_per_s: float = 1e9
    """Requests per second that it cannot bear: a queue with one server (M/M/1), whose mean latency is base / (1 - load)."""
    window_s: float = 0.2
    """Over which the load is counted."""
    page: str = "いらっしゃいませ"
    """What every page says."""
    fails_after: int = 1_000_000_000
    """Requests beside the heartbeat after which everything is answered with 500."""
    busy_after: int = 1_000_000_000
    """Requests beside the heartbeat after which it answers 429, until it was left alone."""
    leave_alone_s: float = 0.0
    """For how long it then wants to be left alone; goes into Retry-After in whole seconds."""


@dataclass
class Visit:
    """One request, as the shop saw it."""

    at: float
    """Monotonic seconds."""
    path: str
    """Request target."""
    status: int
    """How it was answered."""
    user_agent: str
    """Who said to be asking."""


@dataclass
class Shopfront:
    """An open shop."""

    address: str
    port: int
    manner: Manner
    visits: list[Visit] = field(default_factory=list)
    """Everything that came, in order."""
    _recent: deque[float] = field(default_factory=deque)
    _busy_until: float = 0.0
    _spared: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        now = time.monotonic()
        status = self._status(now)
        self.visits.append(Visit(now, request.path, status, request.headers.get("User-Agent", "")))
        await asyncio.sleep(self._latency(now))
        headers = {"Retry-After": str(math.ceil(self._busy_until - now))} if status == 429 else {}
        return web.Response(status=status, headers=headers, text=self.manner.page)

    def _latency(self, now: float) -> float:
        self._recent.append(now)
        while self._recent[0] <= now - self.manner.window_s:
            self._recent.popleft()
        load = len(self._recent) / self.manner.window_s / self.manner.capacity_per_s
        return self.manner.base_s / (1 - min(load, 0.95))

    def _status(self, now: float) -> int:
        load = len(self.load())
        if load - self._spared >= self.manner.busy_after and not self._busy_until:
            self._busy_until = now + self.manner.leave_alone_s
        if now < self._busy_until:
            return 429
        if self._busy_until:
            self._busy_until, self._spared, self.manner.busy_after = 0.0, load, 1_000_000_000
        return 500 if load >= self.manner.fails_after else 200

    def load(self) -> list[Visit]:
        """Give what came beside the heartbeat."""
        return [visit for visit in self.visits if visit.path != HEARTBEAT]

    def beats(self) -> list[Visit]:
        """Give the heartbeats."""
        return [visit for visit in self.visits if visit.path == HEARTBEAT]


@contextlib.contextmanager
def shopfront(manner: Manner, address: str = "127.0.0.1") -> Iterator[Shopfront]:
    """Open a shop for the length of the block."""
    shop = Shopfront(address, 0, manner)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(_opened(shop), loop).result(10)
    try:
        yield shop
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _opened(shop: Shopfront) -> web.AppRunner:
    app = web.Application()
    app.router.add_get("/{path:.*}", shop.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, shop.address, 0).start()
    shop.port = runner.addresses[0][1]
    return runner
