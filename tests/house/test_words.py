"""What may not stand in a committed file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.rooms import ROOT, sources, tracked

NOWHERE_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
# Built from pieces, so that this file does not hold what it forbids.
FORBIDDEN = re.compile(
    "|".join(
        ["/wor" + "k/", "/roo" + "t/", r"files\.pythonhosted" + r"\.org", r"pypi\.o" + "rg/simple", "bash_" + "jobs"]
    )
)
BINARY = {".png", ".mo", ".gz", ".der", ".pdf", ".ico"}


@pytest.mark.parametrize("path", [p for p in tracked() if p.suffix not in BINARY], ids=str)
def test_no_machine_path_and_no_registry_host(path: Path) -> None:
    for number, line in enumerate((ROOT / path).read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        assert not FORBIDDEN.search(line), f"{path}:{number}"


def test_every_module_has_a_name_that_says_something() -> None:
    parts = {part.removesuffix(".py") for path in sources() for part in path.parts}
    assert not parts & NOWHERE_NAMES


def test_no_index_addresses_in_the_lock() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--hash=sha256:" in lock
    assert not (ROOT / ("uv" + ".lock")).exists()


def test_each_room_is_a_card() -> None:
    for path in sources():
        if path.name == "__init__.py":
            text = (ROOT / path).read_text(encoding="utf-8").strip()
            assert text.startswith('"""'), path
            assert text.endswith('"""'), f"{path}: an __init__ holds only its card"
