"""The loop, with a clock that the test moves and inspections that the test ends."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from grid.audit import Action, AuditError
from grid.brake import Brake
from grid.report import Report
from grid.window import Window
from probes.observation import Ending
from probes.tally import Tally
from probes.target import Item, PortRange
from probes.verdict import Outcome
from scheduler.desk import Decision, Desk
from scheduler.dialogue import Accepted, Event, Notify, Offered, Side, Slowed, Stopped
from scheduler.negotiation import NegotiationError, Phase
from scheduler.orders import Inspection
from scheduler.plan import InspectionPlan
from scheduler.result import Result
from scheduler.service import DIED, Service
from scheduler.store.database import sqlite_url
from scheduler.store.orders import StoreClaims
from scheduler.store.store import Store
from scheduler.store.values import InspectionOutcome
from tests.fakes import FakeClock
from tests.fakes.trail import Notes
from tests.grid.orders import make_order
from tests.scheduler.scene import DAY, hours, make_plan, make_result, make_system

PLAN = replace(make_plan(), picked=(PortRange(first=8080, last=8080),))


class FakeInspect:
    """Inspections that run until the test lets them end, or until they are stopped."""

    def __init__(self) -> None:
        self.seen: list[Inspection] = []
        self.brakes: list[Brake] = []
        self.began = threading.Event()
        self.may_end = threading.Event()
        self.report: Report | None = None
        self.breaks = False

    def __call__(self, inspection: Inspection, out: Path, brake: Brake, on_report: Callable[[Report], None]) -> Result:
        self.seen.append(inspection)
        self.brakes.append(brake)
        (out / "evidence").mkdir()
        if self.report is not None:
            on_report(self.report)
        self.began.set()
        while not self.may_end.is_set() and not brake.wait(0.01):
            pass
        if self.breaks:
            raise ConnectionError("Ray is gone")
        ending = Ending.STOPPED if brake.stopped else Ending.FINISHED
        outcome = Outcome.NOT_TESTED if brake.stopped else Outcome.CLEAN
        return make_result(inspection.inspection_id, plan=PLAN, ending=ending, outcome=outcome, findings=())


class House:
    """A service with everything around it; `restart` is what kill -9 and a new start leave."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock(DAY)
        self.inspect = FakeInspect()
        self.told: list[Notify] = []
        self.ids = count(1)
        self.notes = Notes()
        self.restart()

    def restart(self) -> None:
        self.store = Store.open(sqlite_url(self.folder / "a.db"))
        self.desk = Desk(self.store, self.clock, lambda: f"i{next(self.ids)}", self.notes)
        self.service = Service(
            self.store, self.desk, self.clock, self.inspect, self.folder / "inspections", self.told.append
        )

    def agree(self, plan: InspectionPlan = PLAN) -> None:
        now = self.clock.now()
        self.service.submit(Offered(plan_id=plan.plan_id, by=Side.REVIEW_BODY, at=now, plan=plan))
        self.service.submit(Accepted(plan_id=plan.plan_id, by=Side.OPERATOR, at=now, digest=plan.digest))

    def phase(self, plan_id: str = "p1") -> Phase:
        with self.store.reading() as reading:
            held = reading.negotiation(plan_id)
        assert held is not None
        return held.phase

    def outcome(self) -> InspectionOutcome | None:
        with self.store.reading() as reading:
            held = reading.inspection("p1")
        return held.outcome if held else None

    def owed(self) -> list[tuple[Item, str]]:
        with self.store.reading() as reading:
            return [(debt.item, debt.reason) for debt in reading.debts()]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    house.desk.register(make_system(), "doc")
    yield house
    house.inspect.may_end.set()
    await asyncio.wait_for(asyncio.gather(*house.service._tasks.values(), return_exceptions=True), 10)
    house.store.close()


async def until(holds: Callable[[], bool]) -> None:
    """Wait, boundedly, until something that can be seen is so."""

    async def look() -> None:
        while not holds():  # noqa: ASYNC110 - what is waited for is in a file or another thread
            await asyncio.sleep(0.005)

    await asyncio.wait_for(look(), 20)


async def begun(house: House) -> None:
    house.agree()
    house.clock.advance(3600)
    await house.service.tick()
    await until(house.inspect.began.is_set)


async def test_nothing_starts_before_its_window_and_nothing_without_agreement(house: House) -> None:
    house.agree()
    offered = make_plan("p2", window=hours(2, 3))
    house.service.submit(Offered(plan_id="p2", by=Side.REVIEW_BODY, at=DAY, plan=offered))
    house.clock.advance(3599)
    await house.service.tick()
    assert house.phase() is Phase.AGREED
    house.clock.advance(4000)
    await house.service.tick()
    assert (house.phase("p1"), house.phase("p2")) == (Phase.MISSED, Phase.OFFERED)
    assert house.inspect.seen == []


