"""Negotiations, read as dialogues: `body` and `shop` speak, `clock` tells the time, and the table shows what follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grid.window import Window
from probes.target import Item
from probes.verdict import Standing
from scheduler import dialogue
from scheduler.dialogue import (
    Arm,
    CutOff,
    Disarm,
    Event,
    Gap,
    Instruction,
    Pair,
    RecordDebt,
    SettleDebt,
    Side,
    SpecialReason,
    Start,
)
from scheduler.negotiation import ARMED, LIVE, Agenda, NegotiationError, Phase, respond
from scheduler.plan import InspectionPlan, PlanError
from scheduler.result import Kind
from tests.scheduler.scene import DAY, hours, make_plan, make_system

BODY, SHOP, CLOCK = Side.REVIEW_BODY, Side.OPERATOR, Side.SERVICE


class Table:
    """The negotiating table: holds the agenda, gives the instructions other than notices."""

    def __init__(self) -> None:
        self.agenda = Agenda(system=make_system())
        self.at: datetime = DAY - timedelta(days=1)

    def say(self, event: Event) -> list[Instruction]:
        self.agenda, instructions = respond(self.agenda, event)
        return [each for each in instructions if not isinstance(each, dialogue.Notify)]

    def phase(self, plan_id: str = "p1") -> Phase:
        held = self.agenda.of(plan_id)
        assert held is not None
        return held.phase

    def _base(self, side: Side, plan_id: str) -> dict[str, Any]:
        return {"plan_id": plan_id, "by": side, "at": self.at}

    def offer(self, plan: InspectionPlan, by: Side = BODY) -> list[Instruction]:
        return self.say(dialogue.Offered(plan=plan, **self._base(by, plan.plan_id)))

    def counter(self, side: Side, plan: InspectionPlan, *, outside: bool = False) -> list[Instruction]:
        return self.say(dialogue.Countered(plan=plan, outside_calendar=outside, **self._base(side, plan.plan_id)))

    def accept(self, side: Side, plan: InspectionPlan, *, outside: bool = False) -> list[Instruction]:
        base = self._base(side, plan.plan_id)
        return self.say(dialogue.Accepted(digest=plan.digest, outside_calendar=outside, **base))

    def decline(self, side: Side, reason: str, special: SpecialReason | None = None) -> list[Instruction]:
        return self.say(dialogue.Declined(reason=reason, special=special, **self._base(side, "p1")))

    def withdraw(self, side: Side, reason: str = "moved") -> list[Instruction]:
        return self.say(dialogue.Withdrawn(reason=reason, **self._base(side, "p1")))

    def stop(self, side: Side, reason: str = "the shop is slow") -> list[Instruction]:
        return self.say(dialogue.Stopped(reason=reason, **self._base(side, "p1")))

    def opens(self, at: datetime) -> list[Instruction]:
        self.at = at
        return self.say(dialogue.WindowOpened(**self._base(CLOCK, "p1")))

    def closes(self, at: datetime, plan_id: str = "p1") -> list[Instruction]:
        self.at = at
        return self.say(dialogue.WindowClosed(**self._base(CLOCK, plan_id)))

    def ends(self, *gaps: Gap, tested: tuple[Pair, ...] = ()) -> list[Instruction]:
        standing = Standing.INCONCLUSIVE if gaps else Standing.PASS
        event = dialogue.InspectionEnded(
            inspection_id="i1", standing=standing, gaps=gaps, tested=tested, **self._base(CLOCK, "p1")
        )
        return self.say(event)

    def breaks(self, reason: str) -> list[Instruction]:
        return self.say(dialogue.InspectionBroken(reason=reason, **self._base(CLOCK, "p1")))

    def refuses(self, expected: str, speak: Any) -> Exception:
        """Check that what is said is refused and changes nothing."""
        before = self.agenda
        with pytest.raises((NegotiationError, PlanError), match=expected) as caught:
            speak()
        assert self.agenda is before
        return caught.value


@pytest.fixture
def table() -> Table:
    return Table()


def agreed(table: Table, plan: InspectionPlan) -> None:
    table.offer(plan)
    table.accept(SHOP, plan)


OWED = ("web", Item.PORTS), ("web", Item.HOLES)


def owed(instructions: list[Instruction]) -> tuple[tuple[str, Item], ...]:
    (debt,) = [each for each in instructions if isinstance(each, RecordDebt)]
    return tuple((gap.server, gap.item) for gap in debt.gaps)


def test_offer_counter_accept(table: Table) -> None:
    first, second, third = make_plan(), make_plan(window=hours(2, 3)), make_plan(window=hours(3, 4))
    assert table.offer(first) == []
    assert table.counter(SHOP, second) == []
    assert table.counter(BODY, third) == []
    assert table.accept(SHOP, third) == [Arm(plan=third)]
    assert table.phase() is Phase.AGREED


def test_a_run_from_window_to_result(table: Table) -> None:
    plan = make_plan()
    agreed(table, plan)
    assert table.opens(hours(1, 2).start) == [Start(plan=plan)]
    pairs = (Pair(server="web", item=Item.PORTS), Pair(server="web", item=Item.HOLES))
    assert table.ends(tested=pairs) == [SettleDebt(plan_id="p1", tested=pairs)]
    assert table.phase() is Phase.ENDED


def test_cut_off_at_the_end_leaves_a_debt(table: Table) -> None:
    agreed(table, make_plan())
    table.opens(hours(1, 2).start)
    assert table.closes(hours(1, 2).end) == [CutOff(plan_id="p1", reason="the window is over")]
    gap = Gap(server="web", item=Item.HOLES, checks=20, reason="window over")
    paid = (Pair(server="web", item=Item.PORTS),)
    assert table.ends(gap, tested=paid) == [
        SettleDebt(plan_id="p1", tested=paid),
        RecordDebt(plan_id="p1", gaps=(gap,)),
    ]
    assert table.phase() is Phase.ENDED


def test_an_agreed_window_that_passes_without_a_start_is_missed_and_owed(table: Table) -> None:
    agreed(table, make_plan())
    assert owed(table.closes(hours(1, 2).end)) == OWED
    assert table.phase() is Phase.MISSED


def test_the_operator_stops_before_and_during(table: Table) -> None:
    agreed(table, make_plan())
    instructions = table.stop(SHOP)
    assert instructions[0] == Disarm(plan_id="p1")
    assert owed(instructions) == OWED
    assert table.phase() is Phase.STOPPED

    other = Table()
    agreed(other, make_plan())
    other.opens(hours(1, 2).start)
    reason = "stopped by the operator: the shop is slow"
    assert other.stop(SHOP) == [CutOff(plan_id="p1", reason=reason)]
    assert other.stop(BODY, "as well")[0] == CutOff(plan_id="p1", reason="stopped by the review-body: as well")
    held = other.agenda.of("p1")
    assert held is not None
    assert (held.phase, held.reason) == (Phase.ENDING, reason)


def test_an_inspection_that_never_came_back_is_owed_as_a_whole(table: Table) -> None:
    agreed(table, make_plan())
    table.opens(hours(1, 2).start)
    assert owed(table.breaks("the service died while it ran")) == OWED
    assert table.phase() is Phase.BROKEN


def test_a_spot_inspection_is_declined_with_a_special_reason_only(table: Table) -> None:
    table.offer(make_plan(kind=Kind.SPOT))
    table.refuses("a special reason", lambda: table.decline(SHOP, "we do not like it"))
    assert table.decline(SHOP, "spring sale", SpecialReason.PEAK_BUSINESS) == []
    assert table.phase() is Phase.DECLINED


def test_a_spot_inspection_that_nobody_answers_is_owed(table: Table) -> None:
    table.offer(make_plan(kind=Kind.SPOT))
    assert owed(table.closes(hours(1, 2).end)) == OWED
    assert table.phase() is Phase.LAPSED


def test_an_ordinary_offer_may_be_declined_and_lapses_without_debt(table: Table) -> None:
    table.offer(make_plan())
    table.refuses("a reason", lambda: table.decline(SHOP, "  "))
    assert table.decline(SHOP, "moving house") == []
    table.offer(make_plan("p2"))
    assert table.closes(hours(1, 2).end, "p2") == []
    assert (table.phase(), table.phase("p2")) == (Phase.DECLINED, Phase.LAPSED)


def test_the_body_withdraws_before_the_start_only(table: Table) -> None:
    agreed(table, make_plan())
    table.refuses("the review-body for 'withdrawn'", lambda: table.withdraw(SHOP))
    assert table.withdraw(BODY) == [Disarm(plan_id="p1")]
    assert table.phase() is Phase.WITHDRAWN
    table.refuses("offered or agreed for 'withdrawn'", lambda: table.withdraw(BODY))


def test_nobody_accepts_its_own_form(table: Table) -> None:
    plan = make_plan()
    table.offer(plan)
    table.refuses("an answer of the operator", lambda: table.accept(BODY, plan))
    table.refuses("the review-body or the operator", lambda: table.accept(CLOCK, plan))


def test_an_acceptance_that_crossed_a_counter_offer_is_refused(table: Table) -> None:
    first, second = make_plan(), make_plan(window=hours(2, 3))
    table.offer(first)
    table.counter(BODY, second)
    error = table.refuses("the present form", lambda: table.accept(SHOP, first))
    assert "read the present form and accept that one" in str(error)


def test_two_windows_of_one_system_never_overlap(table: Table) -> None:
    agreed(table, make_plan())
    late = make_plan("p2", window=hours(1.5, 3))
    table.offer(late)
    table.refuses("plan p1 holds", lambda: table.accept(SHOP, late))
    table.counter(SHOP, make_plan("p2", window=hours(2, 3)))
    assert table.accept(BODY, make_plan("p2", window=hours(2, 3)))[0] == Arm(plan=make_plan("p2", window=hours(2, 3)))


def test_hours_outside_the_calendar_need_the_operator_s_word(table: Table) -> None:
    noon = make_plan(window=hours(12, 13))
    table.offer(noon)
    table.refuses("outside the calendar", lambda: table.accept(SHOP, noon))
    assert table.accept(SHOP, noon, outside=True) == [Arm(plan=noon)]

    other = Table()
    other.offer(make_plan())
    other.refuses("outside the calendar", lambda: other.counter(SHOP, noon))
    other.counter(SHOP, noon, outside=True)
    assert other.accept(BODY, noon) == [Arm(plan=noon)]


def test_the_body_s_word_does_not_replace_the_operator_s(table: Table) -> None:
    noon = make_plan(window=hours(12, 13))
    table.offer(make_plan())
    table.counter(BODY, noon, outside=True)
    table.refuses("outside the calendar", lambda: table.accept(SHOP, noon))


def test_what_a_plan_is_about_never_changes_in_a_counter_offer(table: Table) -> None:
    table.offer(make_plan())
    table.refuses("kind scheduled", lambda: table.counter(SHOP, make_plan(kind=Kind.SPOT)))
    too_fast = replace(make_plan().pace, connections_per_s=21.0)
    table.refuses("pace.connections_per_s", lambda: table.counter(SHOP, make_plan(pace=too_fast)))


def test_plans_that_nobody_knows_and_ids_that_are_taken(table: Table) -> None:
    table.refuses("no such plan", lambda: table.stop(SHOP))
    table.refuses("the review-body for 'offered'", lambda: table.offer(make_plan(), by=SHOP))
    table.offer(make_plan())
    table.refuses("a new plan id", lambda: table.offer(make_plan()))


def test_the_clock_is_not_believed_blindly(table: Table) -> None:
    agreed(table, make_plan())
    table.refuses("a moment inside", lambda: table.opens(hours(0.5, 1).start))
    table.refuses("the end of", lambda: table.closes(hours(1.5, 2).start))
    table.refuses("running or ending", table.ends)


# --- whatever is said, in whatever order -----------------------------------------------------------------------------

WINDOWS = st.sampled_from([hours(1, 2), hours(1.5, 2.5), hours(2, 3), hours(12, 13)])
MOMENTS = st.sampled_from([DAY, *(hours(h, 24).start for h in (1, 1.5, 2, 2.5, 3, 12, 13))])
VERBS = ("offer", "counter", "accept", "decline", "withdraw", "stop", "open", "close", "end", "break")


@dataclass(frozen=True)
class Move:
    """What somebody tries to say; which form and moment it is about is looked up on the table, or not."""

    verb: str
    plan: InspectionPlan
    by: Side
    at: datetime
    outside: bool
    fitting: bool
    """Speak of the form, the moment and the side that the table waits for; else of the drawn ones."""

    def event(self, agenda: Agenda) -> Event:
        held = agenda.of(self.plan.plan_id)
        form = held.plan if held and self.fitting else self.plan
        moments = {"open": form.window.start, "close": form.window.end}
        at = moments.get(self.verb, self.at) if self.fitting else self.at
        by = held.awaits[0] if held and held.awaits and self.fitting and self.verb == "accept" else self.by
        base: dict[str, Any] = {"plan_id": self.plan.plan_id, "by": by, "at": at}
        by_service = {**base, "by": Side.SERVICE}
        special = SpecialReason.LEGAL if self.outside else None
        made: dict[str, Event] = {
            "offer": dialogue.Offered(plan=self.plan, **{**base, "by": Side.REVIEW_BODY}),
            "counter": dialogue.Countered(plan=self.plan, outside_calendar=self.outside, **base),
            "accept": dialogue.Accepted(digest=form.digest, outside_calendar=self.outside, **base),
            "decline": dialogue.Declined(reason="no", special=special, **base),
            "withdraw": dialogue.Withdrawn(reason="no", **base),
            "stop": dialogue.Stopped(reason="no", **base),
            "open": dialogue.WindowOpened(**by_service),
            "close": dialogue.WindowClosed(**by_service),
            "end": dialogue.InspectionEnded(
                inspection_id="i", standing=Standing.PASS, gaps=(), tested=(), **by_service
            ),
            "break": dialogue.InspectionBroken(reason="no", **by_service),
        }
        return made[self.verb]


OFFERS = tuple(
    Move(verb="offer", plan=make_plan(plan_id), by=Side.REVIEW_BODY, at=DAY, outside=False, fitting=False)
    for plan_id in ("p1", "p2")
)
PLANS = st.builds(
    lambda plan_id, window, kind: make_plan(plan_id, window=window, kind=kind),
    st.sampled_from(["p1", "p1", "p2", "p3"]),
    WINDOWS,
    st.sampled_from([Kind.SCHEDULED, Kind.SPOT]),
)
MOVES = st.builds(
    Move,
    # Acceptances are what leads anywhere, so they are drawn more often.
    verb=st.sampled_from([*VERBS, *["accept"] * 6, "counter", "open", "open", "end"]),
    plan=PLANS,
    by=st.sampled_from([Side.OPERATOR, Side.OPERATOR, Side.REVIEW_BODY, Side.SERVICE]),
    at=MOMENTS,
    outside=st.booleans(),
    fitting=st.booleans(),
)


class Witness:
    """Remembers, without knowing the rules, who last said yes to which form."""

    def __init__(self) -> None:
        self.yes: dict[tuple[str, str], set[Side]] = {}

    def heard(self, event: Event) -> None:
        if isinstance(event, dialogue.Offered | dialogue.Countered):
            self.yes.setdefault((event.plan_id, event.plan.digest), set()).add(event.by)
        elif isinstance(event, dialogue.Accepted):
            self.yes.setdefault((event.plan_id, event.digest), set()).add(event.by)

    def saw_both(self, plan: InspectionPlan) -> bool:
        return {Side.REVIEW_BODY, Side.OPERATOR} <= self.yes.get((plan.plan_id, plan.digest), set())


def overlap(one: Window, other: Window) -> bool:
    return one.start < other.end and other.start < one.end


@settings(max_examples=300, deadline=None)
@given(st.lists(MOVES, min_size=5, max_size=30))
def test_whatever_is_said_only_what_both_accepted_is_armed_and_never_twice_at_once(spoken: list[Move]) -> None:
    agenda, witness, started = Agenda(system=make_system()), Witness(), []
    for event, after, instructions in heard(agenda, spoken):
        agenda = after
        witness.heard(event)
        for instruction in instructions:
            if isinstance(instruction, Arm | Start):
                assert witness.saw_both(instruction.plan)
            if isinstance(instruction, Start):
                assert instruction.plan.window.holds(event.at)
                started.append(instruction.plan.plan_id)
        armed = [held.plan.window for held in agenda.negotiations if held.phase in ARMED]
        assert not any(overlap(a, b) for i, a in enumerate(armed) for b in armed[i + 1 :])
        assert all(held.phase in LIVE or not held.awaits for held in agenda.negotiations)
    assert len(started) == len(set(started))


def heard(agenda: Agenda, spoken: list[Move]) -> Iterator[tuple[Event, Agenda, tuple[Instruction, ...]]]:
    """Give everything that was said and allowed, with what followed; two offers lie on the table."""
    for move in (*OFFERS, *spoken):
        event = move.event(agenda)
        try:
            agenda, instructions = respond(agenda, event)
        except (NegotiationError, PlanError):
            continue
        yield event, agenda, instructions


def test_the_random_dialogues_do_reach_running_inspections() -> None:
    """Guards the property above against being true of nothing."""
    reached: set[Phase] = set()

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(st.lists(MOVES, min_size=5, max_size=30))
    def look(spoken: list[Move]) -> None:
        for _, agenda, _ in heard(Agenda(system=make_system()), spoken):
            reached.update(held.phase for held in agenda.negotiations)

    look()
    assert reached >= {Phase.AGREED, Phase.RUNNING, Phase.DECLINED, Phase.STOPPED}
