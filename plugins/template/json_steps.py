"""The steps that queries of JSON documents are made of: functions from a value to values, each counted."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from plugins.template.pattern import compiled

MAX_STEPS = 100_000
"""Most values that one query looks at."""

Json: TypeAlias = Any
"""What JSON can be, in Python."""
Filter: TypeAlias = Callable[[Json, "Purse"], Iterator[Json]]
"""Gives the results for one input."""

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_KINDS = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}


class JsonError(ValueError):
    """A document that a query does not fit, or a query that went too far."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class Purse:
    """Steps that are left."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self._left = steps

    def pay(self, steps: int = 1) -> None:
        """Count steps; raises `JsonError` when none are left."""
        self._left -= steps
        if self._left < 0:
            raise JsonError(f"a query looked at more than {MAX_STEPS} values")


def same(tree: Json, purse: Purse) -> Iterator[Json]:
    """Give the input."""
    purse.pay()
    yield tree


def constant(content: Json) -> Filter:
    """Give always the same."""

    def give(_: Json, purse: Purse) -> Iterator[Json]:
        purse.pay()
        yield content

    give.fixed = content  # type: ignore[attr-defined]  # lets the reader of queries tell constants
    return give


def field(name: str) -> Filter:
    """Give what stands under a key; null when nothing does."""

    def give(tree: Json, purse: Purse) -> Iterator[Json]:
        purse.pay()
        if tree is not None and not isinstance(tree, dict):
            raise JsonError(f"no key {name[:40]!a} in {kind(tree)}")
        yield tree.get(name) if tree else None

    return give


def piece(place: int | slice) -> Filter:
    """Give an entry, or some entries, of a list."""

    def give(tree: Json, purse: Purse) -> Iterator[Json]:
        purse.pay()
        if isinstance(place, slice) and isinstance(tree, list | str):
            yield tree[place]
        elif tree is None or not isinstance(tree, list) or isinstance(place, slice):
            if tree is not None:
                raise JsonError(f"no position in {kind(tree)}")
            yield None
        else:
            yield tree[place] if -len(tree) <= place < len(tree) else None

    return give


def iterate(tree: Json, purse: Purse) -> Iterator[Json]:
    """Give every entry."""
    if not isinstance(tree, dict | list):
        raise JsonError(f"no entries in {kind(tree)}")
    for entry in tree.values() if isinstance(tree, dict) else tree:
        purse.pay()
        yield entry


def everything(tree: Json, purse: Purse) -> Iterator[Json]:
    """Give the input and everything in it, without recursion."""
    waiting = [tree]
    while waiting:
        here = waiting.pop()
        purse.pay()
        yield here
        if isinstance(here, dict | list):
            waiting.extend(reversed(list(here.values() if isinstance(here, dict) else here)))


def chained(parts: Sequence[Filter]) -> Filter:
    """Feed the results of each filter to the next."""
    if len(parts) == 1:
        return parts[0]
    first, rest = parts[0], chained(parts[1:])

    def give(tree: Json, purse: Purse) -> Iterator[Json]:
        for found in first(tree, purse):
            yield from rest(found, purse)

    return give


def joined(parts: Sequence[Filter]) -> Filter:
    """Give the results of all filters, one after the other."""
    if len(parts) == 1:
        return parts[0]

    def give(tree: Json, purse: Purse) -> Iterator[Json]:
        for part in parts:
            yield from part(tree, purse)

    return give


def either(parts: Sequence[Filter]) -> Filter:
    """Give the results of the first filter that has any beside null and false (`//`)."""
    if len(parts) == 1:
        return parts[0]

    def give(tree: Json, purse: Purse) -> Iterator[Json]:
        for part in parts[:-1]:
            seen = False
            for found in optional(part)(tree, purse):
                if found is not None and found is not False:
                    seen = True
                    yield found
            if seen:
                return
        yield from parts[-1](tree, purse)

    return give


def optional(inner: Filter) -> Filter:
    """Give what comes before the first error (`?`)."""

    def give(tree: Json, purse: Purse) -> Iterator[Json]:
        purse.pay()
        try:
            yield from inner(tree, purse)
        except JsonError:
            purse.pay()

    return give


def truth(parts: Sequence[Filter], *, decisive: bool) -> Filter:
    """Give `or` (True decides) or `and` (False decides) of the first results."""
    if len(parts) == 1:
        return parts[0]

    def give(tree: Json, purse: Purse) -> Iterator[Json]:
        yield decisive if any(holds(part, tree, purse) == decisive for part in parts) else not decisive

    return give


def holds(part: Filter, tree: Json, purse: Purse) -> bool:
    """Tell whether the first result is neither null nor false."""
    found = next(part(tree, purse), None)
    return found is not None and found is not False


def compared(left: Filter, sign: str, right: Filter) -> Filter:
    """Compare; values of different kinds are different and in no order."""

    def give(tree: Json, purse: Purse) -> Iterator[Json]:
        for theirs in right(tree, purse):
            for ours in left(tree, purse):
                purse.pay()
                alike = kind(ours) == kind(theirs)
                if sign in _ORDER:
                    yield alike and isinstance(ours, str | int | float) and _ORDER[sign](ours, theirs)
                else:
                    yield _equal(ours, theirs) == (sign == "==")

    return give


def _equal(ours: Json, theirs: Json) -> bool:
    if isinstance(ours, dict | list) and isinstance(theirs, dict | list):
        raise JsonError("only texts, numbers, true, false and null can be compared")
    return kind(ours) == kind(theirs) and bool(ours == theirs)


def kind(tree: Json) -> str:
    """Name the kind of a value as jq does."""
    return _KINDS.get(type(tree), "null")


def _of(change: Callable[[Json], Json]) -> Filter:
    def give(tree: Json, purse: Purse) -> Iterator[Json]:
        purse.pay()
        yield change(tree)

    return give


def _with(change: Callable[[Json, Json], Json]) -> Callable[[Filter], Filter]:
    def made(argument: Filter) -> Filter:
        def give(tree: Json, purse: Purse) -> Iterator[Json]:
            for given in argument(tree, purse):
                purse.pay()
                yield change(tree, given)

        return give

    return made


def _keys(tree: Json) -> Json:
    if isinstance(tree, dict):
        return sorted(tree)
    if isinstance(tree, list):
        return list(range(len(tree)))
    raise JsonError(f"{kind(tree)} has no keys")


def _length(tree: Json) -> Json:
    if isinstance(tree, bool):
        raise JsonError("true and false have no length")
    if isinstance(tree, int | float):
        return abs(tree)
    return 0 if tree is None else len(tree)


def _entries(tree: Json) -> Json:
    if not isinstance(tree, dict):
        raise JsonError(f"{kind(tree)} has no entries with keys")
    return [{"key": key, "value": content} for key, content in tree.items()]


def _number(tree: Json) -> Json:
    try:
        return tree if isinstance(tree, int | float) else float(str(tree)[:40])
    except ValueError:
        raise JsonError("no number") from None


def _text(tree: Json) -> str:
    if not isinstance(tree, str):
        raise JsonError(f"{kind(tree)} is no text")
    return tree


def _string(tree: Json, purse: Purse) -> Iterator[Json]:
    spelled = tree if isinstance(tree, str) else json.dumps(tree, separators=(",", ":"), ensure_ascii=False)
    # Spelling out all of a deep document at each of its levels would take the square of its size.
    purse.pay(1 + len(spelled) // 50)
    yield spelled


def _select(condition: Filter) -> Filter:
    def give(tree: Json, purse: Purse) -> Iterator[Json]:
        for found in condition(tree, purse):
            if found is not None and found is not False:
                yield tree

    return give


def _map(inner: Filter) -> Filter:
    def give(tree: Json, purse: Purse) -> Iterator[Json]:
        yield [found for entry in iterate(tree, purse) for found in inner(entry, purse)]

    return give


def _contains(tree: Json, part: Json) -> bool:
    if isinstance(tree, list):
        return any(not isinstance(entry, dict | list) and _equal(entry, part) for entry in tree)
    return _text(part) in _text(tree)


def _has(tree: Json, key: Json) -> bool:
    if isinstance(tree, list):
        return isinstance(key, int) and 0 <= key < len(tree)
    return isinstance(tree, dict) and key in tree if isinstance(key, str) else False


def _test(tree: Json, pattern: Json) -> bool:
    return compiled(_text(pattern)).search(_text(tree).encode("utf-8", "replace")) is not None


WORDS: dict[str, Filter] = {
    "empty": lambda _, __: iter(()),
    "false": constant(False),
    "first": piece(0),
    "keys": _of(_keys),
    "last": piece(-1),
    "length": _of(_length),
    "not": _of(lambda tree: tree is None or tree is False),
    "null": constant(None),
    "to_entries": _of(_entries),
    "tonumber": _of(_number),
    "tostring": _string,
    "true": constant(True),
    "type": _of(kind),
}
"""Words without arguments."""
FUNCTIONS: dict[str, Callable[[Filter], Filter]] = {
    "contains": _with(_contains),
    "endswith": _with(lambda tree, end: _text(tree).endswith(_text(end))),
    "has": _with(_has),
    "map": _map,
    "select": _select,
    "startswith": _with(lambda tree, begin: _text(tree).startswith(_text(begin))),
    "test": _with(_test),
}
"""Words with one argument."""
