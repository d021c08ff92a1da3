"""The watch: the driver's side of the pulse for one inspection. It hears beats and tallies, advises, and keeps the proof.

watch = PulseWatch(pulse, agreed_pace, clock)
for report in reports:
    watch.sent(report.order_id, report.at, report.tally)   # orders of the inspection, not of the heartbeat
    for seen in report.beats:
        watch.heard(seen)                                   # report of the heartbeat
budget.throttle(watch.advice().factor)                      # at least every second: silence pauses
"""

from __future__ import annotations

from datetime import datetime, timedelta

from grid.pulse.controller import Beat, State, beat
from plugins.clock import Clock
from probes.pace import Pace
from probes.pulse.facts import Advice, Advised, Gentleness, Phase, Pulse, PulseBeat, TallySeen
from probes.pulse.proof import gentleness
from probes.tally import Tally

_THIN = timedelta(seconds=0.5)


class PulseWatch:
    """Watches one system's pulse. The lead begins when it is made."""

    def __init__(self, pulse: Pulse, agreed: Pace, clock: Clock) -> None:
        self._pulse, self._agreed, self._clock = pulse, agreed, clock
        self._state = State.opened(pulse, clock.monotonic())
        self._beats: dict[Phase, list[PulseBeat]] = {phase: [] for phase in Phase}
        self._advised = [Advised(at=clock.now(), advice=self._state.advice)]
        self._sent: dict[str, list[TallySeen]] = {}

    def heard(self, seen: PulseBeat) -> Advice:
        """Take a beat that has arrived."""
        self._beats[self._state.advice.phase].append(seen)
        return self._hear(Beat.heard(seen, self._clock.monotonic()))

    def advice(self) -> Advice:
        """Give how fast the inspection may go now. When no beat came for too long, that counts as a beat that was missed."""
        now = self._clock.monotonic()
        return self._hear(Beat.missed(now)) if now >= self._state.overdue_at else self._state.advice

    def _hear(self, heard: Beat) -> Advice:
        before = self._state.advice
        self._state, after = beat(self._state, heard)
        if after != before:
            self._advised.append(Advised(at=self._clock.now(), advice=after))
        return after

    def sent(self, order_id: str, at: datetime, tally: Tally) -> None:
        """Take what an order has sent so far; two looks a second are kept."""
        seen = TallySeen(order_id=order_id, at=at, tally=tally)
        looks = self._sent.setdefault(order_id, [])
        # The latest look always stays, so that nothing that was sent is missing at the end.
        if len(looks) > 1 and looks[-1].at - looks[-2].at < _THIN:
            looks.pop()
        looks.append(seen)

    def gentleness(self) -> Gentleness:
        """Give the proof of gentleness so far."""
        sent = [look for looks in self._sent.values() for look in looks]
        return gentleness(self._pulse, self._agreed, self._beats, sent, self._advised)
