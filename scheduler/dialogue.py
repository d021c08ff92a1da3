"""The words of a negotiation: who speaks, what may have happened (events, past tense), what is to be done (instructions).

Values only. What follows from what is decided in `scheduler.negotiation`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Discriminator

from plugins.value import value
from probes.target import Item
from probes.verdict import Standing
from scheduler.plan import InspectionPlan


class Side(StrEnum):
    """Who speaks."""

    REVIEW_BODY = "review-body"
    """審査機関."""
    OPERATOR = "operator"
    """システム運営者."""
    SERVICE = "service"
    """The loop: it reports the time and what became of an inspection. It never agrees to anything."""


class SpecialReason(StrEnum):
    """Special circumstances (特別な事情) under which an operator may decline a spot inspection."""

    OUTAGE = "outage"
    """The system is down or being repaired."""
    MAINTENANCE = "maintenance"
    """Work on the system that cannot be moved."""
    PEAK_BUSINESS = "peak-business"
    """Sales that the system has to carry alone."""
    LEGAL = "legal"
    """A law or a court forbids it."""


@value
class Offered:
    """The review body proposed a plan."""

    kind: Literal["offered"] = "offered"
    """Discriminator among events."""
    plan_id: str
    """Plan that it is about."""
    by: Side
    """Who did it."""
    at: datetime
    """When, UTC."""
    plan: InspectionPlan
    """The proposal."""


@value
class Countered:
    """One side proposed another form of the same plan."""

    kind: Literal["countered"] = "countered"
    """Discriminator among events."""
    plan_id: str
    """Plan that it is about."""
    by: Side
    """Who did it."""
    at: datetime
    """When, UTC."""
    plan: InspectionPlan
    """The new form."""
    outside_calendar: bool = False
    """The operator accepts hours outside its calendar for this form."""


@value
class Accepted:
    """One side accepted the form of the plan that it read."""

    kind: Literal["accepted"] = "accepted"
    """Discriminator among events."""
    plan_id: str
    """Plan that it is about."""
    by: Side
    """Who did it."""
    at: datetime
    """When, UTC."""
    digest: str
    """Digest of the form that was read: a counter-offer that crossed it is never accepted by mistake."""
    outside_calendar: bool = False
    """The operator accepts hours outside its calendar for this form."""


@value
class Declined:
    """One side refused the plan."""

    kind: Literal["declined"] = "declined"
    """Discriminator among events."""
    plan_id: str
    """Plan that it is about."""
    by: Side
    """Who did it."""
    at: datetime
    """When, UTC."""
    reason: str
    """Why, in its own words."""
    special: SpecialReason | None = None
    """Special circumstances; a spot inspection cannot be declined without."""


@value
class Withdrawn:
    """The review body took its plan back before it began."""

    kind: Literal["withdrawn"] = "withdrawn"
    """Discriminator among events."""
    plan_id: str
    """Plan that it is about."""
    by: Side
    """Who did it."""
    at: datetime
    """When, UTC."""
    reason: str
    """Why."""


@value
class Stopped:
    """Somebody said stop to an agreed or running inspection."""

    kind: Literal["stopped"] = "stopped"
    """Discriminator among events."""
    plan_id: str
    """Plan that it is about."""
    by: Side
    """Who did it."""
    at: datetime
    """When, UTC."""
    reason: str
    """Why."""


@value
class Slowed:
    """Somebody lowered the pace of an agreed or running inspection. Nothing can raise it again."""

    kind: Literal["slowed"] = "slowed"
    """Discriminator among events."""
    plan_id: str
    """Plan that it is about."""
    by: Side
    """Who did it."""
    at: datetime
    """When, UTC."""
    share: float
    """Largest part of the agreed pace from now on, above 0 and below 1."""
    reason: str
    """Why."""


@value
class WindowOpened:
    """The agreed window began."""

    kind: Literal["window-opened"] = "window-opened"
    """Discriminator among events."""
    plan_id: str
    """Plan that it is about."""
    by: Side
    """Who noticed: the service."""
    at: datetime
    """When, UTC."""


@value
class WindowClosed:
    """The window is over."""

    kind: Literal["window-closed"] = "window-closed"
    """Discriminator among events."""
    plan_id: str
    """Plan that it is about."""
    by: Side
    """Who noticed: the service."""
    at: datetime
    """When, UTC."""


@value
class Pair:
    """One item of one server: the unit in which debts are counted."""

    server: str
    """Name of the declared server."""
    item: Item
    """The item."""


@value
class Gap:
    """What an inspection owes: an item of a server that is not fully tested."""

    server: str
    """Name of the declared server."""
    item: Item
    """The item."""
    checks: int
    """How many checks are missing; 0 when it never came to naming them."""
    reason: str
    """Why."""

    @property
    def pair(self) -> Pair:
        """Which item of which server."""
        return Pair(server=self.server, item=self.item)


@value
class InspectionEnded:
    """The inspection came back with a result."""

    kind: Literal["inspection-ended"] = "inspection-ended"
    """Discriminator among events."""
    plan_id: str
    """Plan that it is about."""
    by: Side
    """Who reports: the service."""
    at: datetime
    """When, UTC."""
    inspection_id: str
    """Where the result is kept."""
    standing: Standing
    """Verdict for the system."""
    gaps: tuple[Gap, ...]
    """What was ordered and is not fully tested."""
    tested: tuple[Pair, ...]
    """What was ordered and is fully tested."""


@value
class InspectionBroken:
    """The inspection never came back: it failed, or the service died while it ran."""

    kind: Literal["inspection-broken"] = "inspection-broken"
    """Discriminator among events."""
    plan_id: str
    """Plan that it is about."""
    by: Side
    """Who reports: the service."""
    at: datetime
    """When, UTC."""
    reason: str
    """Why."""


Event = Annotated[
    Offered
    | Countered
    | Accepted
    | Declined
    | Withdrawn
    | Stopped
    | Slowed
    | WindowOpened
    | WindowClosed
    | InspectionEnded
    | InspectionBroken,
    Discriminator("kind"),
]
"""Everything that can happen."""


@value
class Arm:
    """Hold the window: both sides accepted this form."""

    plan: InspectionPlan
    """The agreed plan."""


@value
class Disarm:
    """Let the window go."""

    plan_id: str
    """Plan that will not run."""


@value
class Start:
    """Run the inspection now."""

    plan: InspectionPlan
    """The agreed plan."""


@value
class CutOff:
    """Stop sending at once; whatever is left is not tested."""

    plan_id: str
    """Plan whose inspection runs."""
    reason: str
    """Why."""


@value
class SlowDown:
    """Go on at a smaller part of the agreed pace."""

    plan_id: str
    """Plan whose inspection runs, or will run."""
    share: float
    """Largest part of the agreed pace that may be used."""


@value
class RecordDebt:
    """Remember what is owed: a new window has to be negotiated for it."""

    plan_id: str
    """Plan that should have tested it."""
    gaps: tuple[Gap, ...]
    """What is not tested."""


@value
class SettleDebt:
    """Strike out debts of the system that this inspection has paid."""

    plan_id: str
    """Plan that tested it."""
    tested: tuple[Pair, ...]
    """What is fully tested now."""


@value
class Notify:
    """Tell one side."""

    to: Side
    """Whom."""
    plan_id: str
    """Plan that it is about."""
    about: str
    """What happened, in one line."""


Instruction = Arm | Disarm | Start | CutOff | SlowDown | RecordDebt | SettleDebt | Notify
"""Everything that can be asked of the service."""
