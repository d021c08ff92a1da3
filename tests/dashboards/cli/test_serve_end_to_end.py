"""`tenken serve` from end to end: real child process, real HTTP clients, real nginx, real Prometheus, a power cut in the middle."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.cli.served import PROMETHEUS, Client, TenkenServe, prometheus, query, until
from tests.servers import nginx as nginx_
from tests.servers.process import free_port

pytestmark = pytest.mark.real
HANA, TORI = "127.0.61.1", "127.0.61.2"
ALWAYS = 'windows: [{days: [mon, tue, wed, thu, fri, sat, sun], start: "00:00", end: "00:00"}]'


def declaration(name: str, address: str, port: int, scan: str) -> str:
    return f"""\
format: tenken-declaration/1
name: {name}
title: {name.title()} Shop
operator: {{organisation: Shop, name: Sato, email: sato@shop.example, phone: "+81-3-0000-0000"}}
servers:
  - name: web
    role: web
    addresses: [{address}]
    ports:
      - {{port: {port}, transport: tcp, service: http, purpose: shop}}
scan: {scan}
pace: {{connections_per_s: 50, requests_per_s: 20, concurrent_connections: 10, bytes_per_s: 1000000}}
calendar: {{time_zone: UTC, {ALWAYS}}}
"""


def window(start_s: float, length_s: float) -> dict[str, str]:
    start = datetime.now(UTC) + timedelta(seconds=start_s)
    return {"start": start.isoformat(), "end": (start + timedelta(seconds=length_s)).isoformat()}


SLOW = {"connections_per_s": 4.0, "requests_per_s": 2.0, "concurrent_connections": 2, "bytes_per_s": 100_000}
LENGTH = 15
"""Seconds of a window that is too short: a thousand ports at 4 a second need 250, and the workers have to start in it."""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[TenkenServe]:
    serve = TenkenServe(tmp_path / "data", tmp_path / "home")
    yield serve
    serve.close()


def outcome(client: Client, plan_id: str) -> str:
    inspection: dict[str, Any] | None = client.get(f"/api/plans/{plan_id}")["inspection"]
    return inspection["outcome"] if inspection else ""


def debts(client: Client) -> list[tuple[str, str]]:
    return [(debt["item"], debt["plan_id"]) for debt in client.get("/api/status")["debts"]]


@pytest.mark.skipif(not nginx_.PROGRAM, reason="nginx is not installed")
@pytest.mark.skipif(not PROMETHEUS, reason="prometheus is not installed")
def test_from_offer_to_debt_and_through_a_power_cut(tmp_path: Path, serve: TenkenServe) -> None:
    hana_port, tori_port = free_port(HANA), free_port(TORI)
    with (
        nginx_.nginx(tmp_path / "hana", HANA, (hana_port,)),
        nginx_.nginx(tmp_path / "tori", TORI, (tori_port,)),
    ):
        said = serve.start()
        assert serve.token("review-body") in said
        for name in ("review-body.token", "monitor.token", "order-key.pem", "tenken.db"):
            assert stat.S_IMODE((serve.data / name).stat().st_mode) == 0o600, name
        body = Client(serve.url, serve.token("review-body"))
        hana = _register(serve, body, declaration("hana", HANA, hana_port, "top-1000"))
        tori = _register(serve, body, declaration("tori", TORI, tori_port, "declared"))
        with prometheus(tmp_path / "prometheus", f"127.0.0.1:{serve.port}", serve.data / "monitor.token") as watcher:
            beside = body.post("/api/plans", {"system": "tori", "window": window(2, 120), "items": ["ports"]})
            tori.post(f"/api/plans/{beside['plan_id']}/accept", {"digest": beside["digest"]})
            _cut_off_at_the_end(body, hana)
            until(lambda: outcome(tori, beside["plan_id"]) == "pass", "the inspection that ran beside it")
            until(lambda: query(watcher, "sum(tenken_debts_open)") == [2.0], "debts in Prometheus")
            assert query(watcher, 'tenken_inspections_total{kind="scheduled",outcome="inconclusive"}') == [1.0]
            asked = query(watcher, "tenken_connections_total")[0]
            assert asked > 0
            _through_a_power_cut(serve, body, hana, tori)
            until(lambda: query(watcher, 'tenken_inspections_total{outcome="pass"} > 0') == [2.0], "the pass")
            assert query(watcher, 'sum(tenken_inspections_total{outcome="broken"})') == [1.0]
            assert query(watcher, "tenken_connections_total")[0] > asked
            assert query(watcher, "sum(resets(tenken_connections_total[5m]))") == [0.0]
        assert serve.end() == 0, serve.said()


def _register(serve: TenkenServe, body: Client, document: str) -> Client:
    return Client(serve.url, body.post("/api/systems", document=document)["operator_token"])


def _cut_off_at_the_end(body: Client, shop: Client) -> None:
    """Offer, counter-offer, acceptance; an inspection too slow for its window; what is left is owed."""
    offer = body.post("/api/plans", {"system": "hana", "window": window(600, 60), "items": ["ports", "holes"]})
    countered = shop.post(f"/api/plans/{offer['plan_id']}/counter", {"window": window(2, LENGTH), "pace": SLOW})
    assert countered["awaits"] == ["review-body"]
    agreed = body.post(f"/api/plans/{offer['plan_id']}/accept", {"digest": countered["digest"]})
    assert agreed["phase"] == "agreed"
    running = until(lambda: shop.get("/api/status")["now"], "a running inspection")
    assert running[0]["plan_id"] == offer["plan_id"]
    until(lambda: outcome(body, offer["plan_id"]) == "inconclusive", "the end")
    result = body.get(f"/api/plans/{offer['plan_id']}/result")
    end = datetime.fromisoformat(agreed["window"]["end"])
    assert result["verdict"]["standing"] == "inconclusive"
    assert datetime.fromisoformat(result["ended"]) < end + timedelta(seconds=2)
    (server,) = result["servers"]
    assert 0 < server["tally"]["connections"] <= 4 * LENGTH + 2
    assert server["worker_pid"] > 0
    assert {ending["ending"] for ending in server["items"]} <= {"window-over", "not-started", "stopped"}
    assert debts(shop) == [("ports", offer["plan_id"]), ("holes", offer["plan_id"])]


def _through_a_power_cut(serve: TenkenServe, body: Client, hana: Client, tori: Client) -> None:
    """One inspection runs and one is agreed when the service is killed: the first is broken, the second runs afterwards."""
    broken = body.post("/api/plans", {"system": "hana", "window": window(1, 300), "items": ["ports"], "pace": SLOW})
    hana.post(f"/api/plans/{broken['plan_id']}/accept", {"digest": broken["digest"]})
    until(lambda: _sent(hana), "a running inspection that sends")
    agreed = body.post("/api/plans", {"system": "tori", "window": window(3, 300), "items": ["ports"]})
    tori.post(f"/api/plans/{agreed['plan_id']}/accept", {"digest": agreed["digest"]})
    serve.kill()
    serve.start()
    assert outcome(body, broken["plan_id"]) == "broken"
    assert ("ports", broken["plan_id"]) in debts(hana)
    assert "an order runs once" in body.get(f"/api/plans/{broken['plan_id']}")["reason"]
    until(lambda: outcome(tori, agreed["plan_id"]) == "pass", "the inspection after the power cut")
    assert debts(tori) == []
    assert outcome(body, broken["plan_id"]) == "broken"


def _sent(shop: Client) -> bool:
    running = shop.get("/api/status")["now"]
    return bool(running) and running[0]["inspection"]["sent"]["connections"] > 0


@pytest.mark.skipif(not nginx_.PROGRAM, reason="nginx is not installed")
def test_a_stop_of_the_operator_and_a_shutdown_keep_their_results(tmp_path: Path, serve: TenkenServe) -> None:
    port = free_port(HANA)
    with nginx_.nginx(tmp_path / "hana", HANA, (port,)):
        serve.start()
        body = Client(serve.url, serve.token("review-body"))
        shop = _register(serve, body, declaration("hana", HANA, port, "top-1000"))
        first = body.post(
            "/api/plans", {"system": "hana", "window": window(0.5, 300), "items": ["ports"], "pace": SLOW}
        )
        shop.post(f"/api/plans/{first['plan_id']}/accept", {"digest": first["digest"]})
        until(lambda: _sent(shop), "a running inspection that sends")
        stopped_at = datetime.now(UTC)
        shop.post(f"/api/plans/{first['plan_id']}/stop", {"reason": "the shop is slow"})
        until(lambda: outcome(shop, first["plan_id"]) == "inconclusive", "the stop")
        ended = datetime.fromisoformat(body.get(f"/api/plans/{first['plan_id']}/result")["ended"])
        assert ended - stopped_at < timedelta(seconds=1), "stop means stop"

        second = body.post(
            "/api/plans", {"system": "hana", "window": window(0.5, 300), "items": ["ports"], "pace": SLOW}
        )
        refused = body.get(f"/api/plans/{first['plan_id']}")
        assert refused["phase"] == "ended"
        shop.post(f"/api/plans/{second['plan_id']}/accept", {"digest": second["digest"]})
        until(lambda: _sent(shop), "a running inspection that sends")
        assert serve.end() == 0, serve.said()
        (kept,) = [
            result
            for path in (serve.data / "inspections").glob("*/result.json")
            if (result := json.loads(path.read_text()))["inspection_id"] != _inspection(serve, first)
        ]
        assert kept["verdict"]["standing"] == "inconclusive"
        serve.start()
        assert outcome(Client(serve.url, serve.token("review-body")), second["plan_id"]) == "inconclusive"


def _inspection(serve: TenkenServe, plan: dict[str, Any]) -> str:
    """Give the inspection of a plan from the store, while nothing serves it."""
    import sqlite3

    with sqlite3.connect(serve.data / "tenken.db") as connection:
        found = connection.execute("SELECT inspection_id FROM inspections WHERE plan_id = ?", (plan["plan_id"],))
        (inspection_id,) = found.fetchone()
    connection.close()
    return str(inspection_id)
