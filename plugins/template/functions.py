"""The functions of expressions: a table of names, shapes and pure bodies over bytes, numbers and truth values."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from plugins.template.pattern import PatternError, compiled, found
from plugins.version import NotAVersionError, constraints

Value: TypeAlias = bytes | float | bool
"""What an expression can be. Strings are bytes."""


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
    """Takes the arguments."""
    least: int
    """Fewest arguments."""
    most: int | None
    """Most arguments; None: any number."""


def as_bytes(item: Value) -> bytes:
    """Give the text of a value, as the format prints it."""
    if isinstance(item, bytes):
        return item
    if isinstance(item, bool):
        return b"true" if item else b"false"
    return str(int(item)).encode() if item.is_integer() else repr(item).encode()


def as_number(item: Value) -> float:
    """Give a number; raises `EvaluationError` for anything that is none."""
    if isinstance(item, bool) or not isinstance(item, float):
        raise EvaluationError(f"{as_bytes(item)[:40]!r} is no number")
    return item


def _texts(body: Callable[..., Value]) -> Callable[..., Value]:
    return lambda *items: body(*(as_bytes(item) for item in items))


def _compare_versions(version: bytes, *bounds: bytes) -> bool:
    try:
        text = version.decode("ascii", "replace")
        return all(bound.holds(text) for part in bounds for bound in constraints(part.decode("ascii", "replace")))
    except NotAVersionError as error:
        raise EvaluationError(str(error)) from None


def _regex(pattern: bytes, data: bytes) -> bool:
    return found(pattern.decode(), data)


def _to_number(data: bytes) -> float:
    try:
        return float(data[:40])
    except ValueError:
        raise EvaluationError(f"{data[:40]!r} is no number") from None


def _of_texts(body: Callable[..., Value], least: int, most: int | None) -> Function:
    return Function(_texts(body), least, most)


_FUNCTIONS = {
    "base64": _of_texts(base64.b64encode, 1, 1),
    "compare_versions": _of_texts(_compare_versions, 2, None),
    "contains": _of_texts(lambda data, word: word in data, 2, 2),
    "contains_all": _of_texts(lambda data, *words: all(word in data for word in words), 2, None),
    "contains_any": _of_texts(lambda data, *words: any(word in data for word in words), 2, None),
    "count": _of_texts(lambda data, word: float(data.count(word)), 2, 2),
    "ends_with": _of_texts(lambda data, *words: data.endswith(words), 2, None),
    "equals_any": _of_texts(lambda data, *words: data in words, 2, None),
    "hex_encode": _of_texts(lambda data: data.hex().encode(), 1, 1),
    "len": _of_texts(lambda data: float(len(data)), 1, 1),
    "line_ends_with": _of_texts(lambda data, *words: any(line.endswith(words) for line in data.split(b"\n")), 2, None),
    "line_starts_with": _of_texts(
        lambda data, *words: any(line.startswith(words) for line in data.split(b"\n")), 2, None
    ),
    "md5": _of_texts(lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest().encode(), 1, 1),
    "regex": _of_texts(_regex, 2, 2),
    "regex_all": _of_texts(lambda pattern, *texts: all(_regex(pattern, text) for text in texts), 2, None),
    "regex_any": _of_texts(lambda pattern, *texts: any(_regex(pattern, text) for text in texts), 2, None),
    "reverse": _of_texts(lambda data: data[::-1], 1, 1),
    "sha1": _of_texts(lambda data: hashlib.sha1(data, usedforsecurity=False).hexdigest().encode(), 1, 1),
    "sha256": _of_texts(lambda data: hashlib.sha256(data).hexdigest().encode(), 1, 1),
    "starts_with": _of_texts(lambda data, *words: data.startswith(words), 2, None),
    "to_lower": _of_texts(lambda data: data.lower(), 1, 1),
    "to_number": _of_texts(_to_number, 1, 1),
    "to_string": _of_texts(lambda data: data, 1, 1),
    "to_upper": _of_texts(lambda data: data.upper(), 1, 1),
    "trim": _of_texts(lambda data, cut: data.strip(cut), 2, 2),
    "trim_left": _of_texts(lambda data, cut: data.lstrip(cut), 2, 2),
    "trim_prefix": _of_texts(lambda data, cut: data.removeprefix(cut), 2, 2),
    "trim_right": _of_texts(lambda data, cut: data.rstrip(cut), 2, 2),
    "trim_space": _of_texts(lambda data: data.strip(), 1, 1),
    "trim_suffix": _of_texts(lambda data, cut: data.removesuffix(cut), 2, 2),
}
TABLE = _FUNCTIONS | {name.replace("_", ""): function for name, function in _FUNCTIONS.items()}
"""Every function, also under its name without underscores."""


def complaint(name: str, arguments: Sequence[Value | None]) -> str:
    """Say what is wrong with a call before it ever runs; arguments that are no constants are None. Empty: nothing."""
    function = TABLE.get(name)
    if function is None:
        return f"{name}(): no function of the subset (there are {', '.join(sorted(_FUNCTIONS))})"
    if len(arguments) < function.least or (function.most is not None and len(arguments) > function.most):
        least, most = function.least, function.most
        expected = str(least) if least == most else f"at least {least}" if most is None else f"{least} to {most}"
        return f"{name}(): takes {expected} arguments, saw {len(arguments)}"
    if name.startswith("regex"):
        return _pattern_complaint(name, arguments)
    return _bounds_complaint(name, arguments) if name.startswith("compare") else ""


def _pattern_complaint(name: str, arguments: Sequence[Value | None]) -> str:
    pattern = arguments[0]
    if not isinstance(pattern, bytes):
        return f"{name}(): the pattern must be written out, so that no server can supply it"
    try:
        compiled(pattern.decode())
    except PatternError as error:
        return str(error)
    return ""


def _bounds_complaint(name: str, arguments: Sequence[Value | None]) -> str:
    for bound in arguments[1:]:
        if not isinstance(bound, bytes):
            return f"{name}(): the bounds must be written out, such as '>= 2.4.49'"
        try:
            constraints(bound.decode("ascii", "replace"))
        except NotAVersionError as error:
            return f"{name}(): {error}"
    return ""
