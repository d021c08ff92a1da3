"""Text for people, in the two languages of the reports."""

from __future__ import annotations

from typing import Literal

from plugins.value import value

Lang = Literal["ja", "en"]
"""Language of a report or screen (ISO 639-1)."""


@value
class Text:
    """The same sentence in English and in Japanese."""

    en: str
    """English."""
    ja: str
    """Japanese, with the terms of the inspection rules."""

    def in_lang(self, lang: Lang) -> str:
        """Give the sentence in one language."""
        return self.ja if lang == "ja" else self.en
