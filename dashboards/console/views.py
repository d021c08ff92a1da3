"""What the API gives back."""

from __future__ import annotations

from datetime import datetime

from grid.window import Window
from plugins.value import value
from probes.pace import Pace
from probes.ports.choice import worded
from probes.tally import Tally
from probes.target import Item
from scheduler.dialogue import Event, Side
from scheduler.negotiation import UNDER_WAY, Negotiation, Phase
from scheduler.plan import in_calendar
from scheduler.result import Kind
from scheduler.store.reading import Reading
from scheduler.store.values import Debt, Entry, Held, InspectionOutcome, Registered
from scheduler.system import Contact

DECIDED = 20
"""Most past plans in a status."""


@value
class SystemView:
    """A registered system."""

    name: str
    """Stable name."""
    title: str
    """Name for people."""
    operator: Contact
    """Who answers for it."""
    servers: tuple[str, ...]
    """Names of the declared servers."""
    pace: Pace
    """Declared upper bounds."""
    time_zone: str
    """Time zone of its calendar."""
    digest: str
    """SHA-256 of the declaration."""
    registered_at: datetime
    """When it was registered, UTC."""


@value
class RegisteredView:
    """A system that was just registered."""

    system: SystemView
    """The system."""
    operator_token: str
    """The operator's token, shown this once; empty when it has one already."""


@value
class TokenView:
    """A new token."""

    token: str
    """Shown this once; earlier ones open nothing any more."""


@value
class InspectionView:
    """The inspection of a plan."""

    inspection_id: str
    """Unique id."""
    outcome: InspectionOutcome
    """What became of it."""
    started: datetime
    """When it began, UTC."""
    ended: datetime | None
    """When it ended, UTC; null while it runs."""
    sent: Tally
    """What was sent, as far as it was reported."""


@value
class PlanView:
    """How a plan stands."""

    plan_id: str
    """Unique id."""
    system: str
    """Name of the system."""
    title: str
    """Its name for people."""
    kind: Kind
    """Kind of inspection."""
    phase: Phase
    """How far it has come."""
    awaits: tuple[Side, ...]
    """Who has to answer."""
    digest: str
    """Names the present form; an acceptance states it."""
    window: Window
    """When it may run."""
    in_calendar: bool
    """Whether the operator's calendar holds the window."""
    items: tuple[Item, ...]
    """What is looked at."""
    ports: str
    """TCP ports that the review body picks beside the operator's, in a few letters; `declared`: none."""
    pace: Pace
    """Agreed upper bounds."""
    trouble: str
    """What to do when something goes wrong."""
    contacts: tuple[Contact, ...]
    """Whom each side reaches."""
    egress: tuple[str, ...]
    """Addresses from which the inspection comes; empty: only over loopback."""
    share: float
    """Largest part of the agreed pace that may be used; below 1: it was lowered."""
    reason: str
    """Why it ended, when somebody or something ended it."""
    inspection: InspectionView | None
    """Its inspection; null when none was begun."""
    unlogged: str = ""
    """Why a stop that this answers took effect and is not in the audit log; empty: it is."""


@value
class StopView:
    """What a stop of a system, or of everything, did."""

    stopped: tuple[PlanView, ...]
    """What ran or would have begun now."""
    still_agreed: tuple[PlanView, ...]
    """Agreed plans whose windows are still to come: not stopped; withdraw them, or stop them by their ids."""


@value
class EntryView:
    """One line of the log of a plan."""

    number: int
    """Position in the log of all plans."""
    event: Event
    """What happened: who, when, what."""
    digest: str
    """Chains this line to all before it."""


@value
class StatusView:
    """What runs now, what comes next, what was decided, what is owed."""

    at: datetime
    """Time of the server, UTC."""
    now: tuple[PlanView, ...]
    """Inspections under way."""
    next: tuple[PlanView, ...]
    """Offered and agreed plans, by window."""
    decided: tuple[PlanView, ...]
    """Past plans, newest first."""
    debts: tuple[Debt, ...]
    """What is not tested and waits for a new window."""


def system_view(registered: Registered) -> SystemView:
    """Show a system."""
    system = registered.system
    return SystemView(
        name=system.name,
        title=system.title,
        operator=system.operator,
        servers=tuple(target.name for target in system.targets),
        pace=system.pace,
        time_zone=system.calendar.time_zone,
        digest=registered.digest,
        registered_at=registered.at,
    )


def entry_view(entry: Entry) -> EntryView:
    """Show a line of the log."""
    return EntryView(number=entry.number, event=entry.event, digest=entry.digest)


def plan_view(reading: Reading, held: Negotiation) -> PlanView:
    """Show how a plan stands."""
    plan = held.plan
    registered = reading.registered(plan.system)
    inspection = reading.inspection(plan.plan_id)
    return PlanView(
        plan_id=plan.plan_id,
        system=plan.system,
        title=registered.system.title if registered else plan.system,
        kind=plan.kind,
        phase=held.phase,
        awaits=held.awaits,
        digest=plan.digest,
        window=plan.window,
        in_calendar=registered is not None and in_calendar(plan, registered.system),
        items=plan.items,
        ports=worded(plan.picked),
        pace=plan.pace,
        trouble=plan.trouble,
        contacts=plan.contacts,
        egress=plan.egress,
        share=held.share,
        reason=held.reason,
        inspection=_inspection_view(inspection) if inspection else None,
    )


def status_view(reading: Reading, system: str, at: datetime) -> StatusView:
    """Show how everything stands; of one system, or of all when `system` is empty."""
    running = reading.negotiations(system, tuple(UNDER_WAY))
    coming = reading.negotiations(system, (Phase.OFFERED, Phase.AGREED))
    return StatusView(
        at=at,
        now=tuple(plan_view(reading, held) for held in running),
        next=tuple(plan_view(reading, held) for held in sorted(coming, key=lambda held: held.plan.window.start)),
        decided=tuple(plan_view(reading, held) for held in reading.decided(system, DECIDED)),
        debts=reading.debts(system),
    )


def _inspection_view(held: Held) -> InspectionView:
    return InspectionView(
        inspection_id=held.inspection_id,
        outcome=held.outcome,
        started=held.started,
        ended=held.ended,
        sent=held.tally,
    )
