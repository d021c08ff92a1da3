"""What of an order reaches the kernel: everything checked, nothing widened."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.gate.passage import Cap, PassageError, merged, passage_of
from grid.gate.rules import opened
from grid.order import Order
from probes.lease import burst
from probes.pace import Pace
from probes.target import PortRange, Resolver, Site, Source, Transport
from tests.grid.gate.scene import make
from tests.grid.orders import make_order, make_target

BAD_ADDRESSES = [
    "",
    "shop.example",
    "10.0.0.1/24",
    "10.0.0.1 . tcp . 1-65535",
    "10.0.0.1; flush ruleset",
    "0.0.0.0",
    "255.255.255.255",
    "240.0.0.1",
    "224.0.0.1",
    "127.0.0.1",
    "169.254.1.1",
    "::",
    "::1",
    "ff02::1",
    "fe80::1",
    "::ffff:10.0.0.1",
    "2001:db8::1%eth0",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_only_single_hosts_that_can_be_routed_to_are_let_through(address: str) -> None:
    with pytest.raises(PassageError, match="server 'web-1'"):
        passage_of(make_order(target=make_target(address=address)))


def test_ports_are_the_permit_s() -> None:
    order = make()
    one = passage_of(order)
    for transport, ranges in ((Transport.TCP, one.tcp), (Transport.UDP, one.udp)):
        for port in (1, 999, 1000, 1010, 1011, 5353, 8080, 8081, 65535):
            declared = order.scope.target.declared(port, transport) is not None
            named = declared or (transport is Transport.TCP and 1000 <= port <= 1010)
            assert any(port in each for each in ranges) == named


RANGES = st.lists(
    st.tuples(st.integers(1, 65535), st.integers(0, 300)).map(
        lambda pair: PortRange(first=pair[0], last=min(65535, pair[0] + pair[1]))
    ),
    max_size=12,
)


@given(RANGES)
def test_merging_changes_no_port_and_leaves_no_overlap(ranges: list[PortRange]) -> None:
    result = merged("x", ranges)
    before = {port for each in ranges for port in range(each.first, each.last + 1)}
    assert {port for each in result for port in range(each.first, each.last + 1)} == before
    assert all(left.last + 1 < right.first for left, right in itertools.pairwise(result))


@pytest.mark.parametrize(("first", "last"), [(0, 5), (5, 4), (1, 65536), (-1, 1)])
def test_a_range_that_is_none_is_refused(first: int, last: int) -> None:
    with pytest.raises(PassageError, match=r"1\.\.65535"):
        merged("x", [PortRange(first=first, last=last)])


@given(st.floats(min_value=1 / 3600, max_value=1e7))
def test_a_cap_never_lets_more_through_than_rate_and_burst(rate: float) -> None:
    cap = Cap.of("x", rate)
    assert cap.burst >= 1
    assert cap.per_hour / 3600 + cap.burst <= rate + burst(rate) + 1e-9
    assert cap.per_hour >= 1


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), 1e8, 1e-9])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(PassageError, match="rate"):
        Cap.of("x", rate)


def test_the_end_is_never_rounded_up() -> None:
    order = make()
    assert order.window.end.timestamp() - 1 < passage_of(order).end <= order.window.end.timestamp()


def test_the_cap_follows_the_pace_and_can_be_given() -> None:
    slow = replace(make_order(target=make_target(address="10.98.1.2")), pace=Pace().share(10))
    assert passage_of(slow).packets.per_hour == int(slow.pace.packets * 3600)
    bound = replace(slow, pace=replace(slow.pace, packets_per_s=100.0))
    assert passage_of(bound).packets == Cap(per_hour=360_000, burst=2)
    assert passage_of(slow, 5.0).packets == Cap(per_hour=18_000, burst=1)
    assert passage_of(slow).connections == Cap(per_hour=int(2.0 * 3 * 3600), burst=1)


def with_sources(*sources: Source) -> Order:
    order = make_order(target=make_target(address="192.0.2.10"))
    return replace(order, scope=replace(order.scope, sources=sources))


def test_resolvers_are_let_through_like_sources() -> None:
    order = with_sources()
    site = Site(resolvers=(Resolver(address="198.51.100.53"), Resolver(address="2001:db8::53", port=5353)))
    passage = passage_of(replace(order, scope=replace(order.scope, site=site)))
    assert passage.sources == (("198.51.100.53", 53), ("2001:db8::53", 5353))


def test_sources_of_revocation_are_let_through_at_their_port() -> None:
    sources = (
        Source(host="crl.example", port=80, addresses=("198.51.100.80", "2001:db8::80")),
        Source(host="shop.example", port=8080, addresses=("192.0.2.10",)),
    )
    passage = passage_of(with_sources(*sources))
    assert passage.sources == (("198.51.100.80", 80), ("2001:db8::80", 80)), "the server's own ports are open anyway"
    assert passage.sources_of_version(6) == (("2001:db8::80", 80),)
    text = opened("netdev", "gate", 1, passage, 1000, ())
    assert "198.51.100.80 . tcp . 80-80 timeout 1000ms" in text


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_a_source_has_to_be_one_host_that_can_be_routed_to(address: str) -> None:
    with pytest.raises(PassageError):
        passage_of(with_sources(Source(host="crl.example", port=80, addresses=(address,))))


def test_a_source_s_port_is_a_port() -> None:
    with pytest.raises(PassageError):
        passage_of(with_sources(Source(host="crl.example", port=0, addresses=("198.51.100.80",))))
