"""Weighing a control: what holds, what fails, what was cut off, and what that means for the verdicts of a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from grid.window import Window
from plugins.text import Text
from probes.finding import Certainty, Finding, Grade, Severity
from probes.observation import Ending
from probes.pace import Pace
from probes.tally import Tally
from probes.target import Item, Role, Target
from probes.verdict import Coverage, Judgement, Outcome, Standing, Verdict, combine, decide
from scheduler.controls.planted import PLANTED
from scheduler.controls.running import BAD, GOOD
from scheduler.controls.weigh import standing_verdicts, weigh, without
from scheduler.result import ControlStanding, ItemResult, Kind, Result, ServerResult
from scheduler.system import Contact

START = datetime(2026, 11, 23, tzinfo=UTC)
ALL = {plant.id: plant.certainty for plant in PLANTED}
LEFT_OUT, *REST = ALL


def verdict(server: str, found: dict[str, Certainty], clean: tuple[str, ...] = ()) -> Verdict:
    findings = tuple(
        Finding(
            server=server,
            item=Item.HOLES,
            rule=rule,
            clause="",
            subject=server,
            grade=Grade.FAILING,
            severity=Severity.HIGH,
            certainty=certainty,
            title=Text(en="hole", ja="穴"),
            remedy=Text(en="mend", ja="直す"),
        )
        for rule, certainty in found.items()
    )
    outcomes = dict.fromkeys(clean, Outcome.CLEAN) | dict.fromkeys(found, Outcome.FOUND)
    coverage = tuple(
        Coverage(server=server, item=Item.HOLES, check=check, subject=server, outcome=outcome)
        for check, outcome in outcomes.items()
    )
    return decide([Judgement(findings=findings, coverage=coverage)])


def server(name: str, found: dict[str, Certainty], clean: tuple[str, ...] = ()) -> ServerResult:
    return ServerResult(
        target=Target(name=name, role=Role.WEB, addresses=("127.0.0.1",)),
        order_id=name,
        worker_pid=1,
        node="n",
        started=START,
        ended=START,
        items=(ItemResult(item=Item.HOLES, ending=Ending.FINISHED),),
        tally=Tally(requests=7),
        pace=Pace(),
        verdict=verdict(name, found, clean),
    )


def ran(bad: ServerResult, good: ServerResult) -> Result:
    return Result(
        inspection_id="c1",
        kind=Kind.SCHEDULED,
        system="tenken-control",
        title="Control",
        operator=Contact(organisation="T", name="t", email="t@localhost"),
        window=Window(start=START, end=START + timedelta(hours=1)),
        pace=Pace(),
        items=(Item.HOLES,),
        rules_version="r",
        pack_digest="p",
        started=START,
        ended=START,
        servers=(bad, good),
        verdict=combine([bad.verdict, good.verdict]),
    )


HELD = weigh(ran(server(BAD, ALL), server(GOOD, {}, clean=tuple(ALL))))
SOUND = server(GOOD, {}, clean=tuple(ALL))
PASS, FAIL = verdict("web", {}, ("a", "b")), verdict("web", {"a": Certainty.VERIFIED})


def test_a_control_holds_and_says_what_it_took() -> None:
    assert (HELD.standing, HELD.reason) == (ControlStanding.HELD, "")
    assert HELD.planted == tuple(sorted(ALL))
    assert [(one.name, one.found, one.tally.requests) for one in HELD.servers] == [
        (BAD, tuple(sorted(ALL)), 7),
        (GOOD, (), 7),
    ]


@pytest.mark.parametrize(
    ("bad", "good", "said"),
    [
        (server(BAD, {rule: ALL[rule] for rule in REST}), SOUND, f"not found on the known-bad server: {LEFT_OUT} ("),
        (server(BAD, {**ALL, LEFT_OUT: Certainty.SUSPECTED}), SOUND, "not found on the known-bad server"),
        (server(BAD, {**ALL, "more": Certainty.VERIFIED}), SOUND, "where it is not planted: more (verified)"),
        (server(BAD, ALL), server(GOOD, {"more": Certainty.SUSPECTED}, tuple(ALL)), "where nothing is planted: more"),
        (server(BAD, ALL), server(GOOD, {}, tuple(REST)), f"not seen to be clean on the known-good server: {LEFT_OUT}"),
    ],
)
def test_anything_else_fails(bad: ServerResult, good: ServerResult, said: str) -> None:
    control = weigh(ran(bad, good))
    assert control.standing is ControlStanding.FAILED
    assert said in control.reason


@pytest.mark.parametrize(
    ("ending", "standing"),
    [
        (Ending.BROKEN, ControlStanding.FAILED),
        (Ending.STOPPED, ControlStanding.CUT_OFF),
        (Ending.WINDOW_OVER, ControlStanding.CUT_OFF),
        (Ending.NOT_STARTED, ControlStanding.CUT_OFF),
    ],
)
def test_a_control_that_did_not_come_to_its_end(ending: Ending, standing: ControlStanding) -> None:
    cut = replace(SOUND, items=(ItemResult(item=Item.HOLES, ending=ending, detail="why"),))
    control = weigh(ran(server(BAD, ALL), cut))
    assert (control.standing, control.reason) == (standing, f"{ending}: why")


@pytest.mark.parametrize("before", [PASS, FAIL])
def test_under_a_failed_control_nothing_stands(before: Verdict) -> None:
    (after,) = standing_verdicts([before], replace(HELD, standing=ControlStanding.FAILED, reason="blind"))
    assert after.standing is Standing.INCONCLUSIVE
    assert after.findings == ()
    assert {entry.reason for entry in after.gaps} == {"the control of this run failed: blind"}
    assert len(after.gaps) == len(before.coverage)


def test_under_a_control_that_held_or_never_was_all_stands() -> None:
    for control in (HELD, without("why")):
        assert standing_verdicts([PASS, FAIL], control) == (PASS, FAIL)


def test_a_control_that_was_cut_off_takes_back_what_was_complete_and_nothing_else() -> None:
    cut_off = replace(HELD, standing=ControlStanding.CUT_OFF, reason="stopped: by hand")
    stopped = replace(FAIL, standing=Standing.INCONCLUSIVE)
    assert standing_verdicts([stopped, PASS], cut_off) == (stopped, PASS)
    (after,) = standing_verdicts([PASS], cut_off)
    assert after.standing is Standing.INCONCLUSIVE
    assert after.gaps[0].reason == "the control of this run failed: stopped: by hand"
