"""Both engines against a real target in a namespace: the same answers, counted by the target's own firewall."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from plugins.clock import SystemClock
from probes.dial import CutOffError, Dialer, OutOfScopeError
from probes.pace import Pace
from probes.ports.engine import Field
from probes.ports.facts import PortBlock, State
from probes.ports.half_open import HalfOpenEngine
from probes.ports.ledger import Outlet
from probes.ports.sweep import Sweep
from probes.target import Transport
from tests.probes.ports.wire import BRISK, ENGINES, FAR, Anywhere, Wire, inside, missing, wire

pytestmark = [pytest.mark.root, pytest.mark.skipif(bool(missing()), reason=missing())]
OPEN = {22, 80, 443, 900}
PORTS = range(1, 1001)


@pytest.fixture(scope="module")
def cable() -> Iterator[Wire]:
    with wire() as made, made.listening(OPEN):
        yield made


@pytest.fixture
def target(cable: Wire) -> Wire:
    """The wire, with no rules but the count."""
    cable.without_rules()
    return cable


def _filter(*rules: str, hook: str = "prerouting") -> str:
    lines = "\n".join(f"  {rule}" for rule in rules)
    return f"table inet walled {{\n chain {hook} {{\n  type filter hook {hook} priority -300\n{lines}\n }}\n}}\n"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_target_that_refuses_gets_one_syn_per_port(target: Wire, engine: str) -> None:
    seen = target.sweep(engine, PORTS)
    assert seen.ports(State.OPEN) == OPEN
    assert len(seen.ports(State.CLOSED)) == 1000 - len(OPEN)
    assert seen.account.waves[0].knocks == 1000
    # Where this machine is too busy to hear an answer in time there is another wave; else this is all that was sent.
    assert seen.tally.connections == target.syns() >= 1000
    assert len(seen.account.waves) > 1 or target.syns() == 1000
    assert seen.account.engine == engine


@pytest.mark.parametrize("engine", ENGINES)
def test_a_target_that_drops_gets_two_syns_per_port(target: Wire, engine: str) -> None:
    target.rules(_filter("tcp dport != { 22, 80, 443, 900 } drop"))
    seen = target.sweep(engine, PORTS)
    assert seen.ports(State.OPEN) == OPEN
    assert len(seen.ports(State.FILTERED)) == 1000 - len(OPEN)
    knocks = 2 * (1000 - len(OPEN)) + len(OPEN) + seen.account.rechecks
    assert sum(wave.knocks for wave in seen.account.waves) + seen.account.rechecks == knocks
    # Where this machine is too busy to give up before a second is over, the kernel repeats a SYN, and that is counted.
    assert seen.tally.connections == target.syns() >= knocks
    assert engine == "connect" or seen.tally.connections == knocks


@pytest.mark.parametrize("engine", ENGINES)
def test_by_ipv6_it_is_the_same(target: Wire, engine: str) -> None:
    target.rules(
        _filter("tcp dport 500-509 drop", "tcp dport 510 reject with icmpv6 type admin-prohibited", hook="input")
    )
    seen = target.sweep(engine, PORTS, addresses=FAR[1:])
    assert seen.ports(State.OPEN, FAR[1]) == OPEN
    assert seen.ports(State.FILTERED, FAR[1]) == set(range(500, 511))
    assert seen.tally.connections == target.syns()


@pytest.mark.parametrize("kind", ["port-unreachable", "host-unreachable", "admin-prohibited", "net-unreachable"])
def test_what_icmp_says_is_filtered_and_a_reset_is_closed_for_both(target: Wire, kind: str) -> None:
    rejecting = f"tcp dport 100-119 reject with icmp type {kind}"
    target.rules(_filter(rejecting, "tcp dport 120-139 reject with tcp reset", hook="input"))
    told = []
    for engine in ENGINES:
        seen = target.sweep(engine, range(90, 150), declared=(100,))
        told.append(seen.states())
        assert seen.ports(State.FILTERED) == set(range(100, 120))
        assert not seen.account.disturbed
        if kind == "port-unreachable":
            (block,) = [fact for fact in seen.facts if isinstance(fact, PortBlock) and fact.state is State.CLOSED]
            assert (block.ports, block.detail) == ("90-99,120-149", "Connection refused")
    assert told[0] == told[1]
    assert State.UNKNOWN not in told[0].values()


@pytest.mark.parametrize("engine", ENGINES)
def test_lost_packets_cost_a_repeat_and_nothing_else(target: Wire, engine: str) -> None:
    target.rules(_filter("numgen random mod 100 < 4 drop"))
    seen = target.sweep(engine, PORTS)
    assert seen.ports(State.OPEN) == OPEN
    assert len(seen.ports(State.CLOSED)) == 1000 - len(OPEN)
    assert seen.tally.connections == target.syns()
    assert not seen.account.disturbed


def test_both_engines_keep_the_pace_and_its_bound_on_what_is_pending(target: Wire) -> None:
    target.rules(_filter("drop"))
    pace = Pace(connections_per_s=2000, concurrent_connections=20)
    for engine in ENGINES:
        seen = target.sweep(engine, range(1, 31), pace=pace, patience_s=0.3)
        # Twenty wait for their answer at a time.
        assert seen.seconds > 2 * 2 * 0.3
        assert seen.tally.connections == 60


def test_several_addresses_are_swept_together(target: Wire) -> None:
    seen = target.sweep("half-open", PORTS, addresses=FAR)
    for address in FAR:
        assert seen.ports(State.OPEN, address) == OPEN


def test_nothing_leaves_for_a_port_that_the_leave_does_not_name(target: Wire) -> None:
    class Narrow(Anywhere):
        def check(self, address: str, port: int, transport: Transport) -> None:
            if (address, port, transport) != (FAR[0], 80, Transport.TCP):
                raise OutOfScopeError(address, port, transport)

    def knock() -> None:
        dialer = Dialer("web", Narrow(), BRISK, SystemClock(), opening=contextlib.nullcontext)
        way = dialer.raw_way(FAR[0], 80)
        assert way.send(bytearray.fromhex("f000005000000001000000006002040000000000020405b4"))
        with pytest.raises(OutOfScopeError):
            way.send(bytearray.fromhex("f000005100000001000000006002040000000000020405b4"))
        with pytest.raises(OutOfScopeError):
            dialer.raw_way(FAR[0], 81)
        way.close()

    inside(target.near, knock)
    assert target.syns() == 1


def test_without_an_opening_there_is_no_raw_way(target: Wire) -> None:
    dialer = Dialer("web", Anywhere(), BRISK, SystemClock())
    assert not dialer.raw
    with pytest.raises(PermissionError):
        inside(target.near, lambda: dialer.raw_way(FAR[0], 80))


def test_a_stop_ends_the_sweep_within_a_batch(target: Wire) -> None:
    stopped = SimpleNamespace(at=0.0)

    class Stopping(Anywhere):
        def check(self, *_: object) -> None:
            if stopped.at:
                raise CutOffError("stop")

    async def sweep() -> tuple[int, list[object]]:
        clock = SystemClock()
        facts: list[object] = []
        pace = Pace(connections_per_s=2000, concurrent_connections=500)
        dialer = Dialer("web", Stopping(), pace, clock, opening=contextlib.nullcontext)
        doors = Field(FAR[:1], list(PORTS))
        engine = HalfOpenEngine(doors, dialer, random.Random(1).randrange)
        running = asyncio.create_task(
            Sweep(
                doors, engine, (), Outlet(facts.append, lambda _: None), below=random.Random(2).randrange, clock=clock
            ).run()
        )
        while dialer.tally.connections < 100:  # noqa: ASYNC110 - the tally of the product has no event to wait for
            await asyncio.sleep(0.001)
        stopped.at = time.monotonic()
        with pytest.raises(CutOffError):
            await running
        assert time.monotonic() - stopped.at < 0.5
        engine.close()
        return dialer.tally.connections, facts

    sent, facts = inside(target.near, lambda: asyncio.run(sweep()))
    assert target.syns() == sent < 1000
    assert facts, "what was heard before the stop is told"


@pytest.mark.parametrize("engine", ENGINES)
def test_all_ports_of_a_target_in_little_memory(target: Wire, engine: str) -> None:
    if engine == "connect":
        pytest.skip("make bench does this: it takes half a minute on a busy machine")
    seen = target.sweep(engine, range(1, 65_536), pace=Pace(connections_per_s=1e6, concurrent_connections=10_000))
    assert seen.ports(State.OPEN) == OPEN
    assert len(seen.ports(State.CLOSED)) == 65_535 - len(OPEN)
    assert seen.tally.connections == target.syns() <= 65_535 * 1.05
    assert len(seen.facts) < 20
