"""Several visits at once."""

from __future__ import annotations

import asyncio

import pytest

from probes.crowd import each


async def test_everything_is_visited_once_and_never_more_at_a_time_than_there_are_visitors() -> None:
    at_work, most, visited = 0, 0, []

    async def visit(thing: int) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        visited.append(thing)
        at_work -= 1

    await each(range(20), 3, visit)
    assert sorted(visited) == list(range(20))
    assert most == 3


async def test_the_first_failure_comes_through_as_it_is_and_stops_the_others() -> None:
    ended: list[int] = []

    async def visit(thing: int) -> None:
        if thing == 1:
            raise ValueError("no")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(thing)

    with pytest.raises(ValueError, match="no"):
        await each(range(10), 3, visit)
    assert ended == [0, 2]


async def test_nothing_to_visit_is_no_trouble() -> None:
    async def visit(_: int) -> None:
        raise AssertionError

    await each([], 0, visit)
