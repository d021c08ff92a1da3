"""Kill the driver, with the store inside it, at any moment, workers and budgets besides; then ask target, store, evidence.

python -m tests.e2e.crashes --kills 200

Five systems are inspected all the time, two of which declare the same address. What must hold over all lives together:

- no address is tried more often in any second than one inspection of it may (rate and burst);
- nothing is tried outside of the windows for which an order of that address was claimed;
- every request names an order that is in the store and in the audit log, runs in one worker, and comes in its own window;
- everything that was reported is in the evidence, and every inspection that began has an end and its debts;
- the audit log verifies.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import select

from grid.audit import Action, AuditError, AuditLog, entries, verify
from grid.brake import Brake
from grid.cluster import ray
from grid.evidence import EvidenceError, read_transcript
from grid.key import load_or_create, trusted
from grid.report import Report
from grid.run import Grid
from plugins import canonical
from plugins.clock import SystemClock
from probes.observation import Observation
from scheduler.desk import Desk
from scheduler.orders import Inspection, new_id
from scheduler.service import Service
from scheduler.store.database import sqlite_url
from scheduler.store.store import Store
from scheduler.store.tables import debts, order_addresses, orders
from scheduler.store.values import InspectionOutcome
from tests.capture import worst_second
from tests.e2e.witness import Tries, Visit, tries, web_servers

SHARED = "127.0.76.1"
SYSTEMS = {"hana": SHARED, "neko": SHARED, "tori": "127.0.76.2", "kame": "127.0.76.3", "saru": "127.0.76.4"}
ADDRESSES = tuple(dict.fromkeys(SYSTEMS.values()))
WEB = range(8000, 8003)
RATE = 20
BURST = 1
WINDOW_S = 8.0
START_S = 2.0
"""About how long a driver and its workers take until they send."""
SENDING_S = 2.0
"""Longest time that they may send before something dies."""
DIES_EARLY = 0.35
"""Part of the drivers that are killed while they start."""
WORKER_DIES = 0.25
"""Part of the lives in which a worker is killed before its driver."""
BUDGET_DIES = 0.25
"""Part of the lives in which the budgets are killed before their driver; Ray starts them again, empty."""
DECLARATION = """\
format: tenken-declaration/1
name: {name}
title: {name}
operator: {{organisation: Shop, name: Sato, email: sato@shop.example}}
servers:
  - name: web
    role: web
    addresses: [{address}]
    ports:
      - {{port: {first}-{last}, transport: tcp, service: http, purpose: shop}}
scan: [{first}-8019]
pace: {{connections_per_s: {rate}, requests_per_s: {rate}, concurrent_connections: 10, bytes_per_s: 1000000}}
calendar:
  time_zone: UTC
  windows: [{{days: [mon, tue, wed, thu, fri, sat, sun], start: "00:00", end: "00:00"}}]
"""


@dataclass
class Seen:
    """What was seen from outside, and what was left behind."""

    folder: Path
    """Data folder of all lives."""
    workers: int = 0
    """Workers that were killed."""
    budgets: int = 0
    """Budgets that were killed."""
    tries: dict[str, list[float]] = field(default_factory=dict)
    """By address: when a connection was tried."""
    visits: list[Visit] = field(default_factory=list)
    """Every request."""
    deaths: list[float] = field(default_factory=list)
    """When a driver was killed."""


def run(folder: Path, kills: int, luck: random.Random) -> Seen:
    """Kill so many drivers, then let one live and recover; give what was seen."""
    for name, address in SYSTEMS.items():
        document = DECLARATION.format(name=name, address=address, first=WEB.start, last=WEB.stop - 1, rate=RATE)
        (folder / f"{name}.yaml").write_text(document, encoding="utf-8")
    seen = Seen(folder)
    with Grid.start(workers=8), contextlib.ExitStack() as open_ones:
        noted = {address: open_ones.enter_context(tries(address)) for address in ADDRESSES}
        with web_servers(ADDRESSES, WEB) as servers, _nursery(folder, ray.get_runtime_context().gcs_address) as bring:
            for _ in range(kills):
                _one_life(bring, noted, luck, seen)
            seen.visits = servers.visits
    asyncio.run(_recover(folder))
    seen.tries = {address: sorted(tried.times) for address, tried in noted.items()}
    return seen


def _wait_until_it_sends(noted: dict[str, Tries]) -> None:
    """Wait until the target has seen a new connection; not forever, because a life may have to wait for another one's claim."""
    before = sum(len(tried.times) for tried in noted.values())
    deadline = time.monotonic() + WINDOW_S + START_S
    while sum(len(tried.times) for tried in noted.values()) == before and time.monotonic() < deadline:
        time.sleep(0.01)  # a poll of another process: there is no event to wait for


