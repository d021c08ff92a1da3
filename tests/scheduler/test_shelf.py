"""The shelf: another pack counts only signed by two reviewers, logged first, and never disturbs the one in use."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.audit import Action, AuditError
from plugins.pack import Pack, load_pack
from plugins.release import Release, ReleaseError, release_of, signed, to_bytes
from scheduler.shelf import PACK_FILE, REVIEWERS_FILE, Shelf
from tests.plugins.template.samples import HEAD, text

AT = datetime(2026, 11, 23, tzinfo=UTC)
KEYS = {name: Ed25519PrivateKey.generate() for name in ("Hanako", "Taro")}


class Trail:
    """An audit log that may be full."""

    def __init__(self) -> None:
        self.entries: list[tuple[Action, str]] = []
        self.full = False

    def append(self, actor: str, action: Action, subject: str, detail: str = "") -> object:
        del actor, subject
        if self.full:
            raise AuditError("audit.jsonl", "no space left")
        self.entries.append((action, detail))
        return None


def release(folder: Path, identifier: str) -> Release:
    (folder / identifier / "a").mkdir(parents=True)
    written = text(head=HEAD.replace("id: sample", f"id: {identifier}"))
    (folder / identifier / "a" / f"{identifier}.yaml").write_text(written, encoding="utf-8")
    return release_of(folder / identifier, load_pack(folder / identifier))


def installed() -> Pack:
    raise AssertionError("the installed pack is not asked for")


def whole(ids: Collection[str]) -> tuple[str, ...]:
    """Nothing is lacking: these packs hold one signature."""
    del ids
    return ()


def people(data: Path) -> None:
    lines = [f"- name: {name}\n  key: {key.public_key().public_bytes_raw().hex()}\n" for name, key in KEYS.items()]
    (data / REVIEWERS_FILE).write_text("".join(lines), encoding="utf-8")


def put(data: Path, made: Release, *names: str) -> None:
    for name in names:
        made = signed(made, name, KEYS[name], AT)
    draft = data / "draft"
    draft.write_bytes(to_bytes(made))
    draft.replace(data / PACK_FILE)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    people(folder)
    return folder


def test_without_a_release_the_installed_pack_is_used(data: Path, tmp_path: Path) -> None:
    release(tmp_path, "one")
    pack, trail = load_pack(tmp_path / "one"), Trail()
    shelf = Shelf(data, lambda: pack, trail, whole)
    assert shelf.current() is shelf.current() is pack
    assert trail.entries == []


def test_another_release_is_taken_once_and_logged_before_it_counts(data: Path, tmp_path: Path) -> None:
    one, two = release(tmp_path, "one"), release(tmp_path, "two")
    trail = Trail()
    shelf = Shelf(data, installed, trail, whole)
    put(data, one, "Hanako", "Taro")
    assert shelf.current().digest == shelf.current().digest == one.digest
    put(data, two, "Hanako", "Taro")
    assert shelf.current().digest == two.digest
    put(data, two, "Taro", "Hanako")
    assert shelf.current().digest == two.digest
    assert [action for action, _ in trail.entries] == [Action.PACK_TAKEN, Action.PACK_TAKEN]
    assert f"digest={two.digest} before={one.digest[:16]} signed_by=Hanako, Taro" in trail.entries[1][1]


def test_what_is_no_good_is_not_used_and_the_old_one_stays(data: Path, tmp_path: Path) -> None:
    one, two = release(tmp_path, "one"), release(tmp_path, "two")
    trail = Trail()
    shelf = Shelf(data, installed, trail, whole)
    put(data, one, "Hanako", "Taro")
    assert shelf.current().digest == one.digest
    put(data, two, "Hanako")
    assert shelf.current().digest == one.digest
    (data / PACK_FILE).write_bytes(b"no pack")
    assert shelf.current().digest == one.digest
    trail.full = True
    put(data, two, "Hanako", "Taro")
    assert shelf.current().digest == one.digest, "what cannot be logged does not happen"
    assert len(trail.entries) == 1


def test_a_service_does_not_begin_with_a_release_that_is_no_good(data: Path, tmp_path: Path) -> None:
    one = release(tmp_path, "one")
    put(data, one, "Hanako")
    with pytest.raises(ReleaseError, match="expected the signatures of 2 different reviewers, saw Hanako"):
        Shelf(data, installed, Trail(), whole).current()
    put(data, one, "Hanako", "Taro")
    (data / REVIEWERS_FILE).unlink()
    with pytest.raises(ReleaseError, match="without a list of reviewers no signature counts"):
        Shelf(data, installed, Trail(), whole).current()


def test_a_pack_that_the_control_of_a_run_cannot_pass_is_not_used(data: Path, tmp_path: Path) -> None:
    put(data, release(tmp_path, "one"), "Hanako", "Taro")
    with pytest.raises(
        ReleaseError, match=r"lacks git-repository-exposed, .*, which the control of every run has to find"
    ):
        Shelf(data, installed, Trail()).current()
