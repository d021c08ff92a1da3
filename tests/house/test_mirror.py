"""The tests mirror the tree: a file of a room has its test file; a folder inside a room is tested through its doors."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.rooms import ROOT, sources

ELSEWHERE = {
    "grid/board.py": "tests/grid/test_run.py: an actor does nothing without Ray",
    "grid/inspector.py": "tests/grid/test_run.py: a task does nothing without Ray",
    "grid/hand_out.py": "tests/grid/test_run.py: needs the board and the budget on Ray",
    "grid/report.py": "tests/grid/test_run.py: values only",
    "grid/order.py": "tests/grid/test_seal.py: values only",
    "grid/window.py": "tests/grid/test_seal.py",
    "grid/cluster.py": "tests/grid/test_run.py: an import with settings",
    "plugins/clock.py": "tests/grid/test_run.py: the machine's own clocks",
    "plugins/text.py": "tests/probes/ports/test_judge.py: values only",
    "probes/raw.py": "tests/probes/ports/test_engines.py: needs a target on a wire",
    "probes/catalog.py": "tests/grid/test_hostile.py: all probes through all judges",
    "scheduler/inspection.py": "tests/dashboards/cli/test_inspect.py: needs the whole grid",
    "scheduler/rejudge.py": "tests/dashboards/cli/test_inspect.py: needs a real result",
    "scheduler/result.py": "tests/dashboards/report: values only",
    "scheduler/system.py": "tests/scheduler/test_declaration.py: values only",
    "probes/finding.py": "tests/probes/ports/test_judge.py: values only",
    "probes/observation.py": "tests/grid/test_evidence.py: values only",
    "probes/target.py": "tests/probes/ports/test_judge.py: values only",
}
"""Files whose tests stand elsewhere, and where. Adding one needs that reason."""


def _mirrors(path: Path) -> list[Path]:
    folder = ROOT / "tests" / path.parent
    return [folder / f"test_{path.name}", *folder.glob(f"test_{path.stem}_*.py")]


@pytest.mark.parametrize(
    "path", [p for p in sources() if p.name != "__init__.py" and "migrations" not in p.parts], ids=str
)
def test_each_file_has_its_test(path: Path) -> None:
    if str(path) in ELSEWHERE:
        assert (ROOT / ELSEWHERE[str(path)].split(":")[0]).exists()
    elif len(path.parts) > 2:
        assert list((ROOT / "tests" / path.parent).glob("test_*.py")) or _mirrors(path.parent.with_suffix(".py"))
    else:
        assert any(mirror.exists() for mirror in _mirrors(path))


def test_no_reason_is_kept_for_a_file_that_is_gone() -> None:
    assert {name for name in ELSEWHERE if not (ROOT / name).exists()} == set()