def _one_life(nursery: subprocess.Popen[str], noted: dict[str, Tries], luck: random.Random, seen: Seen) -> None:
    """Bring a driver into the world and kill it: while it starts, or while it sends; in some lives a worker dies before it."""
    before = len(_told(seen.folder))
    pid = int(_said(nursery, "\n"))
    if luck.random() < DIES_EARLY:
        time.sleep(luck.uniform(0.0, START_S))  # the moment of death is what is varied
    else:
        _wait_until_it_sends(noted)
        time.sleep(luck.uniform(0.0, SENDING_S))
        if luck.random() < WORKER_DIES:
            seen.workers += _kill_worker(seen.folder, before)
            time.sleep(luck.uniform(0.0, SENDING_S))
        if luck.random() < BUDGET_DIES:
            seen.budgets += _kill_budgets()
            time.sleep(luck.uniform(0.0, SENDING_S))
    os.kill(pid, signal.SIGKILL)
    seen.deaths.append(time.time())
    assert (said := _said(nursery)) == "dead", said or (seen.folder / "drivers.log").read_text(errors="replace")[-3000:]


def _kill_worker(folder: Path, before: int) -> int:
    """Kill the worker that reported last, if one did in this life; give how many died."""
    if not (told := _told(folder)[before:]):
        return 0
    with contextlib.suppress(ProcessLookupError):
        os.kill(told[-1]["worker"], signal.SIGKILL)
    return 1


