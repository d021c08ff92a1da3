"""HTTP blocks at work: requests are filled in, redirects inside the end point are followed, cookies are returned."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Any

import re2

from plugins.ask import Answer, Ask, HttpAnswer, HttpAsk, Method, NoAnswer, NoAnswerReason, WebEndpoint
from plugins.template.chance import Chance
from plugins.template.cookies import Jar
from plugins.template.filling import Filling, fill
from plugins.template.model import HttpBlock, HttpRequest
from plugins.template.payloads import combinations
from plugins.template.redirect import followed, is_redirect
from plugins.template.state import State
from plugins.template.values import EvaluationError

METHODS: tuple[Method, ...] = ("GET", "HEAD", "OPTIONS", "POST")
"""Methods that can be asked at all; which of them are let in, admission decides."""
MAX_TARGET = 4_000
"""Longest request target."""
MAX_FIELD = 4_000
"""Longest header value once it is filled in."""
MAX_BODY = 65_536
"""Largest request content."""
_TARGET = re2.compile(r"/[\x21-\x7e\x80-\xff]*")
_FIELD = re2.compile(r"[\x20-\x7e\x80-\xff]*")

_UNSENT = NoAnswer(reason=NoAnswerReason.CUT_OFF, detail="it was not sent")

Truth = bool | None
"""None: cannot be told."""


class Unsendable(EvaluationError):  # noqa: N818 - says what the request is
    """A request that must not be sent as it came out."""


def run(state: State, number: int, block: HttpBlock) -> Generator[Ask, Answer, Truth]:
    """Run a block; gives whether it matched."""
    began, past, matched = len(state.gaps), list[Answer](), False
    start = state.jar.copy()
    for turn, chosen in enumerate(combinations(block.payloads)):
        try:
            state.names.use(chosen, number, turn)
        except EvaluationError as error:
            state.skipped(frozenset().union(*(filling.names for filling in chosen.values())), error)
            continue
        jar = state.jar if block.cookies == "within" else start.copy()
        if (yield from _round(state, (number, block), turn, jar, past)):
            matched = True
            if block.stop_at_first_match or state.done:
                break
    state.names.put({})
    return True if matched else None if len(state.gaps) > began else False


def planned(state: State, number: int, block: HttpBlock) -> Iterator[HttpAsk]:
    """Give the asks of a block that are known beforehand: without cookies, redirects and what answers tell."""
    for turn, chosen in enumerate(combinations(block.payloads)):
        try:
            state.names.use(chosen, number, turn)
        except EvaluationError:
            continue
        for place, request in enumerate(block.requests):
            try:
                yield _ask(state, block, request, Jar(), (number, turn, place))
            except EvaluationError:
                continue
    state.names.put({})


def _round(
    state: State, where: tuple[int, HttpBlock], turn: int, jar: Jar, past: list[Answer]
) -> Generator[Ask, Answer, bool]:
    """Send every request of a block once, with one combination of payloads."""
    number, block = where
    matched = False
    alone = _alone(block)
    for place, request in enumerate(block.requests):
        mine = jar.copy() if alone else jar
        try:
            ask = _ask(state, block, request, mine, (number, turn, place))
        except EvaluationError as error:
            state.skipped(_wanted(request), error)
            past.append(_UNSENT)
            continue
        chain = yield from _exchange(state, block, ask, mine)
        last = chain[-1][1] if chain else _UNSENT
        if _read(state, number, block, chain, past):
            matched = True
            if block.stop_at_first_match or state.done:
                break
        past.append(last)
        if block.sequence and isinstance(last, NoAnswer):
            break
    return matched


def _alone(block: HttpBlock) -> bool:
    """Tell whether the requests of a block have nothing to do with each other."""
    return not block.sequence and block.cookies != "within"


def _exchange(
    state: State, block: HttpBlock, ask: HttpAsk, jar: Jar
) -> Generator[Ask, Answer, list[tuple[HttpAsk, HttpAnswer | NoAnswer]]]:
    """Send an ask, and follow where the end point sends on to itself; gives all answers that may be judged."""
    chain: list[tuple[HttpAsk, HttpAnswer | NoAnswer]] = []
    while True:
        answer = yield ask
        if not isinstance(answer, HttpAnswer):
            missed = answer if isinstance(answer, NoAnswer) else _UNSENT
            state.missed(missed)
            return [*chain, (ask, missed)]
        _take_cookies(state, block, ask, answer, jar)
        if not block.redirects or not is_redirect(answer):
            return [*chain, (ask, answer)]
        following = followed(ask, answer, _web(state))
        if following is None:
            # It leaves the end point: not followed, and no match (semantics 16).
            return chain
        if len(chain) >= block.redirects:
            state.gaps.append(f"more than {block.redirects} redirects")
            return chain
        if not state.may_follow():
            state.gaps.append(f"redirects used up the budget of {state.template.inspection.asks} asks")
            return chain
        chain.append((ask, answer))
        ask = _with_cookies(following, jar, state) if block.cookies != "none" else following


def _read(
    state: State,
    number: int,
    block: HttpBlock,
    chain: list[tuple[HttpAsk, HttpAnswer | NoAnswer]],
    past: list[Answer],
) -> bool:
    """Judge the answers of a chain, the last one first (semantics 1); one match is enough."""
    earlier = past if block.history else ()
    answered = [(ask, answer) for ask, answer in reversed(chain) if isinstance(answer, HttpAnswer)]
    return any(state.judge(("http", number, block), ask, answer, earlier) for ask, answer in answered)


def _take_cookies(state: State, block: HttpBlock, ask: HttpAsk, answer: HttpAnswer, jar: Jar) -> None:
    if block.cookies == "none" or (len(state.template.http) == 1 and _alone(block) and not block.redirects):
        # Nobody would get them back.
        return
    jar.take(answer.headers, ask.path)
    if jar is not state.jar:
        state.jar.take(answer.headers, ask.path)


def _web(state: State) -> WebEndpoint:
    if not isinstance(state.endpoint, WebEndpoint):
        raise TypeError(f"{state.template.id}: http blocks need a web end point, saw {state.endpoint.kind}")
    return state.endpoint


def _ask(state: State, block: HttpBlock, request: HttpRequest, jar: Jar, place: tuple[int, int, int]) -> HttpAsk:
    """Fill in a request; raises `EvaluationError` when it cannot be, or must not be sent as it came out."""
    chance = Chance(state.occasion, state.template.id, "http", *place)
    lookup = state.names.sent

    def filled(filling: Filling, wall: Any, limit: int) -> str:  # noqa: ANN401 - re2 has no types
        if filling.plain is not None:
            return filling.plain.decode("latin-1")  # the loader has looked at it
        text = fill(filling, lookup, chance).decode("latin-1")
        if len(text) > limit or not wall.fullmatch(text):
            raise Unsendable("what was filled in cannot stand in a request")
        return text

    target = filled(request.target, _TARGET, MAX_TARGET)
    headers = tuple((name, filled(text, _FIELD, MAX_FIELD)) for name, text in request.headers)
    body = fill(request.body, lookup, chance)
    if len(body) > MAX_BODY:
        raise Unsendable("what was filled in made the body too long")
    if request.method not in METHODS:
        raise Unsendable(f"method {request.method} changes things and is never sent")
    ask = HttpAsk(
        method=request.method,
        path=target,
        headers=headers,
        body=body,
        reviewed=state.template.inspection.reviewed if request.method == "POST" else "",
        max_bytes=block.max_bytes,
        timeout_s=10.0 if request.timeout_s is None else request.timeout_s,
    )
    return ask if block.cookies == "none" else _with_cookies(ask, jar, state)


def _with_cookies(ask: HttpAsk, jar: Jar, state: State) -> HttpAsk:
    explicit = next((text for name, text in ask.headers if name.lower() == "cookie"), "")
    due = jar.header(ask.path, tls=_web(state).tls, explicit=explicit)
    if due == explicit:
        return ask
    others = tuple((name, text) for name, text in ask.headers if name.lower() != "cookie")
    return replace(ask, headers=(*others, ("Cookie", due)))


def _wanted(request: HttpRequest) -> frozenset[str]:
    fillings = (request.target, request.body, *(text for _, text in request.headers))
    return frozenset().union(*(filling.names for filling in fillings))
