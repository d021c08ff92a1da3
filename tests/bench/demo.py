"""The demo: how long its parts take and what it sends; Ray's start apart from the inspection."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dashboards.cli.demo import Took, run
from grid.brake import Brake
from plugins.clock import SystemClock
from scheduler.result import Result

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
"""Runs of which the median is taken."""


def main() -> None:
    """Print seconds and bytes of the demo."""
    outcomes = [_once() for _ in range(RUNS)]
    tooks = [took for took, _ in outcomes]
    print(f"{RUNS} runs; seconds: median (min .. max)")
    _line("shops started", [took.shops for took in tooks])
    _line("Ray started", [took.grid for took in tooks])
    _line("inspection", [took.inspection for took in tooks])
    _line("together", [took.shops + took.grid + took.inspection for took in tooks])
    _sizes(outcomes[-1][1])


def _once() -> tuple[Took, Sequence[Result]]:
    with tempfile.TemporaryDirectory() as folder:
        _, results, took = run(Path(folder), SystemClock(), Brake())
    return took, results


def _line(what: str, seconds: list[float]) -> None:
    print(f"  {what:14} {statistics.median(seconds):6.2f}  ({min(seconds):.2f} .. {max(seconds):.2f})")


def _sizes(results: Sequence[Result]) -> None:
    print("what was sent, last run")
    print(
        f"  {'system':18} {'verdict':13} {'connections':>11} {'asks':>6} {'bytes out':>10} {'bytes in':>9} {'peak/s':>7}"
    )
    for result in results:
        total = result.tally
        print(
            f"  {result.system:18} {result.verdict.standing:13} {total.connections:11} {total.requests:6} "
            f"{total.bytes_sent:10} {total.bytes_received:9} {total.peak_connections_per_s:7}"
        )
