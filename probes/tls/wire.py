"""What the TLS look and its child process say to each other: one JSON document per line.

    look -> child   Job or DeepJob         what to look at
    child -> look   Want                   may I open one connection?
    look -> child   Go                     yes, for so many seconds
    child -> look   Done                   it is closed; so much went over it
    child -> look   Seen                   everything that was seen; the child ends
    prober -> look  Gone                   the child is gone; the next Job may come

The child answers to hostile servers, so the look reads its lines strictly and bounded.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator

from plugins.value import value
from probes.target import StartTls
from probes.tls.deep.facts import DeepSeen
from probes.tls.facts import TlsSeen, VersionSeen

LINE_BYTES = 2_000_000
"""Longest line; a child that says more is ended."""


@value
class Job:
    """One TLS end point of one address."""

    address: str
    """Address to connect to; nothing else can be reached."""
    port: int
    """TCP port."""
    server_name: str
    """TLS server name to send; not sent when it is an address."""
    starttls: StartTls = StartTls.NONE
    """How TLS is begun."""
    agent: str
    """User-Agent for the one HTTP request that tells optional from required client authentication."""


@value
class DeepJob:
    """One TLS end point that was looked at, for the deep scan."""

    job: Job
    """Which one."""
    accepted: tuple[VersionSeen, ...]
    """The versions that were accepted; at least one."""

    @property
    def address(self) -> str:
        """Its address."""
        return self.job.address

    @property
    def port(self) -> int:
        """Its port."""
        return self.job.port

    @property
    def server_name(self) -> str:
        """Its server name."""
        return self.job.server_name


@value
class Want:
    """The child asks for a connection."""

    kind: Literal["want"] = "want"
    """Discriminator."""


@value
class Go:
    """The look allows a connection."""

    seconds: float
    """Time from now until it must be closed."""


@value
class Done:
    """The connection is closed."""

    kind: Literal["done"] = "done"
    """Discriminator."""
    sent: int
    """Bytes written."""
    received: int
    """Bytes read."""


@value
class Seen:
    """The end."""

    kind: Literal["seen"] = "seen"
    """Discriminator."""
    seen: Annotated[TlsSeen | DeepSeen, Discriminator("kind")]
    """Everything that was seen."""


@value
class Gone:
    """The child of one end point is gone."""

    kind: Literal["gone"] = "gone"
    """Discriminator."""
    well: bool
    """Whether it ended as it should."""


@value
class Line:
    """One line of the child."""

    says: Annotated[Want | Done | Seen | Gone, Discriminator("kind")]
    """What it says."""
