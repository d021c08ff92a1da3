"""Every event survives the log: canonical JSON both ways."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from plugins import canonical
from probes.target import Item
from probes.verdict import Standing
from scheduler import dialogue
from scheduler.dialogue import Event, Gap, Pair, Side, SpecialReason
from tests.scheduler.scene import DAY, make_plan

PLAN = make_plan()
GAP = Gap(server="web", item=Item.PORTS, checks=3, reason="cut off")
BASE: dict[str, Any] = {"plan_id": "p1", "by": Side.OPERATOR, "at": DAY}
EVENTS: list[Event] = [
    dialogue.Offered(plan=PLAN, **BASE),
    dialogue.Countered(plan=PLAN, outside_calendar=True, **BASE),
    dialogue.Accepted(digest=PLAN.digest, **BASE),
    dialogue.Declined(reason="sale", special=SpecialReason.PEAK_BUSINESS, **BASE),
    dialogue.Withdrawn(reason="moved", **BASE),
    dialogue.Stopped(reason="slow", **BASE),
    dialogue.Slowed(share=0.5, reason="a sale", **BASE),
    dialogue.WindowOpened(**BASE),
    dialogue.WindowClosed(**BASE),
    dialogue.InspectionEnded(
        inspection_id="i1", standing=Standing.FAIL, gaps=(GAP,), tested=(Pair(server="web", item=Item.TLS),), **BASE
    ),
    dialogue.InspectionBroken(reason="died", **BASE),
]


def test_there_is_an_example_of_every_event() -> None:
    union = get_args(Event)[0]
    assert {type(event) for event in EVENTS} == set(get_args(union))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_survives_the_log(event: Event) -> None:
    again: Event = canonical.loads(Event, canonical.dumps(event))  # type: ignore[arg-type]  # pydantic reads annotated unions
    assert again == event


def test_a_gap_knows_its_pair() -> None:
    assert GAP.pair == Pair(server="web", item=Item.PORTS)
