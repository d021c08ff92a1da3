"""Several visits at once, with a fixed number of visitors: memory stays bounded however long the list is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def each(things: Iterable[T], visitors: int, visit: Callable[[T], Awaitable[None]]) -> None:
    """Visit every thing; the first failure stops all visits and comes through as it is (not in an exception group)."""
    waiting = iter(things)

    async def visitor() -> None:
        for thing in waiting:
            await visit(thing)

    tasks = [asyncio.create_task(visitor()) for _ in range(max(1, visitors))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
