"""Facts about names and addresses."""

from __future__ import annotations

from typing import Literal

from plugins.value import value
from probes.control.facts import Question


@value
class NameSeen:
    """What a resolver said to one question."""

    kind: Literal["name-seen"] = "name-seen"
    """Discriminator among facts."""
    question: Question
    """What was asked; for an address its name in the reverse tree (RFC 1035, section 3.5; RFC 3596, section 2.5)."""
    values: tuple[str, ...] = ()
    """Addresses in canonical form, or names in lower case without the dot at their end."""
    unknown: bool = False
    """True: the DNS says that the name does not exist (NXDOMAIN)."""
    detail: str = ""
    """Why there is no answer; empty when there is one."""

    @property
    def answered(self) -> bool:
        """Whether the DNS said something, be it no."""
        return not self.detail
