"""Programs: a template at work on one end point. Yields asks, is fed answers, never touches a socket."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TypeAlias

from plugins.ask import HttpAnswer, HttpAsk, NoAnswer, WebAnswer, WebEndpoint
from plugins.template.match import Reading, read
from plugins.template.model import HttpBlock, Template
from plugins.template.render import render, target, variables
from plugins.template.view import View
from plugins.value import value


@value
class Hit:
    """One answer that matched."""

    block: int
    """Position of the block in `Template.http`."""
    ask: HttpAsk
    """What was asked."""
    before: tuple[tuple[str, bytes], ...]
    """What earlier answers had told; needed to judge the answer again."""
    matchers: tuple[str, ...]
    """Names of the matchers that hold."""
    extracted: tuple[tuple[str, bytes], ...]
    """Name and bytes of every extracted value, in document order."""


@value
class Match:
    """The template holds."""

    hits: tuple[Hit, ...]
    """At least one."""


@value
class NotTested:
    """It cannot be told whether the template holds."""

    reason: str
    """Why."""


Outcome: TypeAlias = Match | NotTested | None
"""None: the template was tried and does not hold."""
Program: TypeAlias = Generator[HttpAsk, WebAnswer, Outcome]
"""Yields asks, is sent answers, returns an outcome."""


def program(template: Template, endpoint: WebEndpoint) -> Program:
    """Start a template on an end point."""
    known: dict[str, bytes] = {}
    hits: list[Hit] = []
    gaps: list[str] = []
    for number, block in enumerate(template.http):
        for ask in asks(block, endpoint):
            answer = yield ask
            if isinstance(answer, NoAnswer):
                gaps.append(f"{answer.reason}: {answer.detail}" if answer.detail else str(answer.reason))
                continue
            before = tuple(known.items())
            reading = reread(template, number, answer, endpoint, before)
            known.update(reading.known)
            if reading.matched:
                hits.append(_hit(number, ask, before, reading))
            elif reading.matched is None:
                gaps.append(reading.reason)
            if reading.matched and block.stop_at_first_match:
                break
    if hits:
        return Match(hits=tuple(hits))
    return NotTested(reason=gaps[0]) if gaps else None


def reread(
    template: Template, number: int, answer: HttpAnswer, endpoint: WebEndpoint, before: tuple[tuple[str, bytes], ...]
) -> Reading:
    """Judge one answer by one block, given what earlier answers had told."""
    block = template.http[number]
    return read(block, View(answer, dict(before), variables(endpoint), beginning=block.beginning))


def asks(block: HttpBlock, endpoint: WebEndpoint) -> Iterator[HttpAsk]:
    """Give the asks of a block, in order."""
    values = variables(endpoint)
    headers = tuple((name, render(text, values)) for name, text in block.headers)
    for path in block.paths:
        yield HttpAsk(method=block.method, path=target(path, values), headers=headers, max_bytes=block.max_bytes)


def planned(template: Template, endpoint: WebEndpoint) -> Iterator[HttpAsk]:
    """Give every ask that the template may send to an end point."""
    for block in template.http:
        yield from asks(block, endpoint)


def _hit(number: int, ask: HttpAsk, before: tuple[tuple[str, bytes], ...], reading: Reading) -> Hit:
    return Hit(block=number, ask=ask, before=before, matchers=reading.matchers, extracted=reading.extracted)
