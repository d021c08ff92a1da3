"""The README cannot go false: rooms, commands and links are there."""

from __future__ import annotations

import re

import pytest

from dashboards.cli.app import COMMANDS
from tests.house.rooms import ROOMS, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("room", [*ROOMS, "signatures", "tests"])
def test_every_room_is_named(room: str) -> None:
    assert f"`{room}/`" in README


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *sorted(p.name for p in (ROOT / "docs").glob("*.md"))]
)
def test_every_link_leads_somewhere(page: str) -> None:
    path = ROOT / page if (ROOT / page).exists() else ROOT / "docs" / page
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{page}: {target}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme_or_the_docs(name: str) -> None:
    pages = [README, *(path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))]
    assert any(re.search(rf"tenken\b[^\n]*\b{name}\b", page) for page in pages)


def test_both_commands_are_make_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert f"make {target}" in README
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
