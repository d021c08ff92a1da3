"""Stop and slow down, measured at the target: a real `tenken serve`, real workers, servers that count.

What is refused, and how it reads, is in `test_serve.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboards.cli.app import run
from tests.dashboards.cli.served import Client, TenkenServe, until
from tests.dashboards.cli.test_serve_end_to_end import debts, outcome, window
from tests.e2e.witness import web_servers
from tests.target import CountingServer, counting

HANA, TORI = "127.0.78.1", "127.0.78.2"
PER_S = 20
WEB = range(8000, 8002)
DECLARATION = """\
format: tenken-declaration/1
name: {name}
title: {name}
operator: {{organisation: Shop, name: Sato, email: sato@shop.example}}
servers:
  - name: web
    role: web
    addresses: [{address}]
    ports: [{{port: 8000-8001, transport: tcp, service: http, purpose: shop}}]
scan: [8000-8299]
pace: {{connections_per_s: 20, requests_per_s: 20, concurrent_connections: 4, bytes_per_s: 1000000}}
calendar:
  time_zone: UTC
  windows: [{{days: [mon, tue, wed, thu, fri, sat, sun], start: "00:00", end: "00:00"}}]
"""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[TenkenServe]:
    options = ["--email", "desk@body.example", "--egress", "127.0.0.1"]
    serve = TenkenServe(tmp_path / "data", tmp_path / "home", options)
    yield serve
    serve.close()


def agreed(body: Client, shop: Client, name: str, items: list[str]) -> dict[str, Any]:
    offer: dict[str, Any] = body.post("/api/plans", {"system": name, "window": window(0.2, 300), "items": items})
    shop.post(f"/api/plans/{offer['plan_id']}/accept", {"digest": offer["digest"]})
    return offer


def rate(target: CountingServer, seconds: float) -> float:
    """Watch for a while; give connections per second."""
    began = time.monotonic()
    until(lambda: time.monotonic() >= began + seconds, "the end of a measurement")
    return len(target.after(began)) / seconds


def last_after(target: CountingServer, called: float) -> float:
    """Give how long after `called` the last connection came."""
    return max(target.after(called), default=0.0)


def test_slow_and_stop_hold_at_the_target_and_are_in_the_log(
    serve: TenkenServe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with counting(HANA, range(8002, 8300)) as target, web_servers((HANA, TORI), WEB) as web:
        serve.start()
        body = Client(serve.url, serve.token("review-body"))
        hana, tori = (
            Client(
                serve.url,
                body.post("/api/systems", document=DECLARATION.format(name=n, address=a))["operator_token"],
            )
            for n, a in (("hana", HANA), ("tori", TORI))
        )
        first = agreed(body, hana, "hana", ["ports"])
        assert first["egress"] == ["127.0.0.1"]
        until(lambda: len(target.times) >= PER_S, "an inspection that sends")

        before = rate(target, 2.0)
        assert before > PER_S / 2
        hana.post(f"/api/plans/{first['plan_id']}/pace", {"share": 0.2, "reason": "a sale"})
        until(lambda: rate(target, 0.5) <= PER_S * 0.2 + 2, "a lower pace", 3.0)
        after = rate(target, 3.0)
        assert after <= PER_S * 0.2 + 1 < before
        assert after > 0, "slower, not stopped"
        (shown,) = hana.get("/api/status")["now"]
        assert shown["share"] == 0.2

        called = time.monotonic()
        stopped = hana.post("/api/systems/hana/stop", {"reason": "the shop is slow"})
        assert [plan["plan_id"] for plan in stopped["stopped"]] == [first["plan_id"]]
        until(lambda: outcome(hana, first["plan_id"]) == "inconclusive", "the end")
        assert last_after(target, called) <= 1.0
        _kept(serve, body, first)

        second, beside = agreed(body, hana, "hana", ["ports"]), agreed(body, tori, "tori", ["holes", "ports"])
        known = len(target.times)
        until(lambda: len(target.times) > known + 10 and any(v.address == TORI for v in web.visits), "two that send")
        monkeypatch.setenv("TENKEN_URL", serve.url)
        monkeypatch.setenv("TENKEN_TOKEN", serve.token("review-body"))
        called, at = time.monotonic(), time.time()
        assert run(["stop", "--all", "--reason", "incident"]) == 0
        for client, plan in ((hana, second), (tori, beside)):
            until(lambda client=client, plan=plan: outcome(client, plan["plan_id"]) == "inconclusive", "the end")  # type: ignore[misc]  # bound now
        assert last_after(target, called) <= 1.0
        assert max((visit.at - at for visit in web.visits), default=0.0) <= 1.0
        _named(serve, [visit.order for visit in web.visits if visit.agent])
        assert serve.end() == 0, serve.said()
    _logged(serve, capsys)


def _kept(serve: TenkenServe, body: Client, plan: dict[str, Any]) -> None:
    """Evidence so far is there, the verdict is inconclusive, the rest is owed."""
    result = body.get(f"/api/plans/{plan['plan_id']}/result")
    assert {item["ending"] for server in result["servers"] for item in server["items"]} == {"stopped"}
    evidence = serve.data / "inspections" / result["inspection_id"] / "evidence" / "web" / "observations.jsonl"
    assert evidence.read_bytes().count(b"\n") > PER_S
    assert ("ports", plan["plan_id"]) in debts(body)


def _named(serve: TenkenServe, references: list[str]) -> None:
    """Every HTTP ask named the review body and an order that the store knows."""
    import sqlite3

    with sqlite3.connect(serve.data / "tenken.db") as connection:
        known = {order_id[:8] for (order_id,) in connection.execute("SELECT order_id FROM orders")}
    connection.close()
    assert references
    assert set(references) <= known


def _logged(serve: TenkenServe, capsys: pytest.CaptureFixture[str]) -> None:
    log = str(serve.data / "audit.jsonl")
    capsys.readouterr()
    assert run(["audit", "verify", log]) == 0
    assert run(["audit", "show", log, "--last", "0", "--format", "json"]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    said = [(entry["actor"], entry["action"]) for entry in map(json.loads, lines)]
    # One for each inspection, and two for the servers of the control that runs with the one that looks for holes.
    assert said.count(("grid", "order-sealed")) == 5
    assert said.count(("grid", "inspection-started")) == said.count(("grid", "inspection-ended")) == 3
    assert said.count(("operator:hana", "pace-lowered")) == 1
    assert said.count(("operator:hana", "stop-called")) == 1
    assert said.count(("review-body", "stop-called")) == 2
    assert said.index(("operator:hana", "plan-accepted")) < said.index(("grid", "order-sealed"))
