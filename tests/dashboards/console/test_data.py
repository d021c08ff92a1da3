"""The data folder: one service at a time, secrets for their owner only."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.console.data import ServeError, first_tokens, locked
from scheduler.store.database import sqlite_url
from scheduler.store.store import Store
from scheduler.store.token import Principal, Role
from tests.fakes import FakeClock


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(sqlite_url(tmp_path / "a.db"))
    yield store
    store.close()


def test_two_services_never_share_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with locked(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        with pytest.raises(ServeError, match="another tenken serve uses this folder"), locked(folder):
            pass
    with locked(folder):
        pass


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServeError, match="choose another folder"), locked(tmp_path / "file" / "data"):
        pass


def test_the_first_start_makes_tokens_and_later_ones_do_not(store: Store, tmp_path: Path) -> None:
    made = first_tokens(store, tmp_path, FakeClock())
    assert set(made) == {Role.REVIEW_BODY, Role.MONITOR}
    for role, path in made.items():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with store.reading() as reading:
            assert reading.principal(path.read_text()) == Principal(role=role)
    assert first_tokens(store, tmp_path, FakeClock()) == {}


def test_lost_tokens_are_replaced(store: Store, tmp_path: Path) -> None:
    old = {role: path.read_text() for role, path in first_tokens(store, tmp_path, FakeClock()).items()}
    new = first_tokens(store, tmp_path, FakeClock(), renew=True)
    with store.reading() as reading:
        for role, path in new.items():
            assert reading.principal(old[role]) is None
            assert reading.principal(path.read_text()) == Principal(role=role)


def test_a_token_that_cannot_be_written_is_not_made(store: Store, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        first_tokens(store, tmp_path / "nowhere", FakeClock())
    with store.reading() as reading:
        assert not reading.has_token(Role.REVIEW_BODY)
