"""What was planted is compared with what was found, both ways."""

from __future__ import annotations

from dashboards.demo.planted import Planted, surprises
from dashboards.demo.systems import SHOPS
from probes.target import Item
from probes.verdict import Standing
from tests.dashboards.report import scenes

FAULTS = ("git-config-exposed", "ports.undeclared-open", "tls.path-broken")


def test_as_planted_is_no_surprise() -> None:
    planted = Planted(name="fail", standing=Standing.FAIL, failing=FAULTS, not_tested=(Item.HOLES,))
    assert list(surprises(planted, scenes.failing())) == []


def test_a_fault_that_was_not_found_or_not_planted_is_one() -> None:
    fewer = Planted(name="fail", standing=Standing.FAIL, failing=FAULTS[1:], not_tested=(Item.HOLES,))
    (line,) = surprises(fewer, scenes.failing())
    assert line == f"planted faults: {', '.join(FAULTS[1:])}; found: {', '.join(FAULTS)}"


def test_another_verdict_and_other_gaps_are_surprises() -> None:
    planted = Planted(name="pass", standing=Standing.PASS)
    assert list(surprises(planted, scenes.inconclusive())) == [
        "planted: pass, inspected: inconclusive",
        "cannot be tested by plan: none; was not tested: holes, tls",
    ]


def test_the_demo_plants_one_system_of_each_verdict() -> None:
    assert sorted(shop.planted.standing for shop in SHOPS.values()) == sorted(Standing)
