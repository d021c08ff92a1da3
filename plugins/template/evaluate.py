"""Evaluation of expression trees over the names of one response."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import TypeAlias

from plugins.template.chance import NOTHING, Chance
from plugins.template.expression import Binary, Call, Chain, Constant, Marked, Name, Node, Unary
from plugins.template.functions import TABLE
from plugins.template.values import EvaluationError, Value, as_bytes, as_number, bounded

Lookup: TypeAlias = Callable[[str], Value | None]
"""Gives the value of a name; None: there is no such thing in this response."""

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
}
_ORDER: dict[str, Callable[[float | bytes, float | bytes], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class AbsentError(EvaluationError):
    """An expression that names something the response does not have, such as a header that was not sent."""


def evaluate(node: Node, lookup: Lookup, chance: Chance = NOTHING) -> Value:
    """Give the value of a tree; raises `EvaluationError`, and `AbsentError` for names that are not there."""
    match node:
        case Constant(content=content):
            return content
        case Name(name=name):
            return _look_up(name, lookup)
        case Call():
            return _call(node, lookup, chance)
        case Marked(parts=parts):
            return bounded(b"".join(_marked(parts, lookup)))
        case _:
            return _operation(node, lookup, chance)


def _operation(node: Unary | Chain | Binary, lookup: Lookup, chance: Chance) -> Value:
    if isinstance(node, Chain):
        wanted = all if node.kind == "and" else any
        return wanted(_as_truth(evaluate(part, lookup, chance)) for part in node.parts)
    if isinstance(node, Binary):
        return _binary(node.operator, evaluate(node.left, lookup, chance), evaluate(node.right, lookup, chance))
    inner = evaluate(node.operand, lookup, chance)
    return not _as_truth(inner) if node.operator == "!" else -as_number(inner)


def truth(node: Node, lookup: Lookup, chance: Chance = NOTHING) -> bool:
    """Give the truth value of a tree; raises `EvaluationError` when it has none."""
    return _as_truth(evaluate(node, lookup, chance))


def _look_up(name: str, lookup: Lookup) -> Value:
    found = lookup(name)
    if found is None:
        raise AbsentError(f"there is no {name} in this response")
    return found


def _call(node: Call, lookup: Lookup, chance: Chance) -> Value:
    function = TABLE[node.function]
    arguments = [evaluate(part, lookup, chance) for part in node.arguments]
    return bounded(function.body(chance, *arguments) if function.draws else function.body(*arguments))


def _marked(parts: tuple[bytes, ...], lookup: Lookup) -> Iterator[bytes]:
    for place, part in enumerate(parts):
        found = lookup(part.decode()) if place % 2 else part
        yield b"{{" + part + b"}}" if found is None else as_bytes(found)


def _as_truth(item: Value) -> bool:
    if not isinstance(item, bool):
        raise EvaluationError(f"{as_bytes(item)[:40]!r} is neither true nor false")
    return item


def _binary(sign: str, left: Value, right: Value) -> Value:
    if sign in {"==", "!="}:
        # Values of different kinds are different, as in the format: "200" is not 200.
        same = type(left) is type(right) and left == right
        return same if sign == "==" else not same
    if sign == "+" and (isinstance(left, bytes) or isinstance(right, bytes)):
        return bounded(as_bytes(left) + as_bytes(right))
    if sign in _ORDER:
        if isinstance(left, bytes) and isinstance(right, bytes):
            return _ORDER[sign](left, right)
        return _ORDER[sign](as_number(left), as_number(right))
    return _calculate(sign, as_number(left), as_number(right))


def _calculate(sign: str, left: float, right: float) -> float:
    try:
        return left + right if sign == "+" else _ARITHMETIC[sign](left, right)
    except (ZeroDivisionError, ValueError, OverflowError) as error:
        raise EvaluationError(f"{left:g} {sign} {right:g}: {error}") from None
