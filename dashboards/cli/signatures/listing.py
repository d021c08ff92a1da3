"""`tenken signatures list`, `show` and `search`: what there is, on the terminal, as JSON, or as a page for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dashboards.cli.signatures.folder import Folder, cases_of, folder_of, one_of, refusals, whole_pack
from dashboards.report.signatures import render_signatures
from plugins.pack import Signature
from plugins.template.program import planned
from plugins.template.rehearsal import endpoint_of
from plugins.text import Lang
from probes.holes.judge import told

list_app = typer.Typer(add_completion=False)
show_app = typer.Typer(add_completion=False)
search_app = typer.Typer(add_completion=False)


class OutputFormat(StrEnum):
    """How it is printed."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"


class Language(StrEnum):
    """Language of titles."""

    JA = "ja"
    EN = "en"


Format = Annotated[OutputFormat, typer.Option("--format", help="How it is printed.")]
Lang_ = Annotated[Language, typer.Option("--lang", help="Language of titles.")]


@list_app.command("list")
def list_(*, folder: Folder = None, output: Format = OutputFormat.TABLE, lang: Lang_ = Language.EN) -> None:
    """List every signature; --format html gives a page for people.

    Exit code: 0, 3 wrong input.
    """
    with refusals():
        pack = whole_pack(folder_of(folder))
    _print(pack.signatures, pack.digest, output, lang.value)


@search_app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Words that all have to occur: ids, CVE, products, tags, titles.")],
    *,
    folder: Folder = None,
    output: Format = OutputFormat.TABLE,
    lang: Lang_ = Language.EN,
) -> None:
    """Find signatures by words.

    Exit code: 0 found, 1 none, 3 wrong input.
    """
    with refusals():
        pack = whole_pack(folder_of(folder))
    wanted = [word.casefold() for word in words]
    found = tuple(one for one in pack.signatures if all(word in _text(one) for word in wanted))
    _print(found, pack.digest, output, lang.value)
    if not found:
        raise typer.Exit(1)


@show_app.command()
def show(identifier: Annotated[str, typer.Argument(metavar="ID", help="Id.")], *, folder: Folder = None) -> None:
    """Show one signature: what it is about, what it asks, and what it is proved with.

    Exit code: 0, 3 wrong input.
    """
    where = folder_of(folder)
    with refusals():
        signature = one_of(whole_pack(where), identifier)
        cases = cases_of(where, signature)
    template = signature.template
    inspection = template.inspection
    for name, text in (
        ("id", f"{signature.id} ({signature.source})"),
        ("title", f"{inspection.title.en} / {inspection.title.ja}"),
        ("remedy", f"{inspection.remedy.en} / {inspection.remedy.ja}"),
        ("severity", f"{template.severity}, threat {inspection.threat}, certainty {inspection.certainty}"),
        ("product", inspection.product.name if inspection.product else "every web server"),
        ("roles", ", ".join(signature.roles)),
        ("lists", ", ".join((*template.classification.cve, *template.classification.cwe))),
        ("cvss", template.classification.cvss),
        ("references", " ".join(template.references)),
        ("written by", ", ".join(template.authors)),
        ("sha256", signature.digest),
    ):
        if text:
            typer.echo(f"{name:>11}: {text}")
    typer.echo(f"{'asks':>11}:")
    for ask in dict.fromkeys(planned(template, endpoint_of(template))):
        typer.echo(f"{'':>12} {told(ask)}")
    if signature.is_check:
        typer.echo(f"{'':>12} written in Python: its asks depend on the answers")
    typer.echo(f"{'proved on':>11}:")
    for case in cases:
        typer.echo(f"{'':>12} {case.kind}: {case.server}")


def _text(signature: Signature) -> str:
    template = signature.template
    inspection = template.inspection
    words = (
        signature.id,
        signature.family,
        template.name,
        template.description,
        *template.tags,
        *template.classification.cve,
        template.classification.cpe,
        inspection.title.en,
        inspection.title.ja,
        inspection.product.name if inspection.product else "",
    )
    return "\n".join(words).casefold()


def _print(signatures: Sequence[Signature], digest: str, output: OutputFormat, lang: Lang) -> None:
    if output is OutputFormat.HTML:
        sys.stdout.write(render_signatures(signatures, digest, lang))
        return
    if output is OutputFormat.JSON:
        rows = [_row(signature, lang) for signature in signatures]
        sys.stdout.write(json.dumps({"pack": digest, "signatures": rows}, ensure_ascii=False) + "\n")
        return
    table = Table("id", "family", "severity", "threat", "certainty", "title")
    for signature in signatures:
        row = _row(signature, lang)
        names = ("id", "family", "severity", "threat", "certainty", "title")
        table.add_row(*(escape(str(row[name])) for name in names))
    # Piped into a file, every row stays on one line.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 240)
    console.print(table)
    console.print(f"{len(signatures)} signatures, pack {digest[:16]}")


def _row(signature: Signature, lang: Lang) -> dict[str, object]:
    template = signature.template
    inspection = template.inspection
    return {
        "id": signature.id,
        "family": signature.family,
        "severity": template.severity,
        "threat": str(inspection.threat),
        "certainty": inspection.certainty,
        "title": inspection.title.in_lang(lang),
        "cve": list(template.classification.cve),
        "references": list(template.references),
        "sha256": signature.digest,
    }
