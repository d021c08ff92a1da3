"""The secret: made once, for its owner's eyes, and refused when others may read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from probes.control.secret import SIZE, SecretFileError, load_or_create


def test_made_on_first_use_and_then_the_same(tmp_path: Path) -> None:
    path = tmp_path / "new" / "control-secret"
    first = load_or_create(path)
    assert len(first) == SIZE
    assert load_or_create(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["control-secret"]


def test_two_installations_differ(tmp_path: Path) -> None:
    assert load_or_create(tmp_path / "a") != load_or_create(tmp_path / "b")


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "control-secret"
    load_or_create(path)
    path.chmod(0o644)
    with pytest.raises(SecretFileError, match="expected mode 0600, seen 0644"):
        load_or_create(path)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_file_of_another_size_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "control-secret"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SecretFileError, match="expected a file of 32 bytes"):
        load_or_create(path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SecretFileError, match="cannot be used"):
        load_or_create(tmp_path / "file" / "control-secret")
