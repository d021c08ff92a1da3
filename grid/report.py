"""What crosses back from a worker: facts only."""

from __future__ import annotations

from datetime import datetime

from plugins.value import value
from probes.observation import Observation
from probes.pulse.facts import PulseBeat
from probes.recorder import Progress
from probes.tally import Tally
from probes.transcript import Transcript


@value
class Report:
    """What a worker saw and sent since its last report."""

    order_id: str
    """Order that runs."""
    server: str
    """Name of the declared server."""
    worker_pid: int
    """Process id of the worker."""
    node: str
    """Ray node id of the worker."""
    at: datetime
    """When it was made, UTC."""
    observations: tuple[Observation, ...] = ()
    """New observations, in order."""
    transcripts: tuple[Transcript, ...] = ()
    """New transcripts."""
    beats: tuple[PulseBeat, ...] = ()
    """New beats of the heartbeat; only an order for the heartbeat has them."""
    progress: tuple[Progress, ...] = ()
    """Latest progress per item."""
    tally: Tally
    """Everything sent since the order was opened."""
    remaining_s: float
    """Seconds left in the window."""
    last: bool = False
    """True: the worker has let go of the server."""


@value
class Record:
    """Everything that came of one order."""

    order_id: str
    """Order that ran."""
    server: str
    """Name of the declared server."""
    worker_pid: int = 0
    """Process id of the worker; 0: none ever reported."""
    node: str = ""
    """Ray node id."""
    started: datetime
    """First report, or when the order was handed out, UTC."""
    ended: datetime
    """Last report, or when the loss of the worker was noticed, UTC."""
    observations: tuple[Observation, ...] = ()
    """Everything that the worker reported, in order."""
    noticed: tuple[Observation, ...] = ()
    """What the driver adds: the ending of items that the worker never ended."""
    tally: Tally
    """Everything that was reported as sent."""
    lost: str = ""
    """Why the worker never finished; empty when it did."""
