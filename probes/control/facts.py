"""Facts about who controls an address."""

from __future__ import annotations

from enum import StrEnum

from plugins.value import value


class RecordType(StrEnum):
    """Types of DNS records that are asked for."""

    A = "A"
    AAAA = "AAAA"
    TXT = "TXT"
    MX = "MX"
    NS = "NS"
    PTR = "PTR"


@value
class Question:
    """One question to the DNS."""

    name: str
    """DNS name without the dot at its end."""
    type: RecordType
    """Type of record."""


@value
class DnsSeen:
    """What the DNS said to one question."""

    question: Question
    """What was asked."""
    values: tuple[str, ...] = ()
    """Addresses in canonical form, or texts; none when there is no such record."""
    detail: str = ""
    """Why there is no answer; empty when there is one."""


@value
class Visit:
    """One page that is fetched to see the token."""

    address: str
    """Declared address that is dialled."""
    port: int
    """80 or 443."""
    tls: bool
    """True: HTTPS."""
    host: str
    """Declared host name that goes into the Host header; the address when none is declared."""


@value
class PageSeen:
    """What one address answered."""

    visit: Visit
    """What was fetched."""
    status: int = 0
    """Status code; 0 when there was no answer."""
    body: bytes = b""
    """First bytes of the body."""
    detail: str = ""
    """Why there is no answer; empty when there is one."""


ControlFact = DnsSeen | PageSeen
"""Every kind of fact about control."""
