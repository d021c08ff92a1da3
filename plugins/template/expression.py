"""Expressions of the format, parsed into a small tree. Nothing of them is ever run as code."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Literal as Choice
from typing import TypeAlias

import re2
from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, UnexpectedToken

from plugins.template import functions
from plugins.template.values import Value
from plugins.value import value

MAX_LENGTH = 8_000
"""Longest expression."""
MAX_DEPTH = 40
"""Deepest nesting, which is also the longest chain of one arithmetic operator."""

_GRAMMAR = r"""
?start: either
?either: both ("||" both)*
?both: comparison ("&&" comparison)*
?comparison: sum (COMPARE sum)?
?sum: product
    | sum PLUS product -> binary
?product: unary
    | product TIMES unary -> binary
?unary: atom
    | NOT unary -> unary
    | MINUS unary -> unary
?atom: NUMBER -> number
    | STRING -> string
    | "true" -> true
    | "false" -> false
    | NAME "(" [either ("," either)*] ")" -> call
    | NAME -> name
    | "(" either ")"
    | "{{" either "}}"
COMPARE: "==" | "!=" | ">=" | "<=" | ">" | "<"
PLUS: "+" | "-"
MINUS: "-"
NOT: "!"
TIMES: "*" | "/" | "%"
NAME: /[A-Za-z_][A-Za-z0-9_]*/
NUMBER: /[0-9]{1,15}(\.[0-9]{1,15})?/
STRING: /"(\\.|[^"\\])*"/s | /'(\\.|[^'\\])*'/s
%import common.WS
%ignore WS
"""
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\'": "'", "\\n": "\n", "\\r": "\r", "\\t": "\t"}
_ESCAPE = re2.compile(r"\\(?s:.)")
_PLACEHOLDER = re2.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}")


class ExpressionError(ValueError):
    """Not an expression of the subset."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text, reason)
        self.text, self.reason = text, reason

    def __str__(self) -> str:
        return f"expression {self.text[:120]!a}: {self.reason}"


@value
class Constant:
    """A number, a string or a truth value."""

    content: Value
    """Strings are bytes, as everything that comes from a server."""


@value
class Marked:
    """A string in which `{{name}}` stands for what is known under the name; unknown, it stays as it is."""

    parts: tuple[bytes, ...]
    """Text, name, text, name, ..., text; names are without their braces."""


@value
class Name:
    """A part of the response, an extracted value or a URL variable."""

    name: str
    """As written."""


@value
class Call:
    """A function call."""

    function: str
    """Name in `functions.TABLE`."""
    arguments: tuple[Node, ...]
    """In order."""


@value
class Unary:
    """Not, or minus."""

    operator: str
    """`!` or `-`."""
    operand: Node
    """What it applies to."""


@value
class Binary:
    """Arithmetic or a comparison."""

    operator: str
    """One of `+ - * / % == != < <= > >=`."""
    left: Node
    """Left side."""
    right: Node
    """Right side."""


@value
class Chain:
    """Conjunction or disjunction; the right side is evaluated only when the left does not decide."""

    kind: Choice["and", "or"]
    """`&&` or `||`."""
    parts: tuple[Node, ...]
    """At least two."""


Node: TypeAlias = Constant | Marked | Name | Call | Unary | Binary | Chain
"""Every kind of node."""


@value
class Expression:
    """One expression."""

    text: str
    """As written."""
    tree: Node
    """As read."""

    @property
    def names(self) -> frozenset[str]:
        """Every name that occurs."""
        return names(self.tree)


def names(tree: Node) -> frozenset[str]:
    """Give every name that occurs, also inside strings."""
    found = {node.name for node, _ in walk(tree) if isinstance(node, Name)}
    marked = {name.decode() for node, _ in walk(tree) if isinstance(node, Marked) for name in node.parts[1::2]}
    return frozenset(found | marked)


def parse(text: str) -> Expression:
    """Read and check an expression; raises `ExpressionError`."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(text, f"longer than {MAX_LENGTH} characters")
    try:
        tree: Node = _parser().parse(text)  # type: ignore[assignment]  # lark does not know what the transformer makes
    except UnexpectedInput as error:
        raise ExpressionError(text, _where(text, error)) from None
    for node, depth in walk(tree):
        complaint = "nested too deep" if depth > MAX_DEPTH else _complaint(node)
        if complaint:
            raise ExpressionError(text, complaint)
    return Expression(text=text, tree=tree)


def walk(tree: Node) -> Iterator[tuple[Node, int]]:
    """Give every node with its depth; without recursion, so that hostile depth is harmless."""
    waiting = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting.extend((child, depth + 1) for child in children(node))


def children(node: Node) -> tuple[Node, ...]:
    """Give the nodes right below."""
    match node:
        case Call(arguments=below) | Chain(parts=below):
            return below
        case Unary(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case _:
            return ()


def _complaint(node: Node) -> str:
    if isinstance(node, Call):
        fixed = [part.content if isinstance(part, Constant) else None for part in node.arguments]
        return functions.complaint(node.function, fixed)
    return ""


def _where(text: str, error: UnexpectedInput) -> str:
    position = vars(error).get("pos_in_stream")
    ends = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    if ends or position is None or not 0 <= position < len(text):
        return "ends too early; close every bracket and finish every operator"
    return f"cannot be read from {text[position : position + 20]!a} on (column {position + 1})"


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", transformer=_Builder())


@v_args(inline=True)
class _Builder(Transformer[Token, Node]):
    """Makes nodes while lark parses, so nothing recurses over the depth of the input."""

    def number(self, token: Token) -> Node:
        return Constant(content=float(token))

    def string(self, token: Token) -> Node:
        return _string(_unescaped(str(token)))

    def true(self) -> Node:
        return Constant(content=True)

    def false(self) -> Node:
        return Constant(content=False)

    def name(self, token: Token) -> Node:
        return Name(name=str(token))

    def call(self, token: Token, *arguments: Node | None) -> Node:
        return Call(function=str(token), arguments=tuple(part for part in arguments if part is not None))

    def unary(self, operator: Token, operand: Node) -> Node:
        return Unary(operator=str(operator), operand=operand)

    def binary(self, left: Node, operator: Token, right: Node) -> Node:
        return Binary(operator=str(operator), left=left, right=right)

    comparison = binary

    def either(self, *parts: Node) -> Node:
        return Chain(kind="or", parts=parts)

    def both(self, *parts: Node) -> Node:
        return Chain(kind="and", parts=parts)


def _string(text: str) -> Node:
    pieces: list[bytes] = []
    end = 0
    for hit in _PLACEHOLDER.finditer(text):
        pieces += [text[end : hit.start()].encode(), hit.group(1).encode()]
        end = hit.end()
    return Marked(parts=(*pieces, text[end:].encode())) if pieces else Constant(content=text.encode())


def _unescaped(quoted: str) -> str:
    return str(_ESCAPE.sub(lambda found: _escape(quoted, found.group()), quoted[1:-1]))


def _escape(quoted: str, pair: str) -> str:
    if pair not in _ESCAPES:
        raise ExpressionError(quoted, f"{pair} is no escape; a backslash itself is written \\\\")
    return _ESCAPES[pair]
