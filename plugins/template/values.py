"""What an expression can be: bytes, numbers, truth values and lists of bytes. Shared by evaluation and by all functions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

MAX_BYTES = 4_194_304
"""Largest string that an expression may make."""
MAX_ENTRIES = 10_000
"""Longest list that an expression may make."""

Value: TypeAlias = bytes | float | bool | tuple[bytes, ...]
"""What an expression can be. Strings are bytes, as everything that comes from a server."""


class EvaluationError(ValueError):
    """An expression that met values it cannot work with."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class Function(NamedTuple):
    """One function."""

    body: Callable[..., Value]
    """Takes the arguments; first of all a `Chance` when it draws."""
    least: int
    """Fewest arguments."""
    most: int | None
    """Most arguments; None: any number."""
    draws: bool = False
    """True: depends on chance or on the clock."""


def as_bytes(item: Value) -> bytes:
    """Give the text of a value, as the format prints it."""
    if isinstance(item, bytes):
        return item
    if isinstance(item, bool):
        return b"true" if item else b"false"
    if isinstance(item, tuple):
        return b"[" + b" ".join(item) + b"]"
    return str(int(item)).encode() if item.is_integer() else format(Decimal(repr(item)), "f").encode()


def as_number(item: Value) -> float:
    """Give a number; raises `EvaluationError` for anything that is none."""
    if isinstance(item, bool) or not isinstance(item, float):
        raise EvaluationError(f"{as_bytes(item)[:40]!r} is no number")
    return item


def as_whole(item: Value) -> int:
    """Give a whole number, also from its digits; raises `EvaluationError`."""
    text = as_bytes(item).strip()
    digits = text.removeprefix(b"-")
    if isinstance(item, bool) or not digits.isdigit() or len(digits) > 18:
        raise EvaluationError(f"{text[:40]!r} is no whole number")
    return int(text)


def bounded(item: Value) -> Value:
    """Give the value; raises `EvaluationError` when it has grown too large."""
    if isinstance(item, bytes) and len(item) > MAX_BYTES:
        raise EvaluationError(f"a string grew beyond {MAX_BYTES} bytes")
    if isinstance(item, tuple) and (len(item) > MAX_ENTRIES or sum(map(len, item)) > MAX_BYTES):
        raise EvaluationError(f"a list grew beyond {MAX_ENTRIES} entries or {MAX_BYTES} bytes")
    return item


def characters(data: bytes) -> str:
    """Give bytes as characters: UTF-8, or one character per byte when they are none. `text_bytes` undoes it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def of_texts(body: Callable[..., Value], least: int, most: int | None) -> Function:
    """Make a function whose arguments are all taken as text."""

    def taken(*items: Value) -> Value:
        return body(*(item if isinstance(item, bytes) else as_bytes(item) for item in items))

    return Function(taken, least, most)


def by_characters(change: Callable[[str], str]) -> Callable[..., bytes]:
    """Make a change of characters one of bytes, whatever they are."""

    def changed(data: bytes, *_: Any) -> bytes:  # noqa: ANN401 - optional arguments that only choose a language
        try:
            return change(data.decode()).encode()
        except UnicodeDecodeError:
            # Every change of a character outside ISO 8859-1 leaves one that is not in it as it is.
            return change(data.decode("latin-1")).encode("latin-1", "replace")

    return changed
