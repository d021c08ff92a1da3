"""Every signature is believed where it is right: what its vulnerable servers show is more than a repetition of what was asked.

The transcripts show that a signature matches. The judge also asks whether the match would stand without the pieces of the ask that
the answer repeats; a title that is the path shows nothing. A signature that rests on such a piece could never be found.
"""

from __future__ import annotations

from collections import Counter

import pytest

from plugins.ask import Ask, HttpAnswer, HttpAsk
from plugins.pack import Signature
from plugins.template.program import Match
from plugins.template.rehearsal import ENDPOINT, Case, Kind, endpoint_of, memory
from plugins.trial import OCCASION, _answer, start
from probes.holes.doubt import doubt
from probes.holes.facts import Exchange
from probes.holes.front import baseline_asks
from probes.holes.record import Record
from tests.pack import PACK
from tests.signatures.test_signatures import cases_of

NOTHING = HttpAnswer(status=404, body=b"nothing is here")


def doubts_of(signature: Signature, case: Case) -> list[str]:
    """Run a signature over a remembered server as the probe would record it; give what the judge thinks of each hit."""
    endpoint = ENDPOINT if signature.is_check else endpoint_of(signature.template)
    record, asked, remembered = Record(endpoint, OCCASION), Counter[Ask](), memory(case)
    for page in (HttpAsk(path="/"), *baseline_asks(OCCASION)):
        record.keep(Exchange(endpoint=endpoint, ask=page, answer=NOTHING, look=1))
    running = start(signature, endpoint, OCCASION)
    try:
        ask = next(running)
        while True:
            answer = _answer(case, ask, asked) if isinstance(ask, HttpAsk) else remembered(ask)
            record.keep(Exchange(endpoint=endpoint, ask=ask, answer=answer, look=1))
            ask = running.send(answer)
    except StopIteration as end:
        outcome = end.value
    assert isinstance(outcome, Match), f"{signature.id} does not match {case.server}"
    return [doubt(record, signature, hit) for hit in outcome.hits]


@pytest.mark.parametrize("signature", PACK.signatures, ids=lambda one: one.id)
def test_what_a_vulnerable_server_shows_is_believed(signature: Signature) -> None:
    for case in cases_of(signature):
        if case.kind is Kind.VULNERABLE:
            doubts = doubts_of(signature, case)
            assert "" in doubts, f"{case.server}: {doubts}"
