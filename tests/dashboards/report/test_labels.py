"""Every word of a closed set has a label, so that no report meets a word that it cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import pytest

from dashboards.report import labels
from probes.finding import Certainty, Grade, Severity
from probes.observation import Ending
from probes.pulse.facts import Impact, Phase
from probes.target import Item, Role
from probes.verdict import Outcome, Standing
from scheduler.result import Kind

TABLES: list[tuple[Mapping[StrEnum, str], type[StrEnum]]] = [
    (labels.STANDING, Standing),  # type: ignore[list-item]  # a mapping is invariant in its key
    (labels.GRADE, Grade),  # type: ignore[list-item]  # same
    (labels.SEVERITY, Severity),  # type: ignore[list-item]  # same
    (labels.CERTAINTY, Certainty),  # type: ignore[list-item]  # same
    (labels.OUTCOME, Outcome),  # type: ignore[list-item]  # same
    (labels.ITEM, Item),  # type: ignore[list-item]  # same
    (labels.WHY, Item),  # type: ignore[list-item]  # same
    (labels.KIND, Kind),  # type: ignore[list-item]  # same
    (labels.ENDING, Ending),  # type: ignore[list-item]  # same
    (labels.ROLE, Role),  # type: ignore[list-item]  # same
    (labels.IMPACT, Impact),  # type: ignore[list-item]  # same
    (labels.TONE, Impact),  # type: ignore[list-item]  # same
    (labels.PHASE, Phase),  # type: ignore[list-item]  # same
]


@pytest.mark.parametrize(("table", "words"), TABLES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_table_is_full(table: Mapping[StrEnum, str], words: type[StrEnum]) -> None:
    assert list(table) == list(words)
