"""What was agreed about the pulse, what a beat brought, what the pace became, and the proof of gentleness."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Discriminator

from plugins.ask import WebEndpoint
from plugins.text import Text
from plugins.value import value
from probes.tally import Tally

BEAT_TIMEOUT_S = 10.0
"""How long a beat waits for its answer."""
BEAT_BYTES = 65_536
"""Most bytes of the page that a beat reads."""
HOLD_S = 30.0
"""How long a 429 or 503 without Retry-After is obeyed."""
_LEAVE_ALONE = frozenset({429, 503})


@value
class Pulse:
    """The heartbeat that operator and review body agreed on: one slow, measured request for a page that works."""

    kind: Literal["pulse"] = "pulse"
    """Discriminator: agreed."""
    server: str
    """Name of the declared server that holds the page."""
    port: int
    """Its declared http or https port."""
    path: str = "/"
    """Request target of a page that answers with a status below 400."""
    every_s: float = 2.0
    """Seconds between two beats."""
    most_bytes: int = BEAT_BYTES
    """Most bytes of the page that a beat reads."""
    added_latency_percent: float = 20.0
    """How much slower the page may become, in percent of the p95 without us."""
    added_latency_ms: float = 50.0
    """How much slower it may become in any case; the larger of the two counts."""
    lead_s: float = 300.0
    """How long it beats before the first probe, to learn how the shop is without us."""
    patience_s: float = 60.0
    """How long the shop may stay unwell while we are silent, before the window is handed back."""


@value
class NoPulse:
    """No heartbeat was agreed, so nothing is known about the shop's latency."""

    kind: Literal["no-pulse"] = "no-pulse"
    """Discriminator: not agreed."""


AgreedPulse = Annotated[Pulse | NoPulse, Discriminator("kind")]
"""What a declaration says about the pulse."""


@value
class PulsePage:
    """The page that the heartbeat asks for."""

    endpoint: WebEndpoint
    """Where it is."""
    path: str
    """Request target."""
    every_s: float
    """Seconds between two beats."""
    most_bytes: int = BEAT_BYTES
    """Most bytes of it that a beat reads."""


class Echo(StrEnum):
    """What came back of a beat."""

    ANSWERED = "answered"
    """A complete answer, whatever its status."""
    FAILED = "failed"
    """The server's doing: no complete answer."""
    NOT_SENT = "not-sent"
    """Our own doing: nothing was asked, so nothing was seen."""


@value
class PulseBeat:
    """One beat, as a fact."""

    kind: Literal["pulse-beat"] = "pulse-beat"
    """Discriminator among facts."""
    at: datetime
    """When it began, UTC."""
    echo: Echo
    """What came back."""
    latency_s: float = 0.0
    """From before the connect to the last byte; 0 without an answer."""
    status: int = 0
    """Status code; 0 without an answer."""
    retry_after_s: float = 0.0
    """For how long the server asked to be left alone; 0: it did not."""
    reason: str = ""
    """Class of the failure (`plugins.ask.NoAnswerReason`); empty for an answer."""

    @property
    def trouble(self) -> str:
        """Give the class of the shop's trouble, such as `timeout` or `status-503`; empty when the page worked."""
        if self.echo is Echo.FAILED:
            return self.reason or "failed"
        return f"status-{self.status}" if self.echo is Echo.ANSWERED and self.status >= 400 else ""

    @property
    def well(self) -> bool:
        """Tell whether the page was seen to work."""
        return self.echo is Echo.ANSWERED and self.status < 400

    @property
    def hold_s(self) -> float:
        """Give for how long nothing may be sent: Retry-After, or a while after a bare 429 or 503."""
        return self.retry_after_s or (HOLD_S if self.status in _LEAVE_ALONE else 0.0)


class Phase(StrEnum):
    """What the pulse lets the inspection do."""

    LEAD = "lead"
    """Nothing yet: learning how the shop is without us."""
    RUN = "run"
    """Go on at a part of the agreed pace."""
    PAUSE = "pause"
    """Send nothing until the shop is well."""
    ABORT = "abort"
    """Send nothing any more; the window is handed back."""


