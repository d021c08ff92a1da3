"""From an agreed inspection to the orders for its servers, and one for its heartbeat. Pure but for ids.

Rates are leased from one budget per system, so a server may use whatever the others leave. Concurrent connections are shared out,
because an open connection outlives every lease. The heartbeat's part is taken out of the agreed pace beforehand, because it has to
go on while everything else is paused: together they stay inside what was agreed.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from dataclasses import replace

from grid.order import Order
from grid.pulse.heartbeat import pulse_pace
from grid.window import Window
from plugins.clock import Clock
from plugins.value import value
from probes.lease import burst
from probes.pace import PACKETS_PER_CONNECTION, PACKETS_PER_REQUEST, SEGMENT_BYTES, Pace
from probes.ports.questions import reviewed_udp
from probes.ports.top1000 import TOP_1000
from probes.pulse.facts import AgreedPulse, NoPulse, Pulse
from probes.pulse.page import page_of, pulse_scope
from probes.target import Item, PortRange, Resolver, Scope, Site, Target
from scheduler.result import Before, Kind, NothingBefore
from scheduler.system import System

BEATS_SHARE = 0.1
"""Largest part of the agreed pace that a heartbeat may take; it beats more slowly where it would take more."""


REFERENCE_DIGITS = 8
"""Digits of an order's id that its asks carry."""


LEAST_EVERY_S = 1.2
"""Shortest rhythm of a heartbeat: a beat may come a tenth early, and no second may hold two."""


@value
class Inspection:
    """What both sides agreed for one system."""

    inspection_id: str
    """Unique id."""
    kind: Kind
    """Kind of inspection."""
    system: System
    """What is inspected."""
    items: tuple[Item, ...]
    """Items, in the order in which they run."""
    window: Window
    """Agreed window."""
    pace: Pace
    """Agreed pace for the system as a whole."""
    trouble: str = "stop at once and call the operator"
    """What to do in trouble, as agreed."""
    resolvers: tuple[Resolver, ...] = ()
    """Resolvers that the item `hosts` may ask."""
    before: Before = NothingBefore()
    """What was seen when the system last passed; goes into the result."""
    picked: tuple[PortRange, ...] = ()
    """TCP ports that the review body picks, beside those that the operator asks for."""
    deep: bool = False
    """Whether item `tls` includes the deep scan."""

    @property
    def agreed(self) -> Pace:
        """The pace that binds: the agreed one, and never above the declared one."""
        return self.pace.lowest(self.system.pace)

    @property
    def pulse(self) -> AgreedPulse:
        """The heartbeat as it will beat: as declared, or more slowly where the agreed pace is very low."""
        pulse, agreed = self.system.pulse, self.agreed
        if isinstance(pulse, NoPulse):
            return pulse
        slowest = min(agreed.connections_per_s, agreed.requests_per_s) * BEATS_SHARE
        smallest = max(1, round(min(agreed.bytes_per_s, agreed.packets * SEGMENT_BYTES) * BEATS_SHARE))
        return replace(
            pulse, every_s=max(pulse.every_s, 1 / slowest, LEAST_EVERY_S), most_bytes=min(pulse.most_bytes, smallest)
        )


def _beside_one(agreed: float) -> float:
    """Give the rate that leaves room for one beat in every sliding second, burst included."""
    most = math.floor(agreed + burst(agreed)) - 1e-6
    return most / 1.02 if most / 1.02 >= 50 else most - 1


def new_id() -> str:
    """Give a new unique id for an inspection or an order."""
    return uuid.uuid4().hex


def beat_packets(pulse: Pulse) -> int:
    """Give the packets that one beat is reckoned at."""
    return PACKETS_PER_CONNECTION + PACKETS_PER_REQUEST + math.ceil(pulse.most_bytes / SEGMENT_BYTES)


def without_beats(agreed: Pace, pulse: AgreedPulse) -> Pace:
    """Give what the heartbeat leaves of the agreed pace."""
    if isinstance(pulse, NoPulse):
        return agreed
    beats_per_s = 1 / pulse.every_s
    return Pace(
        connections_per_s=min(agreed.connections_per_s - beats_per_s, _beside_one(agreed.connections_per_s)),
        requests_per_s=min(agreed.requests_per_s - beats_per_s, _beside_one(agreed.requests_per_s)),
        concurrent_connections=max(1, agreed.concurrent_connections - 1),
        # Two beats may fall into one sliding second, whatever their rhythm.
        bytes_per_s=max(1, agreed.bytes_per_s - 2 * pulse.most_bytes),
        packets_per_s=agreed.packets_per_s and agreed.packets_per_s - 2 * beat_packets(pulse),
    )


def reference(contact: str, order_id: str) -> str:
    """Give what every HTTP ask of an order says of us: how to reach the issuer, and which order to ask about."""
    address = f"mailto:{contact}" if "@" in contact and ":" not in contact else contact
    return f"{address}; order {order_id[:REFERENCE_DIGITS]}"


def write_orders(
    inspection: Inspection,
    issuer: str,
    contact: str,
    pack_digest: str,
    clock: Clock,
    next_fence: Callable[[Target], int],
) -> list[Order]:
    """Write one order per server, in the order of the declaration, and behind them one for the heartbeat when it is agreed.

    `next_fence` is asked once per order, in that order.
    """
    system, pulse = inspection.system, inspection.pulse
    rest = without_beats(inspection.agreed, pulse)
    form = Order(
        order_id="",
        inspection_id=inspection.inspection_id,
        system=system.name,
        scope=_scope(inspection, system.targets[0]),
        window=inspection.window,
        pace=replace(rest, concurrent_connections=rest.share(len(system.targets)).concurrent_connections),
        system_pace=rest,
        pack_digest=pack_digest,
        fence=0,
        trouble=inspection.trouble,
        issuer=issuer,
        issued=clock.now(),
    )
    forms = [replace(form, scope=_scope(inspection, target)) for target in system.targets]
    if isinstance(pulse, Pulse):
        forms.append(_heartbeat(form, inspection, pulse))
    return [_numbered(each, contact, next_fence) for each in forms]


def _numbered(form: Order, contact: str, next_fence: Callable[[Target], int]) -> Order:
    """Give the order its id and its fence, and let its asks say whom to ask about it."""
    order_id = new_id()
    scope = replace(form.scope, contact=reference(contact, order_id))
    return replace(form, order_id=order_id, scope=scope, fence=next_fence(scope.target))


def _scope(inspection: Inspection, target: Target) -> Scope:
    return Scope(
        target=target,
        items=inspection.items,
        tcp_ports=(*(inspection.system.tcp_ports or TOP_1000), *inspection.picked),
        udp_ports=reviewed_udp(),
        anchors=inspection.system.anchors,
        sources=inspection.system.sources,
        site=_site(inspection),
        deep=inspection.deep,
    )


def _site(inspection: Inspection) -> Site:
    """Give what the item `hosts` needs to know; an order without that item names no resolver."""
    if Item.HOSTS not in inspection.items:
        return Site()
    targets = inspection.system.targets
    return Site(
        addresses=tuple(dict.fromkeys(address for target in targets for address in target.addresses)),
        host_names=tuple(dict.fromkeys(name for target in targets for name in target.host_names)),
        resolvers=inspection.resolvers,
    )


def _heartbeat(form: Order, inspection: Inspection, pulse: Pulse) -> Order:
    target = next(target for target in inspection.system.targets if target.name == pulse.server)
    pace = pulse_pace(page_of(pulse, target))
    return replace(form, scope=pulse_scope(pulse, target, ""), pace=pace, system_pace=pace, pulse=pulse)
