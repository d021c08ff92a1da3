"""The board: one Ray actor per run, between the workers and the driver.

Workers post reports and wait for the stop; the driver takes the reports and calls the stop. A worker whose board is gone has
nobody to stop it, so it stops by itself.
"""

from __future__ import annotations

import asyncio
from typing import Any

from grid.cluster import ray
from grid.guard.process import arm
from grid.report import Report


class Board:
    """Reports up, stop down. Lives in the cluster's memory only: what was taken from it is on disk."""

    def __init__(self) -> None:
        self._reports: list[Report] = []
        self._stop = asyncio.Event()
        self._reason = ""

    async def post(self, report: Report) -> str:
        """Take a worker's report; give the stop reason, empty while it may go on."""
        self._reports.append(report)
        return self._reason

    async def take(self) -> list[Report]:
        """Give the driver all reports since the last time."""
        reports, self._reports = self._reports, []
        return reports

    async def stop(self, reason: str) -> None:
        """Stop all workers of this run."""
        self._reason = self._reason or reason
        self._stop.set()

    async def stopped(self) -> str:
        """Wait for the stop; give its reason."""
        await self._stop.wait()
        return self._reason


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
