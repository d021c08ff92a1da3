"""The clock seam: every function that needs the time takes a `Clock` or a `datetime`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks: wall time for windows, a steady one for durations."""

    def now(self) -> datetime:
        """Give the wall time, timezone-aware, in UTC."""

    def monotonic(self) -> float:
        """Give seconds on a clock that never steps."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Give the machine's wall time in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the seam itself

    def monotonic(self) -> float:
        """Give the machine's monotonic clock in seconds."""
        return time.monotonic()  # noqa: TID251 - this is the seam itself
