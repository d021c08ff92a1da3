"""The permit: addresses, ports, the window's hard edge, the stop."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from grid.key import trusted
from grid.permit import EDGE_S, Permit
from grid.seal import open_order, seal
from probes.dial import CutOffError, OutOfScopeError
from probes.target import Resolver, Site, Source, Transport
from tests.fakes import FakeClock
from tests.grid.orders import make_order

KEY = Ed25519PrivateKey.generate()


def opened() -> tuple[Permit, FakeClock]:
    clock = FakeClock()
    return open_order(seal(make_order(), KEY), trusted(KEY), clock), clock


@pytest.mark.parametrize(("address", "port"), [("127.0.7.1", 8080), ("127.0.7.1", 1000), ("127.0.7.1", 1010)])
def test_what_the_order_names_is_permitted(address: str, port: int) -> None:
    opened()[0].check(address, port, Transport.TCP)


@pytest.mark.parametrize(
    ("address", "port", "transport"),
    [
        ("127.0.7.2", 8080, Transport.TCP),
        ("127.0.7.1", 8081, Transport.TCP),
        ("127.0.7.1", 999, Transport.TCP),
        ("127.0.7.1", 1000, Transport.UDP),
        ("::ffff:127.0.7.1", 8080, Transport.TCP),
        ("localhost", 8080, Transport.TCP),
    ],
)
def test_everything_else_is_out_of_scope(address: str, port: int, transport: Transport) -> None:
    with pytest.raises(OutOfScopeError, match="nothing was sent"):
        opened()[0].check(address, port, transport)


def test_the_edge_is_hard_and_stays() -> None:
    permit, clock = opened()
    clock.advance(60 - EDGE_S - 0.001)
    permit.check("127.0.7.1", 8080, Transport.TCP)
    clock.advance(0.001001)
    with pytest.raises(CutOffError, match="is over"):
        permit.check("127.0.7.1", 8080, Transport.TCP)
    clock.step(-3600)
    with pytest.raises(CutOffError, match="is over"):
        permit.check("127.0.7.1", 8080, Transport.TCP)


@given(step=st.floats(min_value=-1e6, max_value=1e6), passed=st.floats(min_value=60, max_value=1e6))
def test_no_clock_step_stretches_a_window(step: float, passed: float) -> None:
    permit, clock = opened()
    clock.step(step)
    clock.advance(passed)
    with pytest.raises(CutOffError):
        permit.check("127.0.7.1", 8080, Transport.TCP)


def test_a_halt_comes_before_everything_and_keeps_its_first_reason() -> None:
    permit, _ = opened()
    permit.halt("the operator said stop")
    permit.halt("later")
    assert permit.remaining_s() == 0
    with pytest.raises(CutOffError, match="operator said stop"):
        permit.check("127.0.7.1", 8080, Transport.TCP)


def test_a_resolver_that_the_order_names_is_let_through_over_tcp_only() -> None:
    made = make_order()
    site = Site(resolvers=(Resolver(address="198.51.100.53"),))
    permit = open_order(seal(replace(made, scope=replace(made.scope, site=site)), KEY), trusted(KEY), FakeClock())
    permit.check("198.51.100.53", 53, Transport.TCP)
    for address, port, transport in (
        ("198.51.100.53", 53, Transport.UDP),
        ("198.51.100.53", 853, Transport.TCP),
        ("198.51.100.54", 53, Transport.TCP),
    ):
        with pytest.raises(OutOfScopeError):
            permit.check(address, port, transport)


def test_a_source_of_revocation_is_let_through_at_its_port_only() -> None:
    made = make_order()
    sources = (Source(host="crl.example", port=80, addresses=("198.51.100.80",)),)
    order = replace(made, scope=replace(made.scope, sources=sources))
    permit = open_order(seal(order, KEY), trusted(KEY), FakeClock())
    permit.check("198.51.100.80", 80, Transport.TCP)
    for address, port, transport in (
        ("198.51.100.80", 443, Transport.TCP),
        ("198.51.100.81", 80, Transport.TCP),
        ("198.51.100.80", 80, Transport.UDP),
    ):
        with pytest.raises(OutOfScopeError):
            permit.check(address, port, transport)
