"""Windows: half-open intervals [start, end) in UTC, agreed by both sides."""

from __future__ import annotations

from datetime import datetime, timedelta

from plugins.value import value


@value
class Window:
    """実行時間帯."""

    start: datetime
    """First moment at which something may be sent, UTC."""
    end: datetime
    """First moment at which nothing may be sent any more, UTC."""

    def __post_init__(self) -> None:
        """Refuse naive times and empty windows."""
        for moment in (self.start, self.end):
            if moment.utcoffset() != timedelta(0):
                raise ValueError(f"window {self.start} .. {self.end}: times must be in UTC")
        if self.start >= self.end:
            raise ValueError(f"window {self.start} .. {self.end}: must end after it starts")

    def holds(self, moment: datetime) -> bool:
        """Tell whether `moment` is inside."""
        return self.start <= moment < self.end

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%dT%H:%M:%SZ}..{self.end:%Y-%m-%dT%H:%M:%SZ}"
