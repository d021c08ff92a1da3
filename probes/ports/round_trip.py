"""How long to wait for an answer: measured round trips (RFC 6298). Pure."""

from __future__ import annotations

FIRST_S = 0.95
"""Before anything was measured (RFC 6298 says one second; the kernel repeats a SYN after exactly that)."""
MOST_S = 0.95
"""Nobody is waited for longer: below one second, one try of the kernel's own is exactly one packet."""


class RoundTrip:
    """Smoothed round trip of one address."""

    def __init__(self) -> None:
        self.smoothed_s = 0.0
        self._varies_s = 0.0

    def measured(self, seconds: float) -> None:
        """Take one measurement. Only of packets that cannot be mistaken for another try's (Karn's rule)."""
        if not self.smoothed_s:
            self.smoothed_s, self._varies_s = max(seconds, 1e-6), seconds / 2
            return
        self._varies_s = 0.75 * self._varies_s + 0.25 * abs(self.smoothed_s - seconds)
        self.smoothed_s = 0.875 * self.smoothed_s + 0.125 * seconds

    def patience_s(self, least_s: float) -> float:
        """Give how long an answer may take before it counts as none; `least_s`: servers jitter, however near they are."""
        if not self.smoothed_s:
            return FIRST_S
        return min(max(self.smoothed_s + 4 * self._varies_s, least_s), MOST_S)
