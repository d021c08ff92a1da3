"""Programs: a template at work on one end point. Yields asks, is fed answers, never touches a socket.

Whoever runs a program feeds each ask with an answer of its kind or with `NoAnswer`; equal asks to one end point may share one
answer. The same occasion and the same answers always give the same asks and the same outcome, so a judge that has the stored
answers replays a program without a packet.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TypeAlias

from plugins.ask import Answer, Ask, DnsEndpoint, Endpoint, WebEndpoint
from plugins.template import run_http, run_other
from plugins.template.chance import Occasion
from plugins.template.flow import Joined, Negated, Run, Step
from plugins.template.match import joined
from plugins.template.model import Block, DnsBlock, HttpBlock, Protocol, TcpBlock, Template
from plugins.template.state import Hit, State, reread
from plugins.value import value

__all__ = ["Hit", "Match", "NotTested", "Outcome", "Program", "planned", "program", "replay", "reread", "unfit"]


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
Program: TypeAlias = Generator[Ask, Answer, Outcome]
"""Yields asks, is sent answers, returns an outcome."""

_NO_OCCASION = Occasion()


def program(template: Template, endpoint: Endpoint, occasion: Occasion = _NO_OCCASION) -> Program:
    """Start a template on an end point that it fits (`unfit`).

    `occasion` is one for all programs of an inspection of a server: its random texts are then the same in all of them, and their
    asks can be shared. Without one, texts that should be random are known to everybody.
    """
    state = State(template, endpoint, occasion)
    if not template.flow:
        for place in template.blocks():
            yield from _run(state, place)
            if state.done:
                break
        return _outcome(state, held=bool(state.hits))
    held = yield from _flow(state)
    return _outcome(state, held=held)


def replay(
    template: Template, endpoint: Endpoint, answer: Callable[[Ask], Answer], occasion: Occasion = _NO_OCCASION
) -> Outcome:
    """Run a program to its end, with answers from a function."""
    running = program(template, endpoint, occasion)
    try:
        ask = next(running)
        while True:
            ask = running.send(answer(ask))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


def planned(template: Template, endpoint: Endpoint, occasion: Occasion = _NO_OCCASION) -> Iterator[Ask]:
    """Give every ask that is known beforehand: all but those that need a redirect, a cookie, or what an answer tells."""
    state = State(template, endpoint, occasion)
    yield from run_other.planned(state)
    for number, block in enumerate(template.http):
        yield from run_http.planned(state, number, block)


def unfit(template: Template, endpoint: Endpoint) -> str:
    """Say why a template is not for an end point; empty: it is.

    `http` needs a web end point and `dns` a name server; `tcp` and `ssl` take any TCP port, `tcp` only those that it names.
    """
    kinds = {protocol for protocol, _, _ in template.blocks()}
    if "http" in kinds and not isinstance(endpoint, WebEndpoint):
        return "it asks web servers"
    if ("dns" in kinds) != isinstance(endpoint, DnsEndpoint):
        return "it asks name servers" if "dns" in kinds else "it asks over TCP"
    if template.tcp and not any(run_other.applies(block, endpoint) for block in template.tcp):
        named = sorted({str(port) for block in template.tcp for port in block.ports})
        named += sorted({service for block in template.tcp for service in block.services})
        return f"it is about {', '.join(named)}"
    return ""


def _outcome(state: State, *, held: bool | None) -> Outcome:
    if held and state.hits:
        return Match(hits=tuple(state.hits))
    decided = held is False and bool(state.template.flow)
    return NotTested(reason=state.gaps[0]) if state.gaps and not decided else None


def _run(state: State, place: tuple[Protocol, int, Block]) -> Generator[Ask, Answer, bool | None]:
    _, number, block = place
    if isinstance(block, HttpBlock):
        return (yield from run_http.run(state, number, block))
    if isinstance(block, TcpBlock):
        return (yield from run_other.run_tcp(state, number, block))
    if isinstance(block, DnsBlock):
        return (yield from run_other.run_dns(state, number, block))
    return (yield from run_other.run_tls(state, number, block))


def _flow(state: State) -> Generator[Ask, Answer, bool | None]:
    """Take every step; one that holds is enough."""
    ran: dict[tuple[str, int], bool | None] = {}
    outcomes = []
    for step in state.template.flow:
        outcomes.append((yield from _step(state, step, ran)))
        if state.done:
            break
    return joined(outcomes, "or")


def _step(state: State, step: Step, ran: dict[tuple[str, int], bool | None]) -> Generator[Ask, Answer, bool | None]:
    if isinstance(step, Negated):
        inner = yield from _step(state, step.step, ran)
        return None if inner is None else not inner
    if isinstance(step, Joined):
        return (yield from _joined(state, step, ran))
    outcomes = []
    for place in _places(state.template, step):
        key = place[0], place[1]
        if key not in ran:
            ran[key] = yield from _run(state, place)
        outcomes.append(ran[key])
    return joined(outcomes, "or")


def _joined(state: State, step: Joined, ran: dict[tuple[str, int], bool | None]) -> Generator[Ask, Answer, bool | None]:
    """Run what is needed: after a decisive step, or one of which `and` cannot tell, nothing more is sent."""
    outcomes: list[bool | None] = []
    for inner in step.steps:
        outcomes.append((yield from _step(state, inner, ran)))
        if outcomes[-1] is (step.kind == "or") or (step.kind == "and" and outcomes[-1] is None):
            break
    return joined(outcomes, step.kind)


def _places(template: Template, step: Run) -> list[tuple[Protocol, int, Block]]:
    kind = [place for place in template.blocks() if place[0] == step.protocol]
    return [place for place in kind if step.block in {"", str(place[1] + 1), place[2].id}]
