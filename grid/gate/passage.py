"""Passages: what of an order concerns the kernel. Pure.

order --passage_of--> passage: addresses, ports, packets per second, end
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterable

from grid.order import Order
from plugins.value import value
from probes.lease import burst
from probes.target import PortRange, Transport

SYN_TRIES = 3
"""How often the kernel may repeat the SYN of one connection. The exact bound on connections is the budget's; this wall only has to
let lost packets be repeated, because a SYN that it swallows would make an open port look filtered."""
_HIGHEST_RATE = 10_000_000.0


class PassageError(ValueError):
    """An order that the gate cannot hold."""

    def __init__(self, who: str, expected: str, seen: str) -> None:
        super().__init__(who, expected, seen)
        self.who, self.expected, self.seen = who, expected, seen

    def __str__(self) -> str:
        return f"gate, {self.who}: expected {self.expected}, seen {self.seen}; nothing is let through for it"


@value
class Cap:
    """A rate as the kernel keeps it: in any second at most `per_hour / 3600 + burst`."""

    per_hour: int
    """Packets per hour: the kernel counts in whole numbers, and slow paces are fractions of a packet per second."""
    burst: int
    """Depth of the token bucket, at least 1."""

    @staticmethod
    def of(who: str, rate: float) -> Cap:
        """Give the cap under which no second holds more than rate + burst(rate)."""
        if not (math.isfinite(rate) and 1 / 3600 <= rate <= _HIGHEST_RATE):
            raise PassageError(who, "a rate between one an hour and ten million a second", repr(rate))
        return Cap(per_hour=math.floor(rate * 3600), burst=math.floor(burst(rate)))


@value
class Passage:
    """What the gate lets out for one order."""

    order_id: str
    """Order that it is for; never part of the kernel's text."""
    addresses: tuple[str, ...]
    """IPv4 and IPv6 addresses, canonical."""
    tcp: tuple[PortRange, ...]
    """TCP ports, merged and sorted."""
    udp: tuple[PortRange, ...]
    """UDP ports, merged and sorted."""
    sources: tuple[tuple[str, int], ...] = ()
    """Addresses and TCP ports of hosts that may be asked about revocation, beside those of the server."""
    packets: Cap
    """All packets to the server together."""
    connections: Cap
    """SYN packets to the server together, repeats included."""
    end: int
    """First second of Unix time at which nothing passes any more, by the kernel's wall clock."""

    def of_version(self, version: int) -> tuple[str, ...]:
        """Give the addresses of IP `version`."""
        return tuple(each for each in self.addresses if ipaddress.ip_address(each).version == version)

    def sources_of_version(self, version: int) -> tuple[tuple[str, int], ...]:
        """Give the sources of IP `version`."""
        return tuple(each for each in self.sources if ipaddress.ip_address(each[0]).version == version)


def passage_of(order: Order, packets: float | None = None) -> Passage:
    """Give the passage of an order; raises `PassageError`. `packets`: packets per second, else those of its pace."""
    target = order.scope.target
    who = f"server {target.name!r}"
    declared = {
        transport: [entry.ports for entry in target.ports if entry.transport is transport] for transport in Transport
    }
    return Passage(
        order_id=order.order_id,
        addresses=tuple(dict.fromkeys(_address(who, each) for each in target.addresses)),
        tcp=merged(who, [*declared[Transport.TCP], *order.scope.tcp_ports]),
        udp=merged(who, [*declared[Transport.UDP], *order.scope.udp_ports]),
        sources=_sources(who, order),
        packets=Cap.of(who, packets if packets is not None else order.pace.packets),
        connections=Cap.of(who, order.pace.connections_per_s * SYN_TRIES),
        end=math.floor(order.window.end.timestamp()),
    )


def _sources(who: str, order: Order) -> tuple[tuple[str, int], ...]:
    """Give what the order names beside the server; the server's own places are let out already, and no set takes one twice."""
    scope = order.scope
    own = {_address(who, address) for address in scope.target.addresses}
    found: dict[tuple[str, int], None] = {}
    for text, port in scope.beside:
        merged(who, [PortRange(first=port, last=port)])
        address = _address(who, text)
        named = scope.target.declared(port, Transport.TCP) or any(port in one for one in scope.tcp_ports)
        if address not in own or not named:
            found[address, port] = None
    return tuple(found)


def _address(who: str, text: str) -> str:
    """Give the canonical form of an address of one single host."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise PassageError(who, "an IP address", repr(text)) from None
    mapped = isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped or address.scope_id)
    wide = address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local
    broadcast = address.version == 4 and address.is_reserved
    if mapped or wide or broadcast:
        raise PassageError(who, "the address of one host that can be routed to", repr(text))
    return str(address)


def merged(who: str, ranges: Iterable[PortRange]) -> tuple[PortRange, ...]:
    """Merge overlapping and touching ranges: the kernel refuses a set whose intervals overlap."""
    result: list[PortRange] = []
    for each in sorted(ranges, key=lambda one: one.first):
        if not 1 <= each.first <= each.last <= 65535:
            raise PassageError(who, "ports within 1..65535", f"{each.first}-{each.last}")
        if result and each.first <= result[-1].last + 1:
            result[-1] = PortRange(first=result[-1].first, last=max(result[-1].last, each.last))
        else:
            result.append(each)
    return tuple(result)
