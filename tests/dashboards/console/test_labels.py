"""Every word of a closed set has a label."""

from __future__ import annotations

from dashboards.console import labels
from probes.target import Item
from scheduler.dialogue import Side
from scheduler.negotiation import Phase
from scheduler.result import Kind
from scheduler.store.values import InspectionOutcome


def test_the_labels_are_full() -> None:
    assert set(labels.PHASE) == set(Phase)
    assert set(labels.SIDE) == set(Side)
    assert set(labels.OUTCOME) == set(InspectionOutcome)
    assert set(labels.KIND) == set(Kind)
    assert set(labels.ITEM) == set(Item)
