"""The negotiation core: events in, instructions out, and one door for change.

    offered <-> countered -> agreed -> running -> ending -> ended
                declined, withdrawn, lapsed | stopped, missed | broken

Pure: no clock, no store, no sockets. The state of one system is an `Agenda`, because whether a window may be armed depends on the
other windows of the same system. An event that may not happen raises `NegotiationError` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from plugins.value import value
from scheduler.dialogue import (
    Accepted,
    Arm,
    Countered,
    CutOff,
    Declined,
    Disarm,
    Event,
    Gap,
    InspectionBroken,
    InspectionEnded,
    Instruction,
    Notify,
    Offered,
    RecordDebt,
    SettleDebt,
    Side,
    SlowDown,
    Slowed,
    Start,
    Stopped,
    WindowClosed,
    WindowOpened,
    Withdrawn,
)
from scheduler.plan import InspectionPlan, check_terms, in_calendar, outside_calendar
from scheduler.result import Kind
from scheduler.system import System


class Phase(StrEnum):
    """How far a plan has come."""

    OFFERED = "offered"
    """On the table; the other side has to answer."""
    AGREED = "agreed"
    """Armed: both sides accepted this form, the window is held."""
    RUNNING = "running"
    """The inspection runs."""
    ENDING = "ending"
    """Cut off or stopped; the result is awaited."""
    ENDED = "ended"
    """There is a result."""
    BROKEN = "broken"
    """It began and no result came: inconclusive."""
    DECLINED = "declined"
    """One side refused."""
    WITHDRAWN = "withdrawn"
    """The review body took it back."""
    LAPSED = "lapsed"
    """Its window passed before it was agreed."""
    STOPPED = "stopped"
    """Agreed, then stopped before it began."""
    MISSED = "missed"
    """Agreed, and its window passed without a start."""


LIVE = frozenset({Phase.OFFERED, Phase.AGREED, Phase.RUNNING, Phase.ENDING})
"""Phases in which something can still happen."""
ARMED = frozenset({Phase.AGREED, Phase.RUNNING, Phase.ENDING})
"""Phases that hold a window."""
UNDER_WAY = frozenset({Phase.RUNNING, Phase.ENDING})
"""Phases in which an inspection exists."""


@value
class Negotiation:
    """How one plan stands."""

    plan: InspectionPlan
    """Its present form."""
    phase: Phase
    """How far it has come."""
    accepted_by: tuple[Side, ...]
    """Who has accepted the present form; proposing is accepting."""
    outside_calendar: bool = False
    """The operator accepted hours outside its calendar for the present form."""
    reason: str = ""
    """Why it ended, when somebody or something ended it."""
    share: float = 1.0
    """Largest part of the agreed pace that may be used; either side may lower it, nobody can raise it."""

    @property
    def awaits(self) -> tuple[Side, ...]:
        """Who has to answer the present form."""
        if self.phase is not Phase.OFFERED:
            return ()
        return tuple(side for side in (Side.REVIEW_BODY, Side.OPERATOR) if side not in self.accepted_by)


@value
class Agenda:
    """Everything that is negotiated about one system."""

    system: System
    """As declared now."""
    negotiations: tuple[Negotiation, ...] = ()
    """One per plan, in the order of their first offer."""

    def of(self, plan_id: str) -> Negotiation | None:
        """Give the negotiation of a plan."""
        return next((held for held in self.negotiations if held.plan.plan_id == plan_id), None)


class NegotiationError(Exception):
    """An event that may not happen now. Nothing changed."""

    def __init__(self, plan_id: str, by: str, expected: str, seen: str, remedy: str) -> None:
        super().__init__(plan_id, by, expected, seen, remedy)
        self.plan_id, self.by, self.expected, self.seen, self.remedy = plan_id, by, expected, seen, remedy

    def __str__(self) -> str:
        return f"plan {self.plan_id}, {self.by}: expected {self.expected}, seen {self.seen}; {self.remedy}"


Response = tuple[Negotiation, tuple[Instruction, ...]]


def respond(state: Agenda, event: Event) -> tuple[Agenda, tuple[Instruction, ...]]:
    """Give what follows from `event`; raises `NegotiationError` or `PlanError` when it may not happen."""
    if isinstance(event, Offered):
        opened, instructions = _offered(state, event)
        return replace(state, negotiations=(*state.negotiations, opened)), instructions
    held = state.of(event.plan_id)
    if held is None:
        raise _refusal(event, "a plan of this system", "no such plan", "look up the id with `tenken status`")
    after, instructions = _ANSWERS[type(event)](state, held, event)
    rest = tuple(after if kept is held else kept for kept in state.negotiations)
    return replace(state, negotiations=rest), instructions


def _offered(state: Agenda, event: Offered) -> Response:
    _only(event, Side.REVIEW_BODY)
    if event.plan.plan_id != event.plan_id or state.of(event.plan_id) is not None:
        raise _refusal(event, "a new plan id", f"{event.plan.plan_id}, taken or different", "offer it under a new id")
    check_terms(event.plan, state.system, event.at)
    held = Negotiation(plan=event.plan, phase=Phase.OFFERED, accepted_by=(event.by,))
    return held, (_tell(Side.OPERATOR, event, f"a {event.plan.kind} inspection is offered for {event.plan.window}"),)


def _countered(state: Agenda, held: Negotiation, event: Countered) -> Response:
    _only(event, Side.REVIEW_BODY, Side.OPERATOR)
    _in_phase(event, held, Phase.OFFERED)
    before, after = held.plan, event.plan
    if (after.plan_id, after.system, after.kind) != (before.plan_id, before.system, before.kind):
        expected = f"plan {before.plan_id}, system {before.system}, kind {before.kind}"
        seen = f"plan {after.plan_id}, system {after.system}, kind {after.kind}"
        raise _refusal(event, expected, seen, "change window, items, pace, trouble or contacts only")
    check_terms(after, state.system, event.at)
    outside = event.by is Side.OPERATOR and event.outside_calendar
    if event.by is Side.OPERATOR and not outside and not in_calendar(after, state.system):
        raise outside_calendar(after)
    proposed = Negotiation(plan=after, phase=Phase.OFFERED, accepted_by=(event.by,), outside_calendar=outside)
    return proposed, (_tell(_other(event.by), event, f"a counter-offer for {after.window} waits for an answer"),)


def _accepted(state: Agenda, held: Negotiation, event: Accepted) -> Response:
    _only(event, Side.REVIEW_BODY, Side.OPERATOR)
    _in_phase(event, held, Phase.OFFERED)
    if event.by in held.accepted_by:
        raise _refusal(
            event, f"an answer of the {_other(event.by)}", f"its own form, proposed by the {event.by}", "wait"
        )
    if event.digest != held.plan.digest:
        remedy = "read the present form and accept that one"
        raise _refusal(event, f"the present form {held.plan.digest}", f"form {event.digest}", remedy)
    check_terms(held.plan, state.system, event.at)
    outside = held.outside_calendar or (event.by is Side.OPERATOR and event.outside_calendar)
    if not outside and not in_calendar(held.plan, state.system):
        raise outside_calendar(held.plan)
    _keep_apart(state, held, event)
    agreed = replace(held, phase=Phase.AGREED, accepted_by=(Side.REVIEW_BODY, Side.OPERATOR), outside_calendar=outside)
    told = tuple(_tell(side, event, f"agreed for {held.plan.window}") for side in (Side.REVIEW_BODY, Side.OPERATOR))
    return agreed, (Arm(plan=held.plan), *told)


def _keep_apart(state: Agenda, held: Negotiation, event: Event) -> None:
    """Two windows of one system never overlap: two inspections at once would be twice the agreed pace."""
    mine = held.plan.window
    for other in state.negotiations:
        window = other.plan.window
        if other is not held and other.phase in ARMED and mine.start < window.end and window.start < mine.end:
            seen = f"plan {other.plan.plan_id} holds {window}"
            raise _refusal(event, "a window apart from every agreed one", seen, "counter with another window")


def _declined(_state: Agenda, held: Negotiation, event: Declined) -> Response:
    _only(event, Side.REVIEW_BODY, Side.OPERATOR)
    _in_phase(event, held, Phase.OFFERED)
    _stated(event, event.reason)
    if held.plan.kind is Kind.SPOT and event.by is Side.OPERATOR and event.special is None:
        remedy = "state it, counter with another window, or accept"
        raise _refusal(event, "a special reason: a spot inspection is not declined without", "none", remedy)
    stated = f"{event.special}: {event.reason}" if event.special else event.reason
    after = replace(held, phase=Phase.DECLINED, reason=stated)
    return after, (_tell(_other(event.by), event, f"declined by the {event.by}: {stated}"),)


def _withdrawn(_state: Agenda, held: Negotiation, event: Withdrawn) -> Response:
    _only(event, Side.REVIEW_BODY)
    _in_phase(event, held, Phase.OFFERED, Phase.AGREED)
    _stated(event, event.reason)
    disarm: tuple[Instruction, ...] = (Disarm(plan_id=event.plan_id),) if held.phase is Phase.AGREED else ()
    after = replace(held, phase=Phase.WITHDRAWN, reason=event.reason)
    return after, (*disarm, _tell(Side.OPERATOR, event, f"withdrawn: {event.reason}"))


def _stopped(state: Agenda, held: Negotiation, event: Stopped) -> Response:
    # A second stop is repeated, never refused: whoever says stop must never be told no while anything may still be sent.
    _in_phase(event, held, Phase.AGREED, Phase.RUNNING, Phase.ENDING)
    _stated(event, event.reason)
    reason = f"stopped by the {event.by}: {event.reason}"
    told = tuple(_tell(side, event, reason) for side in (Side.REVIEW_BODY, Side.OPERATOR) if side is not event.by)
    if held.phase is Phase.AGREED:
        debt = RecordDebt(plan_id=event.plan_id, gaps=everything(held.plan, state.system, reason))
        return replace(held, phase=Phase.STOPPED, reason=reason), (Disarm(plan_id=event.plan_id), debt, *told)
    cut = CutOff(plan_id=event.plan_id, reason=reason)
    return replace(held, phase=Phase.ENDING, reason=held.reason or reason), (cut, *told)


def _slowed(_state: Agenda, held: Negotiation, event: Slowed) -> Response:
    _only(event, Side.REVIEW_BODY, Side.OPERATOR)
    _in_phase(event, held, Phase.AGREED, Phase.RUNNING)
    _stated(event, event.reason)
    if not 0 < event.share < held.share:
        expected = f"a share above 0 % and below the present {held.share * 100:g} % of the agreed pace"
        remedy = "it can only go down; to end it, stop it"
        raise _refusal(event, expected, f"{event.share * 100:g} %", remedy)
    about = f"the pace is lowered to {event.share * 100:g} % by the {event.by}: {event.reason}"
    slow = SlowDown(plan_id=event.plan_id, share=event.share)
    return replace(held, share=event.share), (slow, _tell(_other(event.by), event, about))


def _opened(_state: Agenda, held: Negotiation, event: WindowOpened) -> Response:
    _only(event, Side.SERVICE)
    _in_phase(event, held, Phase.AGREED)
    if not held.plan.window.holds(event.at):
        raise _refusal(event, f"a moment inside {held.plan.window}", f"{event.at:%Y-%m-%dT%H:%M:%SZ}", "wait for it")
    return replace(held, phase=Phase.RUNNING), (Start(plan=held.plan),)


def _closed(state: Agenda, held: Negotiation, event: WindowClosed) -> Response:
    _only(event, Side.SERVICE)
    _in_phase(event, held, Phase.OFFERED, Phase.AGREED, Phase.RUNNING)
    if event.at < held.plan.window.end:
        raise _refusal(event, f"the end of {held.plan.window}", f"{event.at:%Y-%m-%dT%H:%M:%SZ}", "wait for it")
    if held.phase is Phase.RUNNING:
        reason = "the window is over"
        return replace(held, phase=Phase.ENDING, reason=reason), (CutOff(plan_id=event.plan_id, reason=reason),)
    if held.phase is Phase.AGREED:
        return _owed(state, held, Phase.MISSED, "the window passed without a start", event)
    if held.plan.kind is Kind.SPOT:
        return _owed(state, held, Phase.LAPSED, "the spot inspection was not answered in time", event)
    return replace(held, phase=Phase.LAPSED, reason="not agreed in time"), ()


def _ended(_state: Agenda, held: Negotiation, event: InspectionEnded) -> Response:
    _only(event, Side.SERVICE)
    _in_phase(event, held, Phase.RUNNING, Phase.ENDING)
    owed: tuple[Instruction, ...] = (RecordDebt(plan_id=event.plan_id, gaps=event.gaps),) if event.gaps else ()
    paid: tuple[Instruction, ...] = (SettleDebt(plan_id=event.plan_id, tested=event.tested),) if event.tested else ()
    about = f"inspection {event.inspection_id} ended: {event.standing}"
    told = tuple(_tell(side, event, about) for side in (Side.REVIEW_BODY, Side.OPERATOR))
    # Paid before owed: what this inspection could not test stays owed.
    return replace(held, phase=Phase.ENDED), (*paid, *owed, *told)


def _broken(state: Agenda, held: Negotiation, event: InspectionBroken) -> Response:
    _only(event, Side.SERVICE)
    _in_phase(event, held, Phase.RUNNING, Phase.ENDING)
    return _owed(state, held, Phase.BROKEN, event.reason, event)


def _owed(state: Agenda, held: Negotiation, phase: Phase, reason: str, event: Event) -> Response:
    debt = RecordDebt(plan_id=event.plan_id, gaps=everything(held.plan, state.system, reason))
    about = f"nothing is decided: {reason}; a new window has to be agreed"
    told = tuple(_tell(side, event, about) for side in (Side.REVIEW_BODY, Side.OPERATOR))
    return replace(held, phase=phase, reason=reason), (debt, *told)


def everything(plan: InspectionPlan, system: System, reason: str) -> tuple[Gap, ...]:
    """Give the gaps of a plan of which nothing can be relied on."""
    return tuple(
        Gap(server=target.name, item=item, checks=0, reason=reason) for target in system.targets for item in plan.items
    )


_ANSWERS: dict[type, Callable[[Agenda, Negotiation, Any], Response]] = {
    Countered: _countered,
    Accepted: _accepted,
    Declined: _declined,
    Withdrawn: _withdrawn,
    Stopped: _stopped,
    Slowed: _slowed,
    WindowOpened: _opened,
    WindowClosed: _closed,
    InspectionEnded: _ended,
    InspectionBroken: _broken,
}


def _tell(to: Side, event: Event, about: str) -> Notify:
    return Notify(to=to, plan_id=event.plan_id, about=about)


def _other(side: Side) -> Side:
    return Side.OPERATOR if side is Side.REVIEW_BODY else Side.REVIEW_BODY


def _only(event: Event, *sides: Side) -> None:
    if event.by not in sides:
        raise _refusal(event, f"the {' or the '.join(sides)} for '{event.kind}'", event.by, "ask that side to do it")


def _in_phase(event: Event, held: Negotiation, *phases: Phase) -> None:
    if held.phase not in phases:
        remedy = "look at `tenken status`; offer a new plan if this one is over"
        raise _refusal(event, f"a plan that is {' or '.join(phases)} for '{event.kind}'", held.phase, remedy)


def _stated(event: Event, reason: str) -> None:
    if not reason.strip():
        raise _refusal(event, "a reason", "none", "say why; both sides read it")


def _refusal(event: Event, expected: str, seen: str, remedy: str) -> NegotiationError:
    return NegotiationError(event.plan_id, event.by, expected, seen, remedy)
