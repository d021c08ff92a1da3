"""The three-way picture: what was declared, what was seen now, what was seen when the system last passed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from plugins.value import value
from probes.observation import Ending
from probes.ports.picture import AddressPicture, OpenPort
from probes.ports.view import bracketed
from probes.services.names import canonical
from probes.target import DeclaredPort, Item, Target, Transport
from scheduler.result import LastPassed, Result, ServerResult

MOST_EXPANDED = 64
"""Ports of a declared range that get a row each; a wider range is one row."""


@value
class Row:
    """One port of one address."""

    subject: str
    """`address:port/transport`."""
    declared: str
    """Declared service; empty: declared unused."""
    restricted: bool
    """True: declared to answer some addresses only, so that nothing is to be seen from here."""
    now: str
    """What answers now; empty: nothing. `?` when it is open and unknown."""
    build: str
    """Product and version now."""
    before: str
    """What answered when the system last passed; empty: nothing."""
    known_before: bool
    """False: nothing is known about then."""
    looked: bool = True
    """False: the look at the ports did not come to its end, so that nothing seen says nothing."""

    @property
    def disagrees(self) -> bool:
        """Tell whether it is not as declared."""
        if self.declared and not self.now:
            return self.looked and not self.restricted
        if not self.declared:
            return bool(self.now)
        return self.now != "?" and canonical(self.now) != canonical(self.declared)

    @property
    def changed(self) -> bool:
        """Tell whether it is not as it was when the system last passed."""
        certain = self.known_before and (self.looked or bool(self.now))
        return certain and canonical(self.now) != canonical(self.before)


_Key = tuple[str, Transport, int]
_Ports = Mapping[_Key, OpenPort]


def rows(server: ServerResult, result: Result) -> tuple[Row, ...]:
    """Give a row for every port that was declared, is open, or was open; nothing when ports were not looked at."""
    if Item.PORTS not in result.items or not server.ports:
        return ()
    now, then = dict(_open(server.ports)), dict(_open(_then(server, result)))
    known, looked = isinstance(result.before, LastPassed), _looked(server)
    worthless = {one.address for one in server.ports if one.interference}
    keys = {key for key in (*_declared(server.target), *now, *then) if key[0] not in worthless}
    ordered = sorted(keys, key=_order(server.target))
    return tuple(_row(key, server.target, now, then, known=known, looked=looked) for key in ordered)


def _looked(server: ServerResult) -> bool:
    return any(entry.item is Item.PORTS and entry.ending is Ending.FINISHED for entry in server.items)


def interference(server: ServerResult) -> tuple[str, ...]:
    """Give what makes parts of the picture worth nothing."""
    return tuple(dict.fromkeys(one.interference for one in server.ports if one.interference))


def left_out(server: ServerResult) -> int:
    """Count open ports that have no row."""
    return sum(one.left_out for one in server.ports)


def _then(server: ServerResult, result: Result) -> tuple[AddressPicture, ...]:
    before = result.before
    servers = before.servers if isinstance(before, LastPassed) else ()
    return next((one.ports for one in servers if one.name == server.target.name), ())


def _open(pictures: tuple[AddressPicture, ...]) -> Iterator[tuple[_Key, OpenPort]]:
    for one in pictures:
        if not one.interference:
            for port in one.open:
                yield (one.address, port.transport, port.port), port


def _declared(target: Target) -> Iterator[_Key]:
    for address in target.addresses:
        for entry in target.ports:
            if entry.ports.last - entry.ports.first < MOST_EXPANDED:
                for port in range(entry.ports.first, entry.ports.last + 1):
                    yield address, entry.transport, port


def _order(target: Target) -> Callable[[_Key], tuple[int, str, Transport, int]]:
    places = {address: place for place, address in enumerate(target.addresses)}
    return lambda key: (places.get(key[0], len(places)), key[0], key[1], key[2])


def _row(key: _Key, target: Target, now: _Ports, then: _Ports, *, known: bool, looked: bool) -> Row:
    address, transport, port = key
    entry = target.declared(port, transport) if address in target.addresses else None
    seen = now.get(key)
    return Row(
        subject=f"{bracketed(address)}:{port}/{transport}",
        declared=entry.service if entry else "",
        restricted=_restricted(entry),
        now=_words(seen),
        build=seen.build if seen else "",
        before=_words(then.get(key)),
        known_before=known,
        looked=looked,
    )


def _restricted(entry: DeclaredPort | None) -> bool:
    return bool(entry and entry.restricted_to)


def _words(seen: OpenPort | None) -> str:
    return (seen.service or "?") if seen else ""
