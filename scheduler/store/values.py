"""What the store gives back, as values."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from grid.window import Window
from plugins.value import value
from probes.finding import Grade
from probes.pace import Pace
from probes.tally import Tally
from probes.target import Item
from scheduler.dialogue import Event
from scheduler.negotiation import Phase
from scheduler.result import Kind
from scheduler.system import System


class InspectionOutcome(StrEnum):
    """What became of an inspection."""

    RUNNING = "running"
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    VOID = "void"
    """The control of its run failed: inconclusive, and our own fault."""
    BROKEN = "broken"
    """No result came back: counts as inconclusive."""


@value
class Registered:
    """A system and the declaration that it was registered with."""

    system: System
    """As declared."""
    declaration: str
    """The document."""
    digest: str
    """SHA-256 of the document, hex."""
    at: datetime
    """When it was registered, UTC."""


@value
class Entry:
    """One line of the append-only log of a plan."""

    number: int
    """Position in the log of all plans."""
    event: Event
    """What happened."""
    digest: str
    """Chains this entry to all before it."""


@value
class Held:
    """An inspection as the store knows it."""

    inspection_id: str
    """Unique id."""
    plan_id: str
    """Plan under which it runs or ran."""
    system: str
    """Name of the system."""
    kind: Kind
    """Kind of inspection."""
    outcome: InspectionOutcome
    """What became of it."""
    started: datetime
    """When it began, UTC."""
    ended: datetime | None
    """When it came to its end, UTC; None while it runs."""
    tally: Tally
    """What was sent, as far as it was reported."""


@value
class Debt:
    """An item of a server that is not fully tested."""

    system: str
    """Name of the system."""
    plan_id: str
    """Plan that should have tested it."""
    server: str
    """Name of the declared server."""
    item: Item
    """The item."""
    checks: int
    """Checks that are missing; 0: it never came to naming them."""
    reason: str
    """Why."""
    since: datetime
    """When it was recorded, UTC."""
    settled: datetime | None = None
    """When a later inspection paid it, UTC; None while it is open."""


@value
class Underway:
    """A running inspection, for the figures."""

    kind: Kind
    """Kind of inspection."""
    window: Window
    """Agreed window."""
    pace: Pace
    """Agreed pace of the system as a whole."""
    servers: int
    """Servers that share the pace."""
    started: datetime
    """When it began, UTC."""
    tally: Tally
    """What it has sent so far."""


@value
class WindowUse:
    """How much of the agreed windows was used."""

    agreed_s: float
    """Seconds agreed."""
    used_s: float
    """Seconds from the start of an inspection to its end."""


@value
class Figures:
    """Everything that is counted, as the store knows it: it survives restarts because it is derived."""

    inspections: dict[tuple[Kind, InspectionOutcome], int]
    """Inspections that came to an end, by kind and outcome."""
    underway: tuple[Underway, ...]
    """Inspections that run now."""
    sent: Tally
    """What all inspections together have sent."""
    windows: dict[Kind, WindowUse]
    """Use of windows by kind."""
    debts: dict[Item, int]
    """Open debts by item."""
    oldest_debt: datetime | None
    """Since when the oldest debt is open, UTC; None: no debt."""
    findings: dict[Grade, int]
    """Findings by grade."""
    plans: dict[Phase, int]
    """Plans by phase."""
