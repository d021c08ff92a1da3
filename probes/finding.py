"""Findings: opinions that a judge formed from facts."""

from __future__ import annotations

from enum import StrEnum

from plugins.text import Text
from plugins.value import value
from probes.target import Item


class Grade(StrEnum):
    """What a finding means for the verdict."""

    FAILING = "failing"
    """不合格事由: the server fails."""
    GUIDANCE = "guidance"
    """指導事項: to be mended or explained."""
    ADVISORY = "advisory"
    """参考事項: worth knowing."""


class Severity(StrEnum):
    """CVSS v3.1 qualitative severity scale (section 5)."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Certainty(StrEnum):
    """How sure the judge is."""

    VERIFIED = "verified"
    """Shown by behaviour."""
    SUSPECTED = "suspected"
    """Inferred, for example from a version."""


@value
class Finding:
    """One thing that is not as it was declared or not as it should be."""

    server: str
    """Name of the declared server."""
    item: Item
    """Item that found it."""
    rule: str
    """Stable id: `ports.undeclared-open`, `tls.versions-differ`, or the id of a signature."""
    clause: str
    """Clause of the inspection rules that the opinion rests on, such as 4.3.4.2 (1)."""
    subject: str
    """What it is about: `192.0.2.1:8080/tcp`, a host name, a URL."""
    grade: Grade
    """What it means for the verdict."""
    severity: Severity
    """How bad it is."""
    certainty: Certainty
    """How sure it is."""
    title: Text
    """One line for a shop owner."""
    declared: str = ""
    """What the declaration says; empty when it says nothing about it."""
    seen: str = ""
    """What was seen. Server bytes are escaped to printable ASCII."""
    remedy: Text
    """What to do."""
    references: tuple[str, ...] = ()
    """Advisories and standards."""
    evidence: tuple[str, ...] = ()
    """Digests of the transcripts."""
