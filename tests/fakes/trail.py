"""An audit log in memory; a full disk is one word away."""

from __future__ import annotations

from grid.audit import Action, AuditError


class Notes:
    """Keeps entries in memory; while `full`, nothing can be written."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, Action, str, str]] = []
        self.full = False

    def append(self, actor: str, action: Action, subject: str, detail: str = "") -> None:
        if self.full:
            raise AuditError("audit.jsonl", "cannot be written (No space left on device); the action does not happen")
        self.entries.append((actor, action, subject, detail))

    def said(self, action: Action) -> list[str]:
        """Give who did it to what, for one action."""
        return [f"{actor} {subject}" for actor, what, subject, _ in self.entries if what is action]