@value
class Advice:
    """How fast the inspection may go now."""

    phase: Phase
    """What it may do."""
    factor: float
    """Part of the agreed pace, 0 to 1; 0 unless the phase is `run`."""
    reason: Text
    """Why."""


@value
class Advised:
    """An advice that changed something, with its time."""

    at: datetime
    """When it was given, UTC."""
    advice: Advice
    """What was advised."""


@value
class TallySeen:
    """What one order had sent up to a moment."""

    order_id: str
    """The order."""
    at: datetime
    """The moment, UTC."""
    tally: Tally
    """Everything sent until then."""


@value
class Latency:
    """Latencies of the beats of one stretch of time."""

    beats: int
    """Beats tried."""
    errors: int
    """Beats that the shop did not answer well: no answer, or a status of 400 and above."""
    not_sent: int
    """Beats that we could not send: nothing was seen then."""
    p50_ms: float
    """Median of the well answered ones; 0 when there is none."""
    p95_ms: float
    """95th percentile (nearest rank) of the well answered ones; 0 when there is none."""

    @property
    def answered(self) -> int:
        """Beats that were answered well."""
        return self.beats - self.errors - self.not_sent


class Impact(StrEnum):
    """What the heartbeat shows."""

    WITHIN = "within"
    """While inspecting, the p95 was within the agreed bound, and errors were no more frequent than before."""
    BEYOND = "beyond"
    """The p95 was above the bound, or errors were more frequent than before."""
    NOT_SHOWN = "not-shown"
    """Too few beats before or while inspecting to say either."""


@value
class BeatPoint:
    """Point of the latency curve: the slowest beat of its seconds."""

    second: int
    """Seconds since the first beat."""
    latency_ms: float
    """Latency; 0 when no beat was answered well."""
    errors: int
    """Beats of these seconds that the shop did not answer well."""


@value
class PacePoint:
    """Point of the pace curve: the second, among those that it stands for, that used most of what was allowed."""

    second: int
    """Seconds since the first beat."""
    connections: float
    """Connections of that second."""
    requests: float
    """Asks of that second."""
    factor: float
    """Part of the agreed pace that was allowed."""


@value
class Gentleness:
    """Proof of gentleness: how the shop was before and while it was inspected, and what the grid did about it."""

    kind: Literal["measured"] = "measured"
    """Discriminator: a heartbeat was agreed and sent."""
    pulse: Pulse
    """What was agreed."""
    impact: Impact
    """What the heartbeat shows."""
    before: Latency
    """Without us."""
    during: Latency
    """While inspecting, without the pauses: beats in a pause would make it look gentler than it was."""
    paused: Latency
    """In the pauses and after an abort, when nothing but the heartbeat was sent."""
    added_p95_ms: float
    """p95 while inspecting minus p95 before; says nothing when the impact is `not-shown`."""
    bound_ms: float
    """Agreed p95 while inspecting; 0 when there was no baseline."""
    beats: int
    """Beats sent."""
    tally: Tally
    """What the inspection sent, without the heartbeat."""
    peak_connections_per_s: float
    """Most connections of all workers together in a whole second."""
    peak_requests_per_s: float
    """Most asks of all workers together in a whole second."""
    seconds_per_point: int
    """How many seconds a point of the curves stands for."""
    latencies: tuple[BeatPoint, ...]
    """Latency curve."""
    paces: tuple[PacePoint, ...]
    """Pace curve."""
    events: tuple[Advised, ...]
    """Every change of pace, in order; the first and the last ones when there are very many."""
    events_left_out: int = 0
    """How many were left out between them."""


@value
class NotMeasured:
    """Nobody watched the shop's latency, so nothing is said about it. That is not the same as gentle."""

    kind: Literal["not-measured"] = "not-measured"
    """Discriminator: there is no proof."""
    reason: Text = Text(en="no heartbeat was agreed in the declaration", ja="申告で応答測定が合意されていません")
    """Why."""


GentlenessProof = Annotated[Gentleness | NotMeasured, Discriminator("kind")]
"""What a result says about gentleness."""
