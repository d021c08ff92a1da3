"""What must agree between the entries of a declaration.

A rule of the form "X must be declared somewhere" waits until the place where X could stand has no mistake of its own; otherwise
one slip would be told three times.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from itertools import chain, combinations
from urllib.parse import urlsplit

from plugins.strict_yaml import Path, Tree
from plugins.value import value
from probes.holes.endpoints import is_web
from probes.target import PortRange, StartTls, Transport
from scheduler.form.fields import PortForm, TlsForm, WeeklyForm
from scheduler.form.services import is_inside_tls, is_without_tls
from scheduler.form.sketch import ServerSketch, rows, servers, take_date, take_ports, take_pulse


@value
class Clash:
    """Entries that do not agree."""

    path: Path
    """Which entry is to be mended."""
    message: str
    """What was expected, what was seen, what to do."""


def clashes(data: Tree) -> tuple[Clash, ...]:
    """Give everything in a document that does not agree."""
    sketched = servers(data)
    per_server = (rule(server) for server in sketched for rule in _SERVER_RULES)
    return tuple(
        chain(
            *per_server,
            _names(sketched),
            _addresses(sketched),
            _scan(data, sketched),
            _pulse(data, sketched),
            _calendar(data),
        )
    )


def _twice(placed: Iterable[tuple[Path, Hashable]], what: str, cure: str = "keep one of the two") -> Iterator[Clash]:
    seen = set()
    for path, entry in placed:
        if entry in seen:
            yield Clash(path=path, message=f"{what} {entry} is given twice; {cure}")
        seen.add(entry)


def _repeated(server: ServerSketch) -> Iterator[Clash]:
    yield from _twice(server.addresses, "address")
    yield from _twice(server.host_names, "host name")
    ends = (((*path, "port"), f"{end.port} for {end.server_name}") for path, end in server.tls)
    yield from _twice(ends, "TLS end point")
    yield from _twice((((*path, "url"), end.url) for path, end in server.set), "SET end point")


def _words(ports: PortRange) -> str:
    return str(ports.first) if ports.first == ports.last else f"{ports.first}-{ports.last}"


def _overlap(one: PortRange, other: PortRange) -> bool:
    return one.first <= other.last and other.first <= one.last


def _ports(server: ServerSketch) -> Iterator[Clash]:
    for (_, one), (path, other) in combinations(server.ports, 2):
        if one.transport == other.transport and _overlap(one.port, other.port):
            cure = f"{_words(one.port)} is declared above; declare each port once"
            message = f"port {_words(other.port)}/{other.transport} is declared twice: {cure}"
            yield Clash(path=(*path, "port"), message=message)
    for path, port in server.ports:
        yield from _restriction(path, port)


def _restriction(path: Path, port: PortForm) -> Iterator[Clash]:
    yield from _twice((((*path, "restricted_to", at), block) for at, block in enumerate(port.restricted_to)), "block")
    if port.exception and port.service != "ssh":
        message = f"exception: only ssh may answer everybody by exception, this is {port.service}; restrict it, or remove the line"
        yield Clash(path=(*path, "exception"), message=message)
    elif port.exception and port.restricted_to:
        message = "exception: the port is restricted by restricted_to, so it needs no exception; keep one of the two"
        yield Clash(path=(*path, "exception"), message=message)


def _tls(server: ServerSketch) -> Iterator[Clash]:
    for path, end in server.tls:
        yield from _twice((((*path, "versions", at), each.value) for at, each in enumerate(end.versions)), "version")
        yield from _twice((((*path, "names", at), each) for at, each in enumerate(end.names)), "name")
        if server.host_names.whole and end.server_name not in server.host_names.entries:
            message = f"server_name {end.server_name} is not among this server's host_names; add it there, or check its spelling"
            yield Clash(path=(*path, "server_name"), message=message)
        if server.ports.whole:
            yield from _tls_port(server, path, end)


def _tls_port(server: ServerSketch, path: Path, end: TlsForm) -> Iterator[Clash]:
    declared = _declared(server, end.port)
    if declared is None:
        message = (
            f"TLS end point on port {end.port}: no such TCP port is declared; declare it under ports (service: https)"
        )
        yield Clash(path=(*path, "port"), message=message)
    elif is_without_tls(declared.service) and end.starttls is StartTls.NONE:
        cure = "name the service inside TLS (https, submissions, ...), say how TLS is begun (starttls), or remove the end point"
        message = f"TLS end point on port {end.port}: {declared.service} there does not begin with TLS; {cure}"
        yield Clash(path=(*path, "port"), message=message)


def _declared(server: ServerSketch, number: int) -> PortForm | None:
    found = (port for port in server.ports.entries if port.transport is Transport.TCP and number in port.port)
    return next(found, None)


def _endpoints(server: ServerSketch) -> Iterator[Clash]:
    if not server.tls.whole:
        return
    ends = {end.port for end in server.tls.entries}
    for path, port in server.ports:
        wanted = port.transport is Transport.TCP and is_inside_tls(port.service)
        bare = [number for number in range(port.port.first, port.port.last + 1) if number not in ends] if wanted else []
        if bare:
            message = (
                f"{port.service} on port {bare[0]} needs a TLS end point; describe it under tls (port: {bare[0]}, ...)"
            )
            yield Clash(path=(*path, "service"), message=message)


def _set(server: ServerSketch) -> Iterator[Clash]:
    for path, end in server.set:
        yield from _set_url(server, (*path, "url"), end.url)
        if end.initiation_url is not None:
            yield from _set_url(server, (*path, "initiation_url"), end.initiation_url)


def _set_url(server: ServerSketch, path: Path, url: str) -> Iterator[Clash]:
    parts = urlsplit(url)
    known = {*server.host_names.entries, *server.addresses.entries}
    if server.host_names.whole and server.addresses.whole and parts.hostname not in known:
        message = f"host {parts.hostname} is neither a host name nor an address of this server; check its spelling"
        yield Clash(path=path, message=message)
    number = parts.port or (443 if parts.scheme == "https" else 80)
    if server.ports.whole and _declared(server, number) is None:
        message = f"SET end point on port {number}: no such TCP port is declared; declare it under ports"
        yield Clash(path=path, message=message)


_SERVER_RULES = (_repeated, _ports, _tls, _endpoints, _set)


def _names(sketched: tuple[ServerSketch, ...]) -> Iterator[Clash]:
    named = (((*server.path, "name"), server.name) for server in sketched if server.name)
    yield from _twice(named, "server name", "give each server its own name")


def _addresses(sketched: tuple[ServerSketch, ...]) -> Iterator[Clash]:
    owners: dict[str, ServerSketch] = {}
    for server in sketched:
        for path, address in server.addresses:
            owner = owners.setdefault(address, server)
            if owner is not server:
                cure = "what shares an address is one server: declare its ports and names together"
                yield Clash(
                    path=path, message=f"address {address} belongs to server {owner.name or '?'} already; {cure}"
                )


def _scan(data: Tree, sketched: tuple[ServerSketch, ...]) -> Iterator[Clash]:
    asked = data.get("scan") if isinstance(data, dict) else None
    wanted = rows(data, (), "scan", take_ports)
    for (_, one), (path, other) in combinations(wanted, 2):
        if _overlap(one, other):
            yield Clash(path=path, message=f"scan: {_words(other)} overlaps {_words(one)}; name each port once")
    ports = [port for server in sketched for port in server.ports.entries]
    whole = all(server.ports.whole for server in sketched)
    if asked == "declared" and whole and not any(port.transport is Transport.TCP for port in ports):
        yield Clash(path=("scan",), message="scan: declared, but no TCP port is declared; write top-1000")


def _pulse(data: Tree, sketched: tuple[ServerSketch, ...]) -> Iterator[Clash]:
    pulse = take_pulse(data)
    if pulse is None or not all(server.name for server in sketched):
        return
    server = next((server for server in sketched if server.name == pulse.server), None)
    if server is None:
        message = f"pulse: no server {pulse.server} is declared; check its spelling"
        yield Clash(path=("pulse", "server"), message=message)
        return
    yield from _pulse_port(server, pulse.port)


def _pulse_port(server: ServerSketch, number: int) -> Iterator[Clash]:
    declared = _declared(server, number)
    place = ("pulse", "port")
    if declared is not None and declared.restricted_to:
        cure = "name a port that is open to everybody"
        message = f"pulse: port {number} is restricted, so the heartbeat would be refused; {cure}"
        yield Clash(path=place, message=message)
    elif server.ports.whole and (declared is None or not is_web(declared.service)):
        # A TLS end point that misses its port has said so already.
        ends = {end.port for end in server.tls.entries}
        if number not in ends or (declared is not None and not is_without_tls(declared.service)):
            cure = "declare it there, or name another port"
            yield Clash(path=place, message=f"pulse: {server.name} has no http or https port {number}; {cure}")


def _calendar(data: Tree) -> Iterator[Clash]:
    calendar = data.get("calendar") if isinstance(data, dict) else None
    for path, window in rows(calendar, ("calendar",), "windows", WeeklyForm.model_validate):
        yield from _twice((((*path, "days", at), day) for at, day in enumerate(window.days)), "day")
        if window.start == window.end != "00:00":
            cure = "for a whole day write 00:00 to 00:00"
            yield Clash(
                path=(*path, "end"), message=f"the window ends when it starts ({window.start}), so it is empty; {cure}"
            )
    yield from _twice(rows(calendar, ("calendar",), "blackouts", take_date), "blackout date")
