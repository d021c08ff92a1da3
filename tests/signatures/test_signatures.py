"""Every signature that is shipped: admitted, harmless, and right about its own transcripts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from plugins.admission import examine, refuse_ask
from plugins.ask import HttpAsk
from plugins.pack import Signature
from plugins.proof import examine_card, examine_proof
from plugins.template.program import planned
from plugins.template.rehearsal import ENDPOINT, Case, Kind, endpoint_of, load_cases
from plugins.trial import try_on
from tests.pack import PACK

FOLDER = Path(__file__).parents[2] / "signatures"
SIGNATURES = PACK.signatures
ASKS = 1000
"""Most asks of the whole pack to one end point on which every product was seen."""


@cache
def cases_of(signature: Signature) -> tuple[Case, ...]:
    path = FOLDER / f"{signature.source.removesuffix('.yaml')}.transcripts.yaml"
    return load_cases(path.read_bytes(), str(path.relative_to(FOLDER)))


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda signature: signature.id)
def test_signature_is_proved_and_harmless(signature: Signature) -> None:
    template = signature.template
    flaws = (*examine_card(signature), *examine_proof(signature, cases_of(signature)))
    assert [str(flaw) for flaw in flaws] == []
    assert examine(template) == ()
    for ask in planned(template, endpoint_of(template)):
        assert refuse_ask(ask, template.inspection.reviewed) is None
    if template.inspection.certainty == "suspected":
        assert template.inspection.product, "a version without its product applies to nothing"
        assert {"version", "presence"} & set(template.tags)


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda signature: signature.id)
def test_no_signature_holds_for_what_another_one_is_proved_with_as_fixed(signature: Signature) -> None:
    """Fixed servers of one product must not light up the signature of another by behaviour."""
    if signature.template.inspection.certainty == "suspected":
        return
    asked = {(ask.method, ask.path) for ask in planned(signature.template, ENDPOINT) if isinstance(ask, HttpAsk)}
    for other in SIGNATURES:
        for case in cases_of(other):
            shared = any((exchange.method, exchange.path) in asked for exchange in case.exchanges)
            if case.kind is Kind.FIXED and shared:  # all other cases answer 404 to everything, as one of its own does
                assert try_on(signature, case) is None, (other.id, case.server)


def test_the_pack_is_what_was_promised() -> None:
    certain = [one for one in SIGNATURES if one.template.inspection.certainty == "verified"]
    assert len(SIGNATURES) >= 300
    assert len(certain) >= 100
    asks = {ask for one in SIGNATURES for ask in planned(one.template, ENDPOINT)}
    assert len(asks) <= ASKS


def test_every_transcript_belongs_to_a_signature() -> None:
    sources = {FOLDER / f"{one.source.removesuffix('.yaml')}.transcripts.yaml" for one in SIGNATURES}
    assert set(FOLDER.glob("*/*.transcripts.yaml")) == sources
    assert not list(FOLDER.rglob("*.py"))
