"""Here: orders run in this process, one after the other, without a cluster. For trying one signature on one server.

The same orders, seals, permits and guard as on the grid; the pace is kept by this process alone. The guard stays armed for as long
as the process lives.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from grid.account import account
from grid.brake import Brake
from grid.guard.process import Guard, arm
from grid.key import TrustedKeys
from grid.permit import Permit
from grid.pulse.watch import PulseWatch
from grid.report import Record, Report
from grid.run import Intake
from grid.seal import SealedOrder, open_order
from plugins.cargo import Cargo, unpacked
from plugins.clock import Clock
from plugins.pack import Pack, load_pack
from probes.catalog import PROBES
from probes.dial import CutOffError, Dialer
from probes.observation import Ending, ItemEnded
from probes.recorder import Recorder
from probes.target import Item
from probes.transcript import printable

LOOK_S = 0.05
"""Seconds between two looks at the brake."""


class Here:
    """Runs orders in this process."""

    apart = ""
    """As `Grid.apart`: this process is on this machine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def run(
        self,
        orders: Sequence[SealedOrder],
        trusted: TrustedKeys,
        intake: Intake,
        brake: Brake,
        watches: Mapping[str, PulseWatch] | None = None,
        cargo: Cargo | None = None,
    ) -> list[Record]:
        """Run every order; give one record per order. A heartbeat is not for here: `watches` has to be empty.

        Raises `SealError`, `PackError` and `UnguardableError` before anything is sent.
        """
        if watches:
            raise ValueError("a heartbeat needs a worker of its own; run this on the grid")
        return [self._one(sealed, trusted, intake, brake, cargo) for sealed in orders]

    def _one(
        self, sealed: SealedOrder, trusted: TrustedKeys, intake: Intake, brake: Brake, cargo: Cargo | None
    ) -> Record:
        guard, permit, book = arm(), open_order(sealed, trusted, self._clock), account(sealed, trusted)
        pack = unpacked(cargo, permit.order.pack_digest) if cargo else load_pack()
        run = _OneOrder(permit, guard, pack, self._clock)
        for report in (run.report(last=False), asyncio.run(run.to_end(brake))):
            intake.took(report)
            book.took(report)
        return book.record(self._clock, "")


class _OneOrder:
    """One opened order."""

    def __init__(self, permit: Permit, guard: Guard, pack: Pack, clock: Clock) -> None:
        self._permit, self._guard, self._pack, self._clock = permit, guard, pack, clock
        order = permit.order
        self._vetoed_before = guard.total
        self._recorder = Recorder(order.scope.target.name, clock)
        self._dialer = Dialer(order.scope.target.name, permit, order.pace, clock)

    async def to_end(self, brake: Brake) -> Report:
        """Look at every item, until done, the window's end, or a stop."""
        looking = asyncio.create_task(self._look())
        while not looking.done():
            if brake.stopped or self._permit.remaining_s() <= 0:
                self._permit.halt(brake.stopped or f"the window {self._permit.order.window} is over")
                looking.cancel()
            await asyncio.wait([looking], timeout=LOOK_S)
        with suppress(asyncio.CancelledError):
            await looking
        return self.report(last=True)

    async def _look(self) -> None:
        with self._guard.admitting(self._permit):
            for item in self._permit.order.scope.items:
                self._recorder.saw(item, await self._look_at(item))

    async def _look_at(self, item: Item) -> ItemEnded:
        order = self._permit.order
        try:
            await PROBES[item].look(order.scope, self._dialer, self._recorder, self._pack)
        except (CutOffError, asyncio.CancelledError):
            over = self._permit.halted.startswith("the window")
            return ItemEnded(ending=Ending.WINDOW_OVER if over else Ending.STOPPED, detail=self._permit.halted)
        except Exception as error:  # noqa: BLE001 - the rim: whatever breaks in a probe becomes "not tested", never "clean"
            return ItemEnded(ending=Ending.BROKEN, detail=printable(f"{type(error).__name__}: {error}".encode(), 500))
        return ItemEnded(ending=Ending.FINISHED)

    def report(self, *, last: bool) -> Report:
        """Give what was seen and sent so far; the first one holds nothing."""
        recorder = self._recorder
        return Report(
            order_id=self._permit.order.order_id,
            server=recorder.server,
            worker_pid=os.getpid(),
            node="here",
            at=self._clock.now(),
            observations=tuple(recorder.observations),
            transcripts=tuple(recorder.transcripts.values()),
            tally=replace(self._dialer.tally, vetoes=self._guard.total - self._vetoed_before),
            remaining_s=self._permit.remaining_s(),
            last=last,
        )
