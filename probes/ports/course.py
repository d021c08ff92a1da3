"""What a sweep learns about one address, and what follows from it: another wave, a slower one, or nothing to rely on. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from probes.ports.facts import SweepSeen, SweepWave
from probes.ports.listing import written
from probes.ports.round_trip import RoundTrip

LIMITED_SHARE = 0.3
"""Answers of a wave, as a share of those of the wave before, from which on it is no mere loss but a limit."""
LIMITED_FEWEST = 5
"""Answers that such a wave must have brought."""
ALL_SHARE = 0.9
"""Share of answers above which a wave shows no limit, whatever the wave before was."""
ODD = 0.05
"""How improbable the silence at a wave's end must be by chance, before it is looked into."""
HEADROOM = 0.8
"""How much of what gets through a limit is sent at it."""

LIMITED = "interference: something lets only so many connections through; answers were still coming in on the last try"
BLOCKED = "interference: the address answered at first and then no longer; something stopped the inspection"


@dataclass
class Course:
    """One address while the sweep runs."""

    trip: RoundTrip = field(default_factory=RoundTrip)
    """Its round trip."""
    waves: list[SweepWave] = field(default_factory=list)
    """The waves so far."""
    in_wave: int = 0
    """Knocks of the present wave."""
    fresh: int = 0
    """Doors that said open or closed for the first time, in the present wave."""
    knocks: int = 0
    """All knocks, rechecks too."""
    answers: int = 0
    """All answers, repeated ones too."""
    active: bool = True
    """Whether its silent doors are knocked at in the next wave."""
    heard_last: int = 0
    """Which knock of the first wave was the last before an open or closed door answered."""
    limited: bool = False
    """Whether the latest wave ran into a limit."""
    rechecks: int = 0
    """Knocks at doors that had answered before."""
    lost: int = 0
    """How many of those got no answer."""
    contradicted: set[int] = field(default_factory=set)
    """Ports that said open at one time and closed at another."""

    def begin_wave(self) -> None:
        """Begin to count."""
        self.in_wave = self.fresh = 0

    def end_wave(self, seconds: float) -> float:
        """Decide whether another wave is worth it; give how many knocks per second get through, 0 when nothing holds them up."""
        if not self.in_wave:
            self.active = False
            return 0.0
        before = self.waves[-1].answers if self.waves else None
        self.knocks += self.in_wave
        self.waves.append(SweepWave(knocks=self.in_wave, answers=self.fresh, seconds=round(seconds, 3)))
        self.active = self.fresh < self.in_wave and (before is None or self.fresh > 0)
        self.limited = before is not None and self._held_up(before)
        return max(HEADROOM * self.fresh / max(seconds, 0.001), 1.0) if self.limited else 0.0

    def _held_up(self, before: int) -> bool:
        enough = self.fresh >= LIMITED_FEWEST and self.fresh > before * LIMITED_SHARE
        return enough and self.fresh < self.in_wave * ALL_SHARE

    @property
    def odd(self) -> bool:
        """Whether there is reason to doubt silence: answers came late, or hardly by chance none at the first wave's end."""
        if len(self.waves) < 2 or not self.waves[0].answers:
            return False
        first, later = self.waves[0], self.waves[1:]
        heard = self.heard_last / first.knocks
        return any(wave.answers for wave in later) or heard**first.answers < ODD

    def recheck(self, knocks: int, answers: int) -> None:
        """Take the outcome of the rechecks."""
        self.rechecks, self.lost = knocks, knocks - answers
        self.knocks += knocks
        # Packets get lost, so what was silent deserves one more try.
        self.active = 0 < self.lost < knocks

    @property
    def disturbed(self) -> str:
        """Why silence says nothing about a port of this address; empty: it does."""
        if self.rechecks >= 2 and self.lost == self.rechecks:
            return BLOCKED
        return LIMITED if self.limited else ""

    def account(self, address: str, engine: str) -> SweepSeen:
        """Give the fact about how it went."""
        return SweepSeen(
            address=address,
            engine=engine,
            waves=tuple(self.waves),
            rechecks=self.rechecks,
            lost=self.lost,
            excess=max(0, self.answers - self.knocks),
            contradicted=written(sorted(self.contradicted)),
            round_trip_ms=round(self.trip.smoothed_s * 1000, 3),
            disturbed=self.disturbed,
        )
