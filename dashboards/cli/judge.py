"""`tenken judge DIR`: recompute a verdict from stored evidence, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dashboards.cli.verdict import counts
from plugins.pack import load_pack
from scheduler.rejudge import RejudgeError, differences, read_result, rejudge

app = typer.Typer(add_completion=False)


@app.command()
def judge(folder: Annotated[Path, typer.Argument(help="Folder that `tenken inspect --out` wrote.")]) -> None:
    """Judge stored evidence again without sending anything, and compare with result.json.

    Exit code: 0 the same verdict, 1 it differs, 3 wrong input.
    """
    pack = load_pack()
    try:
        result = read_result(folder)
        verdict = rejudge(folder, pack)
    except RejudgeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(3) from None
    lines = differences(result, verdict, pack)
    numbers = ", ".join(f"{number} {outcome}" for outcome, number in counts(verdict).items())
    typer.echo(f"judged again: {verdict.standing} ({len(verdict.findings)} findings; checks: {numbers})")
    for line in lines:
        typer.echo(f"differs: {line}")
    if not lines:
        typer.echo("the same as the stored verdict")
    raise typer.Exit(1 if lines else 0)
