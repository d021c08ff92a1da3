"""`tenken audit verify` and `show`: what was changed is named by its line, and exit codes say which kind of wrong it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboards.cli.app import run
from grid.audit import Action, AuditLog
from grid.evidence import KeyRing
from grid.key import load_or_create, trusted
from plugins import canonical
from tests.fakes import FakeClock


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of three entries in a user's own folder."""
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "audit.jsonl"
    audit = AuditLog(path, load_or_create(tmp_path / "order-key.pem"), FakeClock())
    for number in range(3):
        audit.append("operator:hana", Action.STOP_CALLED, f"plan p{number}", "reason=遅い [red]\x1b[2J")
    return path


def test_a_whole_log_verifies_and_its_head_is_printed(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "verify"]) == 0
    head = json.loads(log.with_suffix(".head").read_text())
    assert capsys.readouterr().out == f"3 entries, head {head['digest']}\n"
    assert run(["audit", "verify", str(log)]) == 0


def test_a_changed_line_is_named(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.write_bytes(log.read_bytes().replace(b"plan p1", b"plan p9"))
    assert run(["audit", "verify", str(log)]) == 1
    assert f"{log}:2" in capsys.readouterr().err


def test_a_cut_off_tail_is_named(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:1]))
    assert run(["audit", "verify", str(log)]) == 1
    assert "cut off" in capsys.readouterr().err


def test_a_third_party_checks_with_public_keys(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = load_or_create(tmp_path / "order-key.pem")
    ring = tmp_path / "keys.json"
    ring.write_bytes(canonical.dumps(KeyRing(keys=tuple(trusted(key).items()))))
    (tmp_path / "order-key.pem").unlink()
    assert run(["audit", "verify", str(log), "--keys", str(ring)]) == 0
    other = load_or_create(tmp_path / "other.pem")
    ring.write_bytes(canonical.dumps(KeyRing(keys=tuple(trusted(other).items()))))
    assert run(["audit", "verify", str(log), "--keys", str(ring)]) == 1
    assert f"{log}:1: signed by key" in capsys.readouterr().err


def test_wrong_input_is_told_from_a_bad_log(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "verify", str(tmp_path / "none.jsonl")]) == 3
    assert run(["audit", "verify", str(log), "--keys", str(tmp_path / "none.json")]) == 3
    (tmp_path / "keys.json").write_text("{}")
    assert run(["audit", "verify", str(log), "--keys", str(tmp_path / "keys.json")]) == 3
    (tmp_path / "order-key.pem").unlink()
    assert run(["audit", "verify"]) == 3
    assert not (tmp_path / "order-key.pem").exists()
    assert "--keys" in capsys.readouterr().err


def test_entries_are_shown_and_move_no_cursor(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "show", "--last", "2"]) == 0
    shown = capsys.readouterr().out
    assert "plan p0" not in shown
    assert "operator:hana" in shown
    assert "[red]" in shown
    assert "\x1b[2J" not in shown
    assert run(["audit", "show", str(log), "--format", "json", "--last", "0"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["number"] for line in lines] == [1, 2, 3]
    log.write_text("nonsense\n")
    assert run(["audit", "show"]) == 1
