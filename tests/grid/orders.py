"""Orders for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from grid.order import Order
from grid.window import Window
from probes.pace import Pace
from probes.target import DeclaredPort, Item, PortRange, Purpose, Role, Scope, Target, Transport

START = datetime(2026, 1, 1, tzinfo=UTC)
"""Where `FakeClock` starts."""


def make_target(name: str = "web-1", address: str = "127.0.7.1", port: int = 8080) -> Target:
    """A web server that declares one port."""
    web = DeclaredPort(
        ports=PortRange(first=port, last=port), transport=Transport.TCP, service="http", purpose=Purpose.SHOP
    )
    return Target(name=name, role=Role.WEB, addresses=(address,), host_names=("shop.example",), ports=(web,))


def make_order(
    *, target: Target | None = None, window: Window | None = None, order_id: str = "o1", pack_digest: str = "0" * 64
) -> Order:
    """An order for one server, with a window of one minute that opens at `START`."""
    return Order(
        order_id=order_id,
        inspection_id="i1",
        system="shop.example",
        scope=Scope(
            target=target or make_target(),
            items=(Item.PORTS,),
            tcp_ports=(PortRange(first=1000, last=1010),),
            contact="review@example.jp",
        ),
        window=window or Window(start=START, end=START + timedelta(minutes=1)),
        pace=Pace(),
        system_pace=Pace(),
        pack_digest=pack_digest,
        fence=1,
        trouble="stop and call",
        issuer="review body",
        issued=START,
    )
