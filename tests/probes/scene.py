"""What tests of the probes share: a target in one line, a look at loopback, observations in one line."""

from __future__ import annotations

from datetime import UTC, datetime

from plugins.clock import SystemClock
from probes.dial import Dialer
from probes.observation import Ending, Fact, ItemEnded, Observation
from probes.pace import Pace
from probes.recorder import Recorder
from probes.target import (
    DeclaredPort,
    Item,
    PortRange,
    Purpose,
    Role,
    Scope,
    Target,
    TlsEndpoint,
    Transport,
)
from tests.fakes import LoopbackLeave

AT = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
FAST = Pace(connections_per_s=2000, requests_per_s=2000, concurrent_connections=20, bytes_per_s=50_000_000)
"""Fast enough for tests on loopback."""


def declared(
    port: int,
    service: str,
    *,
    purpose: Purpose = Purpose.SHOP,
    restricted_to: tuple[str, ...] = (),
    exception: str = "",
    transport: Transport = Transport.TCP,
) -> DeclaredPort:
    return DeclaredPort(
        ports=PortRange(first=port, last=port),
        transport=transport,
        service=service,
        purpose=purpose,
        restricted_to=restricted_to,
        exception=exception,
    )


def scope_of(
    *ports: DeclaredPort,
    addresses: tuple[str, ...] = ("127.0.0.9",),
    tls: tuple[TlsEndpoint, ...] = (),
    looked_at: tuple[int, ...] = (),
    items: tuple[Item, ...] = (Item.PORTS,),
    anchors: tuple[str, ...] = (),
) -> Scope:
    target = Target(name="web", role=Role.WEB, addresses=addresses, ports=ports, tls=tls)
    ranges = tuple(PortRange(first=port, last=port) for port in looked_at)
    return Scope(target=target, items=items, tcp_ports=ranges, anchors=anchors, contact="Review Body")


def observed(item: Item, *facts: Fact, ending: Ending | None = Ending.FINISHED) -> list[Observation]:
    """Make observations of facts, with the item's end (None: it never ended)."""
    ends = [ItemEnded(ending=ending)] if ending else []
    return [
        Observation(server="web", item=item, at=AT, fact=fact, evidence=(f"{number:064x}",))
        for number, fact in enumerate((*facts, *ends))
    ]


def dialer_for(leave: LoopbackLeave | None = None, pace: Pace = FAST) -> Dialer:
    return Dialer("web", leave or LoopbackLeave(), pace, SystemClock())


def recorder() -> Recorder:
    return Recorder("web", SystemClock())
