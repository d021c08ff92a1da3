"""The brake of a run: whoever holds it can stop the run or slow it down, from any thread. It has no way to speed up."""

from __future__ import annotations

import threading


class Brake:
    """Stop and slow down. The first stop's reason stays; a share only ever goes down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._reason = ""
        self._share = 1.0

    def stop(self, reason: str) -> None:
        """Let nothing more be sent."""
        with self._lock:
            self._reason = self._reason or reason or "stop was called"
            self._stopped.set()

    def lower(self, share: float) -> float:
        """Go on at `share` (0 to 1) of the agreed pace at most; give what holds now."""
        with self._lock:
            self._share = min(self._share, max(share, 0.0))
            return self._share

    @property
    def stopped(self) -> str:
        """Why the run was stopped; empty while it was not."""
        return self._reason

    def wait(self, seconds: float) -> bool:
        """Wait for a stop; tell whether it came."""
        return self._stopped.wait(seconds)

    @property
    def share(self) -> float:
        """Largest part of the agreed pace that may be used, 0 to 1."""
        return self._share
