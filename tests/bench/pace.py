"""Pace accuracy over four workers, measured by the kernel at the target; also while workers and the budget are killed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from typing import Any

from grid.budget import Bound, Ledger
from grid.cluster import RayError, ray
from grid.run import Grid
from plugins.clock import SystemClock
from probes.lease import burst
from tests.capture import Capture, capturing, worst_second
from tests.grid.paced import orders, workers_at

SECONDS = 6.0
WORKERS = 4


def main() -> None:
    """Print allowed and measured rates."""
    if os.geteuid() != 0:
        print("SKIPPED: packets are counted by a capture at the target, which needs root")
        return
    print(f"{WORKERS} workers, {SECONDS:g} s; counted at the target by the kernel's time stamps")
    print(f"  {'allowed/s':>9} {'killed':>8} {'mean/s':>8} {'sent/allowed':>12} {'worst second':>12} {'bound':>7}")
    with Grid.start(workers=8):
        for per_s in (5.0, 50.0, 500.0, 5000.0):
            for killing in (False, True):
                _row(per_s, killing=killing)
    _leases()


def _row(per_s: float, *, killing: bool) -> None:
    address = "127.0.66.1"
    with capturing(address) as capture, workers_at(address, per_s, WORKERS, SECONDS) as (budget, references):
        if killing:
            _kill(budget, references, capture)
        for reference in references:
            with contextlib.suppress(RayError):
                ray.get(reference)
    times = sorted(capture.times)
    inner = [at for at in times if times[0] <= at < times[0] + SECONDS - 1] if times else []
    mean = len(inner) / (SECONDS - 1)
    bound = per_s + burst(per_s)
    worst = worst_second(times)
    told = "" if worst <= bound else "  ABOVE"
    print(f"  {per_s:9g} {killing!s:>8} {mean:8.1f} {mean / per_s:12.3f} {worst:12} {bound:7g}{told}")


def _kill(budget: Any, references: Sequence[Any], capture: Capture) -> None:
    """Kill a worker and the budget in the middle: the budget starts again, the worker does not."""
    deadline = time.monotonic() + 20
    while not capture.times and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    ray.cancel(references[0], force=True)
    ray.kill(budget, no_restart=False)


def _leases() -> None:
    """Print how many leases one core can give."""
    made = orders("127.0.66.1", 5000.0, WORKERS)
    ledger = Ledger(made, SystemClock())
    began, count = time.perf_counter(), 50_000
    for number in range(count):
        ledger.lend(made[number % WORKERS].order_id, {Bound.CONNECTIONS: 1})
    print(f"  leases on one core (books only): {count / (time.perf_counter() - began):,.0f} per s")
