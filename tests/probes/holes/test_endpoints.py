"""Which declared ports are web end points."""

from __future__ import annotations

from plugins.ask import WebEndpoint
from probes.holes.endpoints import dns_endpoints, named, web_endpoints
from probes.target import (
    ClientAuth,
    DeclaredPort,
    PortRange,
    Purpose,
    Role,
    Target,
    TlsEndpoint,
    TlsVersion,
    Transport,
)


def port(first: int, service: str, last: int = 0, transport: Transport = Transport.TCP) -> DeclaredPort:
    return DeclaredPort(
        ports=PortRange(first=first, last=last or first), transport=transport, service=service, purpose=Purpose.SHOP
    )


def test_every_web_port_on_every_address() -> None:
    tls = TlsEndpoint(
        port=8080, server_name="a.example", versions=(TlsVersion.TLS_1_3,), client_auth=ClientAuth.NONE, names=()
    )
    target = Target(
        name="web",
        role=Role.WEB,
        addresses=("192.0.2.1", "2001:db8::1"),
        host_names=("a.example", "b.example"),
        ports=(
            port(80, "http"),
            port(443, "https"),
            port(8080, "http-alt"),
            port(22, "ssh"),
            port(443, "https", transport=Transport.UDP),
            port(9000, "http", 9001),
            port(80, "http"),
        ),
        tls=(tls,),
    )
    found = [(one.address, one.port, one.tls, one.host) for one in web_endpoints(target)]
    expected = [(80, False), (443, True), (8080, True), (9000, False), (9001, False)]
    assert found == [(address, number, tls, "a.example") for number, tls in expected for address in target.addresses]


def test_without_a_host_name_the_address_stands_for_it() -> None:
    target = Target(name="web", role=Role.WEB, addresses=("::1",), ports=(port(80, "http"),))
    (endpoint,) = web_endpoints(target)
    assert endpoint == WebEndpoint(address="::1", port=80, tls=False, host="::1")
    assert named(endpoint) == "http://[::1] [::1]"


def test_a_mail_server_has_none() -> None:
    assert web_endpoints(Target(name="mx", role=Role.MAIL, addresses=("192.0.2.2",), ports=(port(25, "smtp"),))) == ()


def test_a_proxy_is_a_web_server_under_each_of_its_names() -> None:
    ports = tuple(
        port(number, name) for number, name in enumerate(("http-proxy", "squid", "www", "https-alt"), start=1)
    )
    target = Target(name="out", role=Role.PROXY, addresses=("192.0.2.3",), ports=ports)
    assert [(one.port, one.tls) for one in web_endpoints(target)] == [(1, False), (2, False), (3, False), (4, True)]


def test_a_name_server_is_asked_about_its_domains_and_without_any_about_its_address() -> None:
    def asked(*host_names: str) -> list[str]:
        target = Target(
            name="ns", role=Role.DNS, addresses=("192.0.2.53",), host_names=host_names, ports=(port(53, "domain"),)
        )
        return [one.domain for one in dns_endpoints(target)]

    assert asked("a.example", "b.example") == ["a.example", "b.example"]
    assert asked() == ["53.2.0.192.in-addr.arpa"]