def _kill_budgets() -> int:
    """Kill every process of ours that is a budget, as the kernel would; give how many died."""
    parents, names = {}, {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            # pid (name) state ppid ...: the name may hold blanks and parentheses (proc(5)).
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            names[int(entry.name)] = (entry / "cmdline").read_bytes()
    dead = 0
    for pid in parents:
        if names.get(pid, b"").startswith(b"ray::GuardedBudget") and _is_below(pid, os.getpid(), parents):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                dead += 1
    return dead


def _is_below(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != ancestor:
        pid = parents[pid]
    return pid == ancestor


async def _recover(folder: Path) -> None:
    """Do what the next start would do: whatever ran is recorded as broken."""
    store, clock = Store.open(sqlite_url(folder / "tenken.db")), SystemClock()
    audit = AuditLog(folder / "audit.jsonl", load_or_create(folder / "order-key.pem"), clock)

    def nothing(inspection: Inspection, out: Path, brake: Brake, on_report: Callable[[Report], None]) -> NoReturn:
        del inspection, out, brake, on_report
        raise AssertionError("nothing is inspected any more")

    desk = Desk(store, clock, new_id, audit)
    Service(store, desk, clock, nothing, folder / "inspections", lambda _: None).recover()
    store.close()


def _said(nursery: subprocess.Popen[str], line: str = "") -> str:
    assert nursery.stdin
    assert nursery.stdout
    if line:
        nursery.stdin.write(line)
        nursery.stdin.flush()
    return nursery.stdout.readline().strip()


@contextlib.contextmanager
def _nursery(folder: Path, address: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.e2e.driver", str(folder), address, str(WINDOW_S)]
    with (folder / "drivers.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n", (folder / "drivers.log").read_text()
        yield process
    finally:
        process.kill()
        process.communicate()


# --- what must hold ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """A claim, as the store tells it."""

    order_id: str
    inspection_id: str
    addresses: frozenset[str]
    fence: int
    claimed: float
    until: float
    digest: str


def claims(folder: Path) -> list[Held]:
    """Give every order that was ever claimed."""
    store = Store.open(sqlite_url(folder / "tenken.db"))
    try:
        with store.reading() as reading:
            named = defaultdict(set)
            for row in reading.connection.execute(order_addresses.select()):
                named[row.order_id].add(row.address)
            return [
                Held(
                    row.order_id,
                    row.inspection_id,
                    frozenset(named[row.order_id]),
                    row.fence,
                    row.claimed_at.timestamp(),
                    # A worker that came back late gave back what had lapsed.
                    min(row.released_at or row.until, row.until).timestamp(),
                    row.digest,
                )
                for row in reading.connection.execute(orders.select().order_by(orders.c.claimed_at))
            ]
    finally:
        store.close()


def broken_bounds(seen: Seen) -> list[str]:
    """Say which bounds were broken at the target."""
    found = []
    for address, times in seen.tries.items():
        if (worst := worst_second(times)) > RATE + BURST:
            found.append(f"{address}: {worst} connections in one second, agreed {RATE} and burst {BURST}")
        spans = [(held.claimed, held.until) for held in claims(seen.folder) if address in held.addresses]
        outside = [at for at in times if not any(start <= at < end for start, end in spans)]
        found += [f"{address}: a connection at {at:.3f}, outside of every claim; {_near(at, spans)}" for at in outside]
    return found


def _near(moment: float, spans: list[tuple[float, float]]) -> str:
    """Say how far a moment is from the claims around it."""
    ends = [moment - end for _, end in spans if end <= moment]
    starts = [start - moment for start, _ in spans if start > moment]
    return f"{min(ends, default=0.0):.3f} s after one, {min(starts, default=0.0):.3f} s before the next"


def run_twice(seen: Seen) -> list[str]:
    """Say which orders ran twice, beside another one, or were never written down."""
    found = []
    held = claims(seen.folder)
    by_reference = {one.order_id[:8]: one for one in held}
    for address in seen.tries:
        mine = [one for one in held if address in one.addresses]
        for before, after in itertools.pairwise(mine):
            if after.claimed < before.until or after.fence <= before.fence:
                found.append(f"{address}: an order was claimed beside another one: {before}, {after}")
    workers = defaultdict(set)
    for told in _told(seen.folder):
        workers[told["order"]].add(told["worker"])
    found += [f"order {order_id} ran in workers {sorted(pids)}" for order_id, pids in workers.items() if len(pids) > 1]
    for visit in seen.visits:
        one = by_reference.get(visit.order)
        if one is None:
            found.append(f"a request of {visit.agent!r} names no order of the store")
        elif not (visit.address in one.addresses and one.claimed <= visit.at < one.until + 0.5):
            found.append(f"a request of order {visit.order} at {visit.at:.3f}, outside of its claim")
    return found


def lost(seen: Seen) -> list[str]:
    """Say what was reported and is not in the evidence, or began and has no end."""
    found = []
    told: Counter[tuple[str, str]] = Counter()
    for one in _told(seen.folder):
        told[one["inspection"], one["server"]] += one["observations"]
        evidence = seen.folder / "inspections" / one["inspection"] / "evidence"
        for digest in one["transcripts"]:
            try:
                read_transcript(evidence, one["server"], digest)
            except EvidenceError as error:
                found.append(str(error))
    for (inspection, server), count in told.items():
        path = seen.folder / "inspections" / inspection / "evidence" / server / "observations.jsonl"
        whole = [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
        kept = [canonical.loads(Observation, line) for line in whole]
        if len(kept) < count:
            found.append(f"{path}: {count} observations were reported, {len(kept)} are there")
    return found + _without_end(seen.folder)


def _without_end(folder: Path) -> list[str]:
    store = Store.open(sqlite_url(folder / "tenken.db"))
    try:
        with store.reading() as reading:
            found = [f"inspection {held.inspection_id} never ended" for held in reading.unfinished()]
            broken = [held for held in reading.inspections(limit=100_000) if held.outcome is InspectionOutcome.BROKEN]
            owed = set(reading.connection.execute(select(debts.c.plan_id)).scalars())
        return found + [f"plan {held.plan_id} broke and owes nothing" for held in broken if held.plan_id not in owed]
    finally:
        store.close()


def unlogged(seen: Seen) -> list[str]:
    """Say which orders are not in the audit log, or what is wrong with it."""
    path = seen.folder / "audit.jsonl"
    try:
        verify(path, trusted(load_or_create(seen.folder / "order-key.pem")))
    except AuditError as error:
        return [str(error)]
    sealed = {entry.subject: entry.detail for entry in entries(path) if entry.action is Action.ORDER_SEALED}
    used = {visit.order for visit in seen.visits}
    return [
        f"order {held.order_id} sent and is not in the audit log"
        for held in claims(seen.folder)
        if held.order_id[:8] in used and f"digest={held.digest}" not in sealed.get(held.order_id, "")
    ]


def _told(folder: Path) -> list[dict[str, Any]]:
    path = folder / "told.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def figures(seen: Seen) -> dict[str, float]:
    """Count what happened, so that a test that sees nothing is noticed."""
    held = claims(seen.folder)
    after = [
        min((at - death for death in seen.deaths if death <= at), default=0.0)
        for times in seen.tries.values()
        for at in times
    ]
    return {
        "drivers killed": len(seen.deaths),
        "workers killed": seen.workers,
        "budgets killed": seen.budgets,
        "orders claimed": len(held),
        "orders that sent a request": len({visit.order for visit in seen.visits}),
        "connections": sum(map(len, seen.tries.values())),
        "worst second": max(worst_second(times) for times in seen.tries.values()),
        "reports kept": len(_told(seen.folder)),
        "longest life after the driver's death, s": round(_longest(seen), 3),
        "connections just after a death": sum(1 for lag in after if lag < 1.0),
    }


def _longest(seen: Seen) -> float:
    """Give how long after a driver's death an order of its own still sent."""
    worst = 0.0
    for one in claims(seen.folder):
        death = next((at for at in seen.deaths if at > one.claimed), None)
        if death is None:
            continue
        late = [visit.at - death for visit in seen.visits if visit.order == one.order_id[:8] and visit.at > death]
        worst = max([worst, *late])
    return worst


def main() -> int:
    """Run from the shell; exit code 1 when anything did not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else time.time_ns() % 1_000_000
    print(f"seed {seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        seen = run(Path(folder), chosen.kills, random.Random(seed))
        for name, figure in figures(seen).items():
            print(f"{name}: {figure}")
        wrong = [*broken_bounds(seen), *run_twice(seen), *lost(seen), *unlogged(seen)]
    for line in wrong:
        print(f"BROKEN: {line}")
    print(f"{'not everything held' if wrong else 'everything held'}, in {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
