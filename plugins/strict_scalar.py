"""Plain scalars by the core schema of YAML 1.2 (section 10.3.2), less what surprises."""

from __future__ import annotations

import math

import re2

from plugins.plain_words import clip

_INT = re2.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re2.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LEADING_ZERO = re2.compile(r"[-+]?0[0-9]+")
_NAMED: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_MAX_DIGITS = 18


class ScalarError(ValueError):
    """A plain scalar that looks like a number and cannot be taken as one without a surprise."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text, reason)
        self.text, self.reason = text, reason

    def __str__(self) -> str:
        return f"{clip(self.text)}: {self.reason}; put it in quotes if it is text"


def core_scalar(text: str) -> str | int | float | bool | None:
    """Give what a plain scalar means; raises `ScalarError` for numbers that surprise (leading zero, too large)."""
    if text in _NAMED:
        return _NAMED[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if _LEADING_ZERO.fullmatch(text):
        raise ScalarError(text, "a number with a leading zero")
    if _INT.fullmatch(text):
        return _whole(text)
    if _FLOAT.fullmatch(text):
        return _fraction(text)
    return text


def _whole(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ScalarError(text, f"a number of more than {_MAX_DIGITS} digits")
    return int(text, 0)


def _fraction(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ScalarError(text, "a number that is too large")
    return number
