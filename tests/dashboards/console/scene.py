"""A console over a store of its own, asked by real HTTP clients in the process: the body, two operators, the monitor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from dashboards.console.app import create_app
from dashboards.console.guardrails import Guardrails
from dashboards.console.house import House
from dashboards.console.proof import Prover
from grid.brake import Brake
from grid.report import Report
from probes.target import Item
from scheduler.desk import Desk
from scheduler.dialogue import InspectionEnded, Side, WindowOpened
from scheduler.orders import Inspection
from scheduler.result import Result
from scheduler.service import Service
from scheduler.store.database import sqlite_url
from scheduler.store.store import Store
from scheduler.store.token import Principal, Role
from tests.fakes import FakeClock
from tests.fakes.trail import Notes
from tests.scheduler.scene import BODY, DAY, make_plan, make_result

DECLARATION = """\
format: tenken-declaration/1
name: {name}
title: "{title}"
operator: {{organisation: Hana Shop, name: Sato, email: sato@shop.example, phone: "+81-3-0000-0000"}}
servers:
  - name: web
    role: web
    addresses: [{address}]
    ports:
      - {{port: {port}, transport: tcp, service: http, purpose: shop}}
scan: declared
pace: {{connections_per_s: 20, requests_per_s: 10, concurrent_connections: 10, bytes_per_s: 1000000}}
calendar:
  time_zone: UTC
  windows:
    - {{days: [mon, tue, wed, thu, fri, sat, sun], start: "00:00", end: "06:00"}}
"""


def declaration(name: str = "hana", title: str = "Hana & sons", address: str = "127.0.0.1", port: int = 80) -> str:
    """Give a declaration that may be inspected from 00:00 to 06:00 UTC."""
    return DECLARATION.format(name=name, title=title, address=address, port=port)


def never(inspection: Inspection, out: Path, brake: Brake, on_report: Callable[[Report], None]) -> Result:
    del inspection, out, brake, on_report
    raise AssertionError("the console's tests inspect nothing")


@dataclass
class Scene:
    """The console and who asks it."""

    clock: FakeClock
    store: Store
    house: House
    app: Guardrails
    tokens: dict[str, str]
    folder: Path
    notes: Notes

    def ask(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request with the token of `who`; an empty name sends none."""
        headers = {"authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return asyncio.run(self._send(method, path, headers={**headers, **more.pop("headers", {})}, **more))

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
            return await client.request(method, path, **more)

    def register(self, document: str) -> httpx.Response:
        return self.ask("body", "POST", "/api/systems", content=document)

    def offer(self, **changes: Any) -> dict[str, Any]:
        form = {"system": "hana", "window": window(1, 2), **changes}
        response = self.ask("body", "POST", "/api/plans", json=form)
        assert response.status_code == 201, response.text
        offered: dict[str, Any] = response.json()
        return offered

    def say(self, who: str, plan_id: str, what: str, **form: Any) -> httpx.Response:
        return self.ask(who, "POST", f"/api/plans/{plan_id}/{what}", json=form)

    def agree(self, **changes: Any) -> dict[str, Any]:
        offered = self.offer(**changes)
        response = self.say("shop", offered["plan_id"], "accept", digest=offered["digest"])
        assert response.status_code == 200, response.text
        return offered

    def begin(self, plan_id: str) -> str:
        """Let the agreed window open; give the inspection that begins."""
        self.clock.advance(3600)
        opened = WindowOpened(plan_id=plan_id, by=Side.SERVICE, at=self.clock.now())
        return self.house.service.submit(opened).inspection_id

    def end(self, plan_id: str) -> None:
        """Let the inspection of an agreed plan run and end with one failing finding."""
        result = make_result(self.begin(plan_id), plan=make_plan(plan_id, items=(Item.PORTS, Item.TLS, Item.HOLES)))
        ended = InspectionEnded(
            plan_id=plan_id,
            by=Side.SERVICE,
            at=self.clock.now(),
            inspection_id=result.inspection_id,
            standing=result.verdict.standing,
            gaps=(),
            tested=(),
        )
        self.house.service.submit(ended, result)


def window(start: float, end: float) -> dict[str, str]:
    """Give a window on the scene's day, as the API takes it."""
    return {"start": _at(start), "end": _at(end)}


def _at(hour: float) -> str:
    minutes = round(hour * 60)
    return f"2026-03-02T{minutes // 60:02}:{minutes % 60:02}:00Z"


def open_scene(folder: Path) -> Scene:
    """Open a console with two systems registered: `hana` (operator `shop`) and `tori` (operator `rival`)."""
    clock = FakeClock(DAY)
    store = Store.open(sqlite_url(folder / "a.db"))
    ids = count(1)
    notes = Notes()
    desk = Desk(store, clock, lambda: f"i{next(ids)}", notes)
    plan_ids = count(1)
    house = House(
        store=store,
        desk=desk,
        service=Service(store, desk, clock, never, folder / "inspections", lambda _: None),
        clock=clock,
        new_id=lambda: f"p{next(plan_ids)}",
        body=BODY,
        refusal=Prover(b"0" * 32, ()).refusal,
    )
    tokens = {
        "body": desk.issue(Principal(role=Role.REVIEW_BODY)).text,
        "monitor": desk.issue(Principal(role=Role.MONITOR)).text,
        "nobody": "0123456789abcdef.nothing",
    }
    scene = Scene(clock, store, house, create_app(house), tokens, folder, notes)
    tokens["shop"] = scene.register(declaration()).json()["operator_token"]
    tokens["rival"] = scene.register(declaration("tori", "Tori", "127.0.0.2")).json()["operator_token"]
    return scene
