"""Texts with `{{...}}` in them: read once at load, filled in once for each ask. What was filled in is never read again.

`{{name}}` and `{{function(name)}}` are filled in. Expressions of literals only, such as `{{7*7}}`, stay as they are, because
template-injection payloads depend on it (semantics 6). A marker ends at the first `}}` after which it can be read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import re2

from plugins.template.chance import NOTHING, Chance
from plugins.template.evaluate import Lookup, evaluate
from plugins.template.expression import Call, ExpressionError, Name, Node, names, parse, walk
from plugins.template.values import as_bytes, bounded
from plugins.value import value

MAX_MARKERS = 100
"""Most markers of one text."""
OUT_OF_BAND = ("interactsh-url", "interactsh_", "oob")
"""What names of a listener for call-backs begin with; there is none."""
_CLOSE = re2.compile(r"\}\}")
_WORD = re2.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_OLD = re2.compile(r"§\s*([A-Za-z_][A-Za-z0-9_-]*)\s*§")


class MarkerError(ValueError):
    """A `{{...}}` that cannot be filled in."""

    def __init__(self, inside: str, reason: str) -> None:
        super().__init__(inside, reason)
        self.inside, self.reason = inside, reason

    def __str__(self) -> str:
        return f"{{{{{self.inside[:60]}}}}}: {self.reason}"


@value
class Filling:
    """A text with places to fill in."""

    parts: tuple[bytes | Node, ...]
    """Bytes as they are sent, and what is worked out between them."""

    @property
    def plain(self) -> bytes | None:
        """The text when nothing is to be filled in; None: something is."""
        if not self.parts:
            return b""
        first = self.parts[0]
        return first if len(self.parts) == 1 and isinstance(first, bytes) else None

    @property
    def names(self) -> frozenset[str]:
        """Every name that is filled in."""
        return frozenset().union(*(names(part) for part in self.parts if not isinstance(part, bytes)))

    @property
    def literals(self) -> Iterator[bytes]:
        """Every piece of text that the author wrote, also inside expressions."""
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
            else:
                yield from literals(part)


EMPTY = Filling(parts=())
"""Nothing."""


def literals(tree: Node) -> Iterator[bytes]:
    """Give every string constant of an expression."""
    for node, _ in walk(tree):
        for content in (getattr(node, "content", None), *getattr(node, "parts", ())[::2]):
            if isinstance(content, bytes):
                yield content


def read(text: str, known: Collection[str] | None, *, lenient: bool = False) -> Filling:
    """Find the markers of a text; raises `MarkerError` for one whose names are not `known` (None: all names are).

    Lenient: such markers stay as they are (`skip-variables-check`).
    """
    text = _OLD.sub(lambda sign: "{{" + sign.group(1) + "}}", text) if "§" in text else text
    parts: list[bytes | Node] = []
    kept, at, count = 0, text.find("{{"), 0
    while at >= 0 and count < MAX_MARKERS:
        count += 1
        node, end = _marker(text, at + 2, known, lenient=lenient)
        complaint = "" if node is None else _complaint(node, known)
        if node is not None and complaint and not lenient:
            raise MarkerError(text[at + 2 : end - 2].strip(), complaint)
        if node is None or complaint:
            at = text.find("{{", at + 2 if node is None else end)
            continue
        parts += [part for part in (text[kept:at].encode(), node) if part]
        kept, at = end, text.find("{{", end)
    if at >= 0:
        raise MarkerError(text[at + 2 : at + 62], f"more than {MAX_MARKERS} markers in one text")
    rest = text[kept:].encode()
    return Filling(parts=(*parts, rest) if rest else tuple(parts))


def fill(filling: Filling, lookup: Lookup, chance: Chance = NOTHING) -> bytes:
    """Fill in; raises `EvaluationError`, and `AbsentError` for a name that has no value."""
    plain = filling.plain
    if plain is not None:
        return plain
    pieces = (part if isinstance(part, bytes) else as_bytes(evaluate(part, lookup, chance)) for part in filling.parts)
    return as_bytes(bounded(b"".join(pieces)))


def _marker(text: str, begin: int, known: Collection[str] | None, *, lenient: bool) -> tuple[Node | None, int]:
    """Read what stands in a marker that begins here, and say where it ends; None: it is no marker."""
    worst: ExpressionError | None = None
    first_end = -1
    for tried, close in enumerate(_CLOSE.finditer(text, begin)):
        if tried >= 8:
            break
        inside, end = text[begin : close.start()].strip(), close.end()
        first_end = end if first_end < 0 else first_end
        if not inside:
            return None, end
        if inside in (known or ()) or (_WORD.fullmatch(inside) and "-" in inside):
            return Name(name=inside), end
        try:
            tree = parse(inside).tree
        except ExpressionError as error:
            worst = worst or error
            continue
        return (tree if any(isinstance(node, Name | Call) for node, _ in walk(tree)) else None), end
    if worst is not None and not lenient and _looks_meant(text[begin : first_end - 2]):
        raise MarkerError(text[begin : first_end - 2].strip(), worst.reason)
    return None, first_end


def _looks_meant(inside: str) -> bool:
    """Tell a slip from a payload that only looks like a marker: it calls a function."""
    return "(" in inside and _WORD.match(inside.strip()) is not None


def _complaint(node: Node, known: Collection[str] | None) -> str:
    if known is None:
        return ""
    unknown = sorted(name for name in names(node) if name not in known)
    if not unknown:
        return ""
    if unknown[0].startswith(OUT_OF_BAND):
        return "refused, call-backs to a listener of our own are not in the subset yet"
    told = ", ".join(sorted(known))
    return f"{unknown[0]} has no value; {told[:400]} can be filled in, and what earlier requests extract"
