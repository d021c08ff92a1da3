"""Keeps the catalogues in step with the code: collects every sentence that is said, and merges new ones into the `.po` files.

python -m dashboards.locale.catalogue

What it adds is untranslated; a test fails until somebody has translated it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from dashboards.locale.phrasebook import catalogue_path

ROOM = Path(__file__).parents[1]
"""The room whose sentences are collected."""
METHODS = [("**.py", "python"), ("**.j2", "jinja2.ext:babel_extract")]
"""Which files are read how."""
KEYWORDS: Mapping[str, tuple[int, ...]] = {"say": (1,), "say_number": (1, 2), "mark": (1,)}
"""Calls whose arguments are sentences."""
TRANSLATED = ("ja",)
"""Languages beside English."""

_Message = str | tuple[str, ...]


def said(room: Path = ROOM) -> Iterator[tuple[str, _Message]]:
    """Give each sentence that is said below `room`, with the file that says it."""
    found = extract_from_dir(
        str(room), METHODS, keywords=dict(KEYWORDS), options_map={"**.j2": {"silent": "false"}}, strip_comment_tags=True
    )
    for file, _line, message, _comments, _context in found:
        yield file, message


def template() -> Catalog:
    """Give a catalogue of all sentences, untranslated; line numbers are left out, so that moving code changes nothing."""
    catalog = Catalog(project="Tenken", charset="utf-8")
    for file, message in sorted(said(), key=str):
        catalog.add(message, locations=[(file, 0)])
    return catalog


def merged(lang: str) -> Catalog:
    """Give a language's catalogue brought up to date: what is no longer said is gone, what is new is untranslated."""
    path = catalogue_path(lang)
    with path.open("rb") as source:
        catalog = read_po(source, locale=lang)
    catalog.update(template(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.msgid_bugs_address, catalog.last_translator, catalog.language_team = "", "Tenken", lang
    return catalog


def main() -> None:
    """Bring every catalogue up to date."""
    for lang in TRANSLATED:
        catalog = merged(lang)
        with catalogue_path(lang).open("wb") as target:
            write_po(target, catalog, width=100, sort_output=True, include_lineno=False, ignore_obsolete=True)


if __name__ == "__main__":
    main()
