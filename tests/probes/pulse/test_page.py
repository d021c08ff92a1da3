"""The page, and an order's scope that can do nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugins.ask import WebEndpoint
from probes.pulse.facts import Pulse
from probes.pulse.page import NoPageError, page_of, pulse_scope
from probes.target import Role, Target, Transport
from tests.probes.scene import declared

TARGET = Target(
    name="web",
    role=Role.WEB,
    addresses=("127.0.0.9", "127.0.0.10"),
    host_names=("shop.example",),
    ports=(declared(22, "ssh"), declared(80, "http"), declared(443, "https")),
)


def test_the_page_is_on_the_declared_port_of_the_first_address() -> None:
    page = page_of(Pulse(server="web", port=443, path="/a?b", every_s=3), TARGET)
    assert page.endpoint == WebEndpoint(address="127.0.0.9", port=443, tls=True, host="shop.example")
    assert (page.path, page.every_s) == ("/a?b", 3)
    assert not page_of(Pulse(server="web", port=80), TARGET).endpoint.tls


@pytest.mark.parametrize("port", [22, 8080])
def test_a_port_that_is_no_declared_web_port_has_no_page(port: int) -> None:
    with pytest.raises(NoPageError, match=f"web has no declared http or https port {port}"):
        page_of(Pulse(server="web", port=port), TARGET)


def test_the_scope_names_one_address_one_port_and_no_item() -> None:
    scope = pulse_scope(Pulse(server="web", port=443), TARGET, "body@example.org")
    assert (scope.target.addresses, scope.items, scope.contact) == (("127.0.0.9",), (), "body@example.org")
    named = [
        p for p in range(1, 1000) if scope.target.declared(p, Transport.TCP) or any(p in r for r in scope.tcp_ports)
    ]
    assert named == [443]
    assert page_of(Pulse(server="web", port=443), scope.target) == page_of(Pulse(server="web", port=443), TARGET)


def test_a_declared_range_is_narrowed_to_the_port() -> None:
    wide = replace(declared(8000, "http"), ports=replace(declared(8000, "http").ports, last=8010))
    scope = pulse_scope(Pulse(server="web", port=8005), replace(TARGET, ports=(wide,)), "")
    assert [entry.ports for entry in scope.target.ports] == list(scope.tcp_ports)
