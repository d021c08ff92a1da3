"""`tenken signatures lint` and `test`: mistakes with file and line, and every transcript through the real program."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from dashboards.cli.signatures.folder import (
    EXIT_MISTAKES,
    Folder,
    cases_of,
    folder_of,
    refusals,
    whole_pack,
)
from plugins.pack import PackError, Signature
from plugins.proof import examine_card, examine_proof
from plugins.template.load import TemplateError

lint_app = typer.Typer(add_completion=False)
test_app = typer.Typer(add_completion=False)

Ids = Annotated[list[str] | None, typer.Argument(help="Ids or product families; none: all.")]


@lint_app.command()
def lint(ids: Ids = None, *, folder: Folder = None) -> None:
    """Look for mistakes in signatures, fingerprints and decisions, and for what admission refuses. Sends nothing.

    Exit code: 0 no mistake, 1 mistakes, 3 wrong input.
    """
    where = folder_of(folder)
    try:
        pack = whole_pack(where)
    except PackError as error:
        told = [str(problem) for problem in error.problems if _about(problem.source, ids)]
        _end(told or [str(problem) for problem in error.problems], "mistakes")
        return
    chosen = _chosen(pack.signatures, ids)
    flaws = [str(flaw) for signature in chosen for flaw in examine_card(signature)]
    _end(flaws, "mistakes", f"{len(chosen)} signatures, no mistake")


@test_app.command("test")
def prove(ids: Ids = None, *, folder: Folder = None) -> None:
    """Run signatures over their transcripts: vulnerable servers have to match, fixed ones and look-alikes must not.

    Exit code: 0 all as expected, 1 not, 3 wrong input.
    """
    where = folder_of(folder)
    with refusals():
        chosen = _chosen(whole_pack(where).signatures, ids)
        flaws, count = [], 0
        began = time.perf_counter()
        for signature in chosen:
            try:
                cases = cases_of(where, signature)
            except TemplateError as error:
                flaws += [str(problem) for problem in error.problems]
                continue
            count += len(cases)
            flaws += [str(flaw) for flaw in (*examine_card(signature), *examine_proof(signature, cases))]
        took = (time.perf_counter() - began) * 1000
    done = f"{len(chosen)} signatures, {count} transcripts in {took:.0f} ms: all as expected"
    _end(flaws, "not as expected", done)


def _about(source: str, ids: list[str] | None) -> bool:
    family, _, name = source.partition("/")
    return not ids or any(each == family or name.startswith(each) for each in ids)


def _chosen(signatures: tuple[Signature, ...], ids: list[str] | None) -> tuple[Signature, ...]:
    if not ids:
        return signatures
    known = {signature.id for signature in signatures} | {signature.family for signature in signatures}
    if unknown := [each for each in ids if each not in known]:
        raise typer.BadParameter(f"no signature and no product family is called {', '.join(unknown)[:200]!a}")
    return tuple(one for one in signatures if one.id in ids or one.family in ids)


def _end(lines: list[str], what: str, done: str = "") -> None:
    for line in lines:
        typer.echo(line)
    if lines:
        typer.echo(f"{len(lines)} {what}", err=True)
        raise typer.Exit(EXIT_MISTAKES)
    typer.echo(done)
