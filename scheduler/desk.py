"""The desk: where an event meets the negotiation core and the store, in one transaction.

Whatever follows inside the store (the log, debts, the beginning and end of an inspection) holds together with the event or not at
all. What follows outside of it (starting, cutting off, telling) is given back to the service as instructions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

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
)
from scheduler.negotiation import ARMED, Agenda, Negotiation, NegotiationError, respond
from scheduler.plan import InspectionPlan
from scheduler.result import Result
from scheduler.store.store import Change, Store
from scheduler.store.token import NewToken, Principal, Role
from scheduler.store.values import InspectionOutcome, Registered
from scheduler.system import System


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


class Desk:
    """Takes events from both sides and from the service. Safe to use from several threads."""

    def __init__(self, store: Store, clock: Clock, new_id: Callable[[], str]) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id

    def register(self, system: System, document: str) -> NewToken | None:
        """Keep a system with its declaration; give its operator's first token, None when it has one already."""
        now = self._clock.now()
        digest = hashlib.sha256(document.encode()).hexdigest()
        with self._store.changing() as change:
            agenda = change.agenda(system.name)
            if agenda is not None and agenda.system != system:
                _unarmed(agenda)
            change.register(Registered(system=system, declaration=document, digest=digest, at=now))
            return change.issue(Principal(role=Role.OPERATOR, system=system.name), now) if agenda is None else None

    def issue(self, principal: Principal) -> NewToken:
        """Make a new token; the owner's earlier one opens nothing any more."""
        with self._store.changing() as change:
            return change.issue(principal, self._clock.now())

    def submit(self, event: Event, result: Result | None = None) -> Decision:
        """Let an event happen. Raises `NegotiationError`, `PlanError` or `RegistrationError`; then nothing changed."""
        with self._store.changing() as change:
            agenda = self._agenda(change, event)
            after, instructions = respond(agenda, event)
            now = after.of(event.plan_id)
            if now is None:
                raise NegotiationError(event.plan_id, event.by, "a plan", "none", "offer it first")
            change.record(event, now)
            _finish(change, event, result)
            begun = self._carry_out(change, now.plan, event, instructions)
        return Decision(before=agenda.of(event.plan_id), after=now, instructions=instructions, inspection_id=begun)

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
        self, change: Change, plan: InspectionPlan, event: Event, instructions: tuple[Instruction, ...]
    ) -> str:
        """Do what belongs into the store; give the id of the inspection that begins."""
        begun = ""
        for instruction in instructions:
            if isinstance(instruction, Start):
                begun = self._new_id()
                change.begin(begun, plan, event.at)
            elif isinstance(instruction, RecordDebt):
                change.owe(plan, instruction.gaps, event.at)
            elif isinstance(instruction, SettleDebt):
                change.settle(plan, instruction.tested, event.at)
        return begun


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
        change.end(result.inspection_id, InspectionOutcome(result.verdict.standing.value), event.at)
        change.keep(result)
    elif isinstance(event, InspectionBroken):
        change.end(change.inspection_of(event.plan_id), InspectionOutcome.BROKEN, event.at)
