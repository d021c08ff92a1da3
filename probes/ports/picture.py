"""What is open at each address and what answers there, in short: for the report, and to be compared with the next time. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plugins.value import value
from probes.observation import Observation
from probes.ports.facts import State
from probes.ports.view import AddressView, PortView, views
from probes.target import Item, Scope, Transport
from probes.transcript import printable

MOST_PORTS = 256
"""Most open ports of an address that are named; the rest is counted."""


@value
class OpenPort:
    """One open port."""

    port: int
    """Port number."""
    transport: Transport
    """TCP or UDP."""
    service: str = ""
    """What answered; empty: not recognised."""
    build: str = ""
    """Product, version, and the distribution whose package it is; empty: it does not tell."""


@value
class AddressPicture:
    """What is open at one address."""

    address: str
    """The address."""
    open: tuple[OpenPort, ...]
    """TCP first, in ascending order; at most `MOST_PORTS`."""
    left_out: int = 0
    """Open ports that are not named here."""
    interference: str = ""
    """Why the picture is worth nothing; empty: it is."""


def picture(scope: Scope, observations: Sequence[Observation]) -> tuple[AddressPicture, ...]:
    """Give the picture of every address; nothing when ports were not to be looked at."""
    if Item.PORTS not in scope.items:
        return ()
    mine = [observation for observation in observations if observation.item is Item.PORTS]
    tcp = {view.address: view for view in views(scope, mine, Transport.TCP)}
    udp = {view.address: view for view in views(scope, mine, Transport.UDP)}
    return tuple(_address(tcp[address], udp[address]) for address in scope.target.addresses)


def _address(tcp: AddressView, udp: AddressView) -> AddressPicture:
    found = [*_open(tcp, Transport.TCP), *_open(udp, Transport.UDP)]
    return AddressPicture(
        address=tcp.address,
        open=tuple(found[:MOST_PORTS]),
        left_out=max(0, len(found) - MOST_PORTS),
        interference=tcp.interference,
    )


def _open(view: AddressView, transport: Transport) -> Iterator[OpenPort]:
    for entry in view.ports:
        if entry.state is State.OPEN:
            yield OpenPort(port=entry.port, transport=transport, service=entry.service, build=_build(entry))


def _build(entry: PortView) -> str:
    build = entry.seen.build if entry.seen else None
    if not build:
        return ""
    words = " ".join(word for word in (build.product, build.version) if word)
    said = ", ".join(part for part in (words, build.hint) if part)
    return printable(said.encode(errors="backslashreplace"), 120)
