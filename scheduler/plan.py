"""Inspection plans: what both sides agree before anything runs, and which terms a plan may never have.

A plan may ask for less than the declaration allows, never for more: the declared pace is a ceiling, and the operator's calendar
binds unless the operator says otherwise for this one plan.
"""

from __future__ import annotations

import math
from datetime import datetime

from grid.window import Window
from plugins import canonical
from plugins.value import value
from probes.pace import LEAST_PACKETS_PER_S, Pace
from probes.ports.choice import EXPECTED, readable, worded
from probes.target import Item, PortRange
from scheduler.calendar import allows
from scheduler.result import Kind
from scheduler.system import Contact, System

MAX_TEXT = 2_000
"""Most characters of a free text that people write into a plan."""


@value
class InspectionPlan:
    """検査実施要領."""

    plan_id: str
    """Unique id; it stays the same through every counter-offer."""
    system: str
    """Name of the system."""
    kind: Kind
    """Kind of inspection."""
    window: Window
    """When it may run."""
    items: tuple[Item, ...]
    """What is looked at."""
    pace: Pace
    """Upper bounds for the system as a whole, never above the declared ones."""
    trouble: str
    """What to do when something goes wrong (トラブルが発生した時の対処の方法)."""
    contacts: tuple[Contact, ...]
    """Whom each side reaches meanwhile (相互の連絡方法)."""
    egress: tuple[str, ...] = ()
    """Addresses from which the inspection comes; empty: only over loopback."""
    picked: tuple[PortRange, ...] = ()
    """TCP ports of every server that the review body picks, beside those that the operator asks for in the declaration."""

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON: names this very form of the plan."""
        return canonical.digest(self)


@value
class Objection:
    """One term of a plan that may not stand."""

    field: str
    """Which term."""
    expected: str
    """What would be right."""
    seen: str
    """What the plan says."""
    remedy: str
    """What to do."""

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, seen {self.seen}; {self.remedy}"


class PlanError(ValueError):
    """A plan whose terms may not stand; every objection at once."""

    def __init__(self, plan_id: str, objections: tuple[Objection, ...]) -> None:
        super().__init__(plan_id, objections)
        self.plan_id, self.objections = plan_id, objections

    def __str__(self) -> str:
        return f"plan {self.plan_id}: " + "; ".join(str(objection) for objection in self.objections)


def check_terms(plan: InspectionPlan, system: System, now: datetime) -> None:
    """Raise `PlanError` with every term that neither side may agree to. The calendar is asked apart (`in_calendar`)."""
    objections = (
        *_words(plan, system),
        *_time(plan, now),
        *_items(plan),
        *_ports(plan),
        *_pace(plan.pace, system.pace),
    )
    if objections:
        raise PlanError(plan.plan_id, objections)


def in_calendar(plan: InspectionPlan, system: System) -> bool:
    """Tell whether the operator's calendar holds the window of the plan."""
    return allows(system.calendar, plan.window)


def outside_calendar(plan: InspectionPlan) -> PlanError:
    """Give the error for a window that the calendar does not hold and the operator has not accepted explicitly."""
    remedy = "choose declared hours, or let the operator accept it explicitly as outside the calendar"
    return PlanError(
        plan.plan_id,
        (Objection(field="window", expected="hours of the declared calendar", seen=str(plan.window), remedy=remedy),),
    )


def _words(plan: InspectionPlan, system: System) -> tuple[Objection, ...]:
    found = []
    if plan.system != system.name:
        found.append(
            Objection(field="system", expected=system.name, seen=plan.system, remedy="offer it to that system instead")
        )
    if not 0 < len(plan.trouble.strip()) <= MAX_TEXT:
        seen = f"{len(plan.trouble)} characters"
        remedy = "say what both sides do when something goes wrong"
        found.append(Objection(field="trouble", expected=f"1..{MAX_TEXT} characters", seen=seen, remedy=remedy))
    if not plan.contacts:
        remedy = "name who is reached while the inspection runs"
        found.append(Objection(field="contacts", expected="at least one contact", seen="none", remedy=remedy))
    return tuple(found)


def _time(plan: InspectionPlan, now: datetime) -> tuple[Objection, ...]:
    if plan.window.end > now:
        return ()
    expected = f"an end after {now:%Y-%m-%dT%H:%M:%SZ}"
    return (Objection(field="window", expected=expected, seen=str(plan.window), remedy="choose a later window"),)


def _items(plan: InspectionPlan) -> tuple[Objection, ...]:
    if plan.kind is Kind.PRELIMINARY and Item.HOSTS not in plan.items:
        expected = f"{Item.HOSTS}, which is what a preliminary inspection is"
        seen = ", ".join(plan.items) or "none"
        return (Objection(field="items", expected=expected, seen=seen, remedy="add it, or choose another kind"),)
    if plan.items and len(set(plan.items)) == len(plan.items):
        return ()
    seen = ", ".join(plan.items) or "none"
    return (Objection(field="items", expected="each item once, at least one", seen=seen, remedy="name the items"),)


def _ports(plan: InspectionPlan) -> tuple[Objection, ...]:
    if not readable(plan.picked):
        seen = worded(plan.picked)[:200]
        return (Objection(field="ports", expected=EXPECTED, seen=seen, remedy="pick fewer, or take a preset"),)
    if plan.picked and Item.PORTS not in plan.items:
        expected = f"none, because the item {Item.PORTS} is not inspected"
        remedy = f"add the item, or pick none ({worded(())})"
        return (Objection(field="ports", expected=expected, seen=worded(plan.picked), remedy=remedy),)
    return ()


def _pace(asked: Pace, declared: Pace) -> tuple[Objection, ...]:
    pairs: tuple[tuple[str, float, float], ...] = (
        ("pace.connections_per_s", asked.connections_per_s, declared.connections_per_s),
        ("pace.requests_per_s", asked.requests_per_s, declared.requests_per_s),
        ("pace.concurrent_connections", asked.concurrent_connections, declared.concurrent_connections),
        ("pace.bytes_per_s", asked.bytes_per_s, declared.bytes_per_s),
        ("pace.packets_per_s", asked.packets, declared.packets),
    )
    above = tuple(
        Objection(
            field=field,
            expected=f"above 0 and at most {ceiling:g} (declared)",
            seen=f"{bound:g}",
            remedy="lower it, or have the declaration raised first",
        )
        for field, bound, ceiling in pairs
        if not (math.isfinite(bound) and 0 < bound <= ceiling)
    )
    return above or _few_packets(asked)


def _few_packets(asked: Pace) -> tuple[Objection, ...]:
    if not 0 < asked.packets_per_s < LEAST_PACKETS_PER_S:
        return ()
    expected = f"at least {LEAST_PACKETS_PER_S:g}, or none of its own"
    remedy = "leave it out, and lower connections, requests and bytes instead"
    return (Objection(field="pace.packets_per_s", expected=expected, seen=f"{asked.packets_per_s:g}", remedy=remedy),)
