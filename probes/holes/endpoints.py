"""Which web end points a declared server has: what the looking side asks and what the judge expects answers from."""

from __future__ import annotations

from plugins.ask import WebEndpoint
from probes.target import DeclaredPort, Target, Transport

_PLAIN = frozenset({"http", "http-alt"})
_SECURE = frozenset({"https", "https-alt"})


def is_web(service: str) -> bool:
    """Tell whether a declared service is a web port."""
    return service in _PLAIN | _SECURE


def web_endpoints(target: Target) -> tuple[WebEndpoint, ...]:
    """Give every declared web port on every address, in the order of the declaration."""
    speaks_tls = {endpoint.port for endpoint in target.tls}
    found = [
        WebEndpoint(
            address=address,
            port=port,
            tls=entry.service in _SECURE or port in speaks_tls,
            host=target.host_names[0] if target.host_names else address,
        )
        for entry in target.ports
        if entry.transport is Transport.TCP and is_web(entry.service)
        for port in range(entry.ports.first, entry.ports.last + 1)
        for address in target.addresses
    ]
    return tuple(dict.fromkeys(found))


def declaration_of(target: Target, endpoint: WebEndpoint) -> DeclaredPort | None:
    """Give the declared port that an end point stands for."""
    return target.declared(endpoint.port, Transport.TCP)


def named(endpoint: WebEndpoint) -> str:
    """Name an end point for people, in any language."""
    return f"{endpoint.base_url} [{endpoint.address}]"
