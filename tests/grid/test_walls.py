"""Which walls stand: found by trying, told honestly, nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from grid import walls
from grid.gate.kernel import GateError
from plugins.clock import SystemClock
from tests.grid.gate.scene import missing

needs_kernel = pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing")
TRIAL = "import json, dataclasses; from grid import walls; from plugins.clock import SystemClock; "
TRIAL += "print(json.dumps([dataclasses.asdict(w) for w in walls.walls(SystemClock())]))"


def namespaces() -> str:
    return subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True).stdout


@pytest.mark.root
@needs_kernel
def test_here_they_all_stand_and_nothing_is_left() -> None:
    found = {wall.name: wall for wall in walls.walls(SystemClock())}
    assert list(found) == ["permit", "guard", "account", "gate"]
    assert all(wall.stands for wall in found.values()), found
    assert [wall.name for wall in found.values() if wall.in_every_run] == ["permit", "guard"]
    assert "tenken-trial-" not in namespaces()


@pytest.mark.root
@needs_kernel
def test_without_the_right_the_reason_is_told() -> None:
    command = ["setpriv", "--bounding-set=-net_admin,-sys_admin", sys.executable, "-c", TRIAL]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    found = {wall["name"]: wall for wall in json.loads(done.stdout)}
    assert [name for name, wall in found.items() if wall["stands"]] == ["permit", "guard"]
    assert found["gate"]["why"] == (
        "not here, because rights: this process lacks CAP_NET_ADMIN and CAP_SYS_ADMIN (run it as root)"
    )


def test_a_program_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls, "_capabilities", lambda: -1)
    monkeypatch.setenv("PATH", "")
    found = {wall.name: wall for wall in walls.walls(SystemClock())}
    for name in ("account", "gate"):
        assert not found[name].stands
        assert found[name].why == "not here, because ip: no such program"


def test_a_guard_that_misses_something_does_not_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls, "_GUARD_TRIAL", "print('missed: connect, send')")
    with pytest.raises(GateError, match="it missed connect, send"):
        walls.guard()
    monkeypatch.setattr(walls, "_GUARD_TRIAL", "raise SystemError('no hooks here')")
    with pytest.raises(GateError, match="no hooks here"):
        walls.guard()


def test_the_trial_of_the_guard_can_fail() -> None:
    """Without the hook the same trial finds every hole."""
    disarmed = walls._GUARD_TRIAL.replace("guard = arm()", "import types; guard = types.SimpleNamespace(total=0)")
    done = subprocess.run(
        [sys.executable, "-c", disarmed], check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout == "missed: connect, send, name look-up, raw socket, program\n"
