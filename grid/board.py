"""The board: one Ray actor per run, between the workers and the driver.

Workers post reports and wait for the stop; the driver takes the reports and calls the stop. A worker whose board is gone has
nobody to stop it, so it stops by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from grid.cluster import ray
from grid.guard.process import arm
from grid.report import Report

EVERY_ORDER = "*"
"""Stands for all orders of a run."""


class Board:
    """Reports up, stop down. Lives in the cluster's memory only: what was taken from it is on disk."""

    def __init__(self) -> None:
        self._reports: list[Report] = []
        self._stops: dict[str, str] = {}
        self._changed = asyncio.Condition()

    async def post(self, report: Report) -> str:
        """Take a worker's report; give the stop reason, empty while it may go on."""
        self._reports.append(report)
        return self._reason(report.order_id)

    async def take(self) -> list[Report]:
        """Give the driver all reports since the last time."""
        reports, self._reports = self._reports, []
        return reports

    async def stop(self, reason: str, orders: Sequence[str] = (EVERY_ORDER,)) -> None:
        """Stop workers, all of this run or those of some orders. The first reason stays."""
        async with self._changed:
            for order_id in orders:
                self._stops.setdefault(order_id, reason)
            self._changed.notify_all()

    async def stopped(self, order_id: str) -> str:
        """Wait for the stop of one order; give its reason."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._reason(order_id))
        return self._reason(order_id)

    def _reason(self, order_id: str) -> str:
        return self._stops.get(order_id) or self._stops.get(EVERY_ORDER, "")


class GuardedBoard(Board):
    """A board whose process sends nothing by itself, whatever a report that it takes may bring along."""

    def __init__(self) -> None:
        arm(needed=())
        super().__init__()


BoardHandle = Any
"""Ray's actor handle of a `Board`; Ray ships no types."""


def start() -> BoardHandle:
    """Start a board in the cluster."""
    # Every worker holds one waiting call, so the default limit of concurrent calls (1000) is the limit of workers, too.
    return ray.remote(GuardedBoard).options(num_cpus=0, max_concurrency=10_000).remote()
