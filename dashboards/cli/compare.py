"""`tenken compare OLD NEW`: what degraded between two results of the same system."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from dashboards.compare import headline, table
from dashboards.locale.phrasebook import Phrasebook
from plugins import canonical
from scheduler.compare import Comparison, OtherSystemError, WrongOrderError
from scheduler.compare import compare as differences
from scheduler.rejudge import RejudgeError, read_result

app = typer.Typer(add_completion=False)


class OutputFormat(StrEnum):
    """How the comparison is printed."""

    TABLE = "table"
    JSON = "json"


class OutputLang(StrEnum):
    """Language of the table."""

    JA = "ja"
    EN = "en"


@app.command()
def compare(
    old: Annotated[Path, typer.Argument(help="Earlier result: result.json, or the folder that holds it.")],
    new: Annotated[Path, typer.Argument(help="Later result of the same system.")],
    *,
    output: Annotated[OutputFormat, typer.Option("--format", help="How it is printed.")] = OutputFormat.TABLE,
    lang: Annotated[OutputLang, typer.Option(help="Language of the table.")] = OutputLang.EN,
) -> None:
    """Show what degraded, what improved and what changed between two results of the same system.

    Exit code: 0 nothing degraded, 1 something degraded, 3 wrong input.
    """
    try:
        comparison = differences(read_result(old), read_result(new))
    except (RejudgeError, OtherSystemError, WrongOrderError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(3) from None
    _print(comparison, output, Phrasebook(lang.value))
    raise typer.Exit(1 if comparison.degraded else 0)


def _print(comparison: Comparison, output: OutputFormat, book: Phrasebook) -> None:
    if output is OutputFormat.JSON:
        sys.stdout.write(canonical.dumps(comparison).decode() + "\n")
        return
    console = Console(highlight=False)
    console.print(f"{escape(comparison.system)}: {headline(comparison, book)}")
    if comparison.changes:
        console.print(table(comparison, book))
