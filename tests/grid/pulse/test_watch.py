"""The watch with a clock that the test moves: beats, silence, and the proof that comes of them."""

from __future__ import annotations

from grid.pulse.watch import PulseWatch
from probes.pace import Pace
from probes.pulse.facts import Advice, Echo, Impact, Phase, Pulse, PulseBeat
from probes.tally import Tally
from tests.fakes import FakeClock

PULSE = Pulse(server="web", port=443, every_s=2, lead_s=60)


class Listening:
    """A watch, its clock, and beats of a shop."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.watch = PulseWatch(PULSE, Pace(), self.clock)

    def hears(self, latency_s: float = 0.1, times: int = 1, status: int = 200) -> Advice:
        for _ in range(times):
            self.clock.advance(2)
            seen = PulseBeat(at=self.clock.now(), echo=Echo.ANSWERED, latency_s=latency_s, status=status)
            advice = self.watch.heard(seen)
            assert advice == self.watch.advice()
        return advice


def test_silence_pauses_within_seconds_and_is_no_proof() -> None:
    listening = Listening()
    assert listening.hears(times=30).phase is Phase.RUN
    listening.clock.advance(6)
    assert listening.watch.advice().phase is Phase.RUN
    listening.clock.advance(1)
    assert (listening.watch.advice().phase, listening.watch.advice().factor) == (Phase.PAUSE, 0.0)
    assert listening.watch.gentleness().impact is Impact.NOT_SHOWN


def test_silence_that_stays_hands_the_window_back() -> None:
    listening = Listening()
    listening.hears(times=30)
    for _ in range(80):
        listening.clock.advance(1)
        listening.watch.advice()
    assert listening.watch.advice().phase is Phase.ABORT


def test_silence_in_the_lead_begins_nothing() -> None:
    listening = Listening()
    phases = set()
    for _ in range(200):
        listening.clock.advance(1)
        phases.add(listening.watch.advice().phase)
    assert phases == {Phase.LEAD, Phase.ABORT}


def test_beats_are_sorted_by_what_the_inspection_did_then() -> None:
    listening = Listening()
    listening.hears(times=30)
    listening.hears(times=25)
    listening.hears(status=500)
    listening.hears(times=2)
    proof = listening.watch.gentleness()
    assert (proof.before.beats, proof.during.beats, proof.paused.beats) == (30, 26, 2)
    assert (proof.before.errors, proof.during.errors) == (0, 1)
    assert proof.impact is Impact.BEYOND
    phases = [entry.advice.phase for entry in proof.events]
    assert (phases[0], phases[1], phases[-1]) == (Phase.LEAD, Phase.RUN, Phase.PAUSE)


def test_tallies_are_thinned_but_the_last_is_kept() -> None:
    listening = Listening()
    for number in range(1, 4001):
        listening.clock.advance(0.1)
        listening.watch.sent("a", listening.clock.now(), Tally(connections=number))
    proof = listening.watch.gentleness()
    assert proof.tally.connections == 4000
    assert 9 <= proof.peak_connections_per_s <= 11
    assert len(listening.watch._sent["a"]) <= 801
