"""The account of one order on the driver's side: what has arrived, and the record that closes it."""

from __future__ import annotations

from dataclasses import replace

from grid.key import TrustedKeys
from grid.order import Order
from grid.report import Record, Report
from grid.seal import SealedOrder, read_order
from plugins.clock import Clock
from probes.observation import Ending, ItemEnded, Observation
from probes.pulse.facts import Pulse
from probes.tally import Tally


class Account:
    """What has arrived for one order."""

    def __init__(self, order: Order) -> None:
        self.order_id, self.server, self.items = order.order_id, order.scope.target.name, order.scope.items
        self.beats = isinstance(order.pulse, Pulse)
        self._first: Report | None = None
        self._last: Report | None = None
        self._observations: list[Observation] = []

    @property
    def begun(self) -> bool:
        """Whether a worker has reported."""
        return self._first is not None

    @property
    def finished(self) -> bool:
        """Whether the worker has let go of the server."""
        return self._last is not None and self._last.last

    def took(self, report: Report) -> None:
        """Take a report."""
        # Transcripts are on disk by now; keeping them here would keep every server's bytes in memory.
        kept = replace(report, transcripts=(), observations=())
        self._first = self._first or kept
        self._last = kept
        self._observations.extend(report.observations)

    def record(self, clock: Clock, lost: str, ending: Ending = Ending.BROKEN, *, doubtful: bool = False) -> Record:
        """Close the account; items without a last fact get one, and all of them when what was seen is `doubtful`."""
        first, last = self._first, self._last
        ended = {entry.item for entry in self._observations if isinstance(entry.fact, ItemEnded)}
        missing = [item for item in self.items if doubtful or item not in ended]
        fact = ItemEnded(ending=ending, detail=lost or "the worker's last report never came")
        now = clock.now()
        return Record(
            order_id=self.order_id,
            server=self.server,
            worker_pid=first.worker_pid if first else 0,
            node=first.node if first else "",
            started=first.at if first else now,
            ended=last.at if last and last.last else now,
            observations=tuple(self._observations),
            noticed=tuple(Observation(server=self.server, item=item, at=now, fact=fact) for item in missing),
            tally=last.tally if last else Tally(),
            lost=lost,
        )


def account(sealed: SealedOrder, trusted: TrustedKeys) -> Account:
    """Open the account of a sealed order."""
    return Account(read_order(sealed, trusted))