async def test_an_agreed_window_runs_the_inspection_and_keeps_its_result(house: House) -> None:
    await begun(house)
    (inspection,) = house.inspect.seen
    assert (inspection.window, inspection.items, inspection.pace) == (PLAN.window, PLAN.items, PLAN.pace)
    assert inspection.picked == PLAN.picked != ()
    await house.service.tick()
    assert len(house.inspect.seen) == 1
    house.inspect.may_end.set()
    await until(lambda: house.phase() is Phase.ENDED)
    assert house.outcome() is InspectionOutcome.PASS
    assert house.owed() == []
    assert (house.folder / "inspections" / inspection.inspection_id / "evidence").is_dir()
    assert [told.to for told in house.told if "ended: pass" in told.about] == [Side.REVIEW_BODY, Side.OPERATOR]


async def test_a_window_that_is_over_cuts_off_and_leaves_debts(house: House) -> None:
    await begun(house)
    house.clock.advance(3600)
    await house.service.tick()
    await until(lambda: house.phase() is Phase.ENDED)
    assert house.outcome() is InspectionOutcome.INCONCLUSIVE
    assert house.owed() == [(Item.PORTS, "stopped"), (Item.HOLES, "stopped")]


async def test_a_later_inspection_pays_the_debt(house: House) -> None:
    house.service.submit(Offered(plan_id="p0", by=Side.REVIEW_BODY, at=DAY, plan=make_plan("p0", window=hours(0, 0.5))))
    house.service.submit(
        Accepted(plan_id="p0", by=Side.OPERATOR, at=DAY, digest=make_plan("p0", window=hours(0, 0.5)).digest)
    )
    house.service.submit(Stopped(plan_id="p0", by=Side.OPERATOR, at=DAY, reason="not today"))
    assert len(house.owed()) == 2
    await begun(house)
    house.inspect.may_end.set()
    await until(lambda: house.phase() is Phase.ENDED)
    assert house.owed() == []


async def test_the_operator_s_stop_reaches_the_inspection_from_any_thread(house: House) -> None:
    await begun(house)
    stop = Stopped(plan_id="p1", by=Side.OPERATOR, at=house.clock.now(), reason="the shop is slow")
    await asyncio.to_thread(house.service.submit, stop)
    await until(lambda: house.phase() is Phase.ENDED)
    assert house.outcome() is InspectionOutcome.INCONCLUSIVE


async def test_an_inspection_that_breaks_is_inconclusive_and_owed(house: House) -> None:
    house.inspect.breaks = True
    house.inspect.may_end.set()
    await begun(house)
    await until(lambda: house.phase() is Phase.BROKEN)
    assert house.outcome() is InspectionOutcome.BROKEN
    assert house.owed() == [(item, "ConnectionError: Ray is gone") for item in PLAN.items]


async def test_what_was_sent_is_counted_while_it_runs(house: House) -> None:
    tally = Tally(connections=3, requests=2)
    house.inspect.report = Report(
        order_id="o1", server="web", worker_pid=1, node="n", at=DAY, tally=tally, remaining_s=9.0
    )
    took = house.clock.monotonic
    house.clock.monotonic = lambda: took() + len(house.inspect.seen)  # type: ignore[method-assign]  # a second per inspection
    await begun(house)
    with house.store.reading() as reading:
        (held,) = reading.unfinished()
    assert held.tally == tally


async def test_killed_while_running_means_broken_and_is_never_run_again(house: House) -> None:
    await begun(house)
    before = house.service
    house.restart()
    await asyncio.to_thread(house.service.recover)
    assert house.phase() is Phase.BROKEN
    assert house.owed() == [(item, DIED) for item in PLAN.items]
    await house.service.tick()
    assert len(house.inspect.seen) == 1
    house.inspect.may_end.set()
    await asyncio.gather(*before._tasks.values())


async def test_killed_before_the_start_means_it_starts_while_the_window_is_open(house: House) -> None:
    house.agree()
    house.restart()
    house.clock.advance(3600 + 1800)
    await asyncio.to_thread(house.service.recover)
    await house.service.tick()
    await until(house.inspect.began.is_set)
    assert house.phase() is Phase.RUNNING


async def test_a_shutdown_stops_what_runs_and_keeps_the_result(house: House) -> None:
    house.agree()
    house.clock.advance(3600)
    running = asyncio.create_task(house.service.run())
    await until(house.inspect.began.is_set)
    house.service.close()
    await asyncio.wait_for(running, 10)
    assert (house.phase(), house.outcome()) == (Phase.ENDED, InspectionOutcome.INCONCLUSIVE)


