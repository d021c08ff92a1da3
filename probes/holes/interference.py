"""Interference: answers that match a signature without showing a hole, because the server says the same to everything."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import cast
from urllib.parse import unquote_to_bytes

import re2

from plugins.ask import Ask, HttpAnswer, HttpAsk, WebEndpoint
from plugins.template.model import Template
from plugins.template.program import Hit, reread
from probes.holes.front import Front

SHORTEST = 8
"""Shorter pieces of an ask are too common to be called a repetition."""

_PIECES = re2.compile(r"[^/?&=;]+")


def interference(template: Template, hit: Hit, answer: HttpAnswer, endpoint: WebEndpoint, front: Front) -> str:
    """Say why a hit shows nothing; empty: it stands."""
    if _vanishes(template, hit, answer, endpoint, thorough=front.reflects):
        return "the answer only repeats what was asked"
    if template.inspection.certainty == "suspected" or _web(hit.ask).path == "/":
        # A version, or the front page itself, is what it is on every page of a server.
        return ""
    if not front.complete:
        return "pages that do not exist were not answered, so nothing can be compared"
    for _, baseline in front.baselines:
        if reread(template, hit.block, baseline, endpoint, hit.before).matched:
            return "a page that does not exist shows the same"
    return ""


def _vanishes(template: Template, hit: Hit, answer: HttpAnswer, endpoint: WebEndpoint, *, thorough: bool) -> bool:
    """Tell whether the match is gone once everything that repeats the ask is taken out of the answer."""
    pieces = _pieces(_web(hit.ask), thorough=thorough)
    rest = HttpAnswer(
        status=answer.status,
        headers=tuple(
            (name, _without(text.encode("latin-1"), pieces).decode("latin-1")) for name, text in answer.headers
        ),
        body=_without(answer.body, pieces),
        truncated=answer.truncated,
    )
    if rest == answer:
        return False
    return not reread(template, hit.block, rest, endpoint, hit.before).matched


def _web(ask: Ask) -> HttpAsk:
    return cast(HttpAsk, ask)


def _pieces(ask: HttpAsk, *, thorough: bool) -> tuple[bytes, ...]:
    raw = ask.path.encode("latin-1", "replace")
    pieces = {unquote_to_bytes(raw), *(text.encode("latin-1", "replace") for _, text in ask.headers)}
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
