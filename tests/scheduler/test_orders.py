"""Orders as they are written: one per server and one for the heartbeat, each with the next fence and its own reference."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.order import Order
from probes.http import user_agent
from probes.lease import burst
from probes.ports.view import ports_of
from probes.pulse.facts import Pulse
from probes.target import Item, PortRange, Resolver, Site, Target
from scheduler.orders import Inspection, beat_packets, reference, without_beats, write_orders
from scheduler.result import Kind
from tests.fakes import FakeClock
from tests.scheduler.scene import DAY, hours, make_system, make_target

TARGETS = (make_target("web"), make_target("mail", "127.0.0.2", 25))
PULSE = Pulse(server="web", port=80, every_s=2.0)


def written(*, pulse: bool = False) -> tuple[Inspection, list[Order], list[Target]]:
    """Write orders; give the inspection, the orders, and the servers in the order in which fences were asked for."""
    system = make_system(targets=TARGETS)
    inspection = Inspection(
        inspection_id="i1",
        kind=Kind.SCHEDULED,
        system=replace(system, pulse=PULSE) if pulse else system,
        items=(Item.PORTS,),
        window=hours(1, 2),
        pace=system.pace,
    )
    fences, asked = count(7), list[Target]()

    def next_fence(target: Target) -> int:
        asked.append(target)
        return next(fences)

    orders = write_orders(inspection, "body", "desk@body.example", "0" * 64, FakeClock(DAY), next_fence)
    return inspection, orders, asked


def test_every_order_has_the_next_fence_of_its_own_server() -> None:
    _, orders, asked = written(pulse=True)
    assert [order.fence for order in orders] == [7, 8, 9]
    assert asked == [order.scope.target for order in orders]
    assert len({order.order_id for order in orders}) == 3


def test_only_an_order_that_looks_at_names_names_resolvers_and_the_rest_of_the_system() -> None:
    inspection, orders, _ = written(pulse=True)
    assert {order.scope.site for order in orders} == {Site()}
    asking = replace(inspection, items=(Item.HOSTS,), resolvers=(Resolver(address="192.0.2.53"),))
    first, second, beat = write_orders(asking, "body", "desk", "0" * 64, FakeClock(DAY), lambda _: 1)
    assert (
        first.scope.site
        == second.scope.site
        == Site(
            addresses=("127.0.0.1", "127.0.0.2"),
            host_names=tuple(name for target in TARGETS for name in target.host_names),
            resolvers=(Resolver(address="192.0.2.53"),),
        )
    )
    assert beat.scope.site == Site()


def test_every_order_names_the_ports_of_the_operator_and_those_that_the_review_body_picks() -> None:
    inspection, _, _ = written()
    system = replace(inspection.system, tcp_ports=(PortRange(first=443, last=443),))
    picking = replace(inspection, system=system, picked=(PortRange(first=8000, last=8002),))
    first, second = write_orders(picking, "body", "desk", "0" * 64, FakeClock(DAY), lambda _: 1)
    assert ports_of(first.scope) == (80, 443, 8000, 8001, 8002)
    assert ports_of(second.scope) == (25, 443, 8000, 8001, 8002)


def test_only_an_inspection_with_the_deep_scan_orders_it_and_the_heartbeat_never_has_it() -> None:
    inspection, orders, _ = written(pulse=True)
    assert {order.scope.deep for order in orders} == {False}
    asking = replace(inspection, items=(Item.TLS,), deep=True)
    first, second, beat = write_orders(asking, "body", "desk", "0" * 64, FakeClock(DAY), lambda _: 1)
    assert [one.scope.deep for one in (first, second, beat)] == [True, True, False]


def test_what_an_order_sends_names_its_issuer_and_the_order() -> None:
    _, orders, _ = written(pulse=True)
    for order in orders:
        assert order.scope.contact == f"mailto:desk@body.example; order {order.order_id[:8]}"
        assert f"(+mailto:desk@body.example; order {order.order_id[:8]})" in user_agent(order.scope.contact)


@pytest.mark.parametrize("contact", ["https://body.example/contact", "mailto:desk@body.example", "desk"])
def test_a_contact_that_says_how_stays_as_it_is(contact: str) -> None:
    assert reference(contact, "0123456789abcdef") == f"{contact}; order 01234567"


def test_the_orders_of_a_system_together_stay_inside_what_was_agreed() -> None:
    inspection, orders, _ = written(pulse=True)
    *servers, heart = orders
    rest = without_beats(inspection.agreed, inspection.pulse)
    assert all(order.system_pace == rest for order in servers)
    assert sum(order.pace.concurrent_connections for order in servers) < inspection.agreed.concurrent_connections
    assert rest.connections_per_s + heart.pace.connections_per_s <= inspection.agreed.connections_per_s


@given(
    per_s=st.floats(1.0, 1000.0),
    size=st.integers(20_000, 100_000_000),
    every_s=st.floats(1.0, 30.0),
    packets=st.just(0.0) | st.floats(100.0, 100_000.0),
)
def test_heartbeat_and_inspection_together_keep_the_agreed_bound_in_every_second(
    per_s: float, size: int, every_s: float, packets: float
) -> None:
    system = make_system(targets=TARGETS)
    agreed = replace(
        system.pace, connections_per_s=per_s, requests_per_s=per_s, bytes_per_s=size, packets_per_s=packets
    )
    inspection = Inspection(
        inspection_id="i1",
        kind=Kind.SCHEDULED,
        system=replace(system, pulse=replace(PULSE, every_s=every_s), pace=agreed),
        items=(Item.PORTS,),
        window=hours(1, 2),
        pace=agreed,
    )
    pulse = inspection.pulse
    assert isinstance(pulse, Pulse)
    rest = without_beats(agreed, pulse)
    assert 0.9 * pulse.every_s > 1, "no half-open second holds two beats, even when one comes a tenth early"
    for agreed_rate, rate in (
        (agreed.connections_per_s, rest.connections_per_s),
        (agreed.requests_per_s, rest.requests_per_s),
    ):
        assert math.floor(rate + burst(rate)) + 1 <= agreed_rate + burst(agreed_rate)
        assert rate > 0
        assert agreed_rate < 20 or rate >= 0.9 * agreed_rate
    assert rest.bytes_per_s + 2 * pulse.most_bytes <= agreed.bytes_per_s
    assert (rest.packets_per_s > 0) == (packets > 0)
    assert not packets or rest.packets_per_s + 2 * beat_packets(pulse) <= packets + 1e-6
