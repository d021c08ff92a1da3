"""Pace: the agreed upper bounds, and the pure rule that keeps them (GCRA, ITU-T I.371 annex A, in its token form).

Nothing here reads a clock or waits; `probes.dial` does.
"""

from __future__ import annotations

import math

from plugins.value import value

PACKETS_PER_CONNECTION = 10
"""What one connection is reckoned at, whatever becomes of it: SYN and its one repeat, ACK, TLS handshake, FIN or RST with the
acknowledgements around them."""
PACKETS_PER_SYN = 2
"""What one half-open knock is reckoned at: the SYN, and the RST by which our kernel drops what answered."""
PACKETS_PER_REQUEST = 4
"""What one ask is reckoned at beside its bytes: short writes, and the acknowledgement of short answers."""
PACKETS_PER_DATAGRAM = 1
"""What one UDP datagram is reckoned at."""
SEGMENT_BYTES = 1448
"""What one packet carries at most (Ethernet, IPv4, TCP with timestamps): bytes written are sent in such packets, bytes read are
acknowledged by no more."""
LEAST_PACKETS_PER_S = 100.0
"""Least bound on packets that can be agreed by itself: below, a connection would take longer than a second to be let out."""


@value
class Pace:
    """Agreed upper bounds (検査速度) for a server or a system."""

    connections_per_s: float = 20.0
    """New TCP connections per second, including those a port scan makes."""
    requests_per_s: float = 10.0
    """HTTP requests per second."""
    concurrent_connections: int = 10
    """Open connections and pending connects at one moment."""
    bytes_per_s: int = 1_000_000
    """Bytes read and written per second."""
    packets_per_s: float = 0.0
    """Packets sent per second, reckoned from what is done; 0: no bound of its own, so as many as the other bounds can need."""

    @property
    def packets(self) -> float:
        """Packets per second that may be sent: the bound, or what the other bounds can need."""
        return self.packets_per_s or (
            self.connections_per_s * PACKETS_PER_CONNECTION
            + self.requests_per_s * PACKETS_PER_REQUEST
            + self.bytes_per_s / SEGMENT_BYTES
        )

    def share(self, parts: int) -> Pace:
        """Divide the bounds among `parts` workers, so that together they stay inside."""
        return Pace(
            connections_per_s=self.connections_per_s / parts,
            requests_per_s=self.requests_per_s / parts,
            concurrent_connections=max(1, self.concurrent_connections // parts),
            bytes_per_s=max(1, self.bytes_per_s // parts),
            packets_per_s=self.packets_per_s / parts,
        )

    def lowest(self, other: Pace) -> Pace:
        """Give the bounds that keep both."""
        return Pace(
            connections_per_s=min(self.connections_per_s, other.connections_per_s),
            requests_per_s=min(self.requests_per_s, other.requests_per_s),
            concurrent_connections=min(self.concurrent_connections, other.concurrent_connections),
            bytes_per_s=min(self.bytes_per_s, other.bytes_per_s),
            packets_per_s=min((own for own in (self.packets_per_s, other.packets_per_s) if own > 0), default=0.0),
        )


@value
class Gcra:
    """State of one bound: the theoretical arrival time of the next unit."""

    rate: float
    """Units per second."""
    burst: float
    """Units that may come at once, at least 1."""
    tat: float
    """Theoretical arrival time, seconds on a monotonic clock."""

    @staticmethod
    def empty(rate: float, burst: float, now: float) -> Gcra:
        """Start with no saved-up credit: a restarted bound never repeats a burst."""
        return Gcra(rate=rate, burst=burst, tat=now + (burst - 1) / rate)

    def take(self, now: float, units: float = 1.0) -> tuple[Gcra, float]:
        """Reserve `units`; give the next state and the seconds to wait before they may be used (0: at once)."""
        start = max(now, self.tat)
        at = max(now, self.tat - (self.burst - 1) / self.rate)
        return Gcra(rate=self.rate, burst=self.burst, tat=start + units / self.rate), at - now

    def ready(self, now: float) -> int:
        """Give how many units may be used at this moment, without waiting."""
        return max(0, math.floor(self.burst - (max(now, self.tat) - now) * self.rate + 1e-9))
