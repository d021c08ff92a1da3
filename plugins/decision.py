"""Reviewers' decisions: the explicit, recorded list of signatures for which an admission rule gives way.

The list is `decisions.yaml` at the top of a pack. It counts into the pack's digest, so whoever signs a release signs every
decision in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from plugins import strict_yaml
from plugins.admission import MAY_GIVE_WAY, Refusal, Rule
from plugins.strict_yaml import Problem, StrictYamlError
from plugins.template.sheet import Node
from plugins.value import value

FILE = "decisions.yaml"
"""Name of the list."""
SHORTEST = 20
"""Characters that a reason has at least."""

_KEYS = ("signature", "rule", "reviewer", "date", "reason")


@value
class Decision:
    """One rule that gives way for one signature."""

    signature: str
    """Id of the signature."""
    rule: Rule
    """The rule."""
    reviewer: str
    """Who decided; not an author of the signature."""
    date: str
    """When, as YYYY-MM-DD."""
    reason: str
    """Why, for everybody who signs the release."""


@value
class Candidate:
    """What a decision can be about."""

    authors: tuple[str, ...]
    """Who wrote the signature."""
    refusals: tuple[Refusal, ...]
    """Rules that keep it out."""


def load_decisions(
    text: bytes, source: str, candidates: Mapping[str, Candidate]
) -> tuple[tuple[Decision, ...], tuple[Problem, ...]]:
    """Read the list for signatures by id; give the decisions and every mistake."""
    try:
        document = strict_yaml.load(text, source, scalars="strings")
    except StrictYamlError as error:
        return (), error.problems
    problems: list[Problem] = []
    found = [_decision(entry, candidates) for entry in Node(document, problems).entries()]
    return tuple(decision for decision in found if decision), tuple(problems)


def _decision(node: Node, candidates: Mapping[str, Candidate]) -> Decision | None:
    if not node.keys(_KEYS, {}):
        return None
    parts = [node.need(key) for key in _KEYS]
    if any(part is None for part in parts):
        return None
    signature, rule, reviewer, day, reason = (part for part in parts if part is not None)
    chosen = rule.member(Rule)
    if chosen not in MAY_GIVE_WAY:
        rule.blame(f"{chosen} gives way to nobody; take the decision out")
    if len(reason.text("x")) < SHORTEST:
        reason.blame(f"expected a reason of at least {SHORTEST} characters")
    try:
        date.fromisoformat(day.text())
    except ValueError:
        day.blame("expected a date such as 2026-11-23")
    decision = Decision(
        signature=signature.text(), rule=chosen, reviewer=reviewer.text(), date=day.text(), reason=reason.text()
    )
    _fits(node, decision, candidates.get(decision.signature))
    return decision


def _fits(node: Node, decision: Decision, candidate: Candidate | None) -> None:
    """A decision about nothing is a mistake: sooner or later it would let something in that nobody looked at."""
    if candidate is None:
        node.blame(f"there is no signature {decision.signature[:80]!a}", "signature")
    elif decision.rule not in {refusal.rule for refusal in candidate.refusals}:
        node.blame(f"{decision.rule} does not keep {decision.signature} out; take the decision out", "rule")
    elif decision.reviewer.casefold() in {author.casefold() for author in candidate.authors}:
        node.blame("an author cannot review the own signature; somebody else has to", "reviewer")


def standing(identifier: str, refusals: Iterable[Refusal], decisions: Sequence[Decision]) -> tuple[Refusal, ...]:
    """Give the refusals of a signature that no decision sets aside."""
    waived = {one.rule for one in decisions if one.signature == identifier and one.rule in MAY_GIVE_WAY}
    return tuple(refusal for refusal in refusals if refusal.rule not in waived)
