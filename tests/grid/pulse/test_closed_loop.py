"""Closed loop against a shop that feels it: heartbeat, watch and a paced load stand-in, minutes shrunk to seconds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from grid.pulse.heartbeat import heartbeat, pulse_pace
from grid.pulse.watch import PulseWatch
from plugins.ask import HttpAsk, WebEndpoint
from plugins.clock import SystemClock
from probes.http import exchange
from probes.pace import Pace
from probes.pulse.facts import Gentleness, Impact, Phase, Pulse, PulsePage
from tests.probes.scene import dialer_for
from tests.servers.shopfront import HEARTBEAT, Manner, Shopfront, shopfront

AGREED = Pace(connections_per_s=150, requests_per_s=150, concurrent_connections=100, bytes_per_s=50_000_000)
PULSE = Pulse(server="web", port=80, path=HEARTBEAT, every_s=0.05, added_latency_ms=120, lead_s=1.2, patience_s=0.8)
"""A lead of 24 beats. The allowance is wide, so that a busy test machine is not taken for a busy shop."""


class Inspection:
    """An inspection in small: the heartbeat beats, the watch advises, the load obeys."""

    def __init__(self, shop: Shopfront) -> None:
        self.clock = SystemClock()
        self.watch = PulseWatch(PULSE, AGREED, self.clock)
        self._endpoint = WebEndpoint(address=shop.address, port=shop.port, tls=False, host="shop.example")
        self._dialer = dialer_for(pace=AGREED)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        page = PulsePage(endpoint=self._endpoint, path=HEARTBEAT, every_s=PULSE.every_s)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                heartbeat(page, dialer_for(pace=pulse_pace(page)), self.clock, "", self.watch.heard, stop)
            )
            loading = tasks.create_task(self._load(tasks))
            yield
            stop.set()
            loading.cancel()

    async def _load(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            advice = self.watch.advice()
            if advice.factor:
                tasks.create_task(exchange(self._dialer, self._endpoint, HttpAsk(path="/load"), ""))
            await asyncio.sleep(1 / (AGREED.requests_per_s * advice.factor) if advice.factor else 0.01)

    async def until(self, phase: Phase, seconds: float = 20.0) -> float:
        """Wait for a phase; give when it began."""
        async with asyncio.timeout(seconds):
            while self.watch.advice().phase is not phase:  # noqa: ASYNC110 - a poll of the loops under test
                await asyncio.sleep(0.01)
        return time.monotonic()

    def proof(self, shop: Shopfront) -> Gentleness:
        self.watch.sent("load", self.clock.now(), self._dialer.tally)
        assert self._dialer.tally.connections >= len(shop.load())
        return self.watch.gentleness()


async def test_a_shop_whose_latency_rises_with_load_is_inspected_within_the_agreed_latency() -> None:
    """At the agreed pace it would take half a second to answer; the pace settles where hardly anything is added."""
    with shopfront(Manner(base_s=0.03, capacity_per_s=130)) as shop:
        inspection = Inspection(shop)
        async with inspection.running():
            began = await inspection.until(Phase.RUN)
            assert shop.load() == [], "nothing was sent in the lead"
            await asyncio.sleep(6)
        proof = inspection.proof(shop)
        rate = len([visit for visit in shop.load() if visit.at > began + 3]) / 3
    assert proof.impact is Impact.WITHIN, proof
    assert proof.during.p95_ms <= proof.bound_ms
    assert 15 <= rate <= 130, "slower than agreed, but it goes on"
    assert max(point.factor for point in proof.paces) < 1.0


async def test_a_healthy_shop_is_inspected_at_the_agreed_pace() -> None:
    with shopfront(Manner(base_s=0.01)) as shop:
        inspection = Inspection(shop)
        async with inspection.running():
            await inspection.until(Phase.RUN)
            async with asyncio.timeout(20):
                while inspection.watch.advice().factor < 1.0:  # noqa: ASYNC110 - a poll of the loops under test
                    await asyncio.sleep(0.01)


async def test_a_shop_that_starts_to_fail_is_paused_then_handed_back() -> None:
    with shopfront(Manner(base_s=0.01, fails_after=30)) as shop:
        inspection = Inspection(shop)
        async with inspection.running():
            paused = await inspection.until(Phase.PAUSE)
            aborted = await inspection.until(Phase.ABORT)
            await asyncio.sleep(0.3)
        failed = next(visit for visit in shop.visits if visit.status == 500)
        late = [visit.at - paused for visit in shop.load() if visit.at > paused + 0.2]
        proof = inspection.proof(shop)
    assert late == [], "nothing but the heartbeat after the pause began"
    assert paused - failed.at < 1.0, "noticed with the next beat or two"
    assert aborted - paused >= PULSE.patience_s - 0.2
    assert proof.impact is Impact.BEYOND
    assert [entry.advice.phase for entry in proof.events][-1] is Phase.ABORT
    assert "handed back" in proof.events[-1].advice.reason.en


async def test_a_shop_that_fails_before_we_begin_is_never_asked() -> None:
    with shopfront(Manner(base_s=0.01, fails_after=0)) as shop:
        inspection = Inspection(shop)
        async with inspection.running():
            await inspection.until(Phase.ABORT)
        assert shop.load() == []
        proof = inspection.proof(shop)
    assert proof.impact is Impact.NOT_SHOWN
    assert "not well before" in proof.events[-1].advice.reason.en


async def test_429_with_retry_after_is_obeyed_by_everything() -> None:
    with shopfront(Manner(base_s=0.01, busy_after=20, leave_alone_s=2.0)) as shop:
        inspection = Inspection(shop)
        async with inspection.running():
            await inspection.until(Phase.PAUSE)
            resumed = await inspection.until(Phase.RUN)
        refused = next(visit.at for visit in shop.beats() if visit.status == 429)
        between = [visit for visit in shop.visits if refused + 0.2 < visit.at < refused + 2.0]
    assert between == [], "neither load nor heartbeat"
    assert resumed - refused >= 2.0
