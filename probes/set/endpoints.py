"""Where the SET end points of a declared server are: what the looking side asks and what the judge expects answers from. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from plugins.ask import WebEndpoint
from plugins.value import value
from probes.target import SetEndpoint, Target


@value
class Place:
    """One SET end point at one address."""

    server: str
    """Name of the declared server."""
    address: str
    """The address."""
    endpoint: SetEndpoint
    """What was declared."""

    @property
    def subject(self) -> str:
        """Name of the place in reports."""
        return f"{self.endpoint.url} [{self.address}]"

    def web(self, url: str) -> WebEndpoint:
        """Give where a URL of this end point is asked for."""
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        return WebEndpoint(
            address=self.address,
            port=parts.port or (443 if tls else 80),
            tls=tls,
            host=parts.hostname or self.address,
        )


def target_of(url: str) -> str:
    """Give the request target of a URL, in origin form."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def places(target: Target) -> tuple[Place, ...]:
    """Give every SET end point on every address; a URL that names an address is looked at on that address only."""
    return tuple(
        Place(server=target.name, address=address, endpoint=endpoint)
        for endpoint in target.set
        for address in target.addresses
        if urlsplit(endpoint.url).hostname not in target.addresses or urlsplit(endpoint.url).hostname == address
    )


def undeclared(endpoint: SetEndpoint) -> str:
    """Say what a declaration leaves out without which nothing can be asked; empty when it is whole."""
    wanted = {"brand": endpoint.brand, "BIN": endpoint.bin, "root certificate": endpoint.roots}
    missing = [name for name, given in wanted.items() if not given]
    return f"the declaration names no {', no '.join(missing)}" if missing else ""
