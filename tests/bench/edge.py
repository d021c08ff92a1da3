"""The hard edge and the stop, measured by the kernel at the target: late packets of many runs.

A run is one order for a closed port range at 20 connections a second. In every third edge run the worker is paused (SIGSTOP)
shortly before the end of its window and let go (SIGCONT) after it. Then the same with workers whose wall clock is set back by an
hour (libfaketime) in the middle of every window.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from grid.brake import Brake
from grid.key import trusted
from grid.order import Order
from grid.report import Report
from grid.run import Grid
from grid.seal import seal
from grid.window import Window
from plugins.clock import SystemClock
from plugins.pack import load_pack
from probes.pace import Pace
from probes.target import PortRange
from tests.capture import Capture
from tests.grid.orders import make_order, make_target
from tests.grid.paced import KEY
from tests.target import wait_for

RUNS = int(os.environ.get("BENCH_EDGE_RUNS", "100"))
SIDE_BY_SIDE = 4
WINDOW_S = 5.0
CLOCK = SystemClock()
PACK = load_pack().digest


class _Workers:
    """An intake that remembers who works for which order."""

    def __init__(self) -> None:
        self.pids: dict[str, int] = {}

    def took(self, report: Report) -> None:
        self.pids[report.order_id] = report.worker_pid


def main() -> None:
    """Print how late the last packets were."""
    if os.geteuid() != 0:
        print("SKIPPED: packets are counted by a capture at the target, which needs root")
        return
    with Grid.start(workers=SIDE_BY_SIDE) as grid:
        _edge(grid)
        _stop(grid)
    _clock_set_back()


def _clock_set_back() -> None:
    """Only Ray and its workers get the other clock: this process and the kernel's time stamps keep the true one."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        print("SKIPPED: clock set back, which needs libfaketime")
        return
    with tempfile.TemporaryDirectory() as folder:
        offset = Path(folder, "offset")
        offset.write_text("+0\n")
        faked = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(offset),
            "FAKETIME_CACHE_DURATION": "0",
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        os.environ.update(faked)
        try:
            with Grid.start(workers=SIDE_BY_SIDE) as grid:
                _edge(grid, offset)
        finally:
            for name in faked:
                del os.environ[name]


def _order(number: int, seconds: float) -> Order:
    now = CLOCK.now()
    pace = Pace(connections_per_s=20.0, concurrent_connections=10)
    base = make_order(
        target=make_target(name=f"s{number}", address=_address(number), port=8000),
        window=Window(start=now, end=now + timedelta(seconds=seconds)),
        order_id=f"o{number}",
        pack_digest=PACK,
    )
    scope = replace(base.scope, tcp_ports=(PortRange(first=8000, last=8999),))
    # Inspections of their own: each has a budget of its own.
    return replace(base, inspection_id=f"i{number}", scope=scope, pace=pace, system_pace=pace)


def _address(number: int) -> str:
    return f"127.0.67.{number + 1}"


@contextlib.contextmanager
def _captures() -> Iterator[list[Capture]]:
    captures = [Capture(_address(number)) for number in range(SIDE_BY_SIDE)]
    try:
        yield captures
    finally:
        for capture in captures:
            capture.close()


def _edge(grid: Grid, offset: Path | None = None) -> None:
    late, sent, paused = 0, 0, 0
    margins: list[float] = []
    for batch in range(RUNS // SIDE_BY_SIDE):
        orders = [_order(number, WINDOW_S) for number in range(SIDE_BY_SIDE)]
        workers = _Workers()
        with _captures() as captures:
            stopper = _meddler(batch, orders[0], workers, offset)
            if stopper:
                stopper.start()
                paused += offset is None
            grid.run([seal(order, KEY) for order in orders], trusted(KEY), workers, Brake())
            if stopper:
                stopper.join()
        for order, capture in zip(orders, captures, strict=True):
            end = order.window.end.timestamp()
            sent += len(capture.times)
            late += sum(1 for at in capture.times if at >= end)
            for at in capture.times:
                if at >= end:
                    print(f"  LATE: order {order.order_id} of batch {batch}, paused: {bool(stopper)}, {at - end:.3f} s")
            margins += [end - max(capture.times)] if capture.times else []
    meddled = "clock set back by an hour in each" if offset else f"{paused} with a paused worker"
    print(f"window edge: {RUNS} runs ({meddled}), {sent} packets at the target")
    print(f"  packets at or after the end: {late}")
    print(f"  last packet before the end: median {statistics.median(margins):.3f} s, closest {min(margins):.3f} s")


def _meddler(batch: int, order: Order, workers: _Workers, offset: Path | None) -> threading.Thread | None:
    if offset:
        return threading.Thread(target=_set_back, args=(order, offset))
    return threading.Thread(target=_pause, args=(order, workers)) if batch % 3 == 0 else None


def _set_back(order: Order, offset: Path) -> None:
    """Set the workers' wall clock back in the middle of the window, and right again after it."""
    end = order.window.end.timestamp()
    while time.time() < end - WINDOW_S / 2:
        time.sleep(0.01)
    offset.write_text("-3600\n")
    while time.time() < end + 0.7:
        time.sleep(0.01)
    offset.write_text("+0\n")


def _pause(order: Order, workers: _Workers) -> None:
    """Pause a worker around the end of its window."""
    end = order.window.end.timestamp()
    wait_for(lambda: order.order_id in workers.pids or time.time() > end)
    while time.time() < end - 0.8:
        time.sleep(0.01)
    if pid := workers.pids.get(order.order_id):
        os.kill(pid, signal.SIGSTOP)
        while time.time() < end + 0.7:
            time.sleep(0.01)
        os.kill(pid, signal.SIGCONT)


def _stop(grid: Grid) -> None:
    lateness: list[float] = []
    for _ in range(RUNS // SIDE_BY_SIDE):
        orders = [_order(number, 60.0) for number in range(SIDE_BY_SIDE)]
        brake = Brake()
        with _captures() as captures:
            arguments = ([seal(order, KEY) for order in orders], trusted(KEY), _Workers(), brake)
            runner = threading.Thread(target=grid.run, args=arguments)
            runner.start()
            wait_for(lambda captures=captures: all(len(capture.times) >= 5 for capture in captures))  # type: ignore[misc]  # bound now
            called = time.time()
            brake.stop("the benchmark says stop")
            runner.join()
        lateness += [max(0.0, max(capture.times) - called) for capture in captures]
    lateness.sort()
    p99 = lateness[max(0, round(0.99 * len(lateness)) - 1)]
    print(f"stop: {len(lateness)} runs; last packet after the call")
    print(f"  median {statistics.median(lateness):.3f} s, p99 {p99:.3f} s, most {lateness[-1]:.3f} s")
