"""Orders that claim the same address, for both keepers of claims: the file and the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from grid.order import Order
from grid.window import Window
from probes.pulse.facts import Pulse
from probes.target import Target
from scheduler.claims import Claims
from tests.grid.orders import make_order
from tests.scheduler.scene import DAY, make_target

WEB = make_target("web", "127.0.0.1")


def order(
    claims: Claims,
    order_id: str = "o1",
    *,
    target: Target = WEB,
    inspection_id: str = "i1",
    system: str = "hana",
    minutes: float = 60,
    heartbeat: bool = False,
) -> Order:
    """Give an order whose window is open, with the next fence of its server."""
    window = Window(start=DAY, end=DAY + timedelta(minutes=minutes))
    made = make_order(target=target, window=window, order_id=order_id)
    pulse = Pulse(server="web", port=80) if heartbeat else made.pulse
    return replace(made, inspection_id=inspection_id, system=system, fence=claims.next_fence(target), pulse=pulse)
