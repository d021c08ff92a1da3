"""A whole inspection with a pulse: silent until the shop was seen without us, handed back when the shop suffers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.evidence import PULSE
from grid.run import Grid
from grid.window import Window
from plugins.clock import SystemClock
from plugins.pack import load_pack
from probes.observation import Ending
from probes.pace import Pace
from probes.pulse.facts import AgreedPulse, Gentleness, NoPulse, NotMeasured, Phase, Pulse
from probes.target import DeclaredPort, Item, PortRange, Purpose, Role, Target, Transport
from probes.verdict import Standing
from scheduler.claims import FileClaims
from scheduler.inspection import Issuer, NotProvenError, inspect_systems
from scheduler.orders import Inspection, new_id
from scheduler.rejudge import rejudge
from scheduler.result import ControlStanding, Kind, Result
from scheduler.system import Calendar, Contact, System
from tests.fakes.trail import Notes
from tests.servers.shopfront import HEARTBEAT, Manner, Shopfront, shopfront

CLOCK = SystemClock()
ISSUER = Issuer(name="test", contact="desk@shop.example", key=Ed25519PrivateKey.generate())


@pytest.fixture(scope="module")
def grid() -> Iterator[Grid]:
    with Grid.start(workers=4) as started:
        yield started


def system(address: str, port: int, pulse: AgreedPulse, requests_per_s: float = 20.0) -> System:
    web = DeclaredPort(
        ports=PortRange(first=port, last=port), transport=Transport.TCP, service="http", purpose=Purpose.SHOP
    )
    target = Target(name="web", role=Role.WEB, addresses=(address,), host_names=("shop.example",), ports=(web,))
    return System(
        name="shop.example",
        title="Shop",
        operator=Contact(organisation="Shop", name="desk", email="desk@shop.example"),
        targets=(target,),
        pace=Pace(connections_per_s=2 * requests_per_s, requests_per_s=requests_per_s, concurrent_connections=8),
        calendar=Calendar(time_zone="Asia/Tokyo", windows=()),
        pulse=pulse,
    )


def inspect(grid: Grid, inspected: System, out: Path, seconds: float = 120.0) -> Result:
    now = CLOCK.now()
    inspection = Inspection(
        inspection_id=new_id(),
        kind=Kind.SCHEDULED,
        system=inspected,
        items=(Item.HOLES,),
        window=Window(start=now, end=now + timedelta(seconds=seconds)),
        pace=inspected.pace,
    )
    (result,) = inspect_systems(
        [inspection],
        [out],
        grid=grid,
        issuer=ISSUER,
        pack=load_pack(),
        clock=CLOCK,
        claims=FileClaims(out / "claims.json", CLOCK),
        audit=Notes(),
    )
    return result


def pulse_for(shop: Shopfront) -> Pulse:
    return Pulse(
        server="web", port=shop.port, path=HEARTBEAT, every_s=0.1, added_latency_ms=500, lead_s=4.0, patience_s=1.0
    )


def test_a_healthy_shop_is_seen_first_and_then_inspected_to_the_end(grid: Grid, tmp_path: Path) -> None:
    with shopfront(Manner(), "127.0.64.1") as shop:
        result = inspect(grid, system(shop.address, shop.port, pulse_for(shop), requests_per_s=100.0), tmp_path)
    first_of_all, first_of_ours = shop.visits[0].at, shop.load()[0].at
    assert first_of_ours - first_of_all >= 3.5
    assert result.verdict.standing is Standing.PASS
    proof = result.gentleness
    assert isinstance(proof, Gentleness)
    assert proof.before.answered >= 5
    assert proof.beats == len(shop.beats())
    assert proof.tally.requests == len(shop.load())
    assert (tmp_path / "evidence" / PULSE / "beats.jsonl").read_bytes().count(b"\n") == proof.beats
    assert rejudge(tmp_path, load_pack()) == result.verdict


def test_a_shop_that_begins_to_fail_gets_its_window_back(grid: Grid, tmp_path: Path) -> None:
    with shopfront(Manner(fails_after=10), "127.0.64.2") as shop:
        result = inspect(grid, system(shop.address, shop.port, pulse_for(shop)), tmp_path)
    assert result.verdict.standing is Standing.INCONCLUSIVE
    (server,) = result.servers
    (item,) = server.items
    assert item.ending is Ending.STOPPED
    assert "pulse" in item.detail
    proof = result.gentleness
    assert isinstance(proof, Gentleness)
    phases = [event.advice.phase for event in proof.events]
    assert phases.index(Phase.PAUSE) < phases.index(Phase.ABORT)
    # It failed after 10 asks; the next beat showed it, and what was already lent lapsed within a slice.
    assert len(shop.load()) < 10 + 20


def test_without_a_pulse_nothing_is_said_about_gentleness(grid: Grid, tmp_path: Path) -> None:
    with shopfront(Manner(), "127.0.64.3") as shop:
        result = inspect(grid, system(shop.address, shop.port, NoPulse(), requests_per_s=100.0), tmp_path)
    assert isinstance(result.gentleness, NotMeasured)
    assert result.verdict.standing is Standing.PASS
    # The whole pack: all that is planted was found, and no other signature took either server for another.
    assert result.control.standing is ControlStanding.HELD, result.control.reason


def test_an_address_without_proof_is_refused_before_anything_is_sealed(grid: Grid, tmp_path: Path) -> None:
    with pytest.raises(NotProvenError, match=r"192\.0\.2\.1"):
        inspect(grid, system("192.0.2.1", 80, NoPulse(), requests_per_s=100.0), tmp_path)
    assert not list(tmp_path.rglob("order.json"))
