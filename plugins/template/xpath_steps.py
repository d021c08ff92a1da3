"""What XPath expressions are made of: functions from a node to values, each step counted."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from lxml import etree

from plugins.template.values import EvaluationError

MAX_STEPS = 300_000
"""Most nodes that one expression looks at."""
BYTES_A_STEP = 100
"""Characters of text that count as one node."""

Element: TypeAlias = etree._Element  # noqa: SLF001 - lxml has no other name for it
Node: TypeAlias = Any
"""An element, the document, or the text of an attribute or text node."""


class Focus(NamedTuple):
    """Where an expression stands."""

    node: Node
    """Node."""
    position: int = 1
    """Its place among those that are looked at, counted from 1."""
    size: int = 1
    """How many are looked at."""


class Purse:
    """Steps that are left."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def pay(self, steps: int = 1) -> None:
        """Count steps; raises `EvaluationError` when none are left."""
        self._left -= steps
        if self._left < 0:
            raise EvaluationError(f"an xpath expression looked at more than {MAX_STEPS} nodes")


Expression: TypeAlias = Callable[[Focus, Purse], Any]
"""Gives a list of nodes, a text, a number or a truth value."""
Select: TypeAlias = Callable[[Node, Purse], Iterable[Node]]
"""Gives the nodes that one step leads to from one node."""

