"""Order of versions as products write them: `2.4.49`, `1.0.2zg` (OpenSSL), `9.2p1` (OpenSSH), `9.0.0.M1`, `4.0.6-p4`.

A version is cut into numbers and words. At the same place the order is: words that announce a release (dev, alpha, beta, M, rc)
< nothing, or 0 < words that follow a release (p1, the letters of OpenSSL) < numbers. So `1.0rc1 < 1.0 == 1.0.0 < 1.0a < 1.0.1`.
A `+` and what follows is a note of the builder and does not count.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import re2

from plugins.value import value

MAX_LENGTH = 80
"""Longest text that is taken for a version."""

Place: TypeAlias = tuple[int, int, str]
"""Class, number, word: compared in this order."""

_SHAPE = re2.compile(r"[vV]?[0-9][0-9A-Za-z._~\-]*(?:\+[0-9A-Za-z._~+\-]*)?")
_TOKEN = re2.compile(r"[0-9]+|[A-Za-z]+|~")
_CONSTRAINT = re2.compile(r"\s*(>=|<=|==|!=|=|>|<)?\s*(\S+)\s*")
_END: Place = (1, 0, "")
_BEFORE = {"~": 0, "dev": 1, "snapshot": 1, "alpha": 2, "beta": 3, "m": 4, "milestone": 4, "pre": 5, "preview": 5}
_BEFORE |= {"rc": 6, "cr": 6}
_BEFORE_A_NUMBER = _BEFORE | {"a": 2, "b": 3, "c": 6}
_NOTHING = frozenset({"final", "ga", "release"})


class NotAVersionError(ValueError):
    """The text is no version, or no constraint on one."""

    def __init__(self, text: str, expected: str) -> None:
        super().__init__(text, expected)
        self.text, self.expected = text, expected

    def __str__(self) -> str:
        return f"{self.text[:MAX_LENGTH]!a} is not {self.expected}"


@value
class Constraint:
    """One bound on a version."""

    operator: str
    """One of `==`, `!=`, `<`, `<=`, `>`, `>=`."""
    version: str
    """The bound."""

    def holds(self, version: str) -> bool:
        """Tell whether `version` keeps the bound; raises `NotAVersionError`."""
        order = compare(version, self.version)
        return {
            "==": order == 0,
            "!=": order != 0,
            "<": order < 0,
            "<=": order <= 0,
            ">": order > 0,
            ">=": order >= 0,
        }[self.operator]


def compare(left: str, right: str) -> int:
    """Give -1, 0 or 1; raises `NotAVersionError`."""
    ours, theirs = _places(left), _places(right)
    width = max(len(ours), len(theirs))
    padded, against = ours + [_END] * (width - len(ours)), theirs + [_END] * (width - len(theirs))
    return (padded > against) - (padded < against)


@lru_cache(maxsize=4096)
def constraints(text: str) -> tuple[Constraint, ...]:
    """Read `>= 2.4.49, < 2.4.51`; without an operator the version must be equal. Raises `NotAVersionError`."""
    return tuple(_constraint(part) for part in text.split(","))


def _constraint(text: str) -> Constraint:
    found = _CONSTRAINT.fullmatch(text)
    if found is None:
        raise NotAVersionError(text, "a constraint such as '>= 2.4.49'")
    operator = found.group(1) or "=="
    _places(found.group(2))
    return Constraint(operator="==" if operator == "=" else operator, version=found.group(2))


@lru_cache(maxsize=4096)
def _places(text: str) -> list[Place]:
    text = text.strip()
    if len(text) > MAX_LENGTH or not _SHAPE.fullmatch(text):
        raise NotAVersionError(text, "a version such as 2.4.49, 1.0.2k or 9.2p1")
    tokens = [token.lower() for token in _TOKEN.findall(text.lstrip("vV").split("+")[0])]
    places = [_place(token, tokens[index + 1 : index + 2]) for index, token in enumerate(tokens)]
    return [place for place in places if place is not None]


def _place(token: str, following: list[str]) -> Place | None:
    if token.isdigit():
        number = int(token)
        return (3, number, "") if number else _END
    if token in _NOTHING:
        return None
    before = _BEFORE_A_NUMBER if following and following[0].isdigit() else _BEFORE
    if token in before:
        return (0, before[token], "")
    # Letters that follow a release count on like columns of a sheet: y, z, za, zb (OpenSSL).
    return (2, len(token), token)
