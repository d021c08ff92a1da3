"""Sentences in the reader's language: English stands in the code, Japanese in the gettext catalogue beside this file."""

from __future__ import annotations

import io
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from plugins.text import Lang

CATALOGUES = Path(__file__).parent
"""Folder of the catalogues, laid out as gettext wants it."""
DOMAIN = "tenken"
"""Name of every catalogue file."""


def mark(message: str) -> str:
    """Mark a sentence that is translated elsewhere, so that the catalogue knows it."""
    return message


def catalogue_path(lang: str) -> Path:
    """Give the place of a language's catalogue."""
    return CATALOGUES / lang / "LC_MESSAGES" / f"{DOMAIN}.po"


@cache
def _translations(lang: Lang) -> NullTranslations:
    if lang == "en":
        return NullTranslations()
    compiled = io.BytesIO()
    with catalogue_path(lang).open("rb") as source:
        write_mo(compiled, read_po(source, locale=lang))
    compiled.seek(0)
    return Translations(compiled)


class Phrasebook:
    """Says things in one language."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self._translations = _translations(lang)

    def look_up(self, message: str) -> str:
        """Give the sentence with its places (`%(name)s`) still open."""
        return self._translations.gettext(message)

    def look_up_number(self, one: str, many: str, n: int) -> str:
        """Give the sentence that suits the number `n`, with its places still open."""
        return self._translations.ngettext(one, many, n)

    def say(self, message: str, **values: object) -> str:
        """Say a sentence, with its places filled."""
        return self.look_up(message) % values

    def say_number(self, one: str, many: str, n: int, **values: object) -> str:
        """Say a sentence about `n` things; `%(n)s` is the number."""
        return self.look_up_number(one, many, n) % {"n": n, **values}
