"""The ground that the demo stands on: this machine's loopback addresses, which other programs may use as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from plugins.value import value

_LISTENING = "0A"
"""State of a listening socket in /proc/net/tcp (proc(5))."""
_BLOCKS = ((1, 1200), (8000, 8100), (8800, 9100))
"""Ports to look at; the planted ports are among them. All lie below those that the kernel hands out (32768 and up): any program,
Ray among them, may begin to listen there on every address while the demo runs, and would be told as an undeclared open port."""


@value
class Ground:
    """Addresses of one system's servers."""

    network: str
    """First three numbers, such as 127.0.41."""
    first: int
    """Last number of the first server."""

    def address(self, position: int) -> str:
        """Give the address of the server at `position`."""
        return f"{self.network}.{self.first + position}"


def held_everywhere(table: str) -> frozenset[int]:
    """Give the ports that some program holds on every address, from the text of /proc/net/tcp or tcp6."""
    held = set()
    for line in table.splitlines()[1:]:
        fields = line.split()
        address, _, port = fields[1].partition(":")
        if fields[3] == _LISTENING and not address.strip("0"):
            held.add(int(port, 16))
    return frozenset(held)


def read_held(proc: Path = Path("/proc/net")) -> frozenset[int]:
    """Give the ports that are open on every address of this machine, whoever holds them (an SSH server, say)."""
    tables = [proc / name for name in ("tcp", "tcp6")]
    return frozenset().union(*(held_everywhere(table.read_text("ascii")) for table in tables if table.exists()))


def scan(held: frozenset[int]) -> list[str | int]:
    """Say which ports the demo's operators want looked at: the blocks, without what other programs hold."""
    return [first if first == last else f"{first}-{last}" for block in _BLOCKS for first, last in _without(block, held)]


def _without(block: tuple[int, int], held: frozenset[int]) -> Iterator[tuple[int, int]]:
    first, end = block
    for port in sorted(port for port in held if first <= port <= end):
        if first < port:
            yield first, port - 1
        first = port + 1
    if first <= end:
        yield first, end
