"""The two sides at the shell, against a real console: what follows, how it reads, and how a refusal reads (exit code 3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboards.cli.app import run
from tests.dashboards.cli.served import in_thread, strip_colours
from tests.dashboards.console.scene import Scene, declaration, open_scene

START = "2026-03-02T01:00:00Z"


class Shell:
    """Runs commands as one side; every output is collected."""

    def __init__(
        self, scene: Scene, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.scene, self._monkeypatch, self._capsys = scene, monkeypatch, capsys
        monkeypatch.setenv("TENKEN_URL", url)
        monkeypatch.setenv("COLUMNS", "200")

    def run(self, who: str, *arguments: str, code: int = 0) -> str:
        self._monkeypatch.setenv("TENKEN_TOKEN", self.scene.tokens.get(who, who))
        self._capsys.readouterr()
        seen = run(list(arguments))
        captured = self._capsys.readouterr()
        assert seen == code, captured
        assert "Traceback" not in captured.err
        return strip_colours(captured.out if code == 0 else captured.err)

    def json(self, who: str, *arguments: str) -> Any:
        return json.loads(self.run(who, *arguments, "--format", "json"))

    def offer(self, *more: str) -> Any:
        return self.json("body", "offer", "hana", "--start", START, "--minutes", "60", *more)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    scene = open_scene(tmp_path)
    with in_thread(scene.app) as url:
        yield Shell(scene, url, monkeypatch, capsys)
    scene.store.close()


def test_register_prints_the_operator_s_token_once(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "neko.yaml"
    path.write_text(declaration("neko", "Neko", "127.0.0.9"))
    first = shell.run("body", "register", str(path))
    assert "registered: neko (1 server(s))" in first
    assert re.search(r"shown this once\): [0-9a-f]{16}\.\S{43}\n", first)
    assert "shown this once" not in shell.run("body", "register", str(path))
    path.write_text("format: nothing\n")
    assert "neko.yaml:" in shell.run("body", "register", str(path), code=3)
    assert "missing.yaml" in shell.run("body", "register", str(tmp_path / "missing.yaml"), code=3)


def test_offer_counter_agree(shell: Shell) -> None:
    offered = shell.offer("--items", "ports,holes", "--connections-per-s", "5", "--trouble", "Call Sato.")
    assert (offered["items"], offered["pace"]["connections_per_s"]) == (["ports", "holes"], 5.0)
    assert (offered["pace"]["requests_per_s"], offered["pace"]["packets_per_s"]) == (10.0, 0.0)
    plan_id = offered["plan_id"]
    countered = shell.json(
        "shop",
        "offer",
        "--counter",
        plan_id,
        "--start",
        START,
        "--end",
        "2026-03-02T11:30:00+09:00",
        "--requests-per-s",
        "2",
    )
    assert countered["window"] == {"start": "2026-03-02T01:00:00Z", "end": "2026-03-02T02:30:00Z"}
    assert (countered["pace"]["connections_per_s"], countered["pace"]["requests_per_s"]) == (5.0, 2.0)
    stale = shell.run("body", "agree", plan_id, "--digest", offered["digest"], code=3)
    assert "read the present form and accept that one" in stale
    agreed = shell.run("body", "agree", plan_id)
    assert re.search(r"state +agreed", agreed)
    assert re.search(r"window +2026-03-02 01:00:00Z \.\. 02:30:00Z", agreed)
    assert re.search(r"in trouble +Call Sato\.", agreed)


def test_ports_that_the_review_body_picks(shell: Shell) -> None:
    plan_id = shell.offer("--ports", "top-1000")["plan_id"]
    assert re.search(
        r"ports +what the declaration asks for, and picked beside it: top-1000", shell.run("shop", "status", plan_id)
    )
    shell.run("shop", "offer", "--counter", plan_id, "--ports", "declared")
    assert re.search(r"ports +what the declaration asks for *\n", shell.run("body", "agree", plan_id))
    assert "expected declared, top-1000" in shell.run(
        "body", "offer", "hana", "--start", START, "--minutes", "9", "--ports", "x", code=3
    )


def test_outside_the_calendar(shell: Shell) -> None:
    offered = shell.json("body", "offer", "hana", "--start", "2026-03-02T12:00:00Z", "--minutes", "60")
    assert "(outside the operator's calendar)" in shell.run("shop", "status", offered["plan_id"])
    refused = shell.run("shop", "agree", offered["plan_id"], code=3)
    assert "accept it explicitly as outside the calendar" in refused
    agreed = shell.json("shop", "agree", offered["plan_id"], "--outside-calendar")
    assert agreed["phase"] == "agreed"


def test_decline_withdraw_and_stop(shell: Shell) -> None:
    spot = shell.offer("--kind", "spot")
    refused = shell.run("shop", "decline", spot["plan_id"], "--reason", "busy", code=3)
    assert "a special reason" in refused
    declined = shell.json("shop", "decline", spot["plan_id"], "--reason", "sale", "--special", "peak-business")
    assert declined["phase"] == "declined"
    moved = shell.offer()
    assert shell.json("body", "decline", moved["plan_id"], "--reason", "moved", "--withdraw")["phase"] == "withdrawn"
    agreed = shell.offer()
    shell.run("shop", "agree", agreed["plan_id"])
    stopped = shell.run("shop", "stop", agreed["plan_id"], "--reason", "the shop is slow")
    assert re.search(r"reason +stopped by the operator: the shop is slow", stopped)
    assert "'stopped', seen stopped" in shell.run("shop", "stop", agreed["plan_id"], code=3)


def test_a_system_is_stopped_by_its_name_and_what_is_still_to_come_is_told(shell: Shell) -> None:
    now = shell.offer()
    later = shell.json("body", "offer", "hana", "--start", "2026-03-02T03:00:00Z", "--minutes", "60")
    for plan in (now, later):
        shell.run("shop", "agree", plan["plan_id"])
    shell.scene.begin(now["plan_id"])
    said = shell.run("shop", "stop", "hana", "--reason", "smoke")
    assert f"stopped: plan {now['plan_id']} of hana (ending)" in said
    assert f"still agreed: plan {later['plan_id']} of hana for 2026-03-02T03:00:00Z" in said
    assert f"stopped: plan {now['plan_id']}" in shell.run("body", "stop", "--all")
    assert "refused (403)" in shell.run("shop", "stop", "--all", code=3)
    assert "refused (404)" in shell.run("rival", "stop", "hana", code=3)
    assert shell.json("rival", "stop", "tori")["stopped"] == []
    assert "nothing was running" in shell.run("rival", "stop", "tori")


def test_a_stop_that_is_not_in_the_audit_log_is_cried(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    plan = shell.offer()
    shell.run("shop", "agree", plan["plan_id"])
    shell.scene.begin(plan["plan_id"])
    shell.scene.notes.full = True
    for what in (plan["plan_id"], "hana"):
        shell._monkeypatch.setenv("TENKEN_TOKEN", shell.scene.tokens["shop"])
        assert run(["stop", what]) == 0
        assert "STOPPED, BUT NOT IN THE AUDIT LOG" in capsys.readouterr().err


def test_slow_goes_down_only(shell: Shell) -> None:
    plan = shell.offer()
    shell.run("shop", "agree", plan["plan_id"])
    assert "nothing of hana runs now" in shell.run("shop", "slow", "hana", "--to", "50%", code=3)
    shell.scene.begin(plan["plan_id"])
    lowered = shell.run("shop", "slow", "hana", "--to", "50%", "--reason", "a sale")
    assert "lowered to 50 % of this" in lowered
    assert shell.json("body", "slow", plan["plan_id"], "--to", "0.25")["share"] == 0.25
    assert "it can only go down" in shell.run("body", "slow", plan["plan_id"], "--to", "30%", code=3)
    assert "at 25 % of its pace" in shell.run("shop", "status")


def test_status_shows_what_comes_what_was_decided_and_what_is_owed(shell: Shell) -> None:
    empty = shell.run("shop", "status")
    assert empty.splitlines() == [
        "running now: nothing",
        "coming next: nothing",
        "decided: nothing",
        "not tested yet: nothing",
    ]
    coming, past = shell.offer(), shell.offer()
    shell.run("shop", "agree", past["plan_id"])
    shell.run("shop", "stop", past["plan_id"])
    shown = shell.run("shop", "status")
    assert re.search(rf"{coming['plan_id']} +hana +scheduled +.* offered, waits for operator", shown)
    assert re.search(rf"{past['plan_id']} +hana +scheduled .* stopped +stopped by the operator", shown)
    assert re.search(r"hana +web +ports +all +2026-03-02 00:00:00Z", shown)
    assert len(shell.json("rival", "status")["next"]) == 0


WRONG = [
    (("offer",), "name a system to offer to"),
    (("offer", "hana", "--counter", "p1"), "name a system to offer to"),
    (("offer", "hana"), "give --start"),
    (("offer", "hana", "--start", START), "either --end or --minutes"),
    (("offer", "hana", "--start", START, "--end", START, "--minutes", "3"), "either --end or --minutes"),
    (("offer", "hana", "--start", "tomorrow", "--minutes", "3"), "is no time"),
    (("offer", "hana", "--start", "2026-03-02T01:00:00", "--minutes", "3"), "has no time zone"),
    (("offer", "hana", "--start", START, "--minutes", "1e300"), "is no time"),
    (("offer", "hana", "--start", START, "--minutes", "3", "--items", "ports,ping"), "seen ping"),
    (("offer", "hana", "--start", START, "--minutes", "3", "--items", ","), "seen none"),
    (("offer", "hana", "--start", START, "--end", START), "must end after it starts"),
    (("offer", "neko", "--start", START, "--minutes", "3"), "there is none of this name"),
    (("offer", "../x", "--start", START, "--minutes", "3", "--connections-per-s", "1"), "is no system name"),
    (("offer", "hana", "--start", START, "--minutes", "3", "--connections-per-s", "999"), "at most 20 (declared)"),
    (("offer", "hana", "--start", "2020-03-02T01:00:00Z", "--minutes", "3"), "choose a later window"),
    (("agree", "../../metrics"), "is no plan id"),
    (("agree", "p99"), "there is none of this id"),
    (("agree", "p1", "--digest", "zzz"), "digest: String should match"),
    (("decline", "p1"), "reason"),
    (("stop", "p99"), "there is none of this id"),
    (("stop", "0123456789ab"), "there is none of this name"),
    (("stop", "no-such"), "there is none of this name"),
    (("stop", "../x"), "is no system name"),
    (("stop",), "name a system or a plan, or say --all"),
    (("stop", "hana", "--all"), "name a system or a plan, or say --all"),
    (("slow", "hana", "--to", "100%"), "expected a part of the agreed pace"),
    (("slow", "hana", "--to", "fast"), "expected a part of the agreed pace"),
    (("slow", "p99", "--to", "10%"), "nothing of p99 runs now"),
    (("status", "p99"), "there is none of this id"),
]


@pytest.mark.parametrize(
    ("arguments", "told"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_wrong_input_is_told_and_changes_nothing(shell: Shell, arguments: tuple[str, ...], told: str) -> None:
    said = shell.run("body", *arguments, code=3)
    assert told in re.sub(r"[│╭╮╰╯─\s]+", " ", said), said
    assert shell.json("body", "status")["next"] == []


@pytest.mark.parametrize("token", ["", "  ", "日本", "a\nb"])
def test_a_token_that_cannot_be_one_is_told(shell: Shell, token: str) -> None:
    shell._monkeypatch.setitem(shell.scene.tokens, "odd", token)
    assert "TENKEN_TOKEN" in shell.run("odd", "status", code=3)


def test_a_stranger_is_refused(shell: Shell) -> None:
    assert "refused (401)" in shell.run("nobody", "status", code=3)
    assert "refused (403)" in shell.run("shop", "offer", "hana", "--start", START, "--minutes", "3", code=3)
