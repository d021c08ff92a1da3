"""The migrations lead to exactly the tables that the code uses, and may be run again."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from scheduler import store
from scheduler.store.database import connect, sqlite_url, upgrade
from scheduler.store.tables import metadata


def test_the_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    engine = connect(sqlite_url(tmp_path / "a.db"))
    upgrade(engine)
    upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_there_is_one_road_of_migrations_and_it_is_shipped() -> None:
    folder = Path(store.__file__).parent / "migrations"
    scripts = ScriptDirectory(str(folder))
    assert scripts.get_heads() == ["0002"]
    assert scripts.get_bases() == ["0001"]
