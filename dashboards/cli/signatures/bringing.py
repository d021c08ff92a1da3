"""`tenken signatures import`: foreign templates, each admitted or refused with the reason. Nothing is dropped silently."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from dashboards.cli.signatures.folder import EXIT_MISTAKES, refusals
from plugins.foreign import Brought, bring

app = typer.Typer(add_completion=False)


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="Template, or a folder of templates (searched to its ends).")],
    *,
    into: Annotated[
        Path | None,
        typer.Option(help="Write what is admitted into this folder, as drafts that still need their texts and tests."),
    ] = None,
) -> None:
    """Examine foreign templates: which are admitted, which are refused and by what reason. Sends nothing.

    Exit code: 0 all admitted, 1 some refused, 3 wrong input.
    """
    if not source.exists():
        raise typer.BadParameter(f"{source}: no such file or folder")
    counts = {True: 0, False: 0}
    with refusals():
        for file in _files(source):
            brought = bring(file.read_bytes(), str(file))
            counts[brought.admitted] += 1
            for line in _told(file, brought, into):
                typer.echo(line)
    typer.echo(f"{sum(counts.values())} files: {counts[True]} admitted, {counts[False]} refused")
    raise typer.Exit(EXIT_MISTAKES if counts[False] else 0)


def _files(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
        return
    for file in sorted(source.rglob("*")):
        if file.is_file():
            yield file


def _told(file: Path, brought: Brought, into: Path | None) -> Iterator[str]:
    if not brought.admitted:
        first, *rest = brought.reasons
        yield f"refused  {file}: {first}"
        yield from (f"         {reason}" for reason in rest)
        return
    if into is None:
        yield f"admitted {file}"
        return
    target = into / brought.family / f"{brought.identifier}.yaml"
    if target.exists():
        yield f"admitted {file}: not written, {target} is there already"
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(brought.text, encoding="utf-8")
    yield f"admitted {file}: written to {target}; write its texts and its transcripts"
