"""The desk: where an event meets the negotiation core and the store, in one transaction.

What happens is written into the audit log before it is kept: what cannot be logged does not happen. The one exception is a stop: to
refuse it would do harm and to obey it cannot, so it takes effect all the same, and the decision says what could not be logged.

Whatever follows inside the store (the log, debts, the beginning and end of an inspection) holds together with the event or not at
all. What follows outside of it (starting, cutting off, telling) is given back to the service as instructions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from grid.audit import Action, AuditError
from plugins.clock import Clock
from plugins.value import value
from scheduler.dialogue import (
    Event,
    InspectionBroken,
    InspectionEnded,
    Instruction,
    Offered,
    RecordDebt,
    SettleDebt,
    Start,
    Stopped,
)
from scheduler.negotiation import ARMED, Agenda, Negotiation, NegotiationError, respond
from scheduler.plan import InspectionPlan
from scheduler.result import ControlStanding, Result
from scheduler.store.store import Change, Store
from scheduler.store.token import NewToken, Principal, Role
from scheduler.store.values import InspectionOutcome, Registered
from scheduler.system import System
from scheduler.trail import Audit, event_note


class RegistrationError(Exception):
    """A system that cannot be registered or is not known. Nothing changed."""

    def __init__(self, system: str, expected: str, seen: str, remedy: str) -> None:
        super().__init__(system, expected, seen, remedy)
        self.system, self.expected, self.seen, self.remedy = system, expected, seen, remedy

    def __str__(self) -> str:
        return f"system {self.system}: expected {self.expected}, seen {self.seen}; {self.remedy}"


@value
class Decision:
    """What came of an event."""

    before: Negotiation | None
    """How the plan stood; None when this event put it on the table."""
    after: Negotiation
    """How it stands now."""
    instructions: tuple[Instruction, ...]
    """What is to be done outside of the store."""
    inspection_id: str = ""
    """The inspection that begins with this event, if one does."""
    unlogged: str = ""
    """Why a stop that took effect is not in the audit log; empty: everything is."""


class Desk:
    """Takes events from both sides and from the service. Safe to use from several threads."""

    def __init__(self, store: Store, clock: Clock, new_id: Callable[[], str], audit: Audit) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock
        self._new_id = new_id

    def register(self, system: System, document: str) -> NewToken | None:
        """Keep a system with its declaration; give its operator's first token, None when it has one already.

        Raises `RegistrationError` or `AuditError`; then nothing changed.
        """
        now = self._clock.now()
        digest = hashlib.sha256(document.encode()).hexdigest()
        with self._store.changing() as change:
            agenda = change.agenda(system.name)
            if agenda is not None and agenda.system != system:
                _unarmed(agenda)
            self._audit.append("review-body", Action.SYSTEM_REGISTERED, system.name, f"declaration={digest}")
            change.register(Registered(system=system, declaration=document, digest=digest, at=now))
            return change.issue(Principal(role=Role.OPERATOR, system=system.name), now) if agenda is None else None

    def issue(self, principal: Principal) -> NewToken:
        """Make a new token; the owner's earlier one opens nothing any more."""
        with self._store.changing() as change:
            return change.issue(principal, self._clock.now())

    def submit(self, event: Event, result: Result | None = None) -> Decision:
        """Let an event happen. Raises `NegotiationError`, `PlanError`, `RegistrationError`, `AuditError`; then nothing changed."""
        with self._store.changing() as change:
            agenda = self._agenda(change, event)
            after, instructions = respond(agenda, event)
            now = after.of(event.plan_id)
            if now is None:
                raise NegotiationError(event.plan_id, event.by, "a plan", "none", "offer it first")
            begun = self._new_id() if any(isinstance(one, Start) for one in instructions) else ""
            unlogged = self._log(event, now.plan, begun)
            change.record(event, now)
            _finish(change, event, result)
            _carry_out(change, now.plan, event, instructions, begun)
        return Decision(
            before=agenda.of(event.plan_id),
            after=now,
            instructions=instructions,
            inspection_id=begun,
            unlogged=unlogged,
        )

    def _log(self, event: Event, plan: InspectionPlan, inspection_id: str) -> str:
        """Write an event into the audit log; give why a stop is not in it."""
        note = event_note(event, plan, inspection_id)
        try:
            if note is not None:
                note.write(self._audit)
        except AuditError as error:
            if not isinstance(event, Stopped):
                raise
            return str(error)
        return ""

    def _agenda(self, change: Change, event: Event) -> Agenda:
        system = event.plan.system if isinstance(event, Offered) else change.system_of(event.plan_id)
        agenda = change.agenda(system) if system else None
        if agenda is not None:
            return agenda
        if isinstance(event, Offered):
            raise RegistrationError(
                system, "a registered system", "none of this name", "register its declaration first"
            )
        raise NegotiationError(event.plan_id, event.by, "a plan", "none of this id", "look it up with `tenken status`")


def _carry_out(
    change: Change, plan: InspectionPlan, event: Event, instructions: tuple[Instruction, ...], inspection_id: str
) -> None:
    """Do what belongs into the store."""
    for instruction in instructions:
        if isinstance(instruction, Start):
            change.begin(inspection_id, plan, event.at)
        elif isinstance(instruction, RecordDebt):
            change.owe(plan, instruction.gaps, event.at)
        elif isinstance(instruction, SettleDebt):
            change.settle(plan, instruction.tested, event.at)


def _unarmed(agenda: Agenda) -> None:
    """What was agreed was agreed about this declaration: it does not change under an armed plan."""
    for held in agenda.negotiations:
        if held.phase in ARMED:
            seen = f"plan {held.plan.plan_id} is {held.phase}"
            remedy = "wait until it has ended, or withdraw it, then register again"
            raise RegistrationError(
                agenda.system.name, "no agreed or running plan while a declaration changes", seen, remedy
            )


def _finish(change: Change, event: Event, result: Result | None) -> None:
    if isinstance(event, InspectionEnded) and result is not None:
        change.progress(result.inspection_id, result.tally)
        change.end(result.inspection_id, _outcome(result), event.at)
        change.keep(result)
    elif isinstance(event, InspectionBroken):
        change.end(change.inspection_of(event.plan_id), InspectionOutcome.BROKEN, event.at)


def _outcome(result: Result) -> InspectionOutcome:
    if result.control.standing is ControlStanding.FAILED:
        return InspectionOutcome.VOID
    return InspectionOutcome(result.verdict.standing.value)
