"""Fakes of the product's seams: a clock that tests move, a leave for loopback."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

from probes.dial import CutOffError, OutOfScopeError
from probes.target import Transport


class FakeClock:
    """Both clocks, moved by the test."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._steady = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._steady

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self._now += timedelta(seconds=seconds)
        self._steady += seconds

    def step(self, seconds: float) -> None:
        """Set the wall clock; the steady one does not notice."""
        self._now += timedelta(seconds=seconds)


class LoopbackLeave:
    """Permits loopback (or only `allowed`), until `stop()` is called."""

    def __init__(self, allowed: set[tuple[str, int]] | None = None) -> None:
        self._allowed = allowed
        self._reason = ""

    def stop(self, reason: str = "test says stop") -> None:
        self._reason = reason

    def check(self, address: str, port: int, transport: Transport) -> None:
        if self._reason:
            raise CutOffError(self._reason)
        outside = self._allowed is not None and (address, port) not in self._allowed
        if outside or not ipaddress.ip_address(address).is_loopback:
            raise OutOfScopeError(address, port, transport)

    def remaining_s(self) -> float:
        return 0.0 if self._reason else 3600.0
