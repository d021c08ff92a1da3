"""Facts about ports."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from plugins.value import value
from probes.target import Transport


class State(StrEnum):
    """What a port does when it is dialled."""

    OPEN = "open"
    """The connection was made."""
    CLOSED = "closed"
    """It was refused (RST)."""
    FILTERED = "filtered"
    """Nothing, or an ICMP error, came back."""
    OPEN_OR_FILTERED = "open|filtered"
    """UDP only: nothing came back, which an open port may do as well as a filtered one."""
    UNKNOWN = "unknown"
    """It could not be found out; never counted as closed."""


@value
class PortState:
    """One port of one address."""

    kind: Literal["port-state"] = "port-state"
    """Discriminator among facts."""
    address: str
    """Address that was dialled."""
    port: int
    """Port number."""
    transport: Transport
    """TCP or UDP."""
    state: State
    """What it did."""
    detail: str = ""
    """The system's words when it was not open."""


@value
class PortBlock:
    """Many undeclared ports of one address that did the same: the short form of as many `PortState`s."""

    kind: Literal["port-block"] = "port-block"
    """Discriminator among facts."""
    address: str
    """Address that was dialled."""
    transport: Transport
    """TCP or UDP."""
    state: State
    """What they did."""
    ports: str
    """Which ports, ascending, such as 1-21,23-79."""
    detail: str = ""
    """The system's words when they were not open."""


@value
class SweepWave:
    """One round of a sweep over the ports of an address."""

    knocks: int
    """Ports that were knocked at: those that had not answered before."""
    answers: int
    """How many of them said open or closed."""
    seconds: float
    """How long it took."""


@value
class SweepSeen:
    """How the ports of one address were looked at, and what disturbed it."""

    kind: Literal["sweep-seen"] = "sweep-seen"
    """Discriminator among facts."""
    address: str
    """Address that was dialled."""
    engine: str
    """connect: whole connections; half-open: single SYN packets."""
    waves: tuple[SweepWave, ...]
    """Rounds, the first over all ports."""
    rechecks: int
    """Knocks at ports that had answered, to see whether they still do and say the same."""
    lost: int
    """How many of those got no answer."""
    excess: int
    """Answers beyond one per knock."""
    contradicted: str
    """Ports that said open at one time and closed at another, such as 80,443."""
    round_trip_ms: float
    """Smoothed round trip; 0: nothing answered."""
    disturbed: str = ""
    """Why ports that gave no answer count as unknown, not as filtered; empty: nothing was in the way."""
