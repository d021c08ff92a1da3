"""The json extractor: a subset of jq that is a walk over a document and nothing else, so it always ends.

    .a.b   ."a b"   .["a"]   .[0]   .[-1]   .[1:3]   .[]   .a?   .   a | b   a, b   a // b   ..
    select(.a == "x")   map(f)   keys   length   to_entries   first   last   tostring   tonumber   type   not   has("a")
    == != < <= > >=   and   or   test("re")   contains("x")   startswith("x")   endswith("x")   strings, numbers, true, false, null

There are no definitions, no reductions, no recursion but `..`, and no functions that make something out of nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput

from plugins.template.json_steps import (
    FUNCTIONS,
    WORDS,
    Filter,
    Json,
    JsonError,
    Purse,
    chained,
    compared,
    constant,
    either,
    everything,
    field,
    iterate,
    joined,
    optional,
    piece,
    same,
    truth,
)
from plugins.template.pattern import PatternError, compiled

MAX_LENGTH = 500
"""Longest query, which also bounds its nesting."""
MAX_RESULTS = 100
"""Most results of one query."""

Walk: TypeAlias = Filter
"""A query that was read."""

_GRAMMAR = r"""
?start: pipe
?pipe: comma ("|" comma)* -> pipe
?comma: other ("," other)* -> comma
?other: some ("//" some)* -> other
?some: every ("or" every)* -> some
?every: compared ("and" compared)* -> every
?compared: suffixed (COMPARE suffixed)? -> compare
suffixed: term suffix*
?term: ".." -> everything
    | "." -> same
    | FIELD -> field
    | "." STRING -> field
    | "." "[" bracket "]" -> only
    | (NUMBER | INTEGER) -> number
    | STRING -> text
    | "(" pipe ")"
    | NAME "(" pipe ")" -> call
    | NAME -> word
?suffix: FIELD -> field
    | "." STRING -> field
    | "."? "[" bracket "]" -> only
    | "?" -> optional
bracket: INTEGER ":" INTEGER -> between
    | INTEGER ":" -> after
    | ":" INTEGER -> before
    | INTEGER -> index
    | STRING -> field
    | -> iterate
COMPARE: "==" | "!=" | ">=" | "<=" | ">" | "<"
FIELD: /\.[A-Za-z_][A-Za-z0-9_]*/
NAME: /[A-Za-z_][A-Za-z0-9_]*/
INTEGER: /-?[0-9]{1,9}/
NUMBER: /-?[0-9]{1,15}\.[0-9]{1,15}/
STRING: /"(\\.|[^"\\])*"/
%import common.WS
%ignore WS
"""


class QueryError(ValueError):
    """Not a query of the subset."""

    def __init__(self, query: str, reason: str) -> None:
        super().__init__(query, reason)
        self.query, self.reason = query, reason

    def __str__(self) -> str:
        return f"json query {self.query[:80]!a}: {self.reason}"


@lru_cache(maxsize=4096)
def parse(query: str) -> Walk:
    """Read a query; raises `QueryError`."""
    if len(query) > MAX_LENGTH:
        raise QueryError(query, f"longer than {MAX_LENGTH} characters")
    try:
        found: Walk = _parser().parse(query)  # type: ignore[assignment]  # made by the transformer
    except UnexpectedInput as error:
        raise QueryError(query, f"not in the subset of jq at column {max(1, error.column)}") from None
    except (JsonError, PatternError, ValueError) as error:
        raise QueryError(query, str(error)) from None
    return found


def document(data: bytes) -> Json:
    """Read a JSON document; raises `JsonError`."""
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise JsonError(str(error)[:80]) from None


def results(walk: Walk, tree: Json) -> Iterator[bytes]:
    """Give at most `MAX_RESULTS` results, in document order; ends quietly where the query does not fit the document."""
    try:
        for found in islice(walk(tree, Purse()), MAX_RESULTS):
            if found is not None:
                yield _spelled(found)
    except (JsonError, RecursionError):
        return


def _spelled(found: Json) -> bytes:
    if isinstance(found, str):
        return found.encode("utf-8", "replace")
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", transformer=_Builder(), maybe_placeholders=False)


@v_args(inline=True)
class _Builder(Transformer[Token, Filter]):
    """Makes filters while lark parses."""

    def pipe(self, *parts: Filter) -> Filter:
        return chained(parts)

    def suffixed(self, first: Filter, *rest: Any) -> Filter:  # noqa: ANN401 - lark gives trees and tokens
        made = first
        for suffix in rest:
            made = optional(made) if suffix is None else chained((made, suffix))
        return made

    def comma(self, *parts: Filter) -> Filter:
        return joined(parts)

    def other(self, *parts: Filter) -> Filter:
        return either(parts)

    def some(self, *parts: Filter) -> Filter:
        return truth(parts, decisive=True)

    def every(self, *parts: Filter) -> Filter:
        return truth(parts, decisive=False)

    def compare(self, left: Filter, *rest: Any) -> Filter:  # noqa: ANN401 - lark gives trees and tokens
        return compared(left, str(rest[0]), rest[1]) if rest else left

    def everything(self) -> Filter:
        return everything

    def same(self) -> Filter:
        return same

    def field(self, name: Token) -> Filter:
        return field(json.loads(name, strict=False) if name.startswith('"') else str(name)[1:])

    def only(self, inner: Filter) -> Filter:
        return inner

    def optional(self) -> None:
        return None

    def iterate(self) -> Filter:
        return iterate

    def index(self, place: Token) -> Filter:
        return piece(int(place))

    def between(self, first: Token, last: Token) -> Filter:
        return piece(slice(int(first), int(last)))

    def after(self, first: Token) -> Filter:
        return piece(slice(int(first), None))

    def before(self, last: Token) -> Filter:
        return piece(slice(None, int(last)))

    def number(self, token: Token) -> Filter:
        return constant(float(token) if "." in token else int(token))

    def text(self, token: Token) -> Filter:
        return constant(json.loads(token, strict=False))

    def word(self, name: Token) -> Filter:
        if name not in WORDS:
            raise JsonError(f"{name} is no word of the subset; there are {', '.join(sorted(WORDS))}")
        return WORDS[name]

    def call(self, name: Token, argument: Filter) -> Filter:
        if name not in FUNCTIONS:
            raise JsonError(f"{name}() is no function of the subset; there are {', '.join(sorted(FUNCTIONS))}")
        if name == "test":
            pattern = getattr(argument, "fixed", None)
            if not isinstance(pattern, str):
                raise JsonError("the pattern of test() must be written out, so that no server can supply it")
            compiled(pattern)
        return FUNCTIONS[name](argument)
