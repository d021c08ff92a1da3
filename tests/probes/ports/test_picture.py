"""What is open, in short."""

from __future__ import annotations

from probes.observation import Fact
from probes.ports.facts import PortState, State
from probes.ports.picture import MOST_PORTS, AddressPicture, OpenPort, picture
from probes.services.facts import Build, ServiceSeen
from probes.target import Item, Transport
from tests.probes.scene import declared, observed, scope_of

HOST = "127.0.0.9"


def state(port: int, what: State = State.OPEN, transport: Transport = Transport.TCP) -> PortState:
    return PortState(address=HOST, port=port, transport=transport, state=what)


def seen(port: int, service: str, build: Build = Build()) -> ServiceSeen:  # noqa: B008 - frozen
    return ServiceSeen(address=HOST, port=port, transport=Transport.TCP, service=service, tls=False, build=build)


def test_open_ports_with_what_answers_and_nothing_else() -> None:
    ssh = Build(product="OpenSSH", version="9.2p1", distribution="Debian", revision="2+deb12u3")
    facts: tuple[Fact, ...] = (
        state(80),
        seen(80, "http"),
        state(22),
        seen(22, "ssh", ssh),
        state(23, State.CLOSED),
        state(9),
    )
    (one,) = picture(scope_of(declared(80, "http"), looked_at=(9, 22, 23)), observed(Item.PORTS, *facts))
    assert one == AddressPicture(
        address=HOST,
        open=(
            OpenPort(port=9, transport=Transport.TCP),
            OpenPort(
                port=22, transport=Transport.TCP, service="ssh", build="OpenSSH 9.2p1, Debian back-port 2+deb12u3"
            ),
            OpenPort(port=80, transport=Transport.TCP, service="http"),
        ),
    )


def test_udp_ports_come_behind_the_others() -> None:
    scope = scope_of(declared(53, "domain", transport=Transport.UDP), declared(80, "http"))
    facts = (state(53, transport=Transport.UDP), state(80))
    (one,) = picture(scope, observed(Item.PORTS, *facts))
    assert [(port.port, port.transport) for port in one.open] == [(80, Transport.TCP), (53, Transport.UDP)]


def test_too_many_are_counted() -> None:
    many = tuple(range(10_000, 10_000 + MOST_PORTS + 44))
    facts = (*(state(port) for port in many), *(state(port, State.CLOSED) for port in range(20_000, 20_400)))
    scope = scope_of(looked_at=(*many, *range(20_000, 20_400)))
    (one,) = picture(scope, observed(Item.PORTS, *facts))
    assert (len(one.open), one.left_out) == (MOST_PORTS, 44)


def test_interference_is_told() -> None:
    many = tuple(range(9000, 9060))
    (one,) = picture(scope_of(looked_at=many), observed(Item.PORTS, *(state(port) for port in many)))
    assert "interference" in one.interference


def test_without_the_item_there_is_no_picture() -> None:
    assert picture(scope_of(items=(Item.TLS,)), observed(Item.TLS)) == ()
