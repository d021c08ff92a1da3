"""Observations: facts with their time and evidence. Never an opinion."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Discriminator

from plugins.value import value
from probes.holes.facts import Exchange, HolesBegan
from probes.hosts.facts import NameSeen
from probes.ports.facts import PortBlock, PortState, SweepSeen
from probes.services.facts import FtpSeen, ServiceSeen, SshSeen
from probes.set.facts import SetExchange
from probes.target import Item
from probes.tls.deep.facts import DeepSeen
from probes.tls.facts import SourceSeen, TlsSeen


class Ending(StrEnum):
    """How looking at an item ended."""

    FINISHED = "finished"
    WINDOW_OVER = "window-over"
    STOPPED = "stopped"
    BROKEN = "broken"
    NOT_STARTED = "not-started"


@value
class ItemEnded:
    """The last fact of every item: without it, or with anything but `finished`, nothing of the item counts as clean."""

    kind: Literal["item-ended"] = "item-ended"
    """Discriminator among facts."""
    ending: Ending
    """How it ended."""
    detail: str = ""
    """Cause, when it did not finish."""


Fact = Annotated[
    PortState
    | PortBlock
    | SweepSeen
    | ServiceSeen
    | SshSeen
    | FtpSeen
    | TlsSeen
    | SourceSeen
    | DeepSeen
    | SetExchange
    | HolesBegan
    | NameSeen
    | Exchange
    | ItemEnded,
    Discriminator("kind"),
]
"""Every kind of fact; a new probe adds its own here."""


@value
class Observation:
    """A fact, when it was seen, and where the evidence is."""

    server: str
    """Name of the declared server."""
    item: Item
    """Item that looked."""
    at: datetime
    """When, in UTC."""
    fact: Fact
    """What was seen."""
    evidence: tuple[str, ...] = ()
    """SHA-256 digests (hex) of the transcripts that show it."""
