"""What stays owed: everything that was ordered and is not fully tested, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probes.observation import Ending
from probes.target import Item
from probes.verdict import Outcome
from scheduler.debt import reckon
from scheduler.dialogue import Gap, Pair
from tests.scheduler.scene import make_plan, make_result, make_system, make_target

PLAN, SYSTEM = make_plan(), make_system()
PAIRS = (Pair(server="web", item=Item.PORTS), Pair(server="web", item=Item.HOLES))


def test_a_finished_inspection_owes_nothing() -> None:
    assert reckon(PLAN, SYSTEM, make_result()) == ((), PAIRS)


def test_a_check_that_was_not_tested_is_owed() -> None:
    gaps, tested = reckon(PLAN, SYSTEM, make_result(outcome=Outcome.NOT_TESTED))
    assert gaps == tuple(Gap(server="web", item=pair.item, checks=1, reason="finished") for pair in PAIRS)
    assert tested == ()


@pytest.mark.parametrize("ending", [ending for ending in Ending if ending is not Ending.FINISHED])
def test_an_item_that_did_not_finish_is_owed_even_when_its_judge_saw_no_gap(ending: Ending) -> None:
    gaps, _ = reckon(PLAN, SYSTEM, make_result(ending=ending))
    assert [(gap.checks, gap.reason) for gap in gaps] == [(0, ending), (0, ending)]


def test_a_server_or_item_that_the_result_does_not_speak_of_is_owed() -> None:
    both = make_system(targets=(make_target(), make_target("mail", "127.0.0.2")))
    gaps, tested = reckon(PLAN, both, make_result())
    assert [gap.server for gap in gaps] == ["mail", "mail"]
    assert tested == PAIRS
    more = replace(PLAN, items=(*PLAN.items, Item.TLS))
    gaps, _ = reckon(more, SYSTEM, make_result())
    assert [(gap.item, gap.reason) for gap in gaps] == [(Item.TLS, "not-started: the result does not speak of it")]
