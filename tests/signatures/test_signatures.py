"""Every signature that is shipped: admitted, harmless, and right about its own transcripts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from plugins.admission import SAFE_METHODS, examine
from plugins.ask import HttpAsk
from plugins.pack import Signature, load_pack
from plugins.template.program import Match, planned
from plugins.template.rehearsal import ENDPOINT, Case, Kind, load_cases
from plugins.trial import try_on

FOLDER = Path(__file__).parents[2] / "signatures"
SIGNATURES = load_pack().signatures
ASKS = 1000
"""Most asks of the whole pack to one end point on which every product was seen."""


@cache
def cases_of(signature: Signature) -> tuple[Case, ...]:
    path = (FOLDER / signature.source).with_suffix(".transcripts.yaml")
    return load_cases(path.read_bytes(), str(path.relative_to(FOLDER)))


CASES = [
    pytest.param(signature, case, id=f"{signature.id}: {case.server}")
    for signature in SIGNATURES
    for case in cases_of(signature)
]


@pytest.mark.parametrize(("signature", "case"), CASES)
def test_transcript(signature: Signature, case: Case) -> None:
    outcome = try_on(signature, case)
    if case.kind is not Kind.VULNERABLE:
        assert outcome is None
        return
    assert isinstance(outcome, Match)
    told = {(name, data.decode()) for hit in outcome.hits for name, data in hit.extracted}
    assert set(case.extracted) <= told


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda signature: signature.id)
def test_signature_is_proved_and_harmless(signature: Signature) -> None:
    template = signature.template
    kinds = {case.kind for case in cases_of(signature)}
    assert {Kind.VULNERABLE, Kind.FIXED, Kind.LOOK_ALIKE} <= kinds
    assert examine(template) == ()
    assert template.references
    for ask in planned(template, ENDPOINT):
        assert not isinstance(ask, HttpAsk) or ask.method in SAFE_METHODS or ask.reviewed
    if template.inspection.certainty == "suspected":
        assert template.inspection.product, "a version without its product applies to nothing"
        assert "version" in template.tags


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
    sources = {(FOLDER / one.source).with_suffix(".transcripts.yaml") for one in SIGNATURES}
    assert set(FOLDER.glob("*/*.transcripts.yaml")) == sources
    assert not list(FOLDER.rglob("*.py"))
