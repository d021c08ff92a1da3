"""`tenken signatures new`: asks a few questions, writes a signature and its transcripts that pass their tests at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import re2
import typer
import yaml

from dashboards.cli.signatures.folder import EXIT_WRONG_INPUT, HERE, refusals
from plugins.pack import TRANSCRIPTS
from plugins.template.load import load
from plugins.template.model import Threat

app = typer.Typer(add_completion=False)

_FAMILY = re2.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


@app.command()
def new(
    identifier: Annotated[str, typer.Option("--id", prompt="Id (CVE-2026-12345, or words-with-hyphens)", help="Id.")],
    family: Annotated[str, typer.Option(prompt="Product family (folder)", help="Product family: the folder.")],
    name: Annotated[str, typer.Option(prompt="Name (English, one line)", help="Name, English.")],
    severity: Annotated[
        str, typer.Option(prompt="Severity (low, medium, high, critical)", help="low, medium, high or critical.")
    ],
    threat: Annotated[
        Threat, typer.Option(prompt="What an attacker gains at worst", help="What an attacker gains at worst.")
    ],
    path: Annotated[str, typer.Option(prompt="Path that shows the hole", help="Path to ask for, such as /.git/HEAD.")],
    word: Annotated[str, typer.Option(prompt="Words in the answer that prove it", help="Words that prove the hole.")],
    title_en: Annotated[str, typer.Option(prompt="Title for a shop owner (English)", help="Title, English.")],
    title_ja: Annotated[str, typer.Option(prompt="Title for a shop owner (日本語)", help="Title, Japanese.")],
    remedy_en: Annotated[str, typer.Option(prompt="What to do (English)", help="Remedy, English.")],
    remedy_ja: Annotated[str, typer.Option(prompt="What to do (日本語)", help="Remedy, Japanese.")],
    reference: Annotated[str, typer.Option(prompt="Advisory (URL)", help="URL of the advisory.")],
    author: Annotated[str, typer.Option(prompt="Your name", help="Who writes it.")],
    product: Annotated[
        str,
        typer.Option(help="Product that must have been seen; its pattern is the name, until you write a better one."),
    ] = "",
    folder: Annotated[Path, typer.Option(help="Folder of signatures.")] = HERE,
) -> None:
    """Write a new signature with its tests: asks for what is not given as an option.

    Exit code: 0 written, 3 wrong input.
    """
    if not _FAMILY.fullmatch(family):
        raise typer.BadParameter(f"{family[:40]!a} is no folder name; use lower-case letters, digits and hyphens")
    texts = {"title": {"ja": title_ja, "en": title_en}, "remedy": {"ja": remedy_ja, "en": remedy_en}}
    tenken: dict[str, object] = {"threat": threat.value, "certainty": "verified", **texts}
    if product:
        tenken["product"] = {"name": product, "seen": [f"(?i){re2.escape(product)}"]}
    info: dict[str, object] = {"name": name, "author": author, "severity": severity, "tags": family}
    info["reference"] = [reference]
    document = _document(identifier, info, tenken, path, word)
    text = _yaml(document)
    with refusals():
        load(text, f"{family}/{identifier}.yaml")
        _write(folder / family / f"{identifier}.yaml", text)
        _write(folder / family / f"{identifier}{TRANSCRIPTS}", _yaml(_cases(path, word, name)))
    typer.echo(f"{folder / family / identifier}.yaml\n{folder / family / identifier}{TRANSCRIPTS}")
    typer.echo(f"Next: make the three servers in the transcripts real, then run: tenken signatures test {identifier}")


def _document(
    identifier: str, info: dict[str, object], tenken: dict[str, object], path: str, word: str
) -> dict[str, object]:
    if identifier.upper().startswith("CVE-"):
        info["classification"] = {"cve-id": identifier}
    block = {
        "path": ["{{BaseURL}}" + path],
        "matchers-condition": "and",
        "matchers": [{"type": "status", "status": [200]}, {"type": "word", "words": [word]}],
    }
    return {"id": identifier, "info": {**info, "metadata": {"tenken": tenken}}, "http": [block]}


def _cases(path: str, word: str, name: str) -> list[dict[str, object]]:
    front = "<html><title>Shop</title>Welcome</html>"
    return [
        {"kind": "vulnerable", "server": f"{name}: as it is with the hole", "exchanges": [_exchange(path, 200, word)]},
        {"kind": "fixed", "server": f"{name}: as it is when mended", "exchanges": [_exchange(path, 404, "")]},
        {"kind": "look-alike", "server": "shop that shows its front page", "exchanges": [_exchange(path, 200, front)]},
    ]


def _exchange(path: str, status: int, body: str) -> dict[str, object]:
    return {"path": path, "status": status, "body": body}


def _yaml(document: object) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _write(path: Path, text: str) -> None:
    if path.exists():
        typer.echo(f"{path}: is there already; choose another id, or edit it", err=True)
        raise typer.Exit(EXIT_WRONG_INPUT)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
