"""Changes in words, and the command that shows them."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from dashboards.cli.compare import app
from dashboards.compare import EFFECT, KIND, headline, sentence, table
from dashboards.locale.phrasebook import Phrasebook
from plugins import canonical
from plugins.text import Text
from probes.target import Item
from probes.verdict import Outcome
from scheduler.compare import Change, ChangeKind, Effect, compare
from scheduler.result import Result
from tests.dashboards.report import scenes

ENGLISH, JAPANESE = Phrasebook("en"), Phrasebook("ja")


def good() -> Result:
    coverage = scenes.checks("web", Item.PORTS, Outcome.CLEAN, 1)
    return scenes.result(scenes.server("web", (), coverage))


def bad() -> Result:
    coverage = scenes.checks("web", Item.PORTS, Outcome.FOUND, 1)
    return scenes.result(scenes.server("web", (scenes.finding("ports.undeclared-open"),), coverage))


def stored(folder: Path, result: Result) -> Path:
    folder.mkdir()
    (folder / "result.json").write_bytes(canonical.dumps(result) + b"\n")
    return folder


def test_every_kind_and_effect_has_its_words() -> None:
    assert list(KIND) == list(ChangeKind)
    assert list(EFFECT) == list(Effect)


@pytest.mark.parametrize("kind", ChangeKind)
@pytest.mark.parametrize("book", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_every_kind_can_be_said_with_its_fields(kind: ChangeKind, book: Phrasebook) -> None:
    change = Change(
        effect=Effect.NEUTRAL,
        kind=kind,
        before="pass",
        after="failing",
        title=Text(en="T1TLE", ja="T1TLE"),
        subject="SUBJ",
        reason="REAS0N",
        checks=("a", "b"),
    )
    said = sentence(change, book)
    assert "%(" not in said
    wanted = re.findall(r"%\((\w+)\)s", KIND[kind])
    words = {"title": "T1TLE", "subject": "SUBJ", "reason": "REAS0N", "number": "2"}
    assert all(words[place] in said for place in wanted if place in words)


def test_standings_and_grades_are_said_in_the_readers_language() -> None:
    verdict, new = compare(good(), bad()).changes
    assert sentence(verdict, JAPANESE) == "判定: 合格 → 不合格"
    assert sentence(new, JAPANESE).startswith("新たな指摘(不合格事由): 使用していないと申告された")


def test_hostile_titles_are_shown_escaped() -> None:
    hostile = Change(
        effect=Effect.DEGRADED,
        kind=ChangeKind.FINDING_NEW,
        server="[red]web",
        title=Text(en="a\x1b[31m[bold]b", ja=""),
        subject="x\n",
    )
    said = sentence(hostile, ENGLISH)
    assert said == r"New finding (): a\x1b[31m[bold]b [x\x0a]"


def test_the_headline_counts_what_degraded() -> None:
    assert headline(compare(good(), bad()), ENGLISH) == "2 things degraded."
    assert headline(compare(bad(), good()), ENGLISH) == "Nothing degraded."
    assert headline(compare(good(), good()), ENGLISH) == "Nothing changed."


def test_the_table_shows_the_worst_first() -> None:
    out = io.StringIO()
    Console(file=out, width=200).print(table(compare(good(), bad()), ENGLISH))
    lines = out.getvalue().splitlines()
    assert lines[0].split() == ["effect", "server", "item", "change"]
    assert lines[1].startswith("degraded")
    assert "Verdict: Pass, now Fail" in lines[1]


@pytest.mark.parametrize("as_folder", [True, False])
def test_the_command_tells_what_degraded(tmp_path: Path, *, as_folder: bool) -> None:
    name = "" if as_folder else "result.json"
    old, new = stored(tmp_path / "old", good()) / name, stored(tmp_path / "new", bad()) / name
    ran = CliRunner().invoke(app, [str(old), str(new)])
    assert ran.exit_code == 1
    assert "2 things degraded." in ran.output
    assert CliRunner().invoke(app, [str(new), str(old)]).exit_code == 0


def test_the_command_gives_json(tmp_path: Path) -> None:
    old, new = stored(tmp_path / "old", good()), stored(tmp_path / "new", bad())
    ran = CliRunner().invoke(app, [str(old), str(new), "--format", "json"])
    document = json.loads(ran.stdout)
    assert document["format"] == "tenken-comparison/1"
    assert [change["effect"] for change in document["changes"]] == ["degraded", "degraded"]


GARBAGE = [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"format": "tenken-result/1"}', b"[" * 100_000, b"9" * 5000]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_wrong_input_is_one_clear_line(tmp_path: Path, garbage: bytes) -> None:
    file = tmp_path / "garbage.json"
    file.write_bytes(garbage)
    ran = CliRunner().invoke(app, [str(stored(tmp_path / "old", good())), str(file)])
    assert ran.exit_code == 3
    assert len(ran.stderr.splitlines()) == 1
    assert str(file) in ran.stderr


def test_a_missing_file_and_another_system_are_wrong_input(tmp_path: Path) -> None:
    old = stored(tmp_path / "old", good())
    other = stored(tmp_path / "other", scenes.result(*good().servers, system="other.example"))
    for new, words in (
        (tmp_path / "none.json", "cannot be read"),
        (other, "different systems"),
        (tmp_path, "result.json"),
    ):
        ran = CliRunner().invoke(app, [str(old), str(new)])
        assert ran.exit_code == 3
        assert words in ran.stderr
        assert isinstance(ran.exception, SystemExit)
