"""One verdict per clause of the SSL inspection (inspection rules 4.3.5.1), from findings and coverage. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.text import Text
from plugins.value import value
from probes.finding import Finding, Grade
from probes.tls import rules
from probes.tls.deep.rules import DEEP_RULES
from probes.verdict import Coverage, Outcome, Standing


@value
class ClauseVerdict:
    """What came of one clause."""

    clause: str
    """Number, such as 4.3.5.1 (4)."""
    asks: Text
    """What it asks for."""
    standing: Standing
    """pass, fail or inconclusive."""
    findings: tuple[Finding, ...]
    """What was found against it."""


def clause_verdicts(findings: Sequence[Finding], coverage: Sequence[Coverage]) -> tuple[ClauseVerdict, ...]:
    """Give the verdict of each of the seven clauses over everything of item `tls`, in their order."""
    return tuple(_verdict(clause, findings, coverage) for clause in rules.CLAUSES)


def _verdict(clause: str, findings: Sequence[Finding], coverage: Sequence[Coverage]) -> ClauseVerdict:
    own = tuple(finding for finding in findings if finding.clause == clause)
    checks = {rule.id for rule in (*rules.RULES, *DEEP_RULES) if rule.clause == clause}
    rows = [row for row in coverage if row.check in checks]
    if any(finding.grade is Grade.FAILING for finding in own):
        standing = Standing.FAIL
    elif not rows or any(row.outcome is Outcome.NOT_TESTED for row in rows):
        standing = Standing.INCONCLUSIVE
    else:
        standing = Standing.PASS
    return ClauseVerdict(clause=clause, asks=rules.CLAUSES[clause], standing=standing, findings=own)
