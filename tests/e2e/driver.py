"""One life of a driver: store, audit log, service and grid, as `tenken serve` puts them together, until somebody kills it.

As a program it is a nursery: everything is imported once, and every line on its input brings a driver into the world (by fork),
whose process id it prints. So a life costs milliseconds, and two hundred of them can be ended in minutes.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from dashboards.console.proof import Prover
from dashboards.console.server import log_to_stderr, on_grid
from grid.audit import AuditLog
from grid.brake import Brake
from grid.key import load_or_create
from grid.report import Report
from grid.run import Grid
from grid.window import Window
from plugins.clock import SystemClock
from plugins.pack import load_pack
from probes.target import Item
from scheduler.declaration import load_declaration
from scheduler.desk import Desk
from scheduler.dialogue import Accepted, Offered, Side
from scheduler.inspection import Issuer
from scheduler.negotiation import LIVE, UNDER_WAY
from scheduler.orders import Inspection, new_id
from scheduler.plan import InspectionPlan
from scheduler.result import Kind, Result
from scheduler.service import Service
from scheduler.shelf import Shelf
from scheduler.store.database import sqlite_url
from scheduler.store.orders import StoreClaims
from scheduler.store.store import Store
from scheduler.system import Contact, System

CONTACT = "desk@body.example"
LOOK_S = 0.1
AT_ONCE = 1
"""Inspections that run beside each other."""
HELD_TOO = 0.01
"""How often, per look, a plan is made for a system whether it is held or not."""


class Driver:
    """A review body and all operators in one process: plans are offered and accepted for as long as it lives.

    Mostly for systems that nothing holds, so that something is always sent; now and then for one that is held, which has to wait.
    """

    def __init__(self, folder: Path, grid: Grid, window_s: float) -> None:
        self._folder = folder
        self._window = timedelta(seconds=window_s)
        self._clock = SystemClock()
        self._store = Store.open(sqlite_url(folder / "tenken.db"))
        key = load_or_create(folder / "order-key.pem")
        audit = AuditLog(folder / "audit.jsonl", key, self._clock)
        self._desk = Desk(self._store, self._clock, new_id, audit)
        issuer = Issuer(name="Review body", contact=CONTACT, key=key)
        self._claims = claims = StoreClaims(self._store, self._clock)
        self._luck = random.Random()
        packs, prover = Shelf(folder, load_pack, audit), Prover(b"0" * 32, ())
        self._inspect = on_grid(grid, issuer, packs, self._clock, prover, claims, audit)
        self._told = os.open(folder / "told.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._service = Service(self._store, self._desk, self._clock, self._tell, folder / "inspections")

    def _tell(self, inspection: Inspection, out: Path, brake: Brake, on_report: Callable[[Report], None]) -> Result:
        """Inspect; note outside of the evidence what was reported, after it was put into the evidence."""

        def took(report: Report) -> None:
            on_report(report)
            told = {
                "inspection": inspection.inspection_id,
                "order": report.order_id,
                "server": report.server,
                "worker": report.worker_pid,
                "observations": len(report.observations),
                "transcripts": [transcript.digest for transcript in report.transcripts],
            }
            os.write(self._told, json.dumps(told).encode() + b"\n")

        return self._inspect(inspection, out, brake, took)

    async def live(self) -> None:
        """Live until killed."""
        for path in sorted(self._folder.glob("*.yaml")):
            with self._store.reading() as reading:
                known = reading.registered(path.stem)
            if known is None:
                self._desk.register(load_declaration(path), path.read_text())
        looping = asyncio.create_task(self._service.run())
        while not looping.done():
            await asyncio.to_thread(self._agree)
            await asyncio.sleep(LOOK_S)
        looping.result()

    def _agree(self) -> None:
        with self._store.reading() as reading:
            busy = {held.plan.system: held.phase for held in reading.negotiations(phases=tuple(LIVE))}
            systems = [registered.system for registered in reading.systems()]
        idle = [system for system in systems if system.name not in busy]
        free = [system for system in idle if not self._held(system)]
        running = sum(phase in UNDER_WAY for phase in busy.values())
        chosen = self._luck.sample(free, min(len(free), AT_ONCE - running)) if running < AT_ONCE else []
        if idle and self._luck.random() < HELD_TOO:
            chosen.append(self._luck.choice(idle))
        for system in {system.name: system for system in chosen}.values():
            now = self._clock.now()
            plan = InspectionPlan(
                plan_id=new_id()[:12],
                system=system.name,
                kind=Kind.SCHEDULED,
                window=Window(start=now, end=now + self._window),
                items=(Item.HOLES, Item.PORTS),
                pace=system.pace,
                trouble="Stop and call.",
                contacts=(Contact(organisation="Body", name="desk", email=CONTACT),),
            )
            self._service.submit(Offered(plan_id=plan.plan_id, by=Side.REVIEW_BODY, at=now, plan=plan))
            self._service.submit(Accepted(plan_id=plan.plan_id, by=Side.OPERATOR, at=now, digest=plan.digest))

    def _held(self, system: System) -> bool:
        return bool(self._claims.holding({address for target in system.targets for address in target.addresses}))


def live(folder: Path, address: str, window_s: float) -> None:
    """Live one life."""
    log_to_stderr()
    with Grid.join(address) as grid:
        asyncio.run(Driver(folder, grid, window_s).live())


def nursery(folder: Path, address: str, window_s: float) -> None:
    """Fork a driver for every line of the input; print its process id. The dead are reaped by the next line."""
    load_pack()
    print("ready", flush=True)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            os.dup2(2, 1)  # the nursery alone speaks on its output
            try:
                live(folder, address, window_s)
            finally:
                os._exit(1)  # a driver that ends by itself has failed; its log says why
        print(child, flush=True)
        # The one who kills waits here for the death, so that no two drivers ever live at once.
        os.waitpid(child, 0)
        print("dead", flush=True)


if __name__ == "__main__":
    nursery(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
