"""What one source says of one certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from probes.tls.chain.certificate import Certificate
from probes.tls.chain.flaw import Flaw, Kind


class Says(StrEnum):
    """What a source says."""

    GOOD = "good"
    REVOKED = "revoked"
    NOTHING = "nothing"
    """It cannot be used: what is wrong with it is in the flaws."""


@dataclass(frozen=True)
class Status:
    """One source about one certificate."""

    certificate: Certificate
    """The certificate."""
    source: str
    """Where it comes from: a URL, `stapled`, or a file."""
    says: Says
    """What it says."""
    flaws: tuple[Flaw, ...] = ()
    """What is wrong with the source, and the revocation itself."""
    this_update: datetime | None = None
    """From when it is."""
    next_update: datetime | None = None
    """When the next one is due."""
    asked: bool = True
    """False: it was not asked, because it may not be."""


class Sheet:
    """Takes down what is wrong with one source for one certificate."""

    def __init__(self, certificate: Certificate, source: str) -> None:
        self.certificate, self.source = certificate, source
        self.flaws: list[Flaw] = []

    def note(self, kind: Kind, **words: str) -> None:
        """Take down one flaw."""
        self.flaws.append(Flaw(kind, self.certificate, {"source": self.source, **words}))

    def nothing(self, kind: Kind, **words: str) -> Status:
        """Take down the flaw that makes the source useless, and give what it says: nothing."""
        self.note(kind, **words)
        return self.status(Says.NOTHING)

    def status(self, says: Says, this: datetime | None = None, due: datetime | None = None) -> Status:
        """Give what the source says."""
        return Status(self.certificate, self.source, says, tuple(self.flaws), this, due)


def day(at: datetime) -> str:
    """Write a date."""
    return f"{at:%Y-%m-%d}"
