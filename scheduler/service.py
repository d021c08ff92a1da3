"""The loop: the review body on one machine.

Every quarter of a second it looks at the clock: an agreed window that has opened is started, a window that is over is cut off.
Inspections run in threads; whoever says stop pulls the brake that they hold. Everything that happens goes through the desk
first, so a service that dies at any moment finds in its store where it was:

    agreed, window open    never begun: it is started
    running                begun and not ended: an order runs once, so it is broken, which leaves a debt

A stop comes before everything else: the brake is pulled first, then the stop is kept and logged.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import structlog

from grid.audit import AuditError
from grid.brake import Brake
from grid.report import Report
from plugins.clock import Clock
from probes.tally import Tally
from scheduler.brakes import Brakes
from scheduler.debt import reckon
from scheduler.desk import Decision, Desk
from scheduler.dialogue import (
    CutOff,
    Event,
    InspectionBroken,
    InspectionEnded,
    Notify,
    Side,
    SlowDown,
    Start,
    Stopped,
    WindowClosed,
    WindowOpened,
)
from scheduler.negotiation import ARMED, LIVE, UNDER_WAY, Negotiation, NegotiationError, Phase
from scheduler.orders import Inspection
from scheduler.plan import InspectionPlan, PlanError
from scheduler.result import Result
from scheduler.store.orders import StoreClaims
from scheduler.store.store import Store

TICK_S = 0.25
"""Seconds between two looks at the clock."""
PROGRESS_S = 0.5
"""Seconds between two writes of what an inspection has sent so far."""
RETRY_S = 2.0
"""Seconds until an ending that could not be logged is tried again."""
SHUTDOWN_S = 30.0
"""Seconds that stopped inspections have to come back when the service ends."""
MOST_AT_ONCE = 64
"""Most inspections that run at once."""
DIED = "the service ended while it ran; an order runs once, so it is not run again"

_log = structlog.get_logger("tenken.service")


class Inspect(Protocol):
    """Runs one inspection to its end: done, cut off by its window, or stopped. Blocks; called from a thread of its own."""

    def __call__(self, inspection: Inspection, out: Path, brake: Brake, on_report: Callable[[Report], None]) -> Result:
        """Inspect, writing evidence and `result.json` into `out`."""


def log_notice(notice: Notify) -> None:
    """Write a notice into the log of the service."""
    _log.info("notice", to=notice.to.value, plan=notice.plan_id, about=notice.about)


class _Meter:
    """Adds up what the orders of one inspection report, and passes the sum on now and then."""

    def __init__(self, clock: Clock, keep: Callable[[Tally], None]) -> None:
        self._clock = clock
        self._keep = keep
        self._tallies: dict[str, Tally] = {}
        self._kept_at = clock.monotonic()

    def took(self, report: Report) -> None:
        """Take one report."""
        self._tallies[report.order_id] = report.tally
        now = self._clock.monotonic()
        if now - self._kept_at >= PROGRESS_S:
            self._kept_at = now
            self._keep(sum(self._tallies.values(), Tally()))


def _why(event: Event) -> str:
    """Give the reason that the workers hear and the result names."""
    if isinstance(event, Stopped):
        return f"stopped by the {event.by}: {event.reason}"
    return "the window is over" if isinstance(event, WindowClosed) else f"cut off: {event.kind}"


class Service:
    """Arms, starts, cuts off, stores. `submit` is safe from any thread; everything else belongs to the loop's thread."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        clock: Clock,
        inspect: Inspect,
        folder: Path,
        notify: Callable[[Notify], None] = log_notice,
    ) -> None:
        """Take the seams; results and evidence go below `folder`, one folder per inspection."""
        self._store = store
        self._desk = desk
        self._clock = clock
        self._inspect = inspect
        self._folder = folder
        self._notify = notify
        # Not asyncio's default pool: it is small, and an agreed window must not wait for another one's thread.
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="inspection")
        self._claims = StoreClaims(store, clock)
        self._waiting: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._brakes = Brakes()
        self._closing = asyncio.Event()

    # --- the one door ----------------------------------------------------------------------------------------------

    def submit(self, event: Event, result: Result | None = None) -> Decision:
        """Let an event happen, cut off what has to be, and tell both sides. Raises as the desk does."""
        if isinstance(event, Stopped) and event.reason.strip():
            with self._brakes.pulled([event.plan_id], _why(event)):
                return self._submit(event, result)
        return self._submit(event, result)

    def _submit(self, event: Event, result: Result | None) -> Decision:
        try:
            decision = self._desk.submit(event, result)
        except (NegotiationError, PlanError, AuditError):
            raise
        except Exception:
            # Stop means stop, also when the store cannot say so: a full disk must not keep anything sending.
            if isinstance(event, Stopped | WindowClosed):
                self._brakes.of(event.plan_id).stop(_why(event))
            raise
        for instruction in decision.instructions:
            if isinstance(instruction, CutOff):
                self._brakes.of(instruction.plan_id).stop(_why(event))
            elif isinstance(instruction, SlowDown):
                self._brakes.of(instruction.plan_id).lower(instruction.share)
            elif isinstance(instruction, Notify):
                self._notify(instruction)
        if decision.unlogged:
            self._cry(event, decision.unlogged)
        return decision

    def _cry(self, event: Event, unlogged: str) -> None:
        """Say loudly that something happened that the audit log does not hold."""
        _log.error("STOPPED, BUT NOT IN THE AUDIT LOG", plan=event.plan_id, by=event.by, problem=unlogged)
        about = f"the stop took effect, but could not be written into the audit log: {unlogged}"
        for side in (Side.REVIEW_BODY, Side.OPERATOR):
            self._notify(Notify(to=side, plan_id=event.plan_id, about=about))

    def stop(self, by: Side, reason: str, system: str = "") -> tuple[list[Decision], list[Negotiation]]:
        """Stop everything of a system, or of all when it is empty: what runs, and what is agreed and would run now.

        Gives what was decided, and the agreed plans whose windows are still to come. Safe from any thread. All brakes are pulled
        before anything is kept; what cannot be kept raises after every plan has been tried.
        """
        with self._brakes.pulled(self._brakes.running(system), f"stopped by the {by}: {reason}"):
            return self._keep_stops(by, reason, system)

    def _keep_stops(self, by: Side, reason: str, system: str) -> tuple[list[Decision], list[Negotiation]]:
        now = self._clock.now()
        with self._store.reading() as reading:
            armed = reading.negotiations(system, tuple(ARMED))
        coming = [held for held in armed if held.phase is Phase.AGREED and now < held.plan.window.start]
        decisions, failed = [], []
        for plan_id in [held.plan.plan_id for held in armed if held not in coming]:
            try:
                decisions.append(self.submit(Stopped(plan_id=plan_id, by=by, at=now, reason=reason)))
            except NegotiationError as error:
                _log.info("overtaken", what="stopped", error=str(error))  # it ended meanwhile
            except Exception as error:  # noqa: BLE001 - the others have to be stopped all the same; it is raised below
                failed.append(error)
        if failed:
            raise failed[0]
        return decisions, coming

    # --- the loop --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Go on where the store says, then look at the clock until `close` is called; stop what runs, keep the results."""
        await asyncio.to_thread(self.recover)
        while not self._closing.is_set():
            try:
                await self.tick()
            except Exception:  # noqa: BLE001 - the rim: a full disk or a locked database must not end the loop that cuts off
                _log.error("tick", trace=traceback.format_exc())
            await _either(self._closing, TICK_S)
        await self._stop_all()

    def recover(self) -> None:
        """Record every inspection that was running when the service died as broken."""
        with self._store.reading() as reading:
            unfinished = reading.unfinished()
        for held in unfinished:
            event = InspectionBroken(plan_id=held.plan_id, by=Side.SERVICE, at=self._clock.now(), reason=DIED)
            self.submit(event)

    async def tick(self) -> None:
        """Look at the clock once."""
        for event in await asyncio.to_thread(self._due):
            try:
                decision = await asyncio.to_thread(self.submit, event)
            except (NegotiationError, PlanError) as error:
                # Somebody said something between the look and now; the next look sees it.
                _log.info("overtaken", what=event.kind, error=str(error))
                continue
            except AuditError as error:
                # Not logged, not done; the next look tries again while the window is open.
                self._wait(event.plan_id, str(error))
                continue
            self._waiting.discard(event.plan_id)
            for instruction in decision.instructions:
                if isinstance(instruction, Start):
                    self._start(instruction.plan, decision.inspection_id, decision.after.share)

    def _wait(self, plan_id: str, why: str) -> None:
        """Say once why a plan does not begin although its window is open."""
        if plan_id not in self._waiting:
            self._waiting.add(plan_id)
            _log.warning("waits", plan=plan_id, why=why)

    def _due(self) -> list[Event]:
        now = self._clock.now()
        with self._store.reading() as reading:
            live = reading.negotiations(phases=tuple(LIVE))
        found: list[Event] = []
        for held in live:
            window, plan_id = held.plan.window, held.plan.plan_id
            if now >= window.end and held.phase is not Phase.ENDING:
                found.append(WindowClosed(plan_id=plan_id, by=Side.SERVICE, at=now))
            elif held.phase is Phase.AGREED and window.holds(now) and self._may_start(held.plan):
                found.append(WindowOpened(plan_id=plan_id, by=Side.SERVICE, at=now))
        return found

    def _may_start(self, plan: InspectionPlan) -> bool:
        """Tell whether no order holds an address of the plan's system; a plan waits for that as long as its window is open."""
        if self._closing.is_set():
            return False
        with self._store.reading() as reading:
            registered = reading.registered(plan.system)
        targets = registered.system.targets if registered else ()
        holding = self._claims.holding({address for target in targets for address in target.addresses})
        if holding:
            self._wait(plan.plan_id, "; ".join(f"{claim} until {claim.until:%Y-%m-%dT%H:%M:%SZ}" for claim in holding))
        return not holding

    # --- inspections -----------------------------------------------------------------------------------------------

    def _start(self, plan: InspectionPlan, inspection_id: str, share: float) -> None:
        self._brakes.begun(plan.plan_id, plan.system, share)
        task = asyncio.create_task(self._run_one(plan, inspection_id), name=f"inspection {inspection_id}")
        self._tasks[plan.plan_id] = task
        task.add_done_callback(lambda _: self._forget(plan.plan_id))

    def _forget(self, plan_id: str) -> None:
        self._tasks.pop(plan_id, None)
        self._brakes.over(plan_id)

    async def _run_one(self, plan: InspectionPlan, inspection_id: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            event, result = await loop.run_in_executor(self._threads, self._to_end, plan, inspection_id)
        except Exception as error:  # noqa: BLE001 - the rim: whatever broke, nothing of it counts as tested
            _log.warning("inspection broken", plan=plan.plan_id, inspection=inspection_id, error=repr(error))
            reason = f"{type(error).__name__}: {error}"[:500]
            event, result = self._broken(plan.plan_id, reason), None
        while not await asyncio.to_thread(self._submit_end, event, result):
            # What is not logged is not decided. The result is on disk, and this is tried again as long as the service lives.
            if self._closing.is_set():
                return
            await _either(self._closing, RETRY_S)

    def _to_end(self, plan: InspectionPlan, inspection_id: str) -> tuple[Event, Result]:
        """Run one inspection in this thread; give what happened."""
        with self._store.reading() as reading:
            registered, before = reading.registered(plan.system), reading.last_passed(plan.system)
        if registered is None:
            raise LookupError(f"system {plan.system} is not registered")
        out = self._folder / inspection_id
        out.mkdir(parents=True)
        inspection = Inspection(
            inspection_id=inspection_id,
            kind=plan.kind,
            system=registered.system,
            items=plan.items,
            window=plan.window,
            pace=plan.pace,
            trouble=plan.trouble,
            before=before,
            picked=plan.picked,
        )
        meter = _Meter(self._clock, lambda tally: self._keep(inspection_id, tally))
        result = self._inspect(inspection, out, self._brakes.of(plan.plan_id), meter.took)
        gaps, tested = reckon(plan, registered.system, result)
        ended = InspectionEnded(
            plan_id=plan.plan_id,
            by=Side.SERVICE,
            at=self._clock.now(),
            inspection_id=inspection_id,
            standing=result.verdict.standing,
            gaps=gaps,
            tested=tested,
        )
        return ended, result

    def _keep(self, inspection_id: str, tally: Tally) -> None:
        try:
            with self._store.changing() as change:
                change.progress(inspection_id, tally)
        except Exception:  # noqa: BLE001 - the rim: a count that cannot be written now is written at the inspection's end
            _log.error("progress", inspection=inspection_id, trace=traceback.format_exc())

    def _submit_end(self, event: Event, result: Result | None) -> bool:
        """Keep how an inspection ended, behind the stop that ended it; give False when the audit log cannot be written now."""
        self._brakes.wait_until_kept(event.plan_id)
        try:
            self.submit(event, result)
        except AuditError as error:
            _log.error("end not logged", plan=event.plan_id, error=str(error))
            return False
        except NegotiationError as error:
            # Another service went on from this store and recorded it as broken: what is recorded stands.
            _log.error("late result", plan=event.plan_id, error=str(error))
        except Exception as error:  # noqa: BLE001 - the rim: what cannot be kept is no result; a restart finds what even this missed
            _log.error("result not kept", plan=event.plan_id, trace=traceback.format_exc())
            if result is not None:
                self.submit(self._broken(event.plan_id, f"the result could not be kept: {type(error).__name__}"))
        return True

    def _broken(self, plan_id: str, reason: str) -> Event:
        return InspectionBroken(plan_id=plan_id, by=Side.SERVICE, at=self._clock.now(), reason=reason)

    # --- the end ---------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Ask `run` to end: it stops what runs, keeps the results and returns. Call it from the loop's thread."""
        self._closing.set()

    async def _stop_all(self) -> None:
        for held in await asyncio.to_thread(self._under_way):
            event = Stopped(
                plan_id=held.plan.plan_id, by=Side.SERVICE, at=self._clock.now(), reason="the service shuts down"
            )
            try:
                await asyncio.to_thread(self.submit, event)
            except NegotiationError as error:
                _log.info("overtaken", what=event.kind, error=str(error))
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=SHUTDOWN_S)
            if late:
                # The store still says that they run; the next start records them as broken.
                _log.error("inspections did not come back", count=len(late))
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _under_way(self) -> tuple[Negotiation, ...]:
        with self._store.reading() as reading:
            return reading.negotiations(phases=tuple(UNDER_WAY))


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Wait until the event is set or the seconds are over."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
