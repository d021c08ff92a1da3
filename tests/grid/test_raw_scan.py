"""The half-open engine in a real worker on Ray, under permit and guard: the same answers, counted at the target. Needs root."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from grid.brake import Brake
from grid.key import trusted
from grid.order import Order
from grid.report import Record
from grid.run import Grid
from grid.seal import seal
from grid.window import Window
from probes.lease import burst
from probes.observation import Ending, ItemEnded
from probes.pace import Pace
from probes.ports.facts import PortBlock, PortState, State, SweepSeen
from probes.ports.view import single
from probes.target import Item, PortRange
from tests.capture import capturing, worst_second
from tests.grid.orders import make_order, make_target
from tests.grid.test_run import CLOCK, KEY, Kept
from tests.pack import CARGO, PACK
from tests.target import counting

pytestmark = [pytest.mark.root, pytest.mark.skipif(os.geteuid() != 0, reason="raw sockets need root")]
ADDRESS = "127.41.3.1"
PORTS = PortRange(first=8000, last=8199)
SLOW = Pace(connections_per_s=100, concurrent_connections=20)


@pytest.fixture(scope="module")
def grid() -> Iterator[Grid]:
    with Grid.start(workers=1, raw=True) as started:
        yield started


def order(pace: Pace = SLOW) -> Order:
    """An order for 200 ports of one address, of which 8000 is declared."""
    now = CLOCK.now()
    made = make_order(
        target=make_target(name="web", address=ADDRESS, port=8000),
        window=Window(start=now, end=now + timedelta(seconds=60)),
        pack_digest=PACK.digest,
    )
    scope = replace(made.scope, items=(Item.PORTS,), tcp_ports=(PORTS,))
    return replace(made, scope=scope, pace=pace, system_pace=pace)


def states(record: Record) -> dict[int, State]:
    told = (o.fact for o in record.observations if isinstance(o.fact, PortState | PortBlock))
    return {one.port: one.state for fact in told for one in single(fact)}


def test_a_worker_scans_half_open_inside_its_order(grid: Grid) -> None:
    with counting(ADDRESS, range(8000, 8001)), capturing(ADDRESS) as capture:
        (record,) = grid.run([seal(order(), KEY)], trusted(KEY), Kept(), Brake(), cargo=CARGO)
    assert {o.fact.ending for o in record.observations if isinstance(o.fact, ItemEnded)} == {Ending.FINISHED}
    (sweep,) = [o.fact for o in record.observations if isinstance(o.fact, SweepSeen)]
    assert sweep.engine == "half-open"
    assert states(record) == {port: State.OPEN if port == 8000 else State.CLOSED for port in range(8000, 8200)}
    assert record.tally.vetoes == 0
    # What arrives besides the SYNs: our kernel's resets of what it did not open, and the talk of the identification.
    assert len(capture.times) >= record.tally.connections >= 200
    assert record.tally.peak_connections_per_s <= 102


def test_the_packets_of_a_half_open_scan_stay_inside_their_own_bound(grid: Grid) -> None:
    pace = Pace(connections_per_s=1000, concurrent_connections=200, packets_per_s=150)
    with capturing(ADDRESS) as capture:
        (record,) = grid.run([seal(order(pace), KEY)], trusted(KEY), Kept(), Brake(), cargo=CARGO)
    assert set(states(record).values()) == {State.CLOSED}
    assert record.tally.half_open == record.tally.connections >= 200
    assert len(capture.times) == record.tally.half_open, "nothing was open, so our kernel had nothing to reset"
    assert record.tally.packets == 2 * record.tally.half_open
    assert 2 * worst_second(sorted(capture.times)) <= 150 + burst(150)
    assert capture.times[-1] - capture.times[0] >= 1.5
