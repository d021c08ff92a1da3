"""The looking side of item `holes`: runs all programs of an end point together and records every exchange.

Front asks first, then the programs of what can apply, the worst threats first, then a second look and a control at whatever
seems to be a hole. Identical asks are sent once. An end point that stops answering, changes, or asks to be left alone, is left
alone: what was not asked is missing from the record, and the judge calls it not tested.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

from plugins.ask import Answer, Ask, Endpoint, NoAnswer, WebEndpoint
from plugins.pack import Pack, Signature
from plugins.template.chance import Occasion
from plugins.template.model import Threat
from plugins.template.program import Hit, Match, Outcome
from plugins.trial import start
from probes.dial import Dialer
from probes.holes.doubt import controls, doubt
from probes.holes.endpoints import applies, endpoints
from probes.holes.facts import Exchange, HolesBegan
from probes.holes.front import is_busy
from probes.holes.record import FIRST, SECOND, Record
from probes.holes.wire import send
from probes.recorder import Recorder
from probes.target import Item, Scope

PATIENCE = 3
"""Asks without an answer, one after the other, before an end point is left alone."""
WIDTH = 3
"""Most asks to one end point at one moment, also when the pace would allow more."""
THREATS = (Threat.ADMIN, Threat.SYSTEM_FILE_WRITE, Threat.FILE_WRITE, Threat.FILE_READ, Threat.OTHER)
"""The worst first: what a window leaves time for is what matters most."""
_SEVERITIES = ("critical", "high", "medium", "low", "info")


async def look(
    scope: Scope, dialer: Dialer, recorder: Recorder, pack: Pack, draw: Callable[[int], str] = secrets.token_hex
) -> None:
    """Look at every end point of the target; raises `CutOffError`. `draw` gives random bytes as hexadecimal digits."""
    occasion = Occasion(seed=draw(16), at=int(dialer.clock.now().timestamp()))
    recorder.saw(Item.HOLES, HolesBegan(occasion=occasion))
    ordered = sorted(pack.signatures, key=_order)
    plan = [(each, [one for one in ordered if applies(one, each, scope.target)]) for each in endpoints(scope.target)]
    steps = _Steps(recorder, sum(len(signatures) for _, signatures in plan))
    for endpoint, signatures in plan:
        if signatures:
            record = Record(endpoint, occasion, pack.fingerprints)
            await _Visit(scope, dialer, recorder, record, steps).run(signatures)


def _order(signature: Signature) -> tuple[int, int, str]:
    template = signature.template
    return THREATS.index(template.inspection.threat), _SEVERITIES.index(template.severity), template.id


class _Steps:
    """How many signatures have ended at how many end points."""

    def __init__(self, recorder: Recorder, total: int) -> None:
        self._recorder, self._total, self._done = recorder, total, 0
        recorder.progress(Item.HOLES, 0, total)

    def done(self, number: int) -> None:
        """Count."""
        self._done += number
        self._recorder.progress(Item.HOLES, self._done, self._total)


class _Running:
    """A program and the ask that it waits for; None: it has ended."""

    def __init__(self, signature: Signature, record: Record) -> None:
        self.signature = signature
        self.outcome: Outcome = None
        self.ask: Ask | None = None
        self._program = start(signature, record.endpoint, record.occasion)
        try:
            self.ask = next(self._program)
        except StopIteration as end:
            self.outcome = end.value

    def feed(self, answers: Mapping[Ask, Answer]) -> None:
        """Give every answer that is known, as far as it goes."""
        while self.ask is not None and self.ask in answers:
            try:
                self.ask = self._program.send(answers[self.ask])
            except StopIteration as end:
                self.ask, self.outcome = None, end.value


class _Visit:
    """All asks to one end point."""

    def __init__(self, scope: Scope, dialer: Dialer, recorder: Recorder, record: Record, steps: _Steps) -> None:
        self._scope, self._dialer, self._recorder = scope, dialer, recorder
        self._record, self._steps = record, steps
        self._silent = self._open = 0
        self._left_alone = False
        self._watching = False

    @property
    def _endpoint(self) -> Endpoint:
        return self._record.endpoint

    async def run(self, signatures: Sequence[Signature]) -> None:
        """Ask for everything that can apply, group by group of the same threat."""
        fitting = [one for one in signatures if not one.roles or self._scope.target.role in one.roles]
        if isinstance(self._endpoint, WebEndpoint) and fitting:
            await self._send(self._record.front.asks, FIRST)
            fitting = [one for one in fitting if not self._record.front.excludes(one.template.inspection.product)]
        self._steps.done(len(signatures) - len(fitting))
        for _, group in groupby(fitting, key=lambda one: one.template.inspection.threat):
            chosen = list(group)
            await self._group(chosen)
            self._steps.done(len(chosen))
        if fitting:
            await self._watch(now=True)

    async def _group(self, signatures: Sequence[Signature]) -> None:
        running = [_Running(signature, self._record) for signature in signatures]
        await self._to_end(running, FIRST)
        hits = {one.signature.id: self._standing(one) for one in running}
        suspects = [one.signature for one in running if hits[one.signature.id]]
        again = [_Running(signature, self._record) for signature in suspects]
        await self._to_end(again, SECOND)
        asks = (ask for one in suspects for ask in controls(self._record, one, hits[one.id]))
        await self._send((ask for ask in dict.fromkeys(asks) if self._record.first(ask) is None), FIRST)

    def _standing(self, running: _Running) -> list[Hit]:
        if not isinstance(running.outcome, Match):
            return []
        return [hit for hit in running.outcome.hits if not doubt(self._record, running.signature, hit)]

    async def _to_end(self, running: Sequence[_Running], number: int) -> None:
        """Send what programs wait for, each ask once, and feed them, until they have ended or the end point is left alone."""
        answers = self._record.answers[number]
        while not self._left_alone:
            wanted: dict[Ask, None] = {}
            for one in running:
                one.feed(answers)
                if one.ask is not None:
                    wanted[one.ask] = None
            if not wanted:
                return
            await self._send(wanted, number)

    async def _send(self, asks: Iterable[Ask], number: int) -> None:
        """Send asks, a few at a time, until the end point is to be left alone."""
        waiting = deque(asks)
        try:
            while waiting and not self._left_alone:
                async with asyncio.TaskGroup() as group:
                    for _ in range(WIDTH):
                        group.create_task(self._work(waiting, number))
        except BaseExceptionGroup as group_error:
            # One cause is enough, and callers know CutOffError, not groups of it.
            raise group_error.exceptions[0] from None

    async def _work(self, waiting: deque[Ask], number: int) -> None:
        while waiting and not self._left_alone:
            if self._silent and self._silent + self._open >= PATIENCE:
                return  # what is under way may be all the patience there is
            self._open += 1
            try:
                await self._exchange(waiting.popleft(), number)
            finally:
                self._open -= 1
            await self._watch(now=False)

    async def _watch(self, *, now: bool) -> None:
        """Look whether the server is still what it was; one that has changed twice is left alone."""
        steadiness = self._record.steadiness
        if self._resting or not isinstance(self._endpoint, WebEndpoint) or not (now or steadiness.due):
            return
        self._watching = True
        await self._exchange(steadiness.next_ask, FIRST)
        if steadiness.changed and not self._left_alone:
            await self._exchange(steadiness.next_ask, FIRST)
            if steadiness.changed:
                self._left_alone = True
        self._watching = False

    @property
    def _resting(self) -> bool:
        return self._left_alone or self._watching

    async def _exchange(self, ask: Ask, number: int) -> None:
        answer, transcript = await send(self._dialer, self._endpoint, ask, self._scope.contact)
        fact = Exchange(endpoint=self._endpoint, ask=ask, answer=answer, look=number)
        self._record.keep(fact)
        self._recorder.saw(Item.HOLES, fact, *([transcript] if transcript else []))
        self._silent = self._silent + 1 if isinstance(answer, NoAnswer) else 0
        self._left_alone = self._left_alone or is_busy(answer) or self._silent >= PATIENCE
