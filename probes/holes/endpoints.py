"""Which end points a declared server has: what the looking side asks and what the judge expects answers from."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from plugins.ask import DnsEndpoint, Endpoint, ServiceEndpoint, WebEndpoint
from plugins.pack import Signature
from plugins.template.program import unfit
from probes.services.names import canonical
from probes.target import DeclaredPort, Target, Transport

_SECURE = "https"
_WEB = frozenset({"http", _SECURE})
_NAMES = frozenset({"domain", "domain-s"})


def is_web(service: str) -> bool:
    """Tell whether a declared service is a web port, under whichever of its names; a proxy speaks HTTP, too."""
    return canonical(service) in _WEB


def web_endpoints(target: Target) -> tuple[WebEndpoint, ...]:
    """Give every declared web port on every address, in the order of the declaration."""
    speaks_tls = {endpoint.port for endpoint in target.tls}
    found = [
        WebEndpoint(
            address=address,
            port=port,
            tls=canonical(entry.service) == _SECURE or port in speaks_tls,
            host=target.host_names[0] if target.host_names else address,
        )
        for entry, port, address in _ports(target, Transport.TCP)
        if is_web(entry.service)
    ]
    return tuple(dict.fromkeys(found))


def service_endpoints(target: Target) -> tuple[ServiceEndpoint, ...]:
    """Give every declared TCP port on every address; web servers and name servers are services, too."""
    found = [
        ServiceEndpoint(
            address=address,
            port=port,
            host=target.host_names[0] if target.host_names else address,
            service=entry.service,
        )
        for entry, port, address in _ports(target, Transport.TCP)
    ]
    return tuple(dict.fromkeys(found))


def dns_endpoints(target: Target) -> tuple[DnsEndpoint, ...]:
    """Give every declared name server, once per address and domain; without a domain, the one that the address itself has.

    Most asks are about the server and not about a domain, so a name server without host names is asked, too.
    """
    found = [
        DnsEndpoint(address=address, port=port, domain=domain)
        for transport in (Transport.UDP, Transport.TCP)
        for entry, port, address in _ports(target, transport)
        if canonical(entry.service) in _NAMES
        for domain in target.host_names or (ip_address(address).reverse_pointer,)
    ]
    return tuple(dict.fromkeys(found))


def _ports(target: Target, transport: Transport) -> Iterator[tuple[DeclaredPort, int, str]]:
    for entry in target.ports:
        if entry.transport is transport:
            for port in range(entry.ports.first, entry.ports.last + 1):
                for address in target.addresses:
                    yield entry, port, address


def endpoints(target: Target) -> tuple[Endpoint, ...]:
    """Give every end point of a server, web servers first."""
    return (*web_endpoints(target), *service_endpoints(target), *dns_endpoints(target))


def applies(signature: Signature, endpoint: Endpoint, target: Target) -> bool:
    """Tell whether a signature is about this kind of end point and, for services, about this port."""
    if isinstance(endpoint, WebEndpoint):
        return bool(signature.template.http) or signature.is_check
    template = signature.template
    if template.http or signature.is_check or unfit(template, endpoint):
        return False
    # A handshake is asked for where TLS is declared, and not wherever something listens.
    return not template.ssl or endpoint.port in {entry.port for entry in target.tls}


def declaration_of(target: Target, endpoint: Endpoint) -> DeclaredPort | None:
    """Give the declared port that an end point stands for."""
    declared = target.declared(endpoint.port, Transport.TCP)
    return declared or target.declared(endpoint.port, Transport.UDP)


def named(endpoint: Endpoint) -> str:
    """Name an end point for people, in any language."""
    if isinstance(endpoint, WebEndpoint):
        return f"{endpoint.base_url} [{endpoint.address}]"
    address = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    if isinstance(endpoint, ServiceEndpoint):
        return f"{address}:{endpoint.port}/tcp"
    return f"dns {address}:{endpoint.port} {endpoint.domain}"
