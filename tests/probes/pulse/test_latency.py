"""Percentiles against their definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.pulse.facts import Pulse
from probes.pulse.latency import allowance_s, bound_s, p95, percentile


@given(st.lists(st.floats(0, 10), min_size=1, max_size=60), st.floats(0.01, 1.0))
def test_nearest_rank(latencies: list[float], share: float) -> None:
    """The smallest value such that at least that share of all values is not above it."""
    found = percentile(latencies, share)
    not_above = [sum(other <= one for other in latencies) >= share * len(latencies) - 1e-9 for one in sorted(latencies)]
    assert found == sorted(latencies)[not_above.index(True)]


def test_one_of_twenty_is_no_p95_but_one_of_nineteen_is() -> None:
    assert p95([0.1] * 19 + [9.0]) == 0.1
    assert p95([0.1] * 18 + [9.0]) == 9.0
    assert p95([]) == 0.0


@pytest.mark.parametrize(("baseline", "added"), [(0.1, 0.05), (0.25, 0.05), (1.0, 0.2)])
def test_the_larger_allowance_counts(baseline: float, added: float) -> None:
    pulse = Pulse(server="web", port=443)
    assert allowance_s(pulse, baseline) == pytest.approx(added)
    assert bound_s(pulse, baseline) == pytest.approx(baseline + added)
