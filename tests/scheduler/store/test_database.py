"""SQLite's switches are on: what a crash or a second writer may not break."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from scheduler.store.database import StoreError, connect, open_database, sqlite_url, upgrade


def test_the_switches_are_on(tmp_path: Path) -> None:
    engine = connect(sqlite_url(tmp_path / "a.db"))
    with engine.connect() as connection:
        seen = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys")
        }
        assert seen == {"journal_mode": "wal", "foreign_keys": 1}
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 10_000
    engine.dispose()


def test_the_log_is_append_only_even_for_who_holds_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    engine = connect(sqlite_url(path))
    upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        connection.exec_driver_sql(
            "INSERT INTO systems VALUES ('s', '', '', '{}', '2026-01-01 00:00:00')",
        )
        connection.exec_driver_sql(
            "INSERT INTO plans VALUES ('p', 's', 'offered', '2026-01-01', '2026-01-01', '{}', '2026-01-01')"
        )
        connection.exec_driver_sql("INSERT INTO events VALUES (1, 'p', 'operator', '2026-01-01', '{}', '', 'd')")
    engine.dispose()
    outsider = sqlite3.connect(path)
    for statement in ("UPDATE events SET body = 'x'", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            outsider.execute(statement)
    outsider.close()


def test_foreign_keys_hold(tmp_path: Path) -> None:
    engine = connect(sqlite_url(tmp_path / "a.db"))
    upgrade(engine)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO plans VALUES ('p', 'nobody', 'offered', '2026-01-01', '2026-01-01', '{}', '2026-01-01')"
        )
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "expected a URL"),
        ("sqlite:////nowhere/at/all/a.db", "cannot be used: unable to open database file"),
        ("postgresql+nodriver://u:hunter2@127.0.0.1/x", "expected a URL"),
        ("postgresql+pg8000://u:hunter2@127.0.0.1/x", "driver is not installed: pg8000"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_its_password(url: str, told: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_database(url)
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_database_of_another_kind_or_a_later_version_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        open_database(sqlite_url(tmp_path / "a.db"))
    later = connect(sqlite_url(tmp_path / "b.db"))
    upgrade(later)
    with later.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    later.dispose()
    with pytest.raises(StoreError, match="not a store of this version"):
        open_database(sqlite_url(tmp_path / "b.db"))
