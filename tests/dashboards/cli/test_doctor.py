"""`tenken doctor` as typed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.dashboards.cli.commands import tenken


def test_json_for_machines(tmp_path: Path) -> None:
    done = tenken(tmp_path, "doctor", "--format", "json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    found = {wall["name"]: wall for wall in answer["walls"]}
    assert list(found) == ["permit", "guard", "account", "gate"]
    assert found["permit"]["stands"]
    assert found["guard"]["stands"], found["guard"]["why"]
    for wall in found.values():
        assert wall["stands"] or wall["why"].startswith("not here, because ")
    assert {"python", "kernel", "wall clock", "steady clock", "nmap", "ray token"} <= {
        f["name"] for f in answer["host"]
    }


def test_table_for_people(tmp_path: Path) -> None:
    done = tenken(tmp_path, "doctor")
    assert done.returncode == 0, done.stderr
    assert "Walls between a worker and the world" in done.stdout
    for word in ("permit", "guard", "account", "gate", "ray token"):
        assert word in done.stdout


def test_wrong_usage(tmp_path: Path) -> None:
    assert tenken(tmp_path, "doctor", "--format", "xml").returncode == 3
