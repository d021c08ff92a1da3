"""`tenken declaration`: every mistake with file and line, exit code 3, and never a traceback, whatever the path leads to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from dashboards.cli.declaration import app
from scheduler.declaration import example, schema
from tests.scheduler.garbage import KINDS, spoilt


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_new_prints_the_example() -> None:
    result = _run("new")
    assert (result.exit_code, result.stdout_bytes.decode()) == (0, example())


def test_what_new_writes_is_clean(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    assert _run("new", "--out", file).exit_code == 0
    result = _run("check", file)
    assert result.exit_code == 0
    assert "shop.example (Example Shop): no mistakes" in result.stdout
    assert "3000 to look at, which takes at least 0:02:30 at this pace" in result.stdout
    assert result.stdout.count("next window: ") == 3


def test_new_never_overwrites(tmp_path: Path) -> None:
    file, link = tmp_path / "shop.yaml", tmp_path / "link.yaml"
    file.write_text("mine")
    link.symlink_to(tmp_path / "nowhere.yaml")
    for taken in (file, link, tmp_path):
        result = _run("new", "--out", taken)
        assert result.exit_code == 3
        assert result.stderr.startswith(f"{taken}:0: ")
    assert file.read_text() == "mine"
    assert not (tmp_path / "nowhere.yaml").exists()


def test_new_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    result = _run("new", "--out", tmp_path / "no" / "shop.yaml")
    assert result.exit_code == 3
    assert "cannot be written" in result.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_garbage_gives_file_and_line_and_exit_code_3(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_bytes(KINDS[kind])
    result = _run("check", file)
    assert result.exit_code == 3
    lines = result.stdout.splitlines()
    assert lines
    for line in lines:
        source, number, message = line.split(":", 2)
        assert source == str(file)
        assert 0 <= int(number) <= KINDS[kind].count(b"\n") + 1
        assert len(message.strip()) > 10
        assert line.isprintable()
    assert "nothing was sent" in result.stderr
    assert "Traceback" not in result.output


def test_json_holds_the_same(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("name: x\nname: y\n")
    result = _run("check", file, "--format", "json")
    assert result.exit_code == 3
    assert json.loads(result.stdout) == {
        "ok": False,
        "problems": [{"source": str(file), "line": 2, "message": "key 'name' is given twice; keep one of the two"}],
    }
    file.write_text(example())
    result = _run("check", file, "--format", "json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (document["ok"], document["system"]["name"], len(document["digest"])) == (True, "shop.example", 64)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_spoilt_example_gives_mistakes_or_is_clean(data: st.DataObject, tmp_path: Path) -> None:
    """The file is written anew for every case, so that sharing the folder does no harm."""
    file = tmp_path / "shop.yaml"
    file.write_bytes(data.draw(spoilt()))
    result = _run("check", file)
    assert result.exit_code in {0, 3}
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert (result.exit_code == 3) is (f"{file}:" in result.stdout)


def _loop(folder: Path) -> Path:
    (folder / "a").symlink_to(folder / "b")
    (folder / "b").symlink_to(folder / "a")
    return folder / "a"


def _fifo(folder: Path) -> Path:
    os.mkfifo(folder / "fifo")
    return folder / "fifo"


def _huge(folder: Path) -> Path:
    with (folder / "huge").open("wb") as file:
        file.truncate(10**12)
    return folder / "huge"


@pytest.mark.parametrize(
    ("path", "word"),
    [
        (lambda folder: folder / "missing.yaml", "no such file"),
        (lambda folder: folder, "not a regular file"),
        (lambda folder: folder / "missing" / "x", "no such file"),
        (_loop, "cannot be read"),
        (_fifo, "not a regular file"),
        (_huge, "larger than"),
        (lambda _: Path("/dev/zero"), "not a regular file"),
        (lambda folder: folder / ("x" * 300), "cannot be read"),
    ],
)
def test_paths_that_lead_nowhere_good(path: object, word: str, tmp_path: Path) -> None:
    assert callable(path)
    result = _run("check", path(tmp_path))
    assert result.exit_code == 3
    assert word in result.stdout
    assert ":0: " in result.stdout


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    file = tmp_path / "shop.yaml"
    file.touch(mode=0)
    assert "check its permissions" in _run("check", file).stdout


def test_a_terminal_without_japanese_gets_escapes(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(example().replace("title: Example Shop", "title: 見本商店"), "utf-8")
    command = [sys.executable, "-c", "from dashboards.cli.declaration import app; app()", "check", str(file)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = subprocess.run(command, capture_output=True, env=environment, check=False, cwd=Path(__file__).parents[3])
    assert result.returncode == 0
    assert b"\\u898b\\u672c" in result.stdout


def test_values_are_not_taken_for_markup(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(example().replace("title: Example Shop", 'title: "[red]Shop[/blue]"'), "utf-8")
    assert "[red]Shop[/blue]" in _run("check", file).stdout


def test_schema_prints_the_json_schema() -> None:
    result = _run("schema")
    assert (result.exit_code, json.loads(result.stdout_bytes)) == (0, schema())
