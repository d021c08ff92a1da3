"""What the process guard costs a connection: an armed process beside one that is not."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from datetime import timedelta
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.guard.process import arm
from grid.key import trusted
from grid.permit import Permit
from grid.seal import open_order, seal
from grid.window import Window
from plugins.clock import SystemClock
from tests.grid.orders import make_order, make_target

ADDRESS, PORT = "127.0.69.1", 8080
ROUNDS, BATCH = 40, 250


def _permit() -> Permit:
    key, now = Ed25519PrivateKey.generate(), SystemClock().now()
    order = make_order(
        target=make_target(address=ADDRESS, port=PORT), window=Window(start=now, end=now + timedelta(hours=1))
    )
    return open_order(seal(order, key), trusted(key), SystemClock())


def _connect_us() -> float:
    """Give the time of one `connect`, in microseconds; nobody listens, so it is refused at once and leaves nothing open."""
    tried = []
    for _ in range(ROUNDS):
        sockets = [socket.socket() for _ in range(BATCH)]
        began = time.perf_counter()
        for each in sockets:
            each.connect_ex((ADDRESS, PORT))
        tried.append((time.perf_counter() - began) / BATCH * 1e6)
        for each in sockets:
            each.close()
    return median(tried)


def _event_us() -> float:
    """Give the time of an event that no rule is about, in microseconds."""
    tried = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(BATCH):
            sys.audit("bench.event")
        tried.append((time.perf_counter() - began) / BATCH * 1e6)
    return median(tried)


def _child() -> dict[str, float]:
    """Measure in this process, which is armed on the way."""
    free = {"connect, no guard": _connect_us(), "other event, no guard": _event_us()}
    permit = _permit()
    with arm().admitting(permit):
        guarded = {"connect, guard": _connect_us(), "other event, guard": _event_us()}
    cost = guarded["connect, guard"] - free["connect, no guard"]
    return {**free, **guarded, "the guard's cost per connect": cost}


def measure() -> dict[str, float]:
    """Give median microseconds. A process of its own, because arming is for good."""
    command = [sys.executable, "-m", "tests.bench.guard", "child"]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {str(name): float(us) for name, us in json.loads(out).items()}


def main() -> None:
    """Print the figures."""
    for name, us in measure().items():
        print(f"{name:32} {us:8.2f} us")


if __name__ == "__main__":
    if sys.argv[1:] == ["child"]:
        print(json.dumps(_child()))
    else:
        main()
