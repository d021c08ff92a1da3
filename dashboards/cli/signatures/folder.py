"""The folder of signatures that somebody works in, and how it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from plugins.check import CheckError
from plugins.checks.catalogue import catalogue
from plugins.pack import TRANSCRIPTS, Pack, PackError, Signature, load_pack
from plugins.release import ReleaseError
from plugins.template.load import TemplateError
from plugins.template.rehearsal import Case, load_cases

EXIT_MISTAKES = 1
EXIT_WRONG_INPUT = 3
HERE = Path("signatures")
"""Where a checkout keeps them."""

Folder = Annotated[
    Path | None, typer.Option("--folder", help="Folder of signatures; default: ./signatures, else the installed ones.")
]


@contextmanager
def refusals() -> Iterator[None]:
    """Turn wrong input into its lines and exit code 3."""
    try:
        yield
    except (PackError, TemplateError, ReleaseError, CheckError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_WRONG_INPUT) from None
    except OSError as error:
        typer.echo(f"{error.filename}: {error.strerror}", err=True)
        raise typer.Exit(EXIT_WRONG_INPUT) from None


def folder_of(chosen: Path | None) -> Traversable:
    """Give the folder to read; raises `typer.BadParameter` when there is none."""
    if chosen is not None:
        if not chosen.is_dir():
            raise typer.BadParameter(f"{chosen}: no such folder")
        return chosen
    return HERE if HERE.is_dir() else resources.files("signatures")


def whole_pack(folder: Traversable) -> Pack:
    """Load a folder together with the catalogue of checks; raises `PackError`."""
    return load_pack(folder, catalogue())


def cases_of(folder: Traversable, signature: Signature) -> tuple[Case, ...]:
    """Give the transcripts of a signature, none when there is no file; raises `TemplateError`."""
    stem = signature.source.removesuffix(".yaml")
    family, _, name = stem.partition("/")
    file = folder.joinpath(family, f"{name}{TRANSCRIPTS}")
    return load_cases(file.read_bytes(), f"{stem}{TRANSCRIPTS}") if file.is_file() else ()


def one_of(pack: Pack, identifier: str) -> Signature:
    """Give a signature by its id; raises `typer.BadParameter`."""
    for signature in pack.signatures:
        if signature.id.casefold() == identifier.casefold():
            return signature
    raise typer.BadParameter(f"there is no signature {identifier[:80]!a}; `tenken signatures search` finds them")
