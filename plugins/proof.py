"""Proof: what every signature has to bring with it before anybody relies on it.

At least one vulnerable server, a fixed one, and another that only looks like it; references; and the words that its certainty
needs. The same rules hold for `tenken signatures test`, for a release and for the tests of this tree.
"""

from __future__ import annotations

from collections.abc import Sequence

from plugins.pack import Signature
from plugins.template.program import Match, NotTested
from plugins.template.rehearsal import Case, Kind
from plugins.trial import try_on
from plugins.value import value

TO_WRITE = "TODO"
"""What a skeleton holds where somebody still has to write."""
_GROUNDS = frozenset({"version", "presence"})


@value
class Flaw:
    """One thing that is missing or wrong."""

    signature: str
    """Id of the signature."""
    case: str
    """Server of the transcript; empty: it is about the signature itself."""
    told: str
    """What was expected, and what was seen."""

    def __str__(self) -> str:
        where = f"{self.signature}: {self.case}" if self.case else self.signature
        return f"{where}: {self.told}"


def examine_card(signature: Signature) -> tuple[Flaw, ...]:
    """Give what a signature lacks by itself."""
    template = signature.template
    inspection = template.inspection
    told = []
    if not template.references:
        told.append("has no reference; name the advisory or the standard")
    if inspection.certainty == "suspected":
        if inspection.product is None and template.http:
            told.append("a version without its product applies to nothing; write metadata.tenken.product")
        if not _GROUNDS.intersection(template.tags):
            told.append("is suspected; tag it `version` or, when something answers that should not, `presence`")
    texts = (inspection.title, inspection.remedy, *([inspection.note] if inspection.note else []))
    if any(TO_WRITE in text for both in texts for text in (both.en, both.ja)) or TO_WRITE in template.description:
        told.append(f"still says {TO_WRITE}")
    if any(text.ja.isascii() for text in texts):
        told.append("has a Japanese text without a Japanese character")
    return tuple(Flaw(signature=signature.id, case="", told=each) for each in told)


def examine_proof(signature: Signature, cases: Sequence[Case]) -> tuple[Flaw, ...]:
    """Run a signature over its transcripts; give what does not come out as it should."""
    kinds = {case.kind for case in cases}
    flaws = [
        Flaw(signature=signature.id, case="", told=f"has no transcript of a {kind} server; write one")
        for kind in Kind
        if kind not in kinds
    ]
    told = ((case, _in_case(signature, case)) for case in cases)
    flaws += [
        Flaw(signature=signature.id, case=f"{case.kind}, {case.server}", told=said) for case, said in told if said
    ]
    return tuple(flaws)


def _in_case(signature: Signature, case: Case) -> str:
    outcome = try_on(signature, case)
    if isinstance(outcome, NotTested):
        return f"expected an answer, saw not tested: {outcome.reason}"
    if case.kind is not Kind.VULNERABLE:
        if outcome is None:
            return ""
        return f"expected no match, saw {outcome.hits[0].matchers or 'one'}"
    if not isinstance(outcome, Match):
        return "expected a match, saw none"
    told = {(name, data.decode("utf-8", "backslashreplace")) for hit in outcome.hits for name, data in hit.extracted}
    missing = sorted(set(case.extracted) - told)
    return f"expected to extract {missing}, saw {sorted(told)}" if missing else ""
