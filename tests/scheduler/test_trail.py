"""Every event that somebody decides has its entry: who, what, to which plan, on which terms."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from grid.audit import Action
from grid.seal import SealedOrder
from probes.pace import Pace
from probes.verdict import Standing
from scheduler.dialogue import (
    Accepted,
    Countered,
    Declined,
    Event,
    InspectionBroken,
    InspectionEnded,
    Offered,
    Side,
    Slowed,
    SpecialReason,
    Stopped,
    WindowClosed,
    WindowOpened,
    Withdrawn,
)
from scheduler.trail import digest_of, event_note, order_note
from tests.grid.orders import make_order
from tests.scheduler.scene import DAY, make_plan

PLAN = make_plan()
BODY, SHOP, GRID = Side.REVIEW_BODY, Side.OPERATOR, Side.SERVICE
SAID: list[tuple[Event, str, Action, str]] = [
    (Offered(plan_id="p1", by=BODY, at=DAY, plan=PLAN), "review-body", Action.PLAN_OFFERED, f"form={PLAN.digest}"),
    (Countered(plan_id="p1", by=SHOP, at=DAY, plan=PLAN), "operator:hana", Action.PLAN_COUNTERED, "pace=5c/s,5r/s"),
    (Accepted(plan_id="p1", by=SHOP, at=DAY, digest="abc"), "operator:hana", Action.PLAN_ACCEPTED, "digest=abc"),
    (
        Declined(plan_id="p1", by=SHOP, at=DAY, reason="sale", special=SpecialReason.PEAK_BUSINESS),
        "operator:hana",
        Action.PLAN_DECLINED,
        "special=peak-business reason=sale",
    ),
    (Withdrawn(plan_id="p1", by=BODY, at=DAY, reason="later"), "review-body", Action.PLAN_WITHDRAWN, "reason=later"),
    (Stopped(plan_id="p1", by=SHOP, at=DAY, reason="slow shop"), "operator:hana", Action.STOP_CALLED, "slow shop"),
    (
        Slowed(plan_id="p1", by=SHOP, at=DAY, share=0.5, reason="sale"),
        "operator:hana",
        Action.PACE_LOWERED,
        "share=0.5 reason=sale",
    ),
    (WindowOpened(plan_id="p1", by=GRID, at=DAY), "grid", Action.INSPECTION_STARTED, f"form={PLAN.digest}"),
    (
        InspectionEnded(plan_id="p1", by=GRID, at=DAY, inspection_id="i1", standing=Standing.PASS, gaps=(), tested=()),
        "grid",
        Action.INSPECTION_ENDED,
        "inspection_id=i1 standing=pass",
    ),
    (InspectionBroken(plan_id="p1", by=GRID, at=DAY, reason="died"), "grid", Action.INSPECTION_ENDED, "reason=died"),
]


@pytest.mark.parametrize(("event", "actor", "action", "told"), SAID, ids=lambda each: getattr(each, "kind", ""))
def test_what_is_said_is_noted(event: Event, actor: str, action: Action, told: str) -> None:
    note = event_note(event, PLAN)
    assert note is not None
    assert (note.actor, note.action, note.subject) == (actor, action, "plan p1")
    assert told in note.detail
    assert "system=hana" in note.detail


def test_every_event_is_noted_but_the_one_that_nobody_decides() -> None:
    noted = {type(event) for event, *_ in SAID}
    assert set(get_args(get_args(Event)[0])) - noted == {WindowClosed}
    assert event_note(WindowClosed(plan_id="p1", by=GRID, at=DAY), PLAN) is None


def test_the_start_names_its_inspection() -> None:
    note = event_note(WindowOpened(plan_id="p1", by=GRID, at=DAY), PLAN, "i7")
    assert note is not None
    assert note.detail.startswith("inspection=i7 ")


def test_an_order_is_noted_with_digest_server_window_pace_and_fence() -> None:
    sealed = SealedOrder(order=b"x", key_id="k", signature=b"s")
    order = replace(make_order(), fence=7, pace=Pace(connections_per_s=2.5))
    note = order_note(order, digest_of(sealed), "cli:sato")
    assert (note.actor, note.action, note.subject) == ("cli:sato", Action.ORDER_SEALED, "o1")
    sha = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    for part in (f"digest={sha}", "server=web-1", "addresses=127.0.7.1", "fence=7", " pace=2.5c/s", str(order.window)):
        assert part in note.detail
