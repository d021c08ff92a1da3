"""Hostile servers against the whole grid: the run lives on, bounded in memory and time, and inconclusive where it must be."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.brake import Brake
from grid.key import trusted
from grid.order import Order
from grid.report import Record, Report
from grid.run import Grid
from grid.seal import seal
from grid.window import Window
from plugins.clock import SystemClock
from probes.catalog import judge_server
from probes.observation import Ending, ItemEnded
from probes.pace import Pace
from probes.target import (
    ClientAuth,
    DeclaredPort,
    Item,
    PortRange,
    Purpose,
    Role,
    Target,
    TlsEndpoint,
    TlsVersion,
    Transport,
)
from probes.verdict import Standing
from tests.grid.orders import make_order
from tests.pack import CARGO, PACK
from tests.servers import zoo

KEY = Ed25519PrivateKey.generate()
ALL = (Item.PORTS, Item.TLS, Item.HOLES)
SECONDS = 200.0
"""Longest time that one hostile server may take; the window ends it. Nine at once need 70 s on two idle processors."""
pytestmark = pytest.mark.timeout(480)
GROWTH_KB = 150_000
"""Most memory that a worker may gain by looking at a hostile server (a probe's own imports are part of it)."""
MANNERS = [
    zoo.hang,
    zoo.reset,
    zoo.slam,
    zoo.close_after_request,
    zoo.endless,
    zoo.endless_lines,
    zoo.drip,
    zoo.garbage,
    zoo.garbage_later,
]


def hostile_order(address: str, name: str) -> Order:
    """A web server as its operator declares it: HTTP on 8000, HTTPS on 8443."""
    ports = tuple(
        DeclaredPort(
            ports=PortRange(first=port, last=port), transport=Transport.TCP, service=service, purpose=Purpose.SHOP
        )
        for port, service in ((8000, "http"), (8443, "https"))
    )
    tls = TlsEndpoint(
        port=8443,
        server_name="shop.example",
        versions=(TlsVersion.TLS_1_2, TlsVersion.TLS_1_3),
        client_auth=ClientAuth.NONE,
        names=("shop.example",),
    )
    target = Target(
        name=name, role=Role.WEB, addresses=(address,), host_names=("shop.example",), ports=ports, tls=(tls,)
    )
    now = SystemClock().now()
    made = make_order(
        target=target,
        window=Window(start=now, end=now + timedelta(seconds=SECONDS)),
        order_id=name,
        pack_digest=PACK.digest,
    )
    pace = Pace(connections_per_s=200, requests_per_s=200, concurrent_connections=20, bytes_per_s=20_000_000)
    return replace(made, scope=replace(made.scope, items=ALL, tcp_ports=()), pace=pace, system_pace=pace)


class Memory:
    """An intake that notes the most memory each worker ever had, by the kernel's account."""

    def __init__(self) -> None:
        self.first: dict[int, int] = {}
        self.most: dict[int, int] = {}

    def took(self, report: Report) -> None:
        status = Path(f"/proc/{report.worker_pid}/status")
        with contextlib.suppress(OSError):
            (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
            peak = int(line.split()[1])
            self.first.setdefault(report.worker_pid, peak)
            self.most[report.worker_pid] = max(self.most.get(report.worker_pid, 0), peak)

    @property
    def growth_kb(self) -> int:
        return max(self.most[pid] - self.first[pid] for pid in self.most)


@pytest.fixture(scope="module")
def outcome() -> tuple[dict[str, tuple[Order, Record]], Memory]:
    """All hostile servers inspected side by side, each by a worker of its own."""
    memory = Memory()
    orders = {manner.__name__: hostile_order(f"127.0.63.{n}", f"h{n}") for n, manner in enumerate(MANNERS, 1)}
    with contextlib.ExitStack() as stack:
        for n, manner in enumerate(MANNERS, 1):
            for port in (8000, 8443):
                stack.enter_context(zoo.serving(manner, f"127.0.63.{n}", port))
        grid = stack.enter_context(Grid.start(workers=len(MANNERS)))
        sealed = [seal(order, KEY) for order in orders.values()]
        records = grid.run(sealed, trusted(KEY), memory, Brake(), cargo=CARGO)
    return {name: (order, record) for (name, order), record in zip(orders.items(), records, strict=True)}, memory


def test_memory_is_bounded(outcome: tuple[dict[str, tuple[Order, Record]], Memory]) -> None:
    assert outcome[1].growth_kb < GROWTH_KB


@pytest.mark.parametrize("name", [manner.__name__ for manner in MANNERS])
def test_a_hostile_server_is_looked_at_to_the_end_and_never_passes(
    outcome: tuple[dict[str, tuple[Order, Record]], Memory], name: str
) -> None:
    order, record = outcome[0][name]
    observations = record.observations + record.noticed
    ended = {o.item: o.fact for o in observations if isinstance(o.fact, ItemEnded)}
    assert {item: fact.ending for item, fact in ended.items()} == dict.fromkeys(ALL, Ending.FINISHED), ended
    assert (record.ended - record.started).total_seconds() < SECONDS
    verdict = judge_server(order.scope, observations, PACK)
    # What says nothing that is known is not tested; what talks, but not HTTP, may also be another service than declared.
    assert verdict.standing in {Standing.INCONCLUSIVE, Standing.FAIL}
    assert verdict.gaps
    if name in {"hang", "reset", "slam", "close_after_request"}:
        assert verdict.standing is Standing.INCONCLUSIVE, verdict.findings
