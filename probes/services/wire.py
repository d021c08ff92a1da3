"""What the version scan and its child process say to each other: one JSON document per line.

    scan  -> child   Job                    which ports to fingerprint
    child -> scan    Opened                 nmap wants a connection to a port
    both ways        Said, Closed           what goes over that connection, and its end
    child -> scan    Found                  nmap is done with one port; after the last one the child ends

The child runs a program that reads hostile bytes, so its lines are read strictly and bounded.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator

from plugins.value import value
from probes.services.fingerprint import Fingerprint

LINE_BYTES = 100_000
"""Longest line."""
CHUNK_BYTES = 16_384
"""Most bytes of one `Said`."""


@value
class Wanted:
    """One port to fingerprint."""

    port: int
    """TCP port."""
    shown_as: int
    """Port number on loopback that nmap is shown, where it can be had: nmap chooses its first questions by that number."""
    quiet: bool
    """True: it says nothing before it is asked, so waiting for its greeting is left out."""
    most_connections: int
    """Most connections to it."""


@value
class Job:
    """Ports of one address."""

    wanted: tuple[Wanted, ...]
    """The ports."""
    parallel: int
    """How many of them at once, and so how many connections at once."""
    connections_per_s: float
    """The order's pace; goes into nmap's own flags, too."""
    seconds: float
    """Most seconds per port."""


@value
class Opened:
    """nmap opened a connection."""

    kind: Literal["opened"] = "opened"
    """Discriminator."""
    number: int
    """Number of the connection, never used twice."""
    port: int
    """Port that it is meant for."""


@value
class Said:
    """Bytes of one connection."""

    kind: Literal["said"] = "said"
    """Discriminator."""
    number: int
    """The connection."""
    data: bytes
    """At most `CHUNK_BYTES`."""


@value
class Closed:
    """The end of one connection."""

    kind: Literal["closed"] = "closed"
    """Discriminator."""
    number: int
    """The connection."""


@value
class Found:
    """What nmap says of one port."""

    kind: Literal["found"] = "found"
    """Discriminator."""
    port: int
    """The port."""
    fingerprint: Fingerprint
    """What it says."""
    trouble: str = ""
    """Why it says nothing; empty: it was asked and answered."""


@value
class Line:
    """One line, either way."""

    says: Annotated[Opened | Said | Closed | Found, Discriminator("kind")]
    """What it says."""
