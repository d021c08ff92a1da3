"""The gate: what it costs, how exact its cap and its edge are; counted at the target. Needs root."""

from __future__ import annotations

import itertools
import math
import os
import statistics
import subprocess
import time

from grid.gate.gate import Gate
from tests.grid.gate.attack import send
from tests.grid.gate.scene import CLOCK, Scene, missing, permit, receiver, scene, worst_second

EDGES = int(os.environ.get("BENCH_EDGES", "20"))
"""Windows that end while something is sending."""
RATES = (10.0, 100.0, 500.0, 5000.0)


def main() -> None:
    """Print what was measured."""
    if lacking := missing():
        print(f"not measured: {lacking}")
        return
    with scene() as made:
        _costs(made)
        print("cap/s: tried/s -> mean at the target, worst second (allowed)")
        for rate in RATES:
            _cap(made, rate)
        _edges(made)


def _costs(made: Scene) -> None:
    spent: dict[str, list[float]] = {"up": [], "open": [], "start inside": [], "close": [], "down": []}
    for _ in range(10):
        marks = [time.perf_counter()]
        with Gate(CLOCK, switch=made.switch) as gate:
            marks.append(time.perf_counter())
            gate.open(permit())
            marks.append(time.perf_counter())
            subprocess.run(gate.command(["true"]), check=True)
            marks.append(time.perf_counter())
            gate.close("o1")
            marks.append(time.perf_counter())
        marks.append(time.perf_counter())
        for kept, (begin, end) in zip(spent.values(), itertools.pairwise(marks), strict=True):
            kept.append(end - begin)
    print("milliseconds: " + ", ".join(f"{name} {statistics.median(each) * 1000:.0f}" for name, each in spent.items()))


def _cap(made: Scene, rate: float, seconds: float = 4.0) -> None:
    tried = max(500.0, rate * 4)
    with Gate(CLOCK, switch=made.switch) as gate:
        gate.open(permit(), rate)
        with receiver(made) as at_target:
            send(made, gate, "bypass", count=int(tried * seconds), per_s=tried)
            times = at_target.times()
        let = gate.counted().orders["o1"]
    mean = (len(times) - 1) / (times[-1] - times[0])
    allowed = rate + max(1.0, rate * 0.02)
    real = (let.passed + let.hasty) / (times[-1] - times[0])
    print(f"  {rate:6.0f}: {real:7.0f} -> {mean:8.1f}, {worst_second(times)} ({allowed:.0f})")


def _edges(made: Scene) -> None:
    before, late = [], 0
    for _ in range(EDGES):
        now = CLOCK.now().timestamp()
        one = permit(seconds=math.ceil(now + 1.2) - now)
        end = one.order.window.end.timestamp()
        with Gate(CLOCK, switch=made.switch) as gate:
            gate.open(one, 2000.0)
            with receiver(made) as at_target:
                send(made, gate, "bypass", count=3000, per_s=1000)
                times = at_target.times()
        late += sum(at >= end for at in times)
        before.append(end - times[-1] if times else float("nan"))
    spread = sorted(before)
    print(
        f"{EDGES} windows that end under fire (AF_PACKET, 1,000/s): {late} packets after the end; last packet before it: "
        f"{spread[0] * 1000:.0f} .. {spread[-1] * 1000:.0f} ms"
    )
