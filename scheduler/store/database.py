"""The connection: engine, SQLite's switches, and the upgrade at start."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

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


class StoreError(Exception):
    """A database that cannot be used."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(url, problem)
        self.url, self.problem = url, problem

    def __str__(self) -> str:
        return f"{self.url}: {self.problem}"


def open_database(url: str) -> Engine:
    """Give an engine for a database in the newest shape; raises `StoreError`, which never shows the URL's password."""
    try:
        shown = make_url(url).render_as_string(hide_password=True)
        engine = connect(url)
        upgrade(engine)
    except ArgumentError:
        raise StoreError("database", "expected a URL such as sqlite:////var/lib/tenken/tenken.db") from None
    except ModuleNotFoundError as error:
        raise StoreError(shown, f"its driver is not installed: {error.name}") from None
    except CommandError as error:
        # Alembic meets a revision that it does not know: the database was upgraded by a later version.
        raise StoreError(shown, f"not a store of this version: {error}") from None
    except SQLAlchemyError as error:
        problem = str(error.__cause__ or error).partition("\n")[0]
        raise StoreError(shown, f"cannot be used: {problem}") from None
    return engine


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest shape; harmless when it already is."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.execution_options(writing=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
