"""Two `tenken inspect` on one address, and a log that cannot be written: exit code 3, nothing sent, and said why."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dashboards.cli.app import run
from grid.audit import entries
from tests.dashboards.cli.commands import ROOT, command, environment, tenken
from tests.dashboards.cli.test_inspect import declare
from tests.e2e.witness import ORDER, web_servers
from tests.target import counting, wait_for

HTTP: dict[str, Any] = {"port": 8000, "transport": "tcp", "service": "http", "purpose": "shop"}


def test_a_second_inspection_of_an_address_waits_its_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "127.0.78.5"
    declaration = declare(tmp_path, {"web-1": (address, [HTTP])}, pace=10.0)
    (tmp_path / "other").mkdir()
    other = declare(tmp_path / "other", {"mail": ("127.0.78.6", [HTTP]), "shared": (address, [HTTP])})
    first = command("inspect", declaration, "--out", tmp_path / "out", "--items", "ports")
    with counting(address, range(8000, 8100)) as target, counting("127.0.78.6", range(8000, 8001)) as beside:
        process = subprocess.Popen(
            first, cwd=ROOT, env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(lambda: len(target.times) >= 3)
            second = tenken(tmp_path, "inspect", other, "--out", tmp_path / "second", "--items", "ports")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 2
        finally:
            process.kill()
    told = re.sub(r"\s+", " ", second.stderr)
    assert second.returncode == 3, told
    assert re.search(r"order \w{8} \(shop\.example, server shared\): expected a server that no other inspection", told)
    assert f"order {_first_order(tmp_path)} (shop.example, server web-1), which holds {address} until" in told
    assert "Nothing was sent." in told
    assert beside.times == [], "not to the server that nobody holds, either"
    assert not list((tmp_path / "second").rglob("order.json"))
    _logged(tmp_path, monkeypatch)


def _first_order(home: Path) -> str:
    return next(e.subject[:8] for e in entries(home / "tenken" / "audit.jsonl") if e.action == "order-sealed")


def _logged(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENKEN_HOME", str(home / "tenken"))
    assert run(["audit", "verify"]) == 0
    said = [(entry.actor.partition(":")[0], entry.action.value) for entry in entries(home / "tenken" / "audit.jsonl")]
    ran = ["inspection-started", "order-sealed", "stop-called", "inspection-ended"]
    refused = ["inspection-started", "inspection-ended"]
    assert sorted(said) == sorted(("cli", action) for action in [*ran, *refused])


def test_what_cannot_be_logged_is_not_sent(tmp_path: Path) -> None:
    address = "127.0.78.7"
    (tmp_path / "tenken" / "audit.jsonl").mkdir(parents=True)
    with counting(address, range(8000, 8100)) as target:
        done = tenken(tmp_path, "inspect", declare(tmp_path, {"w": (address, [HTTP])}), "--out", tmp_path / "out")
        assert target.times == []
    assert done.returncode == 3
    assert "audit.jsonl: cannot be written (Is a directory); the action does not happen" in done.stderr
    assert not (tmp_path / "out" / "result.json").exists()


def test_every_ask_of_every_probe_names_contact_and_order(tmp_path: Path) -> None:
    address = "127.0.78.8"
    with web_servers((address,), range(8000, 8001)) as web:
        declaration = declare(tmp_path, {"w": (address, [HTTP])})
        for items in ("ports", "holes"):
            tenken(tmp_path, "inspect", declaration, "--out", tmp_path / items, "--items", items)
    agents = {visit.agent for visit in web.visits if visit.agent}
    # The scene's contact is the review body's; here the operator inspects itself.
    orders = {ORDER.search(agent.replace("desk@shop.example", "desk@body.example")) for agent in agents}
    assert None not in orders, agents
    assert len(orders) == len(agents) == 2, "one order a run"
