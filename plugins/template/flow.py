"""Flow: boolean expressions over the blocks of a template, such as `http(1) && (http(2) || http(3))`.

The format's flow is JavaScript; nearly all flows in use are of this kind, and everything else is refused. Several lines (or `;`)
are several steps, each of which is tried, and one that holds is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Literal, TypeAlias

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput

from plugins.value import value

MAX_LENGTH = 1_000
"""Longest flow."""
MAX_DEPTH = 20
"""Deepest nesting."""

_GRAMMAR = r"""
start: ";"* (either ";"*)+
?either: both ("||" both)*
?both: unary ("&&" unary)*
?unary: "!" unary -> negated
    | PROTOCOL "(" (NUMBER | STRING)? ")" -> run
    | "(" either ")"
PROTOCOL: "http" | "tcp" | "dns" | "ssl" | "network"
NUMBER: /[0-9]{1,3}/
STRING: /"[^"\\\n]{1,60}"/ | /'[^'\\\n]{1,60}'/
COMMENT: /\/\/[^\n]*/
%import common.WS
%ignore WS
%ignore COMMENT
"""


class FlowError(ValueError):
    """Not a boolean flow."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.reason}; a flow is blocks joined by && || ! and parentheses, such as http(1) && http(2)"


@value
class Run:
    """Run one block; true when it matches."""

    protocol: Literal["http", "tcp", "dns", "ssl"]
    """Kind of block."""
    block: str = ""
    """Its number, counted from 1, or its `id`; empty: all blocks of the kind."""


@value
class Negated:
    """True when the step is false."""

    step: Step
    """Step."""


@value
class Joined:
    """Steps joined; those that are not needed are not run."""

    kind: Literal["and", "or"]
    """`&&` or `||`."""
    steps: tuple[Step, ...]
    """At least two."""


Step: TypeAlias = Run | Negated | Joined
"""Every kind of step."""


def parse(text: str) -> tuple[Step, ...]:
    """Read a flow; raises `FlowError`."""
    if len(text) > MAX_LENGTH:
        raise FlowError(f"longer than {MAX_LENGTH} characters")
    try:
        steps: tuple[Step, ...] = _parser().parse(text)  # type: ignore[assignment]  # made by the transformer
    except UnexpectedInput as error:
        raise FlowError(f"line {max(1, error.line)} is no such flow; JavaScript is refused, it runs code") from None
    if any(depth > MAX_DEPTH for _, depth in walk(steps)):
        raise FlowError("nested too deep")
    return steps


def walk(steps: tuple[Step, ...]) -> Iterator[tuple[Step, int]]:
    """Give every step with its depth, without recursion."""
    waiting = [(step, 1) for step in steps]
    while waiting:
        step, depth = waiting.pop()
        yield step, depth
        below = step.steps if isinstance(step, Joined) else (step.step,) if isinstance(step, Negated) else ()
        waiting.extend((child, depth + 1) for child in below)


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", transformer=_Builder())


@v_args(inline=True)
class _Builder(Transformer[Token, Step]):
    """Makes steps while lark parses."""

    def start(self, *steps: Step) -> tuple[Step, ...]:
        return steps

    def run(self, protocol: Token, block: Token | None = None) -> Step:
        name = "tcp" if protocol == "network" else str(protocol)
        return Run(protocol=name, block="" if block is None else str(block).strip("\"'"))  # type: ignore[arg-type]

    def negated(self, step: Step) -> Step:
        return Negated(step=step)

    def either(self, *steps: Step) -> Step:
        return Joined(kind="or", steps=steps)

    def both(self, *steps: Step) -> Step:
        return Joined(kind="and", steps=steps)
