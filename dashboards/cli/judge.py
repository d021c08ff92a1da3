"""`tenken judge DIR`: recompute a verdict from stored evidence, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dashboards.cli.verdict import counts
from plugins.cargo import unpacked
from plugins.pack import Pack, PackError, load_pack
from plugins.release import ReleaseError, from_bytes
from scheduler.rejudge import RejudgeError, differences, read_result, rejudge

app = typer.Typer(add_completion=False)


@app.command()
def judge(
    folder: Annotated[Path, typer.Argument(help="Folder that `tenken inspect --out` wrote.")],
    *,
    pack_file: Annotated[
        Path | None, typer.Option("--pack", help="Judge with this released pack; default: the installed signatures.")
    ] = None,
) -> None:
    """Judge stored evidence again without sending anything, and compare with result.json.

    Exit code: 0 the same verdict, 1 it differs, 3 wrong input.
    """
    try:
        pack = _pack(pack_file)
        result = read_result(folder)
        verdict = rejudge(folder, pack)
    except (RejudgeError, ReleaseError, PackError) as error:
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


def _pack(file: Path | None) -> Pack:
    """Give the pack to judge with. Whose signatures are under it does not matter here: nothing is sent, and the digest is told."""
    if file is None:
        return load_pack()
    try:
        release = from_bytes(file.read_bytes(), str(file), whole=False)
    except OSError as error:
        raise ReleaseError(str(file), error.strerror or "cannot be read") from None
    return unpacked(release.cargo, release.digest)
