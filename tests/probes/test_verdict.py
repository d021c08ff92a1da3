"""Verdicts: what a finding and a gap do to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.text import Text
from probes.finding import Certainty, Finding, Grade, Severity
from probes.target import Item
from probes.verdict import Coverage, Judgement, Outcome, Standing, Verdict, combine, decide

TEXT = Text(en="x", ja="x")


def finding(grade: Grade, server: str = "web") -> Finding:
    return Finding(
        server=server,
        item=Item.PORTS,
        rule="ports.undeclared-open",
        clause="4.3.4.2 (1)",
        subject="192.0.2.1:1/tcp",
        grade=grade,
        severity=Severity.MEDIUM,
        certainty=Certainty.VERIFIED,
        title=TEXT,
        remedy=TEXT,
    )


def row(outcome: Outcome) -> Coverage:
    return Coverage(server="web", item=Item.PORTS, check="ports.undeclared-open", subject="192.0.2.1", outcome=outcome)


@pytest.mark.parametrize(
    ("grades", "outcomes", "standing"),
    [
        ((), (Outcome.CLEAN,), Standing.PASS),
        ((), (Outcome.CLEAN, Outcome.NOT_APPLICABLE), Standing.PASS),
        ((Grade.GUIDANCE, Grade.ADVISORY), (Outcome.FOUND,), Standing.PASS),
        ((Grade.FAILING,), (Outcome.FOUND,), Standing.FAIL),
        ((Grade.FAILING,), (Outcome.FOUND, Outcome.NOT_TESTED), Standing.FAIL),
        ((), (Outcome.CLEAN, Outcome.NOT_TESTED), Standing.INCONCLUSIVE),
        ((Grade.GUIDANCE,), (Outcome.FOUND, Outcome.NOT_TESTED), Standing.INCONCLUSIVE),
        ((), (Outcome.NOT_APPLICABLE,), Standing.INCONCLUSIVE),
        ((), (), Standing.INCONCLUSIVE),
    ],
)
def test_a_pass_needs_full_coverage(
    grades: tuple[Grade, ...], outcomes: tuple[Outcome, ...], standing: Standing
) -> None:
    judgement = Judgement(findings=tuple(map(finding, grades)), coverage=tuple(map(row, outcomes)))
    assert decide([judgement]).standing is standing


@given(st.lists(st.sampled_from(Outcome), max_size=8), st.lists(st.sampled_from(Grade), max_size=4))
def test_not_looked_is_never_a_pass(outcomes: list[Outcome], grades: list[Grade]) -> None:
    judgement = Judgement(findings=tuple(map(finding, grades)), coverage=tuple(map(row, outcomes)))
    verdict = decide([judgement])
    if Outcome.NOT_TESTED in outcomes or not set(outcomes) & {Outcome.CLEAN, Outcome.FOUND}:
        assert verdict.standing is not Standing.PASS
    if Grade.FAILING in grades:
        assert verdict.standing is Standing.FAIL
    assert len(verdict.gaps) == outcomes.count(Outcome.NOT_TESTED)


def test_findings_come_worst_first() -> None:
    grades = (Grade.ADVISORY, Grade.FAILING, Grade.GUIDANCE)
    verdict = decide([Judgement(findings=tuple(map(finding, grades)))])
    assert [entry.grade for entry in verdict.findings] == [Grade.FAILING, Grade.GUIDANCE, Grade.ADVISORY]


def test_a_system_passes_only_with_all_its_servers() -> None:
    good = decide([Judgement(coverage=(row(Outcome.CLEAN),))])
    nothing = decide([])
    bad = decide([Judgement(findings=(finding(Grade.FAILING),), coverage=(row(Outcome.FOUND),))])
    assert combine([good, good]).standing is Standing.PASS
    assert combine([good, nothing]).standing is Standing.INCONCLUSIVE
    assert combine([good, nothing, bad]).standing is Standing.FAIL
    assert combine([]) == Verdict(standing=Standing.INCONCLUSIVE, findings=(), coverage=())
