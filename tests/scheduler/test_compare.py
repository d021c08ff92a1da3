"""What degraded is told; what is not known is never told as cured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins import canonical
from probes.finding import Finding, Grade
from probes.target import DeclaredPort, Item, PortRange, Purpose, Transport
from probes.verdict import Coverage, Outcome
from scheduler.compare import Change, ChangeKind, Comparison, Effect, OtherSystemError, WrongOrderError, compare
from scheduler.result import Result, ServerResult
from tests.dashboards.report.scenes import checks, finding, result, server

OPEN = "ports.undeclared-open"


def row(outcome: Outcome, check: str = OPEN, item: Item = Item.PORTS, reason: str = "") -> Coverage:
    return Coverage(server="web", item=item, check=check, subject="127.0.42.1", outcome=outcome, reason=reason)


def web(findings: Sequence[Finding] = (), coverage: Sequence[Coverage] = ()) -> ServerResult:
    return server("web", findings, coverage or [row(Outcome.FOUND if findings else Outcome.CLEAN)])


def kinds(comparison: Comparison) -> list[tuple[Effect, ChangeKind]]:
    return [(change.effect, change.kind) for change in comparison.changes]


def only(comparison: Comparison, kind: ChangeKind) -> Change:
    (change,) = [change for change in comparison.changes if change.kind is kind]
    return change


def test_the_same_result_has_no_changes() -> None:
    same = result(web((finding(OPEN),)))
    assert compare(same, same).changes == ()


def test_a_newly_open_port_degrades_and_so_does_the_verdict() -> None:
    comparison = compare(result(web()), result(web((finding(OPEN),))))
    assert kinds(comparison) == [(Effect.DEGRADED, ChangeKind.VERDICT), (Effect.DEGRADED, ChangeKind.FINDING_NEW)]
    assert only(comparison, ChangeKind.FINDING_NEW).subject == "127.0.42.1:20110/tcp"
    assert comparison.degraded


def test_the_same_rule_about_another_port_is_another_finding() -> None:
    moved = finding(OPEN, subject="127.0.42.1:9999/tcp")
    comparison = compare(result(web((finding(OPEN),))), result(web((moved,))))
    assert (Effect.DEGRADED, ChangeKind.FINDING_NEW) in kinds(comparison)
    assert (Effect.IMPROVED, ChangeKind.FINDING_CURED) in kinds(comparison)


def test_looked_for_and_not_found_is_cured() -> None:
    comparison = compare(result(web((finding(OPEN),))), result(web()))
    assert kinds(comparison) == [(Effect.IMPROVED, ChangeKind.VERDICT), (Effect.IMPROVED, ChangeKind.FINDING_CURED)]
    assert not comparison.degraded


@pytest.mark.parametrize(
    "coverage",
    [
        [row(Outcome.NOT_TESTED, reason="timeout")],
        [row(Outcome.CLEAN), row(Outcome.NOT_TESTED, reason="timeout")],
        checks("web", Item.TLS, Outcome.CLEAN, 1),
    ],
    ids=["not tested", "partly", "not asked"],
)
def test_not_looked_for_again_is_never_cured(coverage: list[Coverage]) -> None:
    comparison = compare(result(web((finding(OPEN),))), result(web((), coverage)))
    assert only(comparison, ChangeKind.FINDING_UNKNOWN).effect is Effect.NEUTRAL
    assert ChangeKind.FINDING_CURED not in {change.kind for change in comparison.changes}


def test_a_grade_that_rises_or_falls() -> None:
    mild, hard = finding(OPEN, grade=Grade.GUIDANCE), finding(OPEN)
    worse = only(compare(result(web((mild,))), result(web((hard,)))), ChangeKind.FINDING_WORSE)
    milder = only(compare(result(web((hard,))), result(web((mild,)))), ChangeKind.FINDING_MILDER)
    assert (worse.before, worse.after, worse.effect) == ("guidance", "failing", Effect.DEGRADED)
    assert (milder.before, milder.after, milder.effect) == ("failing", "guidance", Effect.IMPROVED)


def test_an_advisory_degrades_nothing() -> None:
    advisory = finding("banner", grade=Grade.ADVISORY)
    assert kinds(compare(result(web()), result(web((advisory,))))) == [(Effect.NEUTRAL, ChangeKind.FINDING_NEW)]


def test_checks_that_could_not_be_done_any_more_are_joined_by_reason() -> None:
    done = checks("web", Item.HOLES, Outcome.CLEAN, 3)
    undone = [replace(entry, outcome=Outcome.NOT_TESTED, reason="timeout") for entry in done]
    change = only(compare(result(web((), done)), result(web((), undone))), ChangeKind.NOT_TESTED)
    assert (change.effect, change.item, change.reason, len(change.checks)) == (
        Effect.DEGRADED,
        Item.HOLES,
        "timeout",
        3,
    )
    back = only(compare(result(web((), undone)), result(web((), done))), ChangeKind.TESTED_AGAIN)
    assert (back.effect, back.checks) == (Effect.IMPROVED, change.checks)


def test_a_new_signature_that_could_not_be_tested_is_no_loss() -> None:
    done = checks("web", Item.HOLES, Outcome.CLEAN, 1)
    fresh = Coverage(
        server="web", item=Item.HOLES, check="new", subject="x", outcome=Outcome.NOT_TESTED, reason="timeout"
    )
    comparison = compare(result(web((), done)), result(web((), [*done, fresh]), pack_digest="4d" * 32))
    assert ChangeKind.NOT_TESTED not in {change.kind for change in comparison.changes}
    assert only(comparison, ChangeKind.PACK).effect is Effect.NEUTRAL


def test_a_server_left_out_degrades_and_its_findings_are_not_cured() -> None:
    admin = server("admin", (finding(OPEN, server="admin"),), checks("admin", Item.PORTS, Outcome.FOUND, 1))
    comparison = compare(result(web(), admin), result(web()))
    assert only(comparison, ChangeKind.SERVER_GONE).effect is Effect.DEGRADED
    assert only(comparison, ChangeKind.FINDING_UNKNOWN).server == "admin"
    assert kinds(
        compare(result(web()), result(web(), server("admin", (), checks("admin", Item.TLS, Outcome.CLEAN, 1))))
    ) == [(Effect.NEUTRAL, ChangeKind.SERVER_NEW)]


def test_items_that_were_not_ordered_say_nothing() -> None:
    both = [*checks("web", Item.PORTS, Outcome.CLEAN, 1), *checks("web", Item.TLS, Outcome.CLEAN, 1)]
    old = result(web((), both), items=(Item.PORTS, Item.TLS))
    new = result(web((), both[:1]), items=(Item.PORTS,))
    assert kinds(compare(old, new)) == [(Effect.NEUTRAL, ChangeKind.ITEM_GONE)]
    assert kinds(compare(new, old)) == [(Effect.NEUTRAL, ChangeKind.ITEM_NEW)]


def test_declared_ports_that_come_and_go() -> None:
    port = DeclaredPort(
        ports=PortRange(first=8000, last=8010), transport=Transport.TCP, service="http", purpose=Purpose.SHOP
    )
    plain = web()
    more = replace(plain, target=replace(plain.target, ports=(port,)))
    assert only(compare(result(plain), result(more)), ChangeKind.PORT_DECLARED).subject == "8000-8010/tcp http"
    assert only(compare(result(more), result(plain)), ChangeKind.PORT_WITHDRAWN).effect is Effect.NEUTRAL


def test_other_rules_are_named() -> None:
    change = only(compare(result(web()), result(web(), rules_version="2027.1")), ChangeKind.RULES)
    assert change.after == "2027.1"


def test_different_systems_are_refused() -> None:
    with pytest.raises(OtherSystemError, match=r"OLD is of mall\.example, NEW is of other\.example"):
        compare(result(web()), result(web(), system="other.example"))


def test_the_later_result_must_come_second() -> None:
    old = result(web())
    with pytest.raises(WrongOrderError, match="give the earlier result first"):
        compare(replace(old, started=old.started + timedelta(days=1)), old)


found = st.builds(
    lambda rule, subject, grade: finding(rule, subject=subject, grade=grade),
    st.sampled_from([OPEN, "other"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(Grade),
)
rows = st.builds(row, st.sampled_from(Outcome), st.sampled_from([OPEN, "other"]))
results = st.builds(lambda fs, cs: result(web(fs, cs)), st.lists(found, max_size=4), st.lists(rows, max_size=4))


@given(results, results)
def test_any_two_results_compare_and_the_comparison_survives_the_wire(old: Result, new: Result) -> None:
    comparison = compare(old, new)
    assert canonical.loads(Comparison, canonical.dumps(comparison)) == comparison
    effects = [change.effect for change in comparison.changes]
    assert effects == sorted(effects, key=list(Effect).index)


@given(results)
def test_nothing_changes_against_itself(one: Result) -> None:
    assert compare(one, one).changes == ()
