"""`tenken doctor`: which walls stand on this host, and what else of it matters."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grid.host import Fact, current
from grid.walls import Wall, walls
from plugins.clock import SystemClock

app = typer.Typer(add_completion=False)


class OutputFormat(StrEnum):
    """How the answer is printed."""

    TABLE = "table"
    JSON = "json"


@app.command()
def doctor(
    *, output: Annotated[OutputFormat, typer.Option("--format", help="How it is printed.")] = OutputFormat.TABLE
) -> None:
    """Try which walls stand on this host between a worker and the rest of the world, without sending anything.

    Exit code: 0, also when walls are missing: the permit always stands. 3 wrong input.
    """
    found, seen = walls(SystemClock()), current()
    if output is OutputFormat.JSON:
        answer = {"walls": [asdict(each) for each in found], "host": [asdict(each) for each in seen]}
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        return
    console = Console(highlight=False)
    console.print(_walls(found))
    console.print(_host(seen))


def _walls(found: tuple[Wall, ...]) -> Table:
    table = Table(
        "wall", "can stand", "in every run", "holds", "found how", title="Walls between a worker and the world"
    )
    for each in found:
        can, every = ("yes" if yes else "no" for yes in (each.stands, each.in_every_run))
        table.add_row(each.name, can, every, escape(each.holds), escape(each.why))
    return table


def _host(seen: tuple[Fact, ...]) -> Table:
    table = Table("host", "good", "seen", title="This host")
    for each in seen:
        table.add_row(each.name, "yes" if each.good else "look", escape(each.seen))
    return table
