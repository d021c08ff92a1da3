"""Tally: what was sent, measured where it is sent."""

from __future__ import annotations

from collections import deque

from plugins.value import value


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
        )


class Counter:
    """Counts into a `Tally`; one per order."""

    def __init__(self) -> None:
        self._connections = 0
        self._requests = 0
        self._sent = 0
        self._received = 0
        self._refused = 0
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
        )
