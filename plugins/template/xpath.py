"""XPath over HTML and XML that a server sent: a subset that always ends soon.

    /html/head/title   //form//input[@name="token"]/@value   //a[contains(@href, "x")][1]   (//input)[2]   a | b   //p/text()
    @a   @*   *   .   ..   text()   [2]   [last()]   = != < <= > >=   and   or
    contains starts-with normalize-space string string-length translate concat count position last name local-name not number

Parsing hostile HTML is left to libxml2 (lxml): no network, no DTD, no entities, bounded depth. Walking is our own: libxml2 has no
bound on how long an expression may take, and a document of 10,000 elements makes it search for minutes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput
from lxml import etree

from plugins.template import xpath_steps as steps
from plugins.template.values import EvaluationError
from plugins.template.xpath_steps import Expression, Purse, Select

MAX_LENGTH = 500
"""Longest expression, which also bounds its nesting."""
MAX_BYTES = 1_048_576
"""Largest document."""
MAX_NODES = 20_000
"""Most elements of a document."""
MAX_RESULTS = 100
"""Most nodes that are taken."""

_GRAMMAR = r"""
?start: union
?union: compared_or ("|" compared_or)* -> union
?compared_or: compared_and ("or" compared_and)* -> some
?compared_and: compared ("and" compared)* -> every
?compared: operand (COMPARE operand)? -> compare
?operand: NUMBER -> number
    | STRING -> text
    | FUNCTION "(" [union ("," union)*] ")" -> call
    | path
    | "(" union ")" predicate* rest* -> group
path: SLASHES? step rest*
rest: SLASHES step
step: node predicate*
?node: "@" (NAME | STAR) -> attribute
    | TEXT "(" ")" -> texts
    | (NAME | STAR) -> element
    | ".." -> parent
    | "." -> itself
predicate: "[" union "]"
COMPARE: "!=" | ">=" | "<=" | "=" | ">" | "<"
SLASHES: "//" | "/"
STAR: "*"
FUNCTION.3: /(?:contains|starts-with|normalize-space|string-length|string|translate|concat|count)(?=\s*\()/
    | /(?:position|last|local-name|name|not|number)(?=\s*\()/
TEXT.3: /text(?=\s*\()/
NAME: /[A-Za-z_][A-Za-z0-9_.-]*/
NUMBER: /[0-9]{1,9}/
STRING: /"[^"]*"/ | /'[^']*'/
%import common.WS
%ignore WS
"""


class XPathError(ValueError):
    """Not an expression of the subset."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"xpath {self.path[:80]!a}: {self.reason}"


@lru_cache(maxsize=4096)
def parse(path: str) -> Expression:
    """Read an expression; raises `XPathError`."""
    if len(path) > MAX_LENGTH:
        raise XPathError(path, f"longer than {MAX_LENGTH} characters")
    try:
        found: Expression = _parser().parse(path)  # type: ignore[assignment]  # made by the transformer
    except UnexpectedInput as error:
        raise XPathError(path, f"not in the subset of XPath at column {max(1, error.column)}") from None
    except ValueError as error:
        raise XPathError(path, str(error)) from None
    return found


def found(path: str, data: bytes) -> bool:
    """Tell whether an expression selects anything, or comes out true; raises `EvaluationError`."""
    return steps.truth(_value(path, data))


def taken(path: str, data: bytes, attribute: str) -> list[bytes]:
    """Give text, or an attribute, of what is selected, in document order; raises `EvaluationError`."""
    selected = _value(path, data)
    nodes = selected if isinstance(selected, list) else [selected]
    texts = (_text(node, attribute) for node in nodes[:MAX_RESULTS])
    return [text.encode("utf-8", "replace") for text in texts if text]


def _value(path: str, data: bytes) -> Any:  # noqa: ANN401 - nodes, a text, a number or a truth value
    top = document(data)
    return [] if top is None else parse(path)(steps.Focus(top.getroottree()), Purse())


def _text(node: Any, attribute: str) -> str:  # noqa: ANN401 - as above
    if attribute and isinstance(node, etree._Element):  # noqa: SLF001 - lxml has no other name for it
        return str(node.get(attribute, ""))
    return steps.text(node, Purse())


@lru_cache(maxsize=64)
def document(data: bytes) -> etree._Element | None:
    """Read a document; None: it is none. Raises `EvaluationError` when it is larger than is looked at."""
    if len(data) > MAX_BYTES:
        raise EvaluationError(f"a document of more than {MAX_BYTES} bytes")
    content = data.strip()
    try:
        top = etree.fromstring(content, _markup(xml=content.startswith(b"<?xml"))) if content else None
    except (etree.LxmlError, ValueError):
        return None
    if top is not None and any(count > MAX_NODES for count, _ in enumerate(top.iter())):
        raise EvaluationError(f"a document of more than {MAX_NODES} elements")
    return top


def _markup(*, xml: bool) -> etree.XMLParser | etree.HTMLParser:
    if not xml:
        return etree.HTMLParser(no_network=True, huge_tree=False, recover=True, remove_comments=True, remove_pis=True)
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", transformer=_Builder(), maybe_placeholders=False)


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """Makes expressions while lark parses."""

    def union(self, *parts: Expression) -> Expression:
        return steps.union(parts)

    def some(self, *parts: Expression) -> Expression:
        return steps.joined(parts, decisive=True)

    def every(self, *parts: Expression) -> Expression:
        return steps.joined(parts, decisive=False)

    def compare(self, left: Expression, *rest: Any) -> Expression:  # noqa: ANN401 - lark gives trees and tokens
        return steps.compared(left, str(rest[0]), rest[1]) if rest else left

    def number(self, token: Token) -> Expression:
        return steps.constant(float(token))

    def text(self, token: Token) -> Expression:
        return steps.constant(str(token)[1:-1])

    def call(self, name: Token, *arguments: Expression) -> Expression:
        return steps.call(str(name), arguments)

    def group(self, inner: Expression, *rest: Any) -> Expression:  # noqa: ANN401 - lark gives trees and tokens
        return steps.grouped(inner, rest)

    def path(self, *parts: Any) -> Expression:  # noqa: ANN401 - lark gives trees and tokens
        return steps.path(parts)

    def rest(self, slashes: Token, step: Select) -> tuple[str, Select]:
        return str(slashes), step

    def step(self, node: Select, *predicates: Expression) -> Select:
        return steps.step(node, predicates)

    def predicate(self, inner: Expression) -> Expression:
        return inner

    def attribute(self, name: Token) -> Select:
        return steps.attribute(str(name))

    def texts(self, _: Token) -> Select:
        return steps.texts

    def element(self, name: Token) -> Select:
        return steps.element(str(name))

    def parent(self) -> Select:
        return steps.parent

    def itself(self) -> Select:
        return steps.itself
