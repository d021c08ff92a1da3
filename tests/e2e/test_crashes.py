"""Drivers, with the store inside them, killed at any moment; 200 of them by `python -m tests.e2e.crashes --kills 200`."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e import crashes
from tests.e2e.crashes import ADDRESSES, RATE, Seen

pytestmark = [
    pytest.mark.root,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="capturing packets needs root"),
]
KILLS = 16


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return crashes.run(tmp_path_factory.mktemp("lives"), KILLS, random.Random(20))


def test_the_drivers_did_die_and_did_send(seen: Seen) -> None:
    """Else the other tests would hold over nothing."""
    figures = crashes.figures(seen)
    assert figures["drivers killed"] == KILLS
    assert figures["workers killed"] + figures["budgets killed"] > 0
    assert figures["orders claimed"] > KILLS / 3
    assert figures["orders that sent a request"] > 0, "on a busy machine most die before"
    assert figures["connections"] > KILLS
    assert figures["reports kept"] > KILLS


def test_no_bound_is_broken_at_the_target(seen: Seen) -> None:
    assert crashes.broken_bounds(seen) == []


def test_no_order_runs_twice_and_none_beside_another(seen: Seen) -> None:
    assert crashes.run_twice(seen) == []


def test_nothing_that_was_reported_is_lost(seen: Seen) -> None:
    assert crashes.lost(seen) == []


def test_the_audit_log_verifies_and_holds_every_order(seen: Seen) -> None:
    assert crashes.unlogged(seen) == []


@pytest.fixture
def transcript(seen: Seen) -> Iterator[Path]:
    """A file of evidence, put back afterwards."""
    path = next(seen.folder.glob("inspections/*/evidence/web/[0-9a-f]*.json"))
    whole = path.read_bytes()
    yield path
    path.write_bytes(whole)


def test_what_does_not_hold_is_noticed(seen: Seen, transcript: Path) -> None:
    visit = seen.visits[0]
    burst = [visit.at + number / 1000 for number in range(RATE + 2)]
    assert any("in one second" in line for line in crashes.broken_bounds(replace(seen, tries={ADDRESSES[0]: burst})))
    long_before = replace(seen, tries={ADDRESSES[0]: [visit.at - 1e6]})
    assert any("outside of every claim" in line for line in crashes.broken_bounds(long_before))
    stranger = replace(visit, agent="Tenken/9 (+mailto:desk@body.example; order 00000000)")
    assert any("names no order" in line for line in crashes.run_twice(replace(seen, visits=[stranger])))
    late = replace(next(each for each in seen.visits if each.order), at=visit.at + 1e6)
    assert any("outside of its claim" in line for line in crashes.run_twice(replace(seen, visits=[late])))
    transcript.unlink()
    assert any("No such file" in line for line in crashes.lost(seen))
    log = seen.folder / "audit.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole.replace(b"order-sealed", b"plan-offered", 1))
    try:
        assert crashes.unlogged(seen)
    finally:
        log.write_bytes(whole)