async def test_the_loop_outlives_a_look_that_fails(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[int] = []
    tick: Callable[[], Awaitable[None]] = house.service.tick

    async def broken_once() -> None:
        if not failed:
            failed.append(1)
            raise OSError("disk full")
        await tick()

    monkeypatch.setattr(house.service, "tick", broken_once)
    house.agree()
    house.clock.advance(3600)
    running = asyncio.create_task(house.service.run())
    await until(house.inspect.began.is_set)
    house.service.close()
    await asyncio.wait_for(running, 10)
    assert failed == [1]


async def test_a_result_that_cannot_be_kept_is_no_result(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    submit = house.desk.submit

    def full(event: object, result: Result | None = None) -> object:
        if result is not None:
            raise OSError("disk full")
        return submit(event)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(house.desk, "submit", full)
    house.inspect.may_end.set()
    await begun(house)
    await until(lambda: house.phase() is Phase.BROKEN)
    assert house.owed()[0][1] == "the result could not be kept: OSError"


async def test_a_stop_stops_even_when_the_store_cannot_say_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await begun(house)
    submit = house.desk.submit

    def full(event: Event, result: Result | None = None) -> Decision:
        if isinstance(event, Stopped):
            raise OSError("disk full")
        return submit(event, result)

    monkeypatch.setattr(house.desk, "submit", full)
    stop = Stopped(plan_id="p1", by=Side.OPERATOR, at=house.clock.now(), reason="the shop is slow")
    with pytest.raises(OSError, match="disk full"):
        await asyncio.to_thread(house.service.submit, stop)
    await until(lambda: house.phase() is Phase.ENDED)
    assert house.outcome() is InspectionOutcome.INCONCLUSIVE


async def test_a_stop_stops_even_when_it_cannot_be_logged_and_both_sides_are_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.service.RETRY_S", 0.01)
    await begun(house)
    house.notes.full = True
    stop = Stopped(plan_id="p1", by=Side.OPERATOR, at=house.clock.now(), reason="the shop is slow")
    decision = await asyncio.to_thread(house.service.submit, stop)
    assert "No space left" in decision.unlogged
    assert house.inspect.brakes[0].stopped == "stopped by the operator: the shop is slow"
    cries = [told.to for told in house.told if "could not be written into the audit log" in told.about]
    assert cries == [Side.REVIEW_BODY, Side.OPERATOR]
    house.notes.full = False
    await until(lambda: house.phase() is Phase.ENDED)


async def test_an_ending_that_cannot_be_logged_is_kept_when_it_can(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.service.RETRY_S", 0.01)
    await begun(house)
    house.notes.full = True
    house.inspect.may_end.set()
    tried: list[int] = []
    submit = house.desk.submit

    def counted(event: Event, result: Result | None = None) -> Decision:
        tried.append(1)
        return submit(event, result)

    monkeypatch.setattr(house.desk, "submit", counted)
    await until(lambda: len(tried) >= 2)
    assert house.phase() is Phase.RUNNING
    house.notes.full = False
    await until(lambda: house.phase() is Phase.ENDED)
    assert house.outcome() is InspectionOutcome.PASS


async def test_an_inspection_that_cannot_be_logged_does_not_begin_and_begins_when_it_can(house: House) -> None:
    house.agree()
    house.clock.advance(3600)
    house.notes.full = True
    await house.service.tick()
    assert (house.phase(), house.inspect.seen) == (Phase.AGREED, [])
    house.notes.full = False
    await house.service.tick()
    await until(house.inspect.began.is_set)


async def test_what_cannot_be_logged_does_not_keep_another_window_open(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut-off behind a start that is refused in the same look."""
    monkeypatch.setattr("scheduler.service.RETRY_S", 0.01)
    await begun(house)
    house.agree(make_plan("p2", window=hours(2, 3)))
    house.clock.advance(3600)
    house.notes.full = True
    await house.service.tick()
    assert house.inspect.brakes[0].stopped
    assert house.phase("p2") is Phase.AGREED
    house.notes.full = False
    await until(lambda: house.phase("p1") is Phase.ENDED)


async def test_a_plan_waits_as_long_as_another_inspection_holds_its_address(house: House) -> None:
    begin = make_plan("p0", window=hours(0.5, 1.2))
    house.agree(begin)
    house.agree(make_plan("p1", window=hours(1.2, 2)))
    claims = StoreClaims(house.store, house.clock)
    with house.store.changing() as change:
        change.begin("i0", begin, DAY)
    target = make_system().targets[0]
    until_then = Window(start=DAY, end=DAY + timedelta(hours=1.5))
    held = replace(make_order(target=target, window=until_then), inspection_id="i0", system="hana")
    claims.claim(replace(held, fence=claims.next_fence(target)), "d")
    house.clock.advance(1.3 * 3600)
    await house.service.tick()
    assert house.phase("p1") is Phase.AGREED
    house.clock.advance(0.21 * 3600)
    await house.service.tick()
    await until(house.inspect.began.is_set)
    assert house.phase("p1") is Phase.RUNNING


def slowed(house: House, share: float) -> Slowed:
    return Slowed(plan_id="p1", by=Side.OPERATOR, at=house.clock.now(), share=share, reason="a sale")


async def test_the_pace_goes_down_while_it_runs_and_never_up(house: House) -> None:
    await begun(house)
    (brake,) = house.inspect.brakes
    await asyncio.to_thread(house.service.submit, slowed(house, 0.5))
    assert brake.share == 0.5
    for higher in (0.5, 0.8, 1.0, 2.0, 0.0, -1.0, float("nan")):
        with pytest.raises(NegotiationError, match="below the present 50 %"):
            house.service.submit(slowed(house, higher))
    assert brake.share == 0.5
    assert house.notes.said(Action.PACE_LOWERED) == ["operator:hana plan p1"]


async def test_a_pace_lowered_before_the_start_holds_from_the_start_also_after_a_restart(house: House) -> None:
    house.agree()
    house.service.submit(slowed(house, 0.25))
    house.restart()
    house.clock.advance(3600)
    await house.service.tick()
    await until(house.inspect.began.is_set)
    assert house.inspect.brakes[0].share == 0.25


async def test_a_pace_that_cannot_be_logged_is_not_lowered(house: House) -> None:
    await begun(house)
    house.notes.full = True
    with pytest.raises(AuditError):
        house.service.submit(slowed(house, 0.5))
    assert house.inspect.brakes[0].share == 1.0
    house.notes.full = False


async def test_a_stop_of_a_system_stops_what_runs_and_says_what_is_still_to_come(house: House) -> None:
    await begun(house)
    house.agree(make_plan("p2", window=hours(3, 4)))
    decisions, coming = await asyncio.to_thread(house.service.stop, Side.OPERATOR, "smoke", "hana")
    assert [decision.after.plan.plan_id for decision in decisions] == ["p1"]
    assert [held.plan.plan_id for held in coming] == ["p2"]
    assert house.inspect.brakes[0].stopped == "stopped by the operator: smoke"
    await until(lambda: house.phase() is Phase.ENDED)
    assert house.phase("p2") is Phase.AGREED
    assert house.owed()


async def test_a_stop_is_kept_before_the_end_that_it_causes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await begun(house)
    submit = house.desk.submit
    order: list[str] = []

    def slow(event: Event, result: Result | None = None) -> Decision:
        if isinstance(event, Stopped):
            # By now the brake is pulled: the inspection ends in its own thread while this is being kept.
            time.sleep(0.3)
        order.append(event.kind)
        return submit(event, result)

    monkeypatch.setattr(house.desk, "submit", slow)
    stop = Stopped(plan_id="p1", by=Side.OPERATOR, at=house.clock.now(), reason="smoke")
    await asyncio.to_thread(house.service.submit, stop)
    await until(lambda: house.phase() is Phase.ENDED)
    assert order == ["stopped", "inspection-ended"]
    assert house.notes.said(Action.STOP_CALLED) == ["operator:hana plan p1"]


async def test_a_stop_of_another_system_is_none_of_ours(house: House) -> None:
    await begun(house)
    assert await asyncio.to_thread(house.service.stop, Side.OPERATOR, "smoke", "tori") == ([], [])
    assert not house.inspect.brakes[0].stopped


async def test_a_stop_of_everything_stops_what_would_begin_now(house: House) -> None:
    house.agree()
    house.clock.advance(3600)
    decisions, _ = await asyncio.to_thread(house.service.stop, Side.REVIEW_BODY, "incident")
    assert [decision.after.phase for decision in decisions] == [Phase.STOPPED]
    await house.service.tick()
    assert house.inspect.seen == []


async def test_a_stop_of_everything_stops_even_when_the_store_cannot_be_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(house)

    def unreadable() -> None:
        raise OSError("disk gone")

    with monkeypatch.context() as patch:
        patch.setattr(house.store, "reading", unreadable)
        with pytest.raises(OSError, match="disk gone"):
            await asyncio.to_thread(house.service.stop, Side.REVIEW_BODY, "incident")
    assert house.inspect.brakes[0].stopped


def test_the_scene_s_window_is_the_one_that_the_tests_wait_for() -> None:
    assert PLAN.window.start - DAY == timedelta(hours=1)
