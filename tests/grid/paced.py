"""Live workers that send as fast as their budget lets them: one small UDP packet for every connection permission."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid import budget as budgets
from grid.budget import LeasedMeter
from grid.cluster import ray
from grid.key import trusted
from grid.order import Order
from grid.seal import seal
from plugins.clock import SystemClock
from probes.pace import Pace
from tests.grid.orders import make_order, make_target

KEY = Ed25519PrivateKey.generate()
PORT = 9


def orders(address: str, per_s: float, workers: int) -> list[Order]:
    """Orders of one system, one per worker, all for one address."""
    pace = Pace(connections_per_s=per_s, requests_per_s=per_s, concurrent_connections=64)
    base = make_order()
    return [
        replace(
            base,
            order_id=f"o{number}",
            scope=replace(base.scope, target=make_target(name=f"s{number}", address=address)),
            pace=pace,
            system_pace=pace,
        )
        for number in range(workers)
    ]


async def _send(order: Order, budget: Any, seconds: float) -> int:
    meter = LeasedMeter(budget, order, SystemClock(), lambda _: None)
    address = order.scope.target.addresses[0]
    end = time.monotonic() + seconds
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:

        async def stream() -> None:
            nonlocal sent
            while time.monotonic() < end:
                async with meter.connection():
                    out.sendto(b"x", (address, PORT))
                    sent += 1

        # As many as a scan has under way; each waits for its own permission.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds + 0.5):
                await asyncio.gather(*[stream() for _ in range(32)])
    return sent


def worker(order: Order, budget: Any, seconds: float) -> int:
    """Send for some seconds; the body of a Ray task."""
    return asyncio.run(_send(order, budget, seconds))


@contextlib.contextmanager
def workers_at(address: str, per_s: float, count: int, seconds: float) -> Iterator[tuple[Any, Sequence[Any]]]:
    """Run workers under one budget; gives the budget and the tasks."""
    made = orders(address, per_s, count)
    budget = budgets.start([seal(order, KEY) for order in made], trusted(KEY))
    task = ray.remote(worker).options(num_cpus=0, max_retries=0, scheduling_strategy="SPREAD")
    references = [task.remote(order, budget, seconds) for order in made]
    try:
        yield budget, references
    finally:
        ray.kill(budget)
