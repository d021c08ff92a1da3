"""The looking side of item `holes`: runs all programs of an end point together and records every exchange.

Identical asks are sent once. An end point that stops answering, or asks to be left alone, is left alone: what was not asked
is missing from the record, and the judge calls it not tested.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from typing import cast

from plugins.ask import HttpAnswer, HttpAsk, NoAnswer, WebAnswer, WebEndpoint
from plugins.pack import Pack
from plugins.template.model import Template
from plugins.template.program import planned, program
from probes.dial import Dialer
from probes.holes.endpoints import web_endpoints
from probes.holes.facts import Exchange
from probes.holes.front import front_asks, front_of, is_busy
from probes.http import exchange
from probes.recorder import Recorder
from probes.target import Item, Scope

PATIENCE = 3
"""Asks without an answer, one after the other, before an end point is left alone."""
WIDTH = 3
"""Most asks to one end point at one moment, also when the pace would allow more."""
_SEVERITIES = ("critical", "high", "medium", "low", "info")


async def look(
    scope: Scope, dialer: Dialer, recorder: Recorder, pack: Pack, draw: Callable[[int], str] = secrets.token_hex
) -> None:
    """Look at every web end point of the target; raises `CutOffError`. `draw` gives random bytes as hexadecimal digits."""
    templates = sorted((entry.template for entry in pack.signatures), key=lambda one: _SEVERITIES.index(one.severity))
    endpoints = web_endpoints(scope.target)
    plans = {endpoint: _plan(templates, endpoint) for endpoint in endpoints}
    total, before = sum(plans.values()), 0
    recorder.progress(Item.HOLES, 0, total)
    for endpoint in endpoints:
        await _Visit(scope, dialer, recorder, endpoint, before, total).run(templates, draw(8))
        before += plans[endpoint]
        recorder.progress(Item.HOLES, before, total)


def _plan(templates: Iterable[Template], endpoint: WebEndpoint) -> int:
    """Count the asks that an end point can get at most."""
    asks = {ask for template in templates for ask in planned(template, endpoint)}
    return len(asks.union(front_asks("0" * 16)))


class _Running:
    """A program and the ask that it waits for; None: it has ended."""

    def __init__(self, template: Template, endpoint: WebEndpoint) -> None:
        self._program = program(template, endpoint)
        self.ask = cast(HttpAsk | None, next(self._program))

    def feed(self, answer: WebAnswer) -> None:
        """Give the answer that it waits for."""
        try:
            self.ask = cast(HttpAsk, self._program.send(answer))
        except StopIteration:
            self.ask = None


class _Visit:
    """All asks to one end point."""

    def __init__(
        self, scope: Scope, dialer: Dialer, recorder: Recorder, endpoint: WebEndpoint, before: int, total: int
    ) -> None:
        self._scope, self._dialer, self._recorder = scope, dialer, recorder
        self._endpoint, self._before, self._total = endpoint, before, total
        self._answers: dict[HttpAsk, WebAnswer] = {}
        self._silent = 0
        self._left_alone = False

    async def run(self, templates: Iterable[Template], token: str) -> None:
        """Front asks first, then all programs that can apply, wave by wave."""
        await self._send(front_asks(token))
        front = front_of(self._answers)
        fitting = [template for template in templates if not front.excludes(template.inspection.product)]
        running = [_Running(template, self._endpoint) for template in fitting]
        while wanted := self._wanted(running):
            if self._left_alone:
                return
            await self._send(wanted)

    def _wanted(self, running: Iterable[_Running]) -> tuple[HttpAsk, ...]:
        """Feed what is known, and give what the programs wait for, each ask once."""
        wanted: dict[HttpAsk, None] = {}
        for one in running:
            while one.ask is not None and one.ask in self._answers:
                one.feed(self._answers[one.ask])
            if one.ask is not None:
                wanted[one.ask] = None
        return tuple(wanted)

    async def _send(self, asks: Iterable[HttpAsk]) -> None:
        """Send asks, a few at a time, until the end point is to be left alone."""
        waiting = iter(asks)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(WIDTH):
                    group.create_task(self._work(waiting))
        except BaseExceptionGroup as group_error:
            # One cause is enough, and callers know CutOffError, not groups of it.
            raise group_error.exceptions[0] from None

    async def _work(self, waiting: Iterable[HttpAsk]) -> None:
        for ask in waiting:
            if self._left_alone:
                return
            answer, transcript = await exchange(self._dialer, self._endpoint, ask, self._scope.contact)
            self._take(ask, answer)
            fact = Exchange(endpoint=self._endpoint, ask=ask, answer=answer)
            self._recorder.saw(Item.HOLES, fact, *([transcript] if transcript else []))
            self._recorder.progress(Item.HOLES, self._before + len(self._answers), self._total)

    def _take(self, ask: HttpAsk, answer: WebAnswer) -> None:
        self._answers[ask] = answer
        self._silent = self._silent + 1 if isinstance(answer, NoAnswer) else 0
        busy = isinstance(answer, HttpAnswer) and is_busy(answer)
        self._left_alone = self._left_alone or busy or self._silent >= PATIENCE
