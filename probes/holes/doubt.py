"""Doubts: why a hit shows nothing. The server says the same to everything, repeats the ask, is not let speak, or says it once."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import unquote_to_bytes

import re2

from plugins.ask import (
    Answer,
    Ask,
    HttpAnswer,
    HttpAsk,
    NoAnswer,
    NoAnswerReason,
    TcpAnswer,
    TcpAsk,
    TcpStep,
    WebEndpoint,
)
from plugins.pack import Signature
from plugins.template.program import Hit, Match, NotTested
from probes.holes.block_page import blocker
from probes.holes.control import NOWHERE, control_of
from probes.holes.record import SECOND, Record

SHORTEST = 8
"""Shorter pieces of an ask are too common to be called a repetition."""
FEWEST_ALIKE = 3
"""Signatures, of more than one family, that one identical answer may not show at once."""

_PIECES = re2.compile(r"[^/?&=;]+")


def doubt(record: Record, signature: Signature, hit: Hit) -> str:
    """Say why a hit of the first look shows nothing; empty: it stands."""
    answer = record.first(hit.ask)
    if answer is None:
        return "its answer is not on record"
    if isinstance(answer, HttpAnswer) and (who := blocker(answer)):
        return f"a block page answered ({who})"
    bare = _without_repetitions(hit.ask, answer, thorough=record.front.reflects)
    if bare != answer and not record.still(signature, hit.ask, bare):
        return "the answer only repeats what was asked"
    return _by_baseline(record, signature, hit) if isinstance(record.endpoint, WebEndpoint) else ""


def _by_baseline(record: Record, signature: Signature, hit: Hit) -> str:
    if signature.template.inspection.certainty == "suspected" or getattr(hit.ask, "path", "/") in {"/", NOWHERE}:
        # A version, the front page or the error page itself is what it is on every page of a server.
        return ""
    if not record.front.complete:
        return "pages that do not exist were not answered, so nothing can be compared"
    same = any(record.still(signature, hit.ask, baseline) for baseline in record.front.baselines)
    return "a page that does not exist shows the same" if same else ""


def unconfirmed(record: Record, signature: Signature, hits: Sequence[Hit]) -> str:
    """Say why hits that stand are not believed; empty: a second look showed one again, and its control did not."""
    outcome, _ = record.replay(signature, SECOND)
    if isinstance(outcome, NotTested):
        return f"not confirmed by a second look ({outcome.reason})"
    again = {hit.ask for hit in outcome.hits} if isinstance(outcome, Match) else set[Ask]()
    confirmed = [hit for hit in hits if hit.ask in again]
    if not confirmed:
        return "a second look did not show it again"
    reasons = [_by_control(record, signature, hit) for hit in confirmed]
    return "" if "" in reasons else reasons[0]


def _by_control(record: Record, signature: Signature, hit: Hit) -> str:
    control = control_of(hit.ask, record.occasion)
    if control is None or signature.template.inspection.certainty == "suspected":
        return ""
    answer = record.first(control)
    if isinstance(answer, NoAnswer) and answer.reason is NoAnswerReason.TIMEOUT and record.calm_after(control):
        # Some servers say nothing at all where nothing is. That is not what the hit showed, and nothing cut us off.
        return ""
    if answer is None or isinstance(answer, NoAnswer):
        return "its control ask was not answered"
    return "what cannot be there shows the same" if record.still(signature, hit.ask, answer) else ""


def controls(record: Record, signature: Signature, hits: Iterable[Hit]) -> tuple[Ask, ...]:
    """Give the control asks that hits need."""
    if signature.template.inspection.certainty == "suspected":
        return ()
    found = (control_of(hit.ask, record.occasion) for hit in hits)
    return tuple(dict.fromkeys(ask for ask in found if ask))


def alike(record: Record, standing: Mapping[str, tuple[Signature, Sequence[Hit]]]) -> dict[str, str]:
    """Find signatures that one identical answer shows at once; give the reason by signature id."""
    groups: dict[str, dict[str, str]] = {}
    for identifier, (signature, hits) in standing.items():
        if signature.template.inspection.certainty == "suspected":
            continue
        for hit in hits:
            answer = record.first(hit.ask)
            if isinstance(answer, HttpAnswer) and answer.body:
                bare = _without_repetitions(hit.ask, answer, thorough=True)
                key = hashlib.sha256(getattr(bare, "body", b"")).hexdigest()
                groups.setdefault(key, {})[identifier] = signature.family
    reasons: dict[str, str] = {}
    for group in groups.values():
        families = set(group.values())
        if len(group) >= FEWEST_ALIKE and len(families) > 1:
            reason = f"one and the same answer shows {len(group)} holes of {len(families)} product families"
            reasons |= dict.fromkeys(group, reason)
    return reasons


def _without_repetitions(ask: Ask, answer: Answer, *, thorough: bool) -> Answer:
    """Take everything that repeats the ask out of its answer."""
    if isinstance(ask, HttpAsk) and isinstance(answer, HttpAnswer):
        pieces = _pieces(ask, thorough=thorough)
        headers = tuple(
            (name, _without(text.encode("latin-1", "replace"), pieces).decode("latin-1"))
            for name, text in answer.headers
        )
        return replace(answer, headers=headers, body=_without(answer.body, pieces))
    if isinstance(ask, TcpAsk) and isinstance(answer, TcpAnswer):
        # What a server says before it is sent something, as VNC does with its version, repeats nothing.
        reads = tuple(_without(read, _sent(ask.steps[:number])) for number, read in enumerate(answer.reads, start=1))
        return replace(answer, data=_without(answer.data, _sent(ask.steps)), reads=reads)
    return answer


def _sent(steps: Iterable[TcpStep]) -> tuple[bytes, ...]:
    sent = {piece for step in steps for piece in (step.send, step.send.strip())}
    return tuple(sorted((piece for piece in sent if len(piece) > 3), key=len, reverse=True))


def _pieces(ask: HttpAsk, *, thorough: bool) -> tuple[bytes, ...]:
    raw = ask.path.encode("latin-1", "replace")
    pieces = {unquote_to_bytes(raw), *(text.encode("latin-1", "replace") for _, text in ask.headers), ask.body}
    if thorough:
        pieces |= {unquote_to_bytes(piece) for piece in _PIECES.findall(raw)} | set(_PIECES.findall(raw))
    pieces |= {html.escape(piece.decode("latin-1")).encode("latin-1") for piece in pieces}
    long = {piece for piece in pieces if len(piece) >= SHORTEST}
    # The whole target is a repetition at any length, except / alone.
    whole = {raw, html.escape(raw.decode("latin-1")).encode("latin-1")} if len(raw) > 1 else set[bytes]()
    return tuple(sorted(long | whole, key=len, reverse=True))


def _without(data: bytes, pieces: Iterable[bytes]) -> bytes:
    for piece in pieces:
        data = data.replace(piece, b"")
    return data
