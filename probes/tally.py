"""Tally: what was sent, measured where it is sent."""

from __future__ import annotations

from collections import deque

from plugins.value import value
from probes.pace import (
    PACKETS_PER_CONNECTION,
    PACKETS_PER_DATAGRAM,
    PACKETS_PER_REQUEST,
    PACKETS_PER_SYN,
    SEGMENT_BYTES,
)


@value
class Tally:
    """What one order has sent so far."""

    connections: int = 0
    """TCP connections tried."""
    requests: int = 0
    """Asks sent (HTTP requests, banner dialogues, TLS handshakes)."""
    bytes_sent: int = 0
    """Application bytes written."""
    bytes_received: int = 0
    """Application bytes read."""
    peak_connections_per_s: int = 0
    """Most connections tried in any sliding second."""
    refused: int = 0
    """Tries that the permit refused: nothing left the machine for them."""
    vetoes: int = 0
    """Tries that the process guard vetoed, past the permit: nothing was done for them. Always worth a look."""
    half_open: int = 0
    """Of the connections: those that were a single SYN."""
    datagrams: int = 0
    """Of the asks: those that were a single UDP datagram."""

    @property
    def packets(self) -> int:
        """Packets that all this took at most, as the bound on packets reckons them (probes/pace.py)."""
        return (
            (self.connections - self.half_open) * PACKETS_PER_CONNECTION
            + self.half_open * PACKETS_PER_SYN
            + (self.requests - self.datagrams) * PACKETS_PER_REQUEST
            + self.datagrams * PACKETS_PER_DATAGRAM
            + -(-(self.bytes_sent + self.bytes_received) // SEGMENT_BYTES)
        )

    def __add__(self, other: Tally) -> Tally:
        """Add up tallies; the peaks are added too, which is the upper bound of the common peak."""
        return Tally(
            connections=self.connections + other.connections,
            requests=self.requests + other.requests,
            bytes_sent=self.bytes_sent + other.bytes_sent,
            bytes_received=self.bytes_received + other.bytes_received,
            peak_connections_per_s=self.peak_connections_per_s + other.peak_connections_per_s,
            refused=self.refused + other.refused,
            vetoes=self.vetoes + other.vetoes,
            half_open=self.half_open + other.half_open,
            datagrams=self.datagrams + other.datagrams,
        )


class Counter:
    """Counts into a `Tally`; one per order."""

    def __init__(self) -> None:
        self._connections = 0
        self._requests = 0
        self._sent = 0
        self._received = 0
        self._refused = 0
        self._half_open = 0
        self._datagrams = 0
        self._peak = 0
        self._second: deque[tuple[float, int]] = deque()
        self._in_second = 0

    def connection(self, now: float, count: int = 1) -> None:
        """Count connections tried at `now` (monotonic seconds)."""
        self._connections += count
        self._second.append((now, count))
        self._in_second += count
        while self._second[0][0] <= now - 1.0:
            self._in_second -= self._second.popleft()[1]
        self._peak = max(self._peak, self._in_second)

    def knocks(self, now: float, count: int) -> None:
        """Count SYNs sent by themselves at `now` (monotonic seconds)."""
        self._half_open += count
        self.connection(now, count)

    def datagram(self) -> None:
        """Count an ask that is a single UDP datagram."""
        self._datagrams += 1
        self.request()

    def request(self) -> None:
        """Count an ask."""
        self._requests += 1

    def sent(self, size: int) -> None:
        """Count bytes written."""
        self._sent += size

    def received(self, size: int) -> None:
        """Count bytes read."""
        self._received += size

    def refused(self) -> None:
        """Count a try that the permit refused."""
        self._refused += 1

    @property
    def latest(self) -> float:
        """When the latest connection was tried, after every wait for the pace; 0 before the first."""
        return self._second[-1][0] if self._second else 0.0

    @property
    def tally(self) -> Tally:
        """The count so far."""
        return Tally(
            connections=self._connections,
            requests=self._requests,
            bytes_sent=self._sent,
            bytes_received=self._received,
            peak_connections_per_s=self._peak,
            refused=self._refused,
            half_open=self._half_open,
            datagrams=self._datagrams,
        )
