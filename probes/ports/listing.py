"""Lists of ports as short texts ("22,80-443"), the way people and scanners write them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def written(ports: Iterable[int]) -> str:
    """Write ascending ports, neighbours as a range."""
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in _runs(ports))


def _runs(ports: Iterable[int]) -> Iterator[tuple[int, int]]:
    waiting = iter(ports)
    first = last = next(waiting, -1)
    for port in waiting:
        if port != last + 1:
            yield first, last
            first = port
        last = port
    if first >= 0:
        yield first, last


def listed(text: str) -> Iterator[int]:
    """Read a list back."""
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
