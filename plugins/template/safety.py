"""Safety: what a template does to a server, computed from its methods, payloads and flow and never declared.

`safety_of` is the one door. It reads what an author wrote and guesses towards caution: a word that often writes is taken for
one that writes. A template that is kept out by mistake is written differently; one that is let in by mistake hurts a shop.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any
from urllib.parse import unquote_to_bytes

from plugins.template.filling import Filling
from plugins.template.model import HttpBlock, HttpRequest, TcpBlock, Template
from plugins.template.model_match import DslExtractor, DslMatcher
from plugins.template.payloads import count
from plugins.template.safety_words import ANONYMOUS, DELAYS, LINES, LOGIN_NAMES, TARGETS, WRITES, compiled, table
from plugins.value import value


class SafetyClass(StrEnum):
    """What a template does, the worst last."""

    READ_ONLY = "read-only"
    """It only reads."""
    REVIEWED = "reviewed"
    """It sends POST, and a reviewer wrote down why that changes nothing."""
    STATE_CHANGING = "state-changing"
    """Its method may change something."""
    WRITING = "writing"
    """What it sends may write, create, delete, log in or send mail, whatever the method."""
    TIME_DELAY = "time-delay"
    """It makes the server wait."""
    STRESS = "stress"
    """It asks so much, or so often, that it stresses the server or locks an account."""


@value
class Concern:
    """One thing that a template does beyond reading."""

    kind: SafetyClass
    """What it does."""
    reason: str
    """What in the template shows it."""


@value
class Safety:
    """What a template does to a server."""

    kind: SafetyClass
    """The worst of its concerns; `READ_ONLY` when there are none."""
    concerns: tuple[Concern, ...] = ()
    """Everything beyond reading, in the order of the template."""

    @property
    def admitted(self) -> bool:
        """Whether it changes nothing, as far as can be told."""
        return self.kind in {SafetyClass.READ_ONLY, SafetyClass.REVIEWED}

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, each once."""
        return tuple(dict.fromkeys(concern.reason for concern in self.concerns))


MOST_GUESSES = 5
"""Most connections that one tcp block may make for its payloads."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Methods that only read (RFC 9110, section 9.2.1)."""

_SHOWN = 40
_OVERRIDES = frozenset({"x-http-method-override", "x-http-method", "x-method-override"})
_DELAYING, _WRITING, _TARGETS = table(DELAYS), table(WRITES), table(TARGETS)
_LINES, _ANONYMOUS, _LOGIN = table(LINES), compiled(ANONYMOUS), compiled(LOGIN_NAMES)


def safety_of(template: Template) -> Safety:
    """Compute what a template does to a server. Pure."""
    concerns = tuple(_concerns(template))
    order = list(SafetyClass)
    worst = max((concern.kind for concern in concerns), key=order.index, default=SafetyClass.READ_ONLY)
    return Safety(kind=worst, concerns=concerns)


def _concerns(template: Template) -> Iterator[Concern]:
    for name, filling in template.variables:
        yield from _by_text(f"variable {name}", filling)
    for block in template.http:
        yield from _by_lists(block)
        for request in block.requests:
            yield from _by_request(template, block, request)
    for other in template.tcp:
        yield from _by_lists(other)
        yield from _by_inputs(other)
    for _, _, any_block in template.blocks():
        expressions = [matcher.expressions for matcher in any_block.matchers if isinstance(matcher, DslMatcher)]
        expressions += [taken.expressions for taken in any_block.extractors if isinstance(taken, DslExtractor)]
        if any("duration" in one.names for several in expressions for one in several):
            yield Concern(kind=SafetyClass.TIME_DELAY, reason="it judges by how long the server takes (duration)")


def _by_request(template: Template, block: HttpBlock, request: HttpRequest) -> Iterator[Concern]:
    method = request.method
    if method == "POST" and template.inspection.reviewed:
        yield Concern(kind=SafetyClass.REVIEWED, reason=f"POST, reviewed: {template.inspection.reviewed}")
    elif method not in SAFE_METHODS:
        reviewed = "; POST needs a reviewed reason (metadata.tenken.reviewed)" if method == "POST" else ""
        told = f"method {method[:20]!a}; only {', '.join(SAFE_METHODS)} change nothing{reviewed}"
        yield Concern(kind=SafetyClass.STATE_CHANGING, reason=told)
    elif request.body.parts:
        yield Concern(kind=SafetyClass.STATE_CHANGING, reason=f"{method} with a body")
    yield from _by_text("its target", request.target)
    for piece in _spellings(request.target):
        yield from _found(_TARGETS, piece, "", SafetyClass.WRITING)
    yield from _by_text("its body", request.body)
    for name, text in request.headers:
        if name.lower() in _OVERRIDES:
            yield Concern(kind=SafetyClass.WRITING, reason=f"header {name} overrides the method")
        if name.lower() == "authorization" and block.payloads.lists:
            yield Concern(kind=SafetyClass.STRESS, reason="it tries passwords, which may lock an account")
        yield from _by_text(f"header {name}", text)


def _by_lists(block: HttpBlock | TcpBlock) -> Iterator[Concern]:
    for name, fillings in block.payloads.lists:
        if _LOGIN.search(name.encode()):
            yield Concern(
                kind=SafetyClass.STRESS, reason=f"payload {name}: it tries passwords, which may lock an account"
            )
        for filling in fillings:
            yield from _by_text(f"payload {name}", filling)
    if isinstance(block, TcpBlock) and count(block.payloads) > MOST_GUESSES:
        told = (
            f"{count(block.payloads)} combinations of payloads; more than {MOST_GUESSES} connections for one question"
        )
        yield Concern(kind=SafetyClass.STRESS, reason=told)


def _by_inputs(block: TcpBlock) -> Iterator[Concern]:
    for entry in block.inputs:
        plain = entry.data.plain
        for piece in [_unhexed(plain)] if entry.hex and plain is not None else _spellings(entry.data):
            if not _ANONYMOUS.search(piece):
                yield from _found(_LINES, piece, "an input: ", SafetyClass.WRITING)
        yield from _by_text("an input", entry.data)


def _unhexed(digits: bytes) -> bytes:
    try:
        return bytes.fromhex(digits.decode("ascii", "replace"))
    except ValueError:
        return digits


def _by_text(where: str, filling: Filling) -> Iterator[Concern]:
    for piece in _spellings(filling):
        yield from _found(_DELAYING, piece, f"{where}: ", SafetyClass.TIME_DELAY)
        yield from _found(_WRITING, piece, f"{where}: ", SafetyClass.WRITING)


def _spellings(filling: Filling) -> Iterator[bytes]:
    """Give what the author wrote, as it stands and with one and two layers of percent-encoding off."""
    whole = b" ".join(filling.literals)
    seen = {b""}
    for _ in range(3):
        if whole not in seen:
            seen.add(whole)
            yield whole
        whole = unquote_to_bytes(whole.replace(b"+", b" "))


def _found(patterns: tuple[tuple[str, Any], ...], piece: bytes, where: str, kind: SafetyClass) -> Iterator[Concern]:
    for why, pattern in patterns:
        hit = pattern.search(piece)
        if hit:
            shown = hit.group().decode("ascii", "replace")[:_SHOWN]
            yield Concern(kind=kind, reason=f"{where}{why} ({shown!a})")
