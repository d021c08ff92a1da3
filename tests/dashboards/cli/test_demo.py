"""`tenken demo`, as a newcomer types it."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.cli.demo import Took
from plugins import canonical
from probes.verdict import Standing
from scheduler.result import Result

TENKEN = [sys.executable, "-m", "dashboards.cli", "demo"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    out = tmp_path_factory.mktemp("demo")
    command = [*TENKEN, "--out", str(out), "--lang", "ja"]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False), out


def results(out: Path) -> dict[str, Result]:
    return {
        name: canonical.loads(Result, (out / name / "result.json").read_bytes()) for name in ("pass", "fail", "hang")
    }


def test_three_verdicts_as_planted(ran: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, out = ran
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every verdict is as planted" in done.stdout
    assert "Traceback" not in done.stderr
    assert {name: result.verdict.standing for name, result in results(out).items()} == {
        "pass": Standing.PASS,
        "fail": Standing.FAIL,
        "hang": Standing.INCONCLUSIVE,
    }


def test_reasons_and_reports_are_named(ran: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, out = ran
    planted = ("ports.undeclared-open", "ports.forbidden-service", "git-repository-exposed", "tls.path", "set.revoked")
    for rule in planted:
        assert rule in done.stdout
    assert "not tested: haibara-web holes" in done.stdout
    for name in ("pass", "fail", "hang"):
        assert str(out / name / "report.html") in done.stdout
        assert '<html lang="ja">' in (out / name / "report.html").read_text("utf-8")


def test_set_is_inspected_end_to_end_and_judged_again(ran: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    _, out = ran
    for name, wanted in (("pass", {"clean"}), ("fail", {"clean", "found"})):
        (web, *_) = (server for server in results(out)[name].servers if server.target.set)
        rows = [row for row in web.verdict.coverage if row.item == "set"]
        assert len(rows) == 20
        assert {row.outcome.value for row in rows} - {"not-applicable"} == wanted
        named = [one.rule for one in web.verdict.findings if one.item == "set"]
        assert named == (["set.revoked"] if name == "fail" else [])
        again = subprocess.run([*TENKEN[:-1], "judge", str(out / name)], capture_output=True, text=True, check=False)
        assert "the same as the stored verdict" in again.stdout
    assert "失効しています" in (out / "fail" / "report.html").read_text("utf-8")


def test_every_server_had_a_worker_process_of_its_own_and_only_loopback_was_touched(
    ran: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    _, out = ran
    servers = [server for result in results(out).values() for server in result.servers]
    assert len(servers) == 5
    assert 0 not in {server.worker_pid for server in servers}
    two = results(out)["pass"].servers
    assert two[0].worker_pid != two[1].worker_pid
    touched = {
        json.loads(file.read_bytes())["address"] for file in out.glob("*/evidence/*/*.json") if len(file.stem) == 64
    }
    assert touched
    assert all(ipaddress.ip_address(address).is_loopback for address in touched)


def test_a_folder_that_cannot_be_written_is_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    command = [*TENKEN, "--out", str(tmp_path / "file" / "demo")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / "file") in done.stderr


def test_times_are_told_apart() -> None:
    took = Took(shops=1.04, grid=2.0, inspection=20.25)
    assert str(took) == "shops started in 1.0 s, Ray in 2.0 s, inspected in 20.2 s"
