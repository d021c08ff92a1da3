"""Trials: a signature of either kind, started on an end point, and run over the servers of its transcripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import cast

from plugins.ask import Answer, Ask, HttpAsk, WebEndpoint
from plugins.checks.catalogue import find
from plugins.pack import Signature
from plugins.template.program import Outcome, program
from plugins.template.rehearsal import ENDPOINT, OTHERWISE, Case, Remembered

Running = Generator[Ask, Answer, Outcome]
"""A signature at work."""


def start(signature: Signature, endpoint: WebEndpoint) -> Running:
    """Start a signature on an end point; raises `CheckError` for a check that is not installed."""
    if signature.is_check:
        return find(signature.id).run(endpoint)
    return cast(Running, program(signature.template, endpoint))


def try_on(signature: Signature, case: Case) -> Outcome:
    """Run a signature over a remembered server.

    What a transcript names more than once is answered in the order given, and the last of them from then on.
    """
    running, asked = start(signature, ENDPOINT), Counter[Ask]()
    try:
        ask = next(running)
        while True:
            answer = _answer(case, ask, asked)
            ask = running.send(answer)
    except StopIteration as end:
        return cast(Outcome, end.value)


def _answer(case: Case, ask: Ask, asked: Counter[Ask]) -> Answer:
    if not isinstance(ask, HttpAsk):
        return OTHERWISE
    fitting = [one for one in case.exchanges if (one.method, one.path) == (ask.method, ask.path)]
    if not fitting:
        return OTHERWISE
    place = HttpAsk(method=ask.method, path=ask.path)
    asked[place] += 1
    return _cut(fitting[min(asked[place], len(fitting)) - 1], ask.max_bytes)


def _cut(exchange: Remembered, limit: int) -> Answer:
    answer = exchange.answer
    return type(answer)(
        status=answer.status,
        headers=answer.headers,
        body=answer.body[:limit],
        truncated=len(answer.body) > limit,
    )
