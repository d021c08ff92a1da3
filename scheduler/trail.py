"""What goes into the audit log, and under whose name. The log itself is `grid.audit`; here is what an event is called there.

Everything is written before it takes effect, so an entry can be about something that then failed, never the other way round.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

from grid.audit import Action
from grid.order import Order
from grid.seal import SealedOrder
from plugins.value import value
from probes.pace import Pace
from probes.ports.choice import worded
from scheduler.dialogue import (
    Accepted,
    Countered,
    Declined,
    Event,
    InspectionBroken,
    InspectionEnded,
    Offered,
    Side,
    Slowed,
    Stopped,
    WindowOpened,
    Withdrawn,
)
from scheduler.plan import InspectionPlan

GRID = "grid"
"""Actor: the service and its workers, by themselves."""


class Audit(Protocol):
    """Where entries go: `grid.audit.AuditLog`."""

    def append(self, actor: str, action: Action, subject: str, detail: str = "") -> object:
        """Write one entry and wait until it is on the disk; raises `AuditError`, and then the action must not happen."""


@value
class Note:
    """One entry, before it is written."""

    actor: str
    """Who."""
    action: Action
    """What."""
    subject: str
    """To what."""
    detail: str
    """What a reader in a dispute needs."""

    def write(self, audit: Audit) -> None:
        """Write it; raises `AuditError`."""
        audit.append(self.actor, self.action, self.subject, self.detail)


def actor_of(side: Side, system: str) -> str:
    """Give the name under which a side acts."""
    return {Side.REVIEW_BODY: "review-body", Side.OPERATOR: f"operator:{system}", Side.SERVICE: GRID}[side]


def digest_of(sealed: SealedOrder) -> str:
    """Give the SHA-256 (hex) of an order's bytes."""
    return hashlib.sha256(sealed.order).hexdigest()


def order_note(order: Order, digest: str, actor: str) -> Note:
    """Note that an order is handed out."""
    target = order.scope.target
    detail = (
        f"digest={digest} inspection={order.inspection_id} system={order.system} server={target.name} "
        f"addresses={','.join(target.addresses)} window={order.window} fence={order.fence} "
        f"pace={pace_text(order.pace)} system_pace={pace_text(order.system_pace)}"
    )
    return Note(actor=actor, action=Action.ORDER_SEALED, subject=order.order_id, detail=detail)


def void_note(inspection_id: str, reason: str, actor: str) -> Note:
    """Note that the verdicts of an inspection are taken back."""
    return Note(actor=actor, action=Action.RUN_VOID, subject=f"inspection {inspection_id}", detail=reason[:2000])


def event_note(event: Event, plan: InspectionPlan, inspection_id: str = "") -> Note | None:
    """Note what happens to a plan, and which inspection begins with it; None for what nobody decides (a window that is over)."""
    action = _ACTIONS.get(type(event))
    if action is None:
        return None
    detail = _detail(event, plan)
    detail = f"inspection={inspection_id} {detail}" if inspection_id else detail
    return Note(actor=actor_of(event.by, plan.system), action=action, subject=f"plan {plan.plan_id}", detail=detail)


_ACTIONS: dict[type, Action] = {
    Offered: Action.PLAN_OFFERED,
    Countered: Action.PLAN_COUNTERED,
    Accepted: Action.PLAN_ACCEPTED,
    Declined: Action.PLAN_DECLINED,
    Withdrawn: Action.PLAN_WITHDRAWN,
    Stopped: Action.STOP_CALLED,
    Slowed: Action.PACE_LOWERED,
    WindowOpened: Action.INSPECTION_STARTED,
    InspectionEnded: Action.INSPECTION_ENDED,
    InspectionBroken: Action.INSPECTION_ENDED,
}


def _detail(event: Event, plan: InspectionPlan) -> str:
    said = {
        name: getattr(event, name)
        for name in ("inspection_id", "standing", "digest", "outside_calendar", "special", "share", "reason")
        if hasattr(event, name)
    }
    terms = [_terms(event.plan if isinstance(event, Offered | Countered) else plan)] if _about_terms(event) else []
    return " ".join([f"system={plan.system}", *terms, *(f"{name}={told}" for name, told in said.items())])


def _about_terms(event: Event) -> bool:
    return isinstance(event, Offered | Countered | WindowOpened)


def _terms(plan: InspectionPlan) -> str:
    items, egress = ",".join(plan.items), ",".join(plan.egress) or "loopback"
    pace = pace_text(plan.pace)
    asked = f"items={items} ports={worded(plan.picked)} pace={pace}"
    return f"form={plan.digest} kind={plan.kind} window={plan.window} {asked} egress={egress}"


def pace_text(pace: Pace) -> str:
    """Give a pace in a few letters: connections/s, requests/s, concurrent connections, bytes/s, packets/s where agreed."""
    packets = f",{pace.packets_per_s:g}p/s" if pace.packets_per_s else ""
    most = f"{pace.concurrent_connections}at-once"
    return f"{pace.connections_per_s:g}c/s,{pace.requests_per_s:g}r/s,{most},{pace.bytes_per_s}B/s{packets}"
