"""How the guard says no."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Event = tuple[Any, ...]
"""The arguments of an audit event; which ones they are depends on the event."""
Rule = Callable[[Event], str]
"""Looks at one event; gives the subject of a veto, empty when it may happen."""


class GuardError(Exception):
    """Something tried to leave the running order. It did not happen."""

    # No OSError: code that dials takes those for the server's doing, and a veto must never become a fact about a server.

    def __init__(self, event: str, subject: str) -> None:
        super().__init__(event, subject)
        self.event, self.subject = event, subject

    def __str__(self) -> str:
        return f"{self.event}: {self.subject}; the process guard vetoed it, and nothing was done"


class SecondOrderError(Exception):
    """A process that already runs an order was given another."""

    def __init__(self) -> None:
        super().__init__()

    def __str__(self) -> str:
        return "this process already runs an order; a second one needs a process of its own"


class UnguardableError(Exception):
    """A process that the guard cannot watch, because of what is loaded or armed already."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"this process cannot be guarded, so it inspects nothing: {self.reason}"
