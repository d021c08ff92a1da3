"""The result of one inspection: what `result.json` holds and what the store keeps."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from grid.window import Window
from plugins.value import value
from probes.observation import Ending
from probes.pace import Pace
from probes.pulse.facts import GentlenessProof, NotMeasured
from probes.tally import Tally
from probes.target import Item, Target
from probes.tls.picture import ChainPicture
from probes.verdict import Verdict
from scheduler.system import Contact


class Kind(StrEnum):
    """Kind of inspection."""

    SCHEDULED = "scheduled"
    SPOT = "spot"
    """随時検査."""
    PRELIMINARY = "preliminary"
    """予備検査."""
    RE_INSPECTION = "re-inspection"
    """再審査."""
    MONITORING = "monitoring"
    """劣化監視."""


@value
class ItemResult:
    """How one item of one server went."""

    item: Item
    """The item."""
    ending: Ending
    """How looking at it ended."""
    detail: str = ""
    """Cause, when it did not finish."""


@value
class ServerResult:
    """What came of one order."""

    target: Target
    """The declared server."""
    order_id: str
    """Order under which it was inspected."""
    worker_pid: int
    """Process id of the Ray worker that ran it; 0 when no worker ever did."""
    node: str
    """Ray node id of the worker; empty when none."""
    started: datetime
    """When the order was opened, UTC."""
    ended: datetime
    """When the worker let go of the server, UTC."""
    items: tuple[ItemResult, ...]
    """One per ordered item."""
    tally: Tally
    """What was sent to this server."""
    pace: Pace
    """This server's share of the agreed pace."""
    verdict: Verdict
    """Verdict for this server."""
    chains: tuple[ChainPicture, ...] = ()
    """Its certificate chains, who signed whom, and the clauses of the TLS inspection."""


@value
class Result:
    """What came of one inspection of one system."""

    format: Literal["tenken-result/1"] = "tenken-result/1"
    """Version of this document."""
    inspection_id: str
    """Unique id."""
    kind: Kind
    """Kind of inspection."""
    system: str
    """Name of the system."""
    title: str
    """Its name for people."""
    operator: Contact
    """Who answers for it."""
    window: Window
    """Agreed window."""
    pace: Pace
    """Agreed pace of the whole system."""
    items: tuple[Item, ...]
    """Ordered items."""
    rules_version: str
    """Version of the rules the verdict rests on."""
    pack_digest: str
    """Digest of the signature pack the verdict rests on."""
    started: datetime
    """First order opened, UTC."""
    ended: datetime
    """Last worker done, UTC."""
    servers: tuple[ServerResult, ...]
    """One per declared server."""
    verdict: Verdict
    """Verdict for the system."""
    gentleness: GentlenessProof = NotMeasured()
    """What the shop's customers noticed, as far as it was measured."""

    @property
    def tally(self) -> Tally:
        """What was sent to the whole system."""
        total = Tally()
        for server in self.servers:
            total += server.tally
        return total
