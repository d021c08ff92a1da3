"""Reading an operator's file: bounded, and never waiting, whatever the path leads to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scheduler.form.source import UnreadableError, read_file


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x" * 200_000)
    assert read_file(file, 200_000) == b"x" * 200_000
    with pytest.raises(UnreadableError, match="larger than 199999 bytes"):
        read_file(file, 199_999)


def test_a_link_to_a_file_is_fine(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").symlink_to("a")
    assert read_file(tmp_path / "b") == b"x"


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    for name, word in (
        ("fifo", "not a regular file"),
        ("loop", "symbolic links"),
        ("missing", "no such file"),
        (".", "not a regular file"),
        ("x" * 300, "too long"),
        ("a\0b", "null "),
    ):
        with pytest.raises(UnreadableError, match=word):
            read_file(tmp_path / name)


def test_a_file_without_end_is_cut() -> None:
    """/proc files say that they are empty; what counts is what comes."""
    with pytest.raises(UnreadableError, match="larger than 10 bytes"):
        read_file(Path("/proc/cpuinfo"), 10)


def test_no_file_is_left_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with pytest.raises(UnreadableError):
            read_file(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
