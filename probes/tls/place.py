"""One TLS end point of one address, and what is thought of it."""

from __future__ import annotations

from plugins.value import value
from probes.finding import Finding
from probes.rule import Rule, Words
from probes.target import TlsEndpoint


@value
class Place:
    """One TLS end point of one address."""

    server: str
    """Name of the declared server."""
    address: str
    """The address."""
    endpoint: TlsEndpoint
    """What was declared."""

    @property
    def subject(self) -> str:
        """Name of the place in reports."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.endpoint.port}/tcp"

    def broken(self, rule: Rule, words: Words, *, declared: str, seen: str, detail: str = "") -> Finding:
        """Give the finding that a rule is broken here."""
        subject = f"{self.subject} {detail}".rstrip()
        return rule.broken(self.server, subject, {"endpoint": self.subject, **words}, declared=declared, seen=seen)


@value
class Opinion:
    """What is thought of one place."""

    findings: tuple[Finding, ...] = ()
    """The breaches."""
    gaps: tuple[tuple[str, str], ...] = ()
    """Rules (by id) that could not be applied, and why."""
    moot: tuple[tuple[str, str], ...] = ()
    """Rules (by id) that ask about something that is not there, and why."""

    def __add__(self, other: Opinion) -> Opinion:
        """Put two opinions together."""
        return Opinion(
            findings=(*self.findings, *other.findings),
            gaps=(*self.gaps, *other.gaps),
            moot=(*self.moot, *other.moot),
        )
