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
