"""Live progress of an inspection: per server and item, asks sent, current pace, time left."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from rich.table import Table

from grid.report import Report
from probes.pace import Pace

_SPAN_S = 2.0
"""Seconds over which the current pace is taken."""


class _Server:
    """What is known of one order."""

    def __init__(self) -> None:
        self.last: Report | None = None
        self._sent: deque[tuple[float, int]] = deque()

    def took(self, report: Report) -> None:
        self.last = report
        at = report.at.timestamp()
        self._sent.append((at, report.tally.connections))
        while self._sent[0][0] < at - _SPAN_S:
            self._sent.popleft()

    @property
    def connections_per_s(self) -> float:
        (first_at, first), (last_at, last) = self._sent[0], self._sent[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at else 0.0


class ProgressTable:
    """Collects reports and draws them as a table."""

    def __init__(self, paces: dict[str, Pace]) -> None:
        """Take the allowed pace per server name."""
        self._paces = paces
        self._servers: dict[str, _Server] = {}

    def took(self, report: Report) -> None:
        """Take one report."""
        self._servers.setdefault(report.order_id, _Server()).took(report)

    def draw(self) -> Table:
        """Draw the present state."""
        table = Table(title="点検 / online inspection", title_justify="left")
        for column in ("server", "item", "done"):
            table.add_column(column)
        for column in ("connections", "asks", "pace now/allowed", "window left"):
            table.add_column(column, justify="right")
        for server in self._servers.values():
            _add_rows(table, server, self._paces)
        return table


def _add_rows(table: Table, server: _Server, paces: dict[str, Pace]) -> None:
    report = server.last
    if report is None:
        return
    left = "done" if report.last else str(timedelta(seconds=round(report.remaining_s)))
    pace = paces.get(report.server, Pace())
    totals = (
        str(report.tally.connections),
        str(report.tally.requests),
        f"{server.connections_per_s:.0f}/{pace.connections_per_s:g} per s",
        left,
    )
    if not report.progress:
        table.add_row(report.server, "-", "done" if report.last else "starting", *totals)
    for position, progress in enumerate(report.progress):
        name = report.server if position == 0 else ""
        done = f"{progress.done}/{progress.total}"
        table.add_row(name, progress.item, done, *(totals if position == 0 else ("", "", "", "")))
