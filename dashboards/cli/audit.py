"""`tenken audit`: who did what, and whether the log still says what was written.

Exit codes: 0 it does, 1 it does not (the first bad line is named), 3 wrong input.
"""

from __future__ import annotations

import json
import sys
from collections import deque
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dashboards.cli.logged import AUDIT_LOG
from dashboards.cli.paths import home
from grid.audit import AuditError, Entry, entries
from grid.audit import verify as verify_log
from grid.evidence import KeyRing
from grid.key import KeyFileError, TrustedKeys, load_or_create, trusted
from plugins import canonical

app = typer.Typer(add_completion=False, help="Who did what: the append-only, signed audit log.")
EXIT_BAD, EXIT_WRONG_INPUT = 1, 3
KEY = "order-key.pem"
"""The key beside a log, in a data folder of `tenken serve` as in a user's own."""

LogFile = Annotated[
    Path | None, typer.Argument(help="The log; default: your own. That of `tenken serve` is DATA/audit.jsonl.")
]


class OutputFormat(StrEnum):
    """How entries are printed."""

    TABLE = "table"
    JSON = "json"


@app.command()
def verify(
    path: LogFile = None,
    *,
    keys: Annotated[
        Path | None,
        typer.Option(help="Public keys, as evidence/keys.json holds them; default: the key beside the log."),
    ] = None,
) -> None:
    """Check every entry, the chain and the head; print how many entries there are and the digest of the newest.

    Keep what is printed somewhere else, too: whoever can write the log's folder could put back an older log with its older head.
    """
    log = _readable(path)
    known = _keys(log, keys)
    try:
        head = verify_log(log, known)
    except AuditError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_BAD) from None
    typer.echo(f"{head.number} entries, head {head.digest}")


@app.command()
def show(
    path: LogFile = None,
    *,
    last: Annotated[int, typer.Option(help="Only so many of the newest; 0: all.", min=0)] = 50,
    output: Annotated[OutputFormat, typer.Option("--format", help="How entries are printed.")] = OutputFormat.TABLE,
) -> None:
    """Print entries, oldest first. They are not checked: `tenken audit verify` does that."""
    log = _readable(path)
    try:
        chosen = deque(entries(log), last or None)
    except AuditError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_BAD) from None
    if output is OutputFormat.JSON:
        for entry in chosen:
            sys.stdout.write(json.dumps(canonical.to_plain(entry), ensure_ascii=False) + "\n")
    else:
        Console(highlight=False).print(_table(chosen))


def _table(chosen: deque[Entry]) -> Table:
    table = Table("number", "at", "who", "did", "to", "detail", box=None, padding=(0, 2, 0, 0))
    for entry in chosen:
        said = (entry.actor, entry.action, entry.subject, entry.detail)
        # People wrote the reasons: nothing of them may move the cursor.
        shown = (escape(_quiet(text)) for text in said)
        table.add_row(str(entry.number), f"{entry.at:%Y-%m-%d %H:%M:%S}Z", *shown)
    return table


def _quiet(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _readable(path: Path | None) -> Path:
    log = path or home() / AUDIT_LOG
    try:
        with log.open("rb"):
            return log
    except OSError as error:
        raise _wrong(f"{log}: expected an audit log, seen: {error.strerror}; name another one") from None


def _keys(log: Path, keys: Path | None) -> TrustedKeys:
    if keys is None:
        return _own_key(log.parent / KEY)
    try:
        return dict(canonical.loads(KeyRing, keys.read_bytes()).keys)
    except OSError as error:
        raise _wrong(f"{keys}: expected public keys, seen: {error.strerror}") from None
    except canonical.NotCanonicalError as error:
        raise _wrong(f"{keys}: expected public keys as in evidence/keys.json, seen: {error}") from None


def _own_key(path: Path) -> TrustedKeys:
    if not path.exists():
        raise _wrong(f"{path}: expected the key that signs the log, seen none; name public keys with --keys")
    try:
        return trusted(load_or_create(path))
    except KeyFileError as error:
        raise _wrong(str(error)) from None


def _wrong(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(EXIT_WRONG_INPUT)
