"""`tenken signatures quotas`: how many signatures of each kind there are, beside how many there are to be."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table

from dashboards.cli.signatures.folder import EXIT_MISTAKES, Folder, folder_of, refusals, whole_pack
from plugins.pack import PackError
from plugins.quota import FILE, count, load_quotas, unfiled

app = typer.Typer(add_completion=False)
WIDTH = 100
"""Columns, so that a table in a log looks like one on a terminal."""


@app.command("quotas")
def quotas(*, folder: Folder = None) -> None:
    """Print how many signatures there are of each kind, and how many are wanted.

    Exit code: 0 no quota is short, 1 one is, or a product family counts for none, 3 wrong input.
    """
    where = folder_of(folder)
    with refusals():
        wanted, problems = load_quotas(where.joinpath(FILE).read_bytes(), FILE)
        if problems:
            raise PackError(problems)
        pack = whole_pack(where)
    rows = count(wanted, pack)
    table = Table("quota", "wanted", "there", "verified", "KEV", "short")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        shown = (row.wanted, row.there, row.verified or "", row.kev or "", row.short or "")
        table.add_row(row.name, *map(str, shown))
    Console(highlight=False, width=WIDTH).print(table)
    loose = unfiled(wanted, pack)
    if loose:
        typer.echo(f"count for no quota: {', '.join(loose)}; file them in {FILE}", err=True)
    if loose or any(row.short for row in rows):
        raise typer.Exit(EXIT_MISTAKES)
