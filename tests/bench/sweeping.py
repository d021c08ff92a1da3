"""One sweep in a process of its own, under a real permit: `python -m tests.bench.sweeping JSON`; prints JSON.

Takes engine, addresses, ports (how many, from 1), per_s, at_once; gives seconds, cpu_s, knocks, open, rss_mb, facts and more.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import resource
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.key import trusted
from grid.permit import Permit
from grid.seal import open_order, seal
from grid.window import Window
from plugins.clock import SystemClock
from probes.dial import Dialer
from probes.pace import Pace
from probes.ports.connecting import ConnectEngine
from probes.ports.engine import Field
from probes.ports.half_open import HalfOpenEngine
from probes.ports.ledger import Outlet
from probes.ports.sweep import Sweep
from probes.target import PortRange
from tests.grid.orders import make_order, make_target


def permit(addresses: list[str], ports: int, pace: Pace) -> Permit:
    """Open an order for these addresses and ports."""
    key, clock = Ed25519PrivateKey.generate(), SystemClock()
    now = clock.now()
    window = Window(start=now, end=now + timedelta(minutes=30))
    made = make_order(target=make_target(name="web", address=addresses[0], port=80), window=window)
    scope = replace(
        made.scope,
        target=replace(made.scope.target, addresses=tuple(addresses), ports=()),
        tcp_ports=(PortRange(first=1, last=ports),),
    )
    order = replace(made, scope=scope, pace=pace, system_pace=pace)
    return open_order(seal(order, key), trusted(key), clock)


async def swept(wanted: dict[str, Any]) -> dict[str, Any]:
    """Sweep, and measure it."""
    pace = Pace(connections_per_s=wanted["per_s"], concurrent_connections=wanted["at_once"])
    leave, clock = permit(wanted["addresses"], wanted["ports"], pace), SystemClock()
    dialer = Dialer("web", leave, pace, clock, opening=contextlib.nullcontext)
    doors = Field(wanted["addresses"], range(1, wanted["ports"] + 1))
    below = random.Random().randrange
    engine = ConnectEngine(doors, dialer) if wanted["engine"] == "connect" else HalfOpenEngine(doors, dialer, below)
    facts: list[object] = []
    with contextlib.closing(engine):
        sweep = Sweep(doors, engine, (), Outlet(facts.append, lambda _: None), below=below, clock=clock)
        began, busy = time.perf_counter(), time.process_time()
        await sweep.run()
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - busy
    found = Counter(address for address, _ in sweep.open_doors)
    return {
        "seconds": seconds,
        "cpu_s": cpu_s,
        "knocks": dialer.tally.connections,
        "open": [port for address, port in sweep.open_doors if address == wanted["addresses"][0]],
        "open_per_address": dict(found),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "facts": len(facts),
        "peak": dialer.tally.peak_connections_per_s,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(swept(json.loads(sys.argv[1])))))
