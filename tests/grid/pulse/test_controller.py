"""The controller: stories of shops, and promises that hold in every story."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grid.pulse.controller import CALM, CUT_PART, FLOOR, HOLD_MOST_S, START, Beat, State, beat
from probes.pulse.facts import HOLD_S, Advice, Echo, Phase, Pulse, PulseBeat
from probes.pulse.latency import p95

PULSE = Pulse(server="web", port=443, every_s=2, lead_s=60, patience_s=60)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
USUAL = 0.100
"""Latency without us. The bound is then 150 ms; up to 125 ms is calm, above 137.5 ms the pace is cut."""


def well(latency_s: float = USUAL) -> dict[str, object]:
    return {"echo": Echo.ANSWERED, "latency_s": latency_s}


def ill(status: int = 500, retry_after_s: float = 0.0) -> dict[str, object]:
    fact = PulseBeat(at=NOW, echo=Echo.ANSWERED, status=status, retry_after_s=retry_after_s)
    return {"echo": Echo.ANSWERED, "trouble": fact.trouble, "hold_s": fact.hold_s}


TIMEOUT: dict[str, object] = {"echo": Echo.FAILED, "trouble": "timeout"}
UNSEEN: dict[str, object] = {"echo": Echo.NOT_SENT}


class Story:
    """Beats every two seconds, and what was advised after each."""

    def __init__(self, pulse: Pulse = PULSE) -> None:
        self.at = 100.0
        self.state = State.opened(pulse, self.at)
        self.advices: list[Advice] = []

    def hears(self, *beats: dict[str, object]) -> Advice:
        for fields in beats:
            self.at += 2.0
            self.state, advice = beat(self.state, Beat(at=self.at, **fields))  # type: ignore[arg-type]  # the story names the fields
            self.advices.append(advice)
        return self.state.advice

    def factors(self) -> list[float]:
        return [advice.factor for advice in self.advices]


def running(pulse: Pulse = PULSE) -> Story:
    """A story in which the lead has just ended."""
    story = Story(pulse)
    story.hears(*[well()] * 30)
    assert story.state.advice.phase is Phase.RUN
    story.advices.clear()
    return story


def test_nothing_runs_before_the_lead_is_over() -> None:
    story = Story()
    story.hears(*[well()] * 29)
    assert {(advice.phase, advice.factor) for advice in story.advices} == {(Phase.LEAD, 0.0)}
    assert story.hears(well()) == story.state.advice
    assert (story.state.advice.phase, story.state.advice.factor) == (Phase.RUN, START)


def test_a_healthy_shop_is_inspected_faster_and_faster_up_to_what_was_agreed() -> None:
    story = running()
    story.hears(*[well()] * 60)
    factors = story.factors()
    assert factors == sorted(factors)
    assert factors[-1] == 1.0
    assert factors[:6] == [0.25] * 4 + [0.35] * 2


def test_a_lead_with_too_few_beats_goes_on() -> None:
    story = Story(Pulse(server="web", port=443, every_s=2, lead_s=10))
    assert story.hears(*[well()] * 19).phase is Phase.LEAD
    assert story.hears(well()).phase is Phase.RUN


@pytest.mark.parametrize("trouble", [ill(), TIMEOUT, ill(404)])
def test_a_shop_that_fails_without_us_is_left_alone(trouble: dict[str, object]) -> None:
    story = Story()
    advice = story.hears(*[well(), well(), trouble] * 20)
    assert advice.phase is Phase.ABORT
    assert "not well before" in advice.reason.en
    assert Phase.RUN not in {entry.phase for entry in story.advices}


def test_a_shop_that_falls_ill_at_the_end_of_the_lead_is_not_begun_with() -> None:
    story = Story(Pulse(server="web", port=443, every_s=2, lead_s=200))
    assert story.hears(*[well()] * 98, TIMEOUT, TIMEOUT).phase is Phase.LEAD
    assert story.hears(well(), well()).phase is Phase.LEAD
    assert story.hears(well()).phase is Phase.RUN


def test_without_a_baseline_nothing_ever_begins() -> None:
    story = Story()
    assert story.hears(*[UNSEEN] * 89).phase is Phase.LEAD
    assert story.hears(UNSEEN).phase is Phase.ABORT
    assert "too few" in story.state.advice.reason.en


def test_a_shop_that_slows_is_asked_half_as_fast() -> None:
    story = running()
    story.hears(*[well()] * 60)
    story.advices.clear()
    story.hears(*[well(0.3)] * 3)
    assert story.factors() == [1.0, 0.5, 0.5], "one slow beat of twenty is no p95"
    assert story.hears(well(0.3), well(0.3)).factor == 0.25, "after a cut three beats are waited for"


def test_a_shop_that_is_slow_at_the_slowest_pace_is_paused_then_handed_back() -> None:
    story = running()
    story.hears(*[well(0.3)] * 80)
    seen = [one for one, other in pairwise([*story.advices, None]) if one != other]
    assert [entry.factor for entry in seen if entry] == [0.25, 0.125, 0.0625, 0.05, 0.0, 0.0]
    assert [entry.phase for entry in seen if entry][-2:] == [Phase.PAUSE, Phase.ABORT]
    paused = [entry.phase for entry in story.advices].count(Phase.PAUSE) * 2.0
    assert PULSE.patience_s - 2 <= paused <= PULSE.patience_s + 2


def test_a_single_slow_beat_changes_nothing() -> None:
    story = running()
    story.hears(*[well()] * 20, well(2.0), *[well()] * 3)
    assert min(story.factors()) == START
    assert all(other >= one for one, other in pairwise(story.factors()))


@pytest.mark.parametrize("trouble", [ill(), TIMEOUT, ill(403), UNSEEN])
def test_one_new_error_pauses_at_once_and_calm_ends_it(trouble: dict[str, object]) -> None:
    story = running()
    story.hears(*[well()] * 10)
    assert story.hears(trouble) == story.state.advice
    assert (story.state.advice.phase, story.state.advice.factor) == (Phase.PAUSE, 0.0)
    assert story.hears(*[well()] * (CALM - 1)).phase is Phase.PAUSE
    assert (story.hears(well()).phase, story.state.advice.factor) == (Phase.RUN, FLOOR)


def test_between_calm_and_cut_nothing_changes() -> None:
    """Hysteresis: else the pace would swing around the bound for ever."""
    story = running()
    story.hears(*[well(0.13)] * 40)
    assert set(story.factors()) == {START}
    story.hears(TIMEOUT, *[well(0.13)] * 20)
    assert story.state.advice.phase is Phase.PAUSE


def test_an_error_that_the_shop_had_without_us_is_no_harm_while_it_is_rare() -> None:
    story = Story(Pulse(server="web", port=443, every_s=2, lead_s=80))
    story.hears(*[well()] * 20, ill(502), *[well()] * 19)
    assert story.state.advice.phase is Phase.RUN
    story.hears(ill(502), *[well()] * 20, ill(502))
    assert story.state.advice.phase is Phase.RUN
    assert story.hears(well(), ill(502)).phase is Phase.PAUSE, "twice in twenty is more than before"


def test_an_error_of_another_kind_than_before_pauses() -> None:
    story = Story(Pulse(server="web", port=443, every_s=2, lead_s=80))
    story.hears(*[well()] * 20, ill(502), *[well()] * 19)
    assert story.hears(ill(500)).phase is Phase.PAUSE


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (ill(429), HOLD_S),
        (ill(503), HOLD_S),
        (ill(503, 90), 90),
        (ill(429, 5), 5),
        ({**well(), "hold_s": 40.0}, 40),
    ],
)
def test_who_asks_to_be_left_alone_is_left_alone_for_so_long(asked: dict[str, object], seconds: float) -> None:
    story = running()
    story.hears(asked)
    began = story.at
    while story.state.advice.phase is Phase.PAUSE:
        story.hears(well())
    assert story.state.advice.phase is Phase.RUN
    assert story.at - began >= seconds


def test_who_asks_for_very_long_gets_the_window_back() -> None:
    story = running()
    assert story.hears(ill(503, HOLD_MOST_S + 1)).phase is Phase.ABORT
    story = Story()
    assert story.hears(ill(429, HOLD_MOST_S + 1)).phase is Phase.ABORT


def test_a_shop_that_asks_again_and_again_gets_the_window_back() -> None:
    story = running()
    story.hears(ill(503, 20))
    for _ in range(3):
        story.at += 20
        assert story.state.advice.phase is Phase.PAUSE
        story.hears(ill(503, 20))
    assert story.state.advice.phase is Phase.ABORT


def test_asking_on_and_on_within_the_hold_does_not_keep_the_window() -> None:
    story = running()
    story.hears(*[ill(503)] * 320)
    assert story.state.advice.phase is Phase.ABORT


def test_a_pause_that_comes_back_again_and_again_ends_it() -> None:
    """Each pause alone is short; together the shop was unwell for longer than agreed."""
    story = running()
    for _ in range(20):
        story.hears(TIMEOUT, *[well()] * (CALM + 1))
    assert story.state.advice.phase is Phase.ABORT


def test_trouble_that_is_over_is_forgotten() -> None:
    story = running()
    for _ in range(20):
        story.hears(TIMEOUT, *[well()] * (CALM + 20))
    assert story.state.advice.phase is Phase.RUN


def test_a_beat_is_overdue_after_three_intervals() -> None:
    story = running()
    assert story.state.overdue_at == pytest.approx(story.at + 3 * 2 + 0.150)
    assert Beat.missed(story.state.overdue_at).echo is Echo.NOT_SENT


def test_a_fact_is_heard_as_it_is() -> None:
    fact = PulseBeat(at=NOW, echo=Echo.ANSWERED, latency_s=0.2, status=503, retry_after_s=7)
    assert Beat.heard(fact, 5.0) == Beat(at=5.0, echo=Echo.ANSWERED, latency_s=0.2, trouble="status-503", hold_s=7)


_LATENCIES = st.sampled_from([0.01, 0.1, 0.12, 0.149, 0.151, 0.3, 5.0])
_WELL = st.builds(well, _LATENCIES)
_ILL = st.builds(ill, st.sampled_from([404, 429, 500, 503]), st.sampled_from([0.0, 0.0, 7.0, 100.0, 700.0]))
_BEATS = st.one_of(_WELL, _WELL, _WELL, _WELL, _ILL, st.just(TIMEOUT), st.just(UNSEEN))
_RUNS = st.lists(st.tuples(_BEATS, st.integers(1, 25)), max_size=25)


def _unfolded(runs: Iterable[tuple[dict[str, object], int]]) -> list[dict[str, object]]:
    return [fields for fields, times in runs for _ in range(times)]


@settings(max_examples=300, deadline=None)
@given(runs=_RUNS, after_lead=st.booleans(), gaps=st.lists(st.floats(-1, 30), max_size=20))
def test_in_every_story_the_promises_hold(
    runs: list[tuple[dict[str, object], int]], after_lead: bool, gaps: list[float]
) -> None:
    story = running() if after_lead else Story()
    held_until = 0.0
    before = story.state.advice
    for number, fields in enumerate(_unfolded(runs)):
        story.at += gaps[number % len(gaps)] if gaps else 0.0
        story.hears(fields)
        advice, state = story.state.advice, story.state
        heard = Beat(at=story.at, **fields)  # type: ignore[arg-type]  # the story names the fields
        held_until = max(held_until, state.at + heard.hold_s) if heard.hold_s else held_until
        assert 0.0 <= advice.factor <= 1.0
        assert (advice.factor > 0) == (advice.phase is Phase.RUN)
        assert before.phase is not Phase.ABORT or advice == before, "an abort is final"
        assert advice.phase is not Phase.RUN or state.at >= held_until, "Retry-After is obeyed"
        assert advice.phase is not Phase.LEAD or before.phase is Phase.LEAD, "there is one lead"
        if advice.factor > before.factor:
            assert heard.echo is Echo.ANSWERED
            assert not heard.trouble
            assert heard.latency_s <= state.bound_s
            assert p95(state.recent) <= state.bound_s, "never faster while above the bound"
            assert p95(state.recent) <= state.added_s(CUT_PART)
        before = advice
