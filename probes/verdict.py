"""Verdicts with coverage: what was looked at, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from plugins.value import value
from probes.finding import Finding, Grade
from probes.target import Item

RULES_VERSION = "2026.1"
"""Version of the inspection rules as the judges of this tree implement them; part of every result."""


class Outcome(StrEnum):
    """What became of one check."""

    CLEAN = "clean"
    FOUND = "found"
    NOT_APPLICABLE = "not-applicable"
    NOT_TESTED = "not-tested"


class Standing(StrEnum):
    """判定."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@value
class Coverage:
    """What became of one check on one server."""

    server: str
    """Name of the declared server."""
    item: Item
    """Item that the check belongs to."""
    check: str
    """Id of a rule or of a signature."""
    subject: str
    """What it was applied to: an address, an end point."""
    outcome: Outcome
    """What became of it."""
    reason: str = ""
    """Why, when not applicable or not tested."""


@value
class Judgement:
    """What one judge says about one server and item."""

    findings: tuple[Finding, ...] = ()
    """Opinions."""
    coverage: tuple[Coverage, ...] = ()
    """Every check that the scope asks for, once per subject."""


@value
class Verdict:
    """What is decided about a server or a system."""

    standing: Standing
    """pass, fail or inconclusive."""
    findings: tuple[Finding, ...]
    """All findings, worst grade first."""
    coverage: tuple[Coverage, ...]
    """All checks."""

    @property
    def gaps(self) -> tuple[Coverage, ...]:
        """Checks that were not done."""
        return tuple(entry for entry in self.coverage if entry.outcome is Outcome.NOT_TESTED)


_GRADE_ORDER = {grade: position for position, grade in enumerate(Grade)}


def decide(judgements: Sequence[Judgement], *, interrupted: bool = False) -> Verdict:
    """Decide: one failing finding fails; any gap, or nothing looked at, is inconclusive; else pass (design, promise 7).

    An inspection that was stopped or cut off is inconclusive whatever was found so far: it goes on in a new window
    (inspection rules 6.2.2.5), and nobody fails by half an inspection.
    """
    findings = [finding for judgement in judgements for finding in judgement.findings]
    coverage = tuple(entry for judgement in judgements for entry in judgement.coverage)
    looked = any(entry.outcome in {Outcome.CLEAN, Outcome.FOUND} for entry in coverage)
    if interrupted:
        standing = Standing.INCONCLUSIVE
    elif any(finding.grade is Grade.FAILING for finding in findings):
        standing = Standing.FAIL
    elif not looked or any(entry.outcome is Outcome.NOT_TESTED for entry in coverage):
        standing = Standing.INCONCLUSIVE
    else:
        standing = Standing.PASS
    return Verdict(standing=standing, findings=_ordered(findings), coverage=coverage)


def combine(verdicts: Sequence[Verdict]) -> Verdict:
    """Combine the verdicts of all servers: one that fails fails the system; all have to pass for the system to pass."""
    standings = {verdict.standing for verdict in verdicts}
    if Standing.FAIL in standings:
        standing = Standing.FAIL
    elif standings == {Standing.PASS}:
        standing = Standing.PASS
    else:
        standing = Standing.INCONCLUSIVE
    return Verdict(
        standing=standing,
        findings=_ordered([finding for verdict in verdicts for finding in verdict.findings]),
        coverage=tuple(entry for verdict in verdicts for entry in verdict.coverage),
    )


def void(verdict: Verdict, reason: str) -> Verdict:
    """Take back all that a verdict says: no opinion stands, and every check that had one is not tested for this `reason`."""
    return Verdict(
        standing=Standing.INCONCLUSIVE,
        findings=(),
        coverage=tuple(
            entry if entry.outcome is Outcome.NOT_TESTED else replace(entry, outcome=Outcome.NOT_TESTED, reason=reason)
            for entry in verdict.coverage
        ),
    )


def _ordered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(
        sorted(findings, key=lambda one: (_GRADE_ORDER[one.grade], one.server, one.item, one.subject, one.rule))
    )
