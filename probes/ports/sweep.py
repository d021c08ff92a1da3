"""One sweep over all doors of a server: which are knocked at when, and what their answers come to.

Waves: first every door in random order, then those that said nothing, as long as that brings answers (at least one more try). Where
a later wave brings about as many answers as the one before, something in between lets only so many through: the sweep slows down
to what gets through. At the end some doors are knocked at again: do they still answer, and do they say the same?
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator

from plugins.clock import Clock
from probes.ports.course import Course
from probes.ports.engine import Engine, Field, Reply, SweepBrake
from probes.ports.ledger import Ledger, Outlet
from probes.ports.permutation import Below, permuted
from probes.ports.round_trip import MOST_S

WAVES = 6
"""Most tries per door."""
DECLARED_WAVES = 4
"""Tries for a declared port that says nothing: it is expected to answer, and a lost packet must not become a finding."""
RECHECKS = 3
"""Further knocks at each declared port that answered."""
SECOND_THOUGHT_S = 0.5
"""Before each of these, where a declared port is closed."""
WITNESSES = 64
"""Most undeclared open ports of an address that are knocked at once more."""
CLOSED_WITNESSES = 8
"""The same for closed ports, where others are silent."""
TELL_EVERY_S = 30.0
"""Between two reports of what is known meanwhile, per address: what was told outlives this process."""
STEP_EVERY_S = 0.2
"""Between two looks at how far the sweep is."""
CONTRADICTED = (
    "interference: it said open at one time and closed at another; servers behind the address differ, "
    "or something in between answers for it"
)
_CERTAIN = {Reply.OPEN, Reply.CLOSED}
_UNSURE = {Reply.SILENCE, Reply.UNREACHABLE}


class Sweep:
    """One sweep; it is the `Hearing` of its engine."""

    def __init__(
        self,
        doors: Field,
        engine: Engine,
        declared: Iterable[int],
        outlet: Outlet,
        *,
        below: Below,
        clock: Clock,
        most_patience_s: float = MOST_S,
    ) -> None:
        """`declared`: the declared ports among those of the field."""
        self._doors, self._engine, self._outlet = doors, engine, outlet
        self._below, self._clock, self._most_patience_s = below, clock, most_patience_s
        self._brake = SweepBrake(clock)
        self._declared = [
            doors.number(which, port) for which in range(len(doors.addresses)) for port in sorted(declared)
        ]
        self._is_declared = frozenset(self._declared)
        self._ledger = Ledger(doors, self._declared, outlet)
        self._courses = [Course() for _ in doors.addresses]
        self._width = max(1, len(doors.ports))
        self._wave_number = 0
        self._again: Counter[int] | None = None
        """During the rechecks: answers per door."""

    def heard(self, number: int, reply: Reply, detail: str = "") -> None:
        """Take a reply; the first of two that exclude each other stays, and the door counts as contradicted."""
        course = self._courses[number // self._width]
        course.answers += 1
        if self._again is not None:
            self._again[number] += 1
        before = self._ledger.replies[number]
        if before in _UNSURE and reply in _CERTAIN:
            # Not ICMP errors: every router limits those, so that they say nothing about packets that get lost.
            course.fresh += 1
            if not course.waves:
                course.heard_last = course.in_wave
        elif before == reply or before in _CERTAIN:
            if before != reply and reply in _CERTAIN:
                course.contradicted.add(self._doors.door(number)[1])
            return
        self._ledger.put(number, reply, detail)

    def measured(self, number: int, seconds: float) -> None:
        """Take a round trip."""
        self._courses[number // self._width].trip.measured(seconds)

    def patience_s(self, number: int) -> float:
        """Give how long a door may take to answer."""
        patience = self._courses[number // self._width].trip.patience_s(self._engine.least_patience_s)
        # Who cannot hear late answers waits longer at every further try (RFC 6298, section 5.5).
        return min(patience if self._engine.hears_late else patience * 2**self._wave_number, self._most_patience_s)

    @property
    def open_doors(self) -> list[tuple[str, int]]:
        """Address and port of every door that is open, and said nothing else."""
        return [self._doors.door(number) for number, reply in enumerate(self._ledger.replies) if reply == Reply.OPEN]

    async def run(self) -> None:
        """Sweep. What was answered is told also when it is cut off."""
        telling = asyncio.create_task(self._keep_telling())
        try:
            for wave in range(WAVES):
                await self._wave(wave)
            await self._recheck()
            if any(course.active for course in self._courses):
                await self._wave(WAVES)
            self._settle()
        finally:
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await telling
            self._ledger.tell_answers()
        for which, course in enumerate(self._courses):
            self._ledger.tell_silence(which, course.disturbed)
            self._outlet.fact(course.account(self._doors.addresses[which], self._engine.name))
        self._outlet.done(len(self._doors))

    async def _keep_telling(self) -> None:
        last = self._clock.monotonic()
        while True:
            await asyncio.sleep(STEP_EVERY_S)
            self._outlet.done(self._ledger.answered)
            if self._clock.monotonic() - last >= TELL_EVERY_S * len(self._courses):
                last = self._clock.monotonic()
                self._ledger.tell_answers()

    async def _wave(self, wave: int) -> None:
        self._wave_number = wave
        for course in self._courses:
            course.begin_wave()
        began = self._clock.monotonic()
        await self._engine.wave(self._due(wave), self, self._brake)
        seconds = self._clock.monotonic() - began
        for course in self._courses:
            if through := course.end_wave(seconds):
                self._brake.slow_to(through)

    def _due(self, wave: int) -> Iterator[int]:
        """Give the doors of a wave, in random order, each only if it is still silent when its turn comes."""
        all_ = any(course.active for course in self._courses)
        numbers = permuted(len(self._doors), self._below) if all_ else iter(self._declared)
        replies, courses, width = self._ledger.replies, self._courses, self._width
        declared = self._is_declared if wave < DECLARED_WAVES else frozenset()
        for number in numbers:
            if replies[number]:
                continue
            course = courses[number // width]
            if course.active or number in declared:
                course.in_wave += 1
                yield number

    async def _recheck(self) -> None:
        """Knock again at doors that answered: do they still, and do they say the same?"""
        again = self._again = Counter()
        witnesses = [self._witnesses(which) for which in range(len(self._courses))]
        asked: Counter[int] = Counter()
        refused = any(self._ledger.replies[number] == Reply.CLOSED for number in self._declared)
        for round_ in range(RECHECKS):
            # A declared port that is closed may have been refused because we were too fast; then it is not refused after a while.
            await asyncio.sleep(SECOND_THOUGHT_S if refused else 0)
            numbers = [n for many in witnesses for n in many if round_ == 0 or n in self._is_declared]
            asked.update(numbers)
            await self._engine.wave(iter(numbers), self, self._brake)
        for course, many in zip(self._courses, witnesses, strict=True):
            course.recheck(sum(asked[n] for n in many), sum(min(again[n], asked[n]) for n in many))
        self._again = None

    def _witnesses(self, which: int) -> list[int]:
        """Give the doors of an address that are knocked at again: declared ones, and where its silence is odd, others."""
        mine, ledger = self._doors.of(which), self._ledger
        declared = [n for n in self._declared if n in mine and ledger.replies[n] in _CERTAIN]
        if not self._courses[which].odd or not ledger.some(mine, Reply.SILENCE, 1):
            return declared
        others = [*ledger.some(mine, Reply.OPEN, WITNESSES), *ledger.some(mine, Reply.CLOSED, CLOSED_WITNESSES)]
        return [*declared, *(n for n in others if n not in self._is_declared)]

    def _settle(self) -> None:
        """Take back what was said both ways."""
        for which, course in enumerate(self._courses):
            for port in course.contradicted:
                self._ledger.put(self._doors.number(which, port), Reply.TROUBLE, CONTRADICTED)
