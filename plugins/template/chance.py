"""Chance and clock as arguments: the same occasion draws the same, so a judge that runs a program again asks the same.

Draws are hashes of a seed and of where they happen, not the stream of a generator: what one request draws does not depend on how
many others were made before, and no library's generator has to stay the same for a verdict to be recomputed years later.
"""

from __future__ import annotations

import hashlib

from plugins.value import value

RANDOM_TEXT_LENGTH = 20
"""Length of `{{randstr}}`."""
_RANDOM_TEXT = "0123456789abcdefghijklmnopqrstuvwxyz"


@value
class Occasion:
    """What of chance and clock the programs of one inspection of one server see. It is stored with the evidence."""

    seed: str = ""
    """Random text that no server can guess, drawn anew for each inspection."""
    at: int = 0
    """Seconds since 1970 that expressions take for now."""


class Chance:
    """Draws of one place."""

    __slots__ = ("_drawn", "at", "seed", "where")

    def __init__(self, occasion: Occasion, *where: str | int) -> None:
        self.seed, self.at, self.where = occasion.seed, occasion.at, where
        self._drawn = 0

    def below(self, bound: int) -> int:
        """Draw a whole number from 0 to bound - 1."""
        self._drawn += 1
        name = "\0".join((self.seed, *map(str, self.where), str(self._drawn)))
        return int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:16]) % bound

    def text(self, length: int, alphabet: str) -> str:
        """Draw a text."""
        return "".join(alphabet[self.below(len(alphabet))] for _ in range(length))

    def bytes(self, length: int) -> bytes:
        """Draw bytes."""
        return bytes(self.below(256) for _ in range(length))


NOTHING = Chance(Occasion())
"""For expressions that draw nothing."""


def random_text(occasion: Occasion, name: str) -> str:
    """Give what `{{randstr}}` or `{{randstr_N}}` stands for: the same for all templates, so that their asks can be shared."""
    return Chance(occasion, name).text(RANDOM_TEXT_LENGTH, _RANDOM_TEXT)
