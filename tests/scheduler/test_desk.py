"""Events at the desk: what holds together in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from grid.audit import Action, AuditError
from probes.verdict import Standing
from scheduler.desk import Desk, RegistrationError
from scheduler.dialogue import (
    Accepted,
    InspectionBroken,
    InspectionEnded,
    Offered,
    RecordDebt,
    Side,
    Start,
    Stopped,
    WindowOpened,
)
from scheduler.negotiation import NegotiationError, Phase
from scheduler.store.database import sqlite_url
from scheduler.store.store import Store
from scheduler.store.token import Principal, Role
from scheduler.store.values import InspectionOutcome
from tests.fakes import FakeClock
from tests.fakes.trail import Notes
from tests.scheduler.scene import DAY, make_plan, make_result, make_system

PLAN = make_plan()
OFFER = Offered(plan_id="p1", by=Side.REVIEW_BODY, at=DAY, plan=PLAN)
ACCEPT = Accepted(plan_id="p1", by=Side.OPERATOR, at=DAY, digest=PLAN.digest)
OPENED = WindowOpened(plan_id="p1", by=Side.SERVICE, at=PLAN.window.start)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(sqlite_url(tmp_path / "a.db"))
    yield store
    store.close()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def desk(store: Store, notes: Notes) -> Desk:
    ids = count(1)
    return Desk(store, FakeClock(DAY), lambda: f"i{next(ids)}", notes)


def test_the_first_registration_gives_the_operator_s_token(desk: Desk, store: Store) -> None:
    token = desk.register(make_system(), "doc")
    assert token is not None
    assert desk.register(make_system(), "doc, reworded") is None
    with store.reading() as reading:
        assert reading.principal(token.text) == Principal(role=Role.OPERATOR, system="hana")
        registered = reading.registered("hana")
    assert registered is not None
    assert registered.declaration == "doc, reworded"


def test_a_declaration_never_changes_under_an_armed_plan(desk: Desk) -> None:
    desk.register(make_system(), "doc")
    desk.submit(OFFER)
    other = replace(make_system(), title="Other")
    desk.register(other, "doc 2")
    desk.submit(ACCEPT)
    desk.register(other, "doc 2 with a comment")
    with pytest.raises(RegistrationError, match="plan p1 is agreed"):
        desk.register(make_system(), "doc 3")


def test_nothing_is_offered_to_a_system_that_nobody_registered(desk: Desk) -> None:
    with pytest.raises(RegistrationError, match="register its declaration first"):
        desk.submit(OFFER)
    with pytest.raises(NegotiationError, match="none of this id"):
        desk.submit(ACCEPT)


def test_a_start_begins_the_inspection_in_the_same_transaction(desk: Desk, store: Store) -> None:
    desk.register(make_system(), "doc")
    desk.submit(OFFER)
    desk.submit(ACCEPT)
    decision = desk.submit(OPENED)
    assert decision.instructions == (Start(plan=PLAN),)
    assert decision.before is not None
    assert (decision.before.phase, decision.after.phase) == (Phase.AGREED, Phase.RUNNING)
    with store.reading() as reading:
        (held,) = reading.unfinished()
    assert (held.inspection_id, held.started) == (decision.inspection_id, PLAN.window.start)


def test_an_end_keeps_the_result_and_strikes_out_what_it_paid(desk: Desk, store: Store) -> None:
    desk.register(make_system(), "doc")
    for event in (OFFER, ACCEPT, OPENED):
        decision = desk.submit(event)
    result = make_result(decision.inspection_id)
    desk.submit(
        InspectionEnded(
            plan_id="p1",
            by=Side.SERVICE,
            at=DAY,
            inspection_id=decision.inspection_id,
            standing=Standing.FAIL,
            gaps=(),
            tested=(),
        ),
        result,
    )
    with store.reading() as reading:
        held = reading.inspection("p1")
        assert held is not None
        assert (held.outcome, held.tally) == (InspectionOutcome.FAIL, result.tally)
        assert reading.result(held.inspection_id) is not None


def test_a_broken_inspection_is_owed_and_closed(desk: Desk, store: Store) -> None:
    desk.register(make_system(), "doc")
    for event in (OFFER, ACCEPT, OPENED):
        desk.submit(event)
    broken = InspectionBroken(plan_id="p1", by=Side.SERVICE, at=DAY + timedelta(hours=2), reason="died")
    decision = desk.submit(broken)
    assert any(isinstance(each, RecordDebt) for each in decision.instructions)
    with store.reading() as reading:
        held = reading.inspection("p1")
        assert held is not None
        assert held.outcome is InspectionOutcome.BROKEN
        assert [debt.reason for debt in reading.debts()] == ["died", "died"]


def test_a_refused_event_leaves_no_trace(desk: Desk, store: Store) -> None:
    desk.register(make_system(), "doc")
    desk.submit(OFFER)
    with pytest.raises(NegotiationError):
        desk.submit(Stopped(plan_id="p1", by=Side.OPERATOR, at=DAY, reason="no"))
    with store.reading() as reading:
        assert [entry.event for entry in reading.log("p1")] == [OFFER]


def test_a_new_token_replaces_the_old_one(desk: Desk, store: Store) -> None:
    first, second = desk.issue(Principal(role=Role.MONITOR)), desk.issue(Principal(role=Role.MONITOR))
    with store.reading() as reading:
        assert reading.principal(first.text) is None
        assert reading.principal(second.text) == Principal(role=Role.MONITOR)


def test_everything_is_logged_before_it_is_kept(desk: Desk, notes: Notes) -> None:
    desk.register(make_system(), "doc")
    for event in (OFFER, ACCEPT, OPENED):
        desk.submit(event)
    assert [(actor, action.value, subject) for actor, action, subject, _ in notes.entries] == [
        ("review-body", "system-registered", "hana"),
        ("review-body", "plan-offered", "plan p1"),
        ("operator:hana", "plan-accepted", "plan p1"),
        ("grid", "inspection-started", "plan p1"),
    ]
    assert "inspection=i1" in notes.entries[-1][3]


def test_what_is_refused_is_not_logged(desk: Desk, notes: Notes) -> None:
    desk.register(make_system(), "doc")
    with pytest.raises(NegotiationError):
        desk.submit(ACCEPT)
    assert len(notes.entries) == 1


def test_what_cannot_be_logged_does_not_happen(desk: Desk, notes: Notes, store: Store) -> None:
    notes.full = True
    with pytest.raises(AuditError):
        desk.register(make_system(), "doc")
    with store.reading() as reading:
        assert reading.registered("hana") is None
    notes.full = False
    desk.register(make_system(), "doc")
    notes.full = True
    with pytest.raises(AuditError):
        desk.submit(OFFER)
    with store.reading() as reading:
        assert reading.negotiations() == ()
    notes.full = False
    desk.submit(OFFER)
    desk.submit(ACCEPT)
    notes.full = True
    with pytest.raises(AuditError):
        desk.submit(OPENED)
    with store.reading() as reading:
        assert reading.unfinished() == ()


@pytest.mark.parametrize("running", [True, False])
def test_a_stop_takes_effect_even_if_it_cannot_be_logged_and_says_so(
    desk: Desk, notes: Notes, store: Store, *, running: bool
) -> None:
    desk.register(make_system(), "doc")
    for event in (OFFER, ACCEPT, OPENED)[: 3 if running else 2]:
        desk.submit(event)
    notes.full = True
    decision = desk.submit(Stopped(plan_id="p1", by=Side.OPERATOR, at=PLAN.window.start, reason="smoke"))
    assert "No space left" in decision.unlogged
    with store.reading() as reading:
        held = reading.negotiation("p1")
    assert held is not None
    assert held.phase is (Phase.ENDING if running else Phase.STOPPED)
    assert not notes.said(Action.STOP_CALLED)
