"""The result of one inspection: what `result.json` holds and what the store keeps."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Discriminator

from grid.window import Window
from plugins.value import value
from probes.observation import Ending
from probes.pace import Pace
from probes.ports.picture import AddressPicture
from probes.pulse.facts import GentlenessProof, NotMeasured
from probes.tally import Tally
from probes.target import Item, Target
from probes.tls.picture import ChainPicture
from probes.verdict import Standing, Verdict
from scheduler.system import Contact

BEFORE_CONTROLS = "this version had no controls"
"""What results of earlier versions say of their control, by saying nothing."""


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
    ports: tuple[AddressPicture, ...] = ()
    """What was seen open at each of its addresses; none: ports were not looked at."""
    chains: tuple[ChainPicture, ...] = ()
    """Its certificate chains, who signed whom, and the clauses of the TLS inspection."""


class ControlStanding(StrEnum):
    """What became of the control of a run."""

    HELD = "held"
    """On the known-bad server exactly what is planted was found, on the known-good server nothing."""
    FAILED = "failed"
    """Something else came of it: no verdict of the run counts."""
    CUT_OFF = "cut-off"
    """A stop or the end of the window came first: verdicts that were complete by then do not count."""
    NONE = "none"
    """There was none; `reason` says why."""


@value
class ControlServer:
    """One control server."""

    name: str
    """`known-bad` or `known-good`."""
    found: tuple[str, ...]
    """Signatures of all findings, sorted."""
    tally: Tally
    """What was sent to it; no part of what was sent to the inspected system."""


@value
class Control:
    """The control of a run: two servers of our own, inspected beside the system by the same workers with the same pack."""

    standing: ControlStanding
    """What became of it."""
    reason: str = ""
    """Why, unless it held."""
    inspection_id: str = ""
    """Its own inspection, which every system of the run shares; empty: there was none."""
    planted: tuple[str, ...] = ()
    """Signatures that had to be found on the known-bad server, sorted."""
    servers: tuple[ControlServer, ...] = ()
    """The two servers."""


@value
class PassedServer:
    """What was seen of one server when its system last passed."""

    name: str
    """Name of the server."""
    ports: tuple[AddressPicture, ...]
    """What was open at each address."""


@value
class LastPassed:
    """What was seen when the system last passed."""

    kind: Literal["last-passed"] = "last-passed"
    """Discriminator."""
    inspection_id: str
    """The inspection that passed."""
    started: datetime
    """When it began, UTC."""
    servers: tuple[PassedServer, ...]
    """Every server of then."""


@value
class NothingBefore:
    """No earlier inspection that passed is known."""

    kind: Literal["nothing-before"] = "nothing-before"
    """Discriminator."""


Before = Annotated[LastPassed | NothingBefore, Discriminator("kind")]
"""What the picture of the ports is compared with, beside the declaration."""


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
    before: Before = NothingBefore()
    """What was seen when the system last passed."""
    control: Control = Control(standing=ControlStanding.NONE, reason=BEFORE_CONTROLS)
    """Whether the run could see a hole, and leave a sound server alone, when this was inspected."""

    @property
    def tally(self) -> Tally:
        """What was sent to the whole system."""
        total = Tally()
        for server in self.servers:
            total += server.tally
        return total


class NotPassedError(ValueError):
    """A result that does not say what was seen when a system last passed."""

    def __init__(self, inspection_id: str, expected: str, seen: str) -> None:
        super().__init__(inspection_id, expected, seen)
        self.inspection_id, self.expected, self.seen = inspection_id, expected, seen

    def __str__(self) -> str:
        return f"inspection {self.inspection_id}: expected {self.expected}, seen {self.seen}; give the last result that passed"


def last_passed_of(result: Result, system: str) -> LastPassed:
    """Give what was seen in a result that passed; raises `NotPassedError` when it is not one of `system` with ports."""
    if result.system != system:
        raise NotPassedError(result.inspection_id, f"a result of system {system}", f"one of {result.system}")
    if result.verdict.standing is not Standing.PASS:
        raise NotPassedError(result.inspection_id, "a result that passed", str(result.verdict.standing))
    if Item.PORTS not in result.items:
        raise NotPassedError(result.inspection_id, f"a result with the item {Item.PORTS}", ", ".join(result.items))
    servers = tuple(PassedServer(name=server.target.name, ports=server.ports) for server in result.servers)
    return LastPassed(inspection_id=result.inspection_id, started=result.started, servers=servers)
