"""Orders: the permission to inspect one server, before it is sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from grid.window import Window
from plugins.value import value
from probes.pace import Pace
from probes.pulse.facts import AgreedPulse, NoPulse
from probes.target import Scope


@value
class Order:
    """検査指示書: what, where, when and how fast, for one server."""

    format: Literal["tenken-order/1"] = "tenken-order/1"
    """Version of this document; also what the signature is bound to."""
    order_id: str
    """Unique id; an order runs once."""
    inspection_id: str
    """Inspection that it is a part of."""
    system: str
    """Name of the system."""
    scope: Scope
    """The server (addresses, host names, ports), items, ports to look at, anchors, contact."""
    window: Window
    """Nothing is sent outside of it."""
    pace: Pace
    """Upper bounds for this server."""
    system_pace: Pace
    """Agreed upper bounds for the system as a whole, over all workers together."""
    pulse: AgreedPulse = NoPulse()
    """Agreed: this order is for the heartbeat on one page, and names no items. Otherwise it is for the inspection itself."""
    pack_digest: str
    """Digest of the signature pack that may be used."""
    fence: int
    """Fencing number: a worker with a lower one than the latest is refused."""
    trouble: str
    """What to do when the shop is in trouble, as agreed."""
    issuer: str
    """Who issued it."""
    issued: datetime
    """When, UTC."""