_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def text(item: Any, purse: Purse) -> str:  # noqa: ANN401 - any value of XPath
    """Give the text of a value (XPath 1.0, section 4.2)."""
    if isinstance(item, list):
        return text(item[0], purse) if item else ""
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, float):
        return f"{item:g}"
    if isinstance(item, str):
        return item
    top = item if isinstance(item, Element) else item.getroot()
    for _ in top.iter():
        purse.pay()
    told = "".join(map(str, top.itertext()))
    purse.pay(len(told) // BYTES_A_STEP)
    return told


def truth(item: Any) -> bool:  # noqa: ANN401 - as above
    """Give the truth of a value (XPath 1.0, section 4.3)."""
    return bool(item)


def number(item: Any, purse: Purse) -> float:  # noqa: ANN401 - as above
    """Give the number of a value; what is none is not equal to anything."""
    if isinstance(item, bool | float):
        return float(item)
    try:
        return float(text(item, purse).strip()[:40])
    except ValueError:
        return float("nan")


def constant(content: str | float) -> Expression:
    """Give always the same."""
    return lambda _, __: content


def union(parts: Sequence[Expression]) -> Expression:
    """Give the nodes of all parts."""
    if len(parts) == 1:
        return parts[0]

    def give(focus: Focus, purse: Purse) -> list[Node]:
        return _once(node for part in parts for node in _nodes(part(focus, purse)))

    return give


def joined(parts: Sequence[Expression], *, decisive: bool) -> Expression:
    """Give `or` (True decides) or `and` (False decides)."""
    if len(parts) == 1:
        return parts[0]

    def give(focus: Focus, purse: Purse) -> bool:
        return decisive if any(truth(part(focus, purse)) == decisive for part in parts) else not decisive

    return give


def compared(left: Expression, sign: str, right: Expression) -> Expression:
    """Compare; of several nodes one that fits is enough (XPath 1.0, section 3.4)."""

    def give(focus: Focus, purse: Purse) -> bool:
        ours, theirs = _each(left(focus, purse)), _each(right(focus, purse))
        return any(_fits(one, sign, other, purse) for one in ours for other in theirs)

    return give


def _fits(one: Any, sign: str, other: Any, purse: Purse) -> bool:  # noqa: ANN401 - any value of XPath
    purse.pay()
    if sign in _ORDER:
        return _ORDER[sign](number(one, purse), number(other, purse))
    if isinstance(one, float) or isinstance(other, float):
        return (number(one, purse) == number(other, purse)) == (sign == "=")
    return (text(one, purse) == text(other, purse)) == (sign == "=")


def _each(item: Any) -> list[Any]:  # noqa: ANN401 - as above
    return item if isinstance(item, list) else [item]


def _nodes(item: Any) -> list[Node]:  # noqa: ANN401 - as above
    if not isinstance(item, list):
        raise EvaluationError("an xpath expression takes the nodes of something that has none")
    return item


def _once(nodes: Iterable[Node]) -> list[Node]:
    """Give every node once, in the order in which they come; texts are no nodes any more and may repeat."""
    seen: set[Node] = set()
    kept = []
    for node in nodes:
        if isinstance(node, str) or node not in seen:
            kept.append(node)
            if not isinstance(node, str):
                seen.add(node)
    return kept


def path(parts: Sequence[Any]) -> Expression:
    """Make a location path: perhaps slashes, a step, and pairs of slashes and a step."""
    begin = str(parts[0]) if isinstance(parts[0], str) else ""
    tail = [part for part in parts if not isinstance(part, str)]
    pairs = [(begin or "", tail[0]), *tail[1:]] if tail else []

    def give(focus: Focus, purse: Purse) -> list[Node]:
        nodes = [_document(focus.node)] if begin else [focus.node]
        return _walk(nodes, pairs, purse)

    return give


def grouped(inner: Expression, rest: Sequence[Any]) -> Expression:
    """Make `(...)[1]/a`: predicates count over everything that the inside gives."""
    predicates = [part for part in rest if not isinstance(part, tuple)]
    pairs = [part for part in rest if isinstance(part, tuple)]
    if not rest:
        return inner

    def give(focus: Focus, purse: Purse) -> list[Node]:
        nodes = _nodes(inner(focus, purse))
        for predicate in predicates:
            nodes = _filtered(nodes, predicate, purse)
        return _walk(nodes, pairs, purse)

    return give


def _walk(nodes: list[Node], pairs: Sequence[tuple[str, Select]], purse: Purse) -> list[Node]:
    for slashes, select in pairs:
        if slashes == "//":
            nodes = _once(below for node in nodes for below in _everything(node, purse))
        nodes = _once(found for node in nodes for found in select(node, purse))
    return nodes


def _everything(node: Node, purse: Purse) -> Iterator[Node]:
    """Give the node and all elements below it, in document order."""
    if isinstance(node, str):
        return
    if not isinstance(node, Element):
        purse.pay()
        yield node
        node = node.getroot()
    for below in node.iter(etree.Element):
        purse.pay()
        yield below


def _document(node: Node) -> Node:
    if isinstance(node, str):
        raise EvaluationError("an xpath expression starts from the top inside a text")
    return node.getroottree() if isinstance(node, Element) else node


def step(node: Select, predicates: Sequence[Expression]) -> Select:
    """Make one step with its predicates, which count over what the step gives for one node."""
    if not predicates:
        return node

    def give(start: Node, purse: Purse) -> list[Node]:
        nodes = list(node(start, purse))
        for predicate in predicates:
            nodes = _filtered(nodes, predicate, purse)
        return nodes

    return give


def _filtered(nodes: list[Node], predicate: Expression, purse: Purse) -> list[Node]:
    kept = []
    for position, node in enumerate(nodes, 1):
        purse.pay()
        outcome = predicate(Focus(node, position, len(nodes)), purse)
        if outcome == position if isinstance(outcome, float) else truth(outcome):
            kept.append(node)
    return kept


def element(name: str) -> Select:
    """Go to the child elements of a name, or all; HTML names are in small letters, prefixes do not count."""

    def give(node: Node, purse: Purse) -> Iterator[Node]:
        if isinstance(node, str):
            return
        for child in node.iterchildren(etree.Element) if isinstance(node, Element) else (node.getroot(),):
            purse.pay()
            if name in {"*", _local(child)}:
                yield child

    return give


def _local(node: Element) -> str:
    return str(node.tag).rpartition("}")[2]


def attribute(name: str) -> Select:
    """Go to an attribute, or all."""

    def give(node: Node, purse: Purse) -> Iterator[Node]:
        purse.pay()
        if isinstance(node, Element):
            purse.pay(len(node.attrib) // 10)
            yield from (str(held) for key, held in node.attrib.items() if name in {"*", str(key)})

    return give


def texts(node: Node, purse: Purse) -> Iterator[Node]:
    """Go to the texts right inside."""
    if isinstance(node, Element):
        for piece in (node.text, *(child.tail for child in node.iterchildren())):
            purse.pay()
            if piece:
                yield str(piece)


def parent(node: Node, purse: Purse) -> Iterator[Node]:
    """Go up."""
    purse.pay()
    if isinstance(node, Element):
        above = node.getparent()
        yield node.getroottree() if above is None else above


def itself(node: Node, purse: Purse) -> Iterator[Node]:
    """Stay."""
    purse.pay()
    yield node


def _local_name(item: Any) -> str:  # noqa: ANN401 - any value of XPath
    nodes = _nodes(item)
    return _local(nodes[0]) if nodes and isinstance(nodes[0], Element) else ""


def _translate(data: str, old: str, new: str) -> str:
    table = {ord(char): new[place] if place < len(new) else None for place, char in reversed(list(enumerate(old)))}
    return data.translate(table)


_OF_TEXTS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "concat": (2, 9, lambda *items: "".join(items)),
    "contains": (2, 2, lambda data, part: part in data),
    "normalize-space": (0, 1, lambda data: " ".join(data.split())),
    "number": (0, 1, lambda data: number(data, Purse())),
    "starts-with": (2, 2, lambda data, begin: data.startswith(begin)),
    "string": (0, 1, lambda data: data),
    "string-length": (0, 1, lambda data: float(len(data))),
    "translate": (3, 3, _translate),
}
_OF_VALUES: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "count": (1, 1, lambda nodes: float(len(_nodes(nodes)))),
    "local-name": (0, 1, _local_name),
    "name": (0, 1, _local_name),
    "not": (1, 1, lambda item: not truth(item)),
}


def call(name: str, arguments: Sequence[Expression]) -> Expression:
    """Make a function call; raises `ValueError` for a wrong number of arguments."""
    if name in {"position", "last"}:
        if arguments:
            raise ValueError(f"{name}() takes no argument")
        return (lambda focus, _: float(focus.position)) if name == "position" else (lambda focus, _: float(focus.size))
    least, most, body = _OF_TEXTS.get(name) or _OF_VALUES[name]
    if not least <= len(arguments) <= most:
        raise ValueError(f"{name}() takes {least} to {most} arguments, saw {len(arguments)}")
    wanted = tuple(arguments) or (lambda focus, _: [focus.node],)

    def give(focus: Focus, purse: Purse) -> Any:  # noqa: ANN401 - any value of XPath
        purse.pay()
        values = [argument(focus, purse) for argument in wanted]
        return body(*(text(item, purse) for item in values)) if name in _OF_TEXTS else body(*values)

    return give
