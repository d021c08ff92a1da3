"""The connection: engine, SQLite's switches, and the upgrade at start."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event

BUSY_MS = 10_000
"""How long a writer waits for another one, milliseconds."""


def sqlite_url(path: Path) -> str:
    """Give the URL of a SQLite file."""
    return f"sqlite:///{path}"


def connect(url: str) -> Engine:
    """Give an engine for `url`; nothing is created or changed yet."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _switch)
        event.listen(engine, "begin", _begin)
    return engine


def _switch(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would begin transactions by itself, and too late: BEGIN is ours (`_begin`).
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A change reads before it writes: taking the write lock first keeps two changes from deciding on the same state.
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest shape; harmless when it already is."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.execution_options(writing=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
