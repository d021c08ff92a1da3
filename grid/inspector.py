"""The inspector: one Ray task that runs one order.

It opens the order, looks at the items one after the other, and reports facts as it goes. It ends by itself at the end of the
window, at a stop, or when it has lost touch with the driver. Whatever breaks in a probe ends that item as `broken`, never the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import replace
from functools import lru_cache, partial

from grid.board import BoardHandle
from grid.budget import BudgetHandle, LeasedMeter
from grid.cluster import RayError, ray
from grid.guard.process import Guard, arm
from grid.guard.veto import UnguardableError
from grid.key import TrustedKeys
from grid.permit import Permit
from grid.pulse.heartbeat import heartbeat
from grid.report import Report
from grid.seal import SealedOrder, SealError, open_order, read_order
from plugins.cargo import Cargo, unpacked
from plugins.clock import Clock, SystemClock
from plugins.pack import Pack, PackError, load_pack
from plugins.strict_yaml import Problem
from probes.catalog import PROBES
from probes.dial import CutOffError, Dialer
from probes.observation import Ending, ItemEnded
from probes.pulse.facts import Pulse, PulseBeat
from probes.pulse.page import page_of
from probes.recorder import Progress, Recorder
from probes.tally import Tally
from probes.target import Item
from probes.transcript import printable

PORT_SCAN = "port scan"
"""The one reason for raw sockets: single SYN packets to addresses of the order (probes/ports/half_open.py)."""
REPORT_EVERY_S = 0.25
"""Seconds between two reports of a worker."""


def inspect(
    sealed: SealedOrder,
    trusted: TrustedKeys,
    board: BoardHandle,
    budget: BudgetHandle,
    raw: bool,
    cargo: Cargo | None,
) -> None:
    """Run one order; the body of the Ray task. Everything it sees goes to the board. `raw`: raw sockets for the port scanner.

    `cargo` is the signature pack; None: the one that is installed here. Either has to be the one that the order is bound to.
    """
    asyncio.run(_inspect(sealed, trusted, board, budget, cargo, SystemClock(), raw))


async def _inspect(
    sealed: SealedOrder,
    trusted: TrustedKeys,
    board: BoardHandle,
    budget: BudgetHandle,
    cargo: Cargo | None,
    clock: Clock,
    raw: bool,
) -> None:
    try:
        guard = arm(raw=(PORT_SCAN,) if raw else ())
        permit = open_order(sealed, trusted, clock)
    except (UnguardableError, SealError) as error:
        await _refuse(sealed, trusted, board, clock, str(error))
        return
    inspector = Inspector(permit, guard, board, budget, cargo, clock)
    await inspector.run()


async def _refuse(sealed: SealedOrder, trusted: TrustedKeys, board: BoardHandle, clock: Clock, reason: str) -> None:
    """Say why nothing was looked at. An order that cannot even be read raises: the driver sees a broken task."""
    order = read_order(sealed, trusted)
    recorder = Recorder(order.scope.target.name, clock)
    for item in order.scope.items:
        recorder.saw(item, ItemEnded(ending=Ending.NOT_STARTED, detail=reason))
    await board.post.remote(
        Report(
            order_id=order.order_id,
            server=recorder.server,
            worker_pid=os.getpid(),
            node=node_id(),
            at=clock.now(),
            observations=tuple(recorder.observations),
            tally=Tally(),
            remaining_s=0.0,
            last=True,
        )
    )


def node_id() -> str:
    """Give the id of the Ray node that this process runs on."""
    return str(ray.get_runtime_context().get_node_id())


@lru_cache(maxsize=2)  # a worker process serves many orders of one pack, and perhaps the next one already
def _ordered_pack(digest: str, cargo: Cargo | None) -> Pack:
    """Give the pack that an order is bound to; raises `PackError` when there is another one, or none."""
    if cargo is not None:
        return unpacked(cargo, digest)
    pack = load_pack()
    if pack.digest != digest:
        message = f"signature pack {pack.digest[:16]} is not the ordered {digest[:16]}"
        raise PackError((Problem(source="signatures", line=0, message=message),))
    return pack


class Inspector:
    """Runs an opened order in this process."""

    def __init__(
        self,
        permit: Permit,
        guard: Guard,
        board: BoardHandle,
        budget: BudgetHandle,
        cargo: Cargo | None,
        clock: Clock,
    ) -> None:
        self._permit, self._cargo = permit, cargo
        self._guard, self._vetoed_before = guard, guard.total
        self._board = board
        self._clock = clock
        order = permit.order
        self._progress: dict[Item, Progress] = {}
        self._recorder = Recorder(order.scope.target.name, clock, self._note)
        # The heartbeat has a pace of its own, set apart from the system's: it has to go on while everything else is paused.
        meter = None if isinstance(order.pulse, Pulse) else LeasedMeter(budget, order, clock, permit.halt)
        opening = partial(guard.allowing_raw, PORT_SCAN) if PORT_SCAN in guard.raw else None
        self._dialer = Dialer(order.scope.target.name, permit, order.pace, clock, meter, opening)
        self._beats: list[PulseBeat] = []
        self._sent_observations = 0
        self._sent_transcripts = 0

    def _note(self, progress: Progress) -> None:
        self._progress[progress.item] = progress

    async def run(self) -> None:
        """Look at every item, until done, the window's end, or a stop."""
        # A stop that was called before this order began is heard here, before anything is sent.
        await self._post(last=False)
        looking = asyncio.create_task(self._look())
        watchers = [
            asyncio.create_task(watch) for watch in (self._watch_stop(), self._watch_window(), self._keep_reporting())
        ]
        done, _ = await asyncio.wait([looking, *watchers], return_when=asyncio.FIRST_COMPLETED)
        if looking not in done:
            looking.cancel()
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(looking, *watchers, return_exceptions=True)
        self._end_items()
        await self._post(last=True)

    async def _look(self) -> None:
        order = self._permit.order
        if isinstance(order.pulse, Pulse):
            page = page_of(order.pulse, order.scope.target)
            with self._guard.admitting(self._permit):
                await heartbeat(
                    page, self._dialer, self._clock, order.scope.contact, self._beats.append, asyncio.Event()
                )
            return
        try:
            pack = await asyncio.to_thread(_ordered_pack, order.pack_digest, self._cargo)
        except PackError as error:
            self._permit.halt(printable(str(error).encode(), 500))
            return
        with self._guard.admitting(self._permit):
            for item in self._permit.order.scope.items:
                await self._look_at(item, pack)

    async def _look_at(self, item: Item, pack: Pack) -> None:
        ended = ItemEnded(ending=Ending.FINISHED)
        try:
            await PROBES[item].look(self._permit.order.scope, self._dialer, self._recorder, pack)
        except CutOffError:
            ended = self._cut_off()
        except asyncio.CancelledError:
            self._recorder.saw(item, self._cut_off())
            raise
        except Exception as error:  # noqa: BLE001 - the rim: whatever breaks in a probe becomes "not tested", never "clean"
            detail = printable(f"{type(error).__name__}: {error}".encode(), 500)
            ended = ItemEnded(ending=Ending.BROKEN, detail=detail)
        self._recorder.saw(item, ended)

    def _cut_off(self) -> ItemEnded:
        over = self._permit.halted.startswith("the window")
        return ItemEnded(ending=Ending.WINDOW_OVER if over else Ending.STOPPED, detail=self._permit.halted)

    def _end_items(self) -> None:
        """Give every ordered item its last fact."""
        ended = {o.item for o in self._recorder.observations if isinstance(o.fact, ItemEnded)}
        for item in self._permit.order.scope.items:
            if item not in ended:
                detail = self._permit.halted or "the worker ended before it"
                self._recorder.saw(item, ItemEnded(ending=Ending.NOT_STARTED, detail=detail))

    async def _watch_stop(self) -> None:
        try:
            reason = await self._board.stopped.remote(self._permit.order.order_id)
        except RayError:
            reason = "the worker lost touch with the grid"
        self._permit.halt(reason)

    async def _watch_window(self) -> None:
        while (left := self._permit.remaining_s()) > 0:  # noqa: ASYNC110 - the clock may step, so look again every second
            await asyncio.sleep(min(left, 1.0))
        self._permit.halt(f"the window {self._permit.order.window} is over")

    async def _keep_reporting(self) -> None:
        while True:
            await asyncio.sleep(REPORT_EVERY_S)
            try:
                await self._post(last=False)
            except RayError:
                self._permit.halt("the worker lost touch with the grid")
                return

    async def _post(self, *, last: bool) -> None:
        observations = tuple(self._recorder.observations[self._sent_observations :])
        beats, self._beats[:] = tuple(self._beats), []
        transcripts = tuple(self._recorder.transcripts.values())[self._sent_transcripts :]
        report = Report(
            order_id=self._permit.order.order_id,
            server=self._recorder.server,
            worker_pid=os.getpid(),
            node=node_id(),
            at=self._clock.now(),
            observations=observations,
            transcripts=transcripts,
            beats=beats,
            progress=tuple(self._progress.values()),
            tally=replace(self._dialer.tally, vetoes=self._guard.total - self._vetoed_before),
            remaining_s=self._permit.remaining_s(),
            last=last,
        )
        self._sent_observations += len(observations)
        self._sent_transcripts += len(transcripts)
        # A driver that is gone takes no last report; that loss is its to notice, and this worker has nothing left to do.
        with contextlib.suppress(RayError) if last else contextlib.nullcontext():
            if reason := await self._board.post.remote(report):
                self._permit.halt(reason)
