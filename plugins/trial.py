"""Trials: a signature of either kind, started on an end point, and run over the servers of its transcripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import cast

from plugins.admission import refuse_ask
from plugins.ask import Answer, Ask, Endpoint, HttpAsk, WebEndpoint
from plugins.check import MOST_ASKS
from plugins.checks.catalogue import find
from plugins.pack import Signature
from plugins.template.chance import Occasion
from plugins.template.program import NotTested, Outcome, program
from plugins.template.rehearsal import ENDPOINT, OTHERWISE, Case, Remembered, endpoint_of, memory

Running = Generator[Ask, Answer, Outcome]
"""A signature at work."""
OCCASION = Occasion(seed="trial", at=1_767_225_600)
"""What of chance and clock transcripts see."""


def start(signature: Signature, endpoint: Endpoint, occasion: Occasion) -> Running:
    """Start a signature on an end point; raises `CheckError` for a check that is not installed."""
    if not signature.is_check:
        return program(signature.template, endpoint, occasion)
    check = find(signature.id)
    if not isinstance(endpoint, WebEndpoint):
        raise TypeError(f"check {signature.id} is about web end points, not {endpoint.kind}")
    return _held(check.run(endpoint), signature)


def _held(running: Running, signature: Signature) -> Running:
    """Hold a check to what admission knows of a template beforehand: reading asks, and not too many."""
    try:
        ask = next(running)
        for _ in range(MOST_ASKS):
            if refusal := refuse_ask(ask, signature.template.inspection.reviewed):
                running.close()
                return NotTested(reason=f"the check asked what is not admitted: {refusal}")
            ask = running.send((yield ask))
        running.close()
        return NotTested(reason=f"the check used up its budget of {MOST_ASKS} asks")
    except StopIteration as end:
        return cast(Outcome, end.value)


def try_on(signature: Signature, case: Case) -> Outcome:
    """Run a signature over a remembered server.

    What a transcript names more than once is answered in the order given, and the last of them from then on.
    """
    endpoint = ENDPOINT if signature.is_check else endpoint_of(signature.template)
    running, asked, remembered = start(signature, endpoint, OCCASION), Counter[Ask](), memory(case)
    try:
        ask = next(running)
        while True:
            answer = _answer(case, ask, asked) if isinstance(ask, HttpAsk) else remembered(ask)
            ask = running.send(answer)
    except StopIteration as end:
        return cast(Outcome, end.value)


def _answer(case: Case, ask: HttpAsk, asked: Counter[Ask]) -> Answer:
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
