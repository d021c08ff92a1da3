"""Which page of a declared server the heartbeat asks for, and the smallest scope that an order for it needs. Pure."""

from __future__ import annotations

from dataclasses import replace

from probes.holes.endpoints import web_endpoints
from probes.pulse.facts import Pulse, PulsePage
from probes.target import PortRange, Scope, Target, Transport


class NoPageError(Exception):
    """A pulse whose port is no declared web port of the server, so that there is nothing to ask for."""

    def __init__(self, server: str, port: int) -> None:
        super().__init__(server, port)
        self.server, self.port = server, port

    def __str__(self) -> str:
        return f"pulse: {self.server} has no declared http or https port {self.port}; declare it, or name another port"


def page_of(pulse: Pulse, target: Target) -> PulsePage:
    """Give the page on the server's first address; raises `NoPageError`."""
    for endpoint in web_endpoints(target):
        if endpoint.port == pulse.port:
            return PulsePage(endpoint=endpoint, path=pulse.path, every_s=pulse.every_s, most_bytes=pulse.most_bytes)
    raise NoPageError(target.name, pulse.port)


def pulse_scope(pulse: Pulse, target: Target, contact: str) -> Scope:
    """Give the scope for the heartbeat's own order: one address, one port, no item. Raises `NoPageError`."""
    page = page_of(pulse, target)
    only = PortRange(first=pulse.port, last=pulse.port)
    declared = target.declared(pulse.port, Transport.TCP)
    narrow = replace(
        target,
        addresses=(page.endpoint.address,),
        ports=() if declared is None else (replace(declared, ports=only),),
        tls=tuple(end for end in target.tls if end.port == pulse.port),
        set=(),
    )
    return Scope(target=narrow, items=(), tcp_ports=(only,), contact=contact)
