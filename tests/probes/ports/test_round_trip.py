"""How long to wait for an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.ports.round_trip import FIRST_S, MOST_S, RoundTrip


def test_before_anything_was_measured_it_waits_long() -> None:
    assert RoundTrip().patience_s(0.1) == FIRST_S


def test_the_first_measurement_is_taken_as_it_is_and_later_ones_by_an_eighth() -> None:
    trip = RoundTrip()
    trip.measured(0.1)
    assert trip.patience_s(0.2) == pytest.approx(0.1 + 4 * 0.05)
    trip.measured(0.2)
    assert trip.smoothed_s == pytest.approx(0.1 * 7 / 8 + 0.2 / 8)


@given(st.lists(st.floats(min_value=0, max_value=10), min_size=1), st.floats(min_value=0, max_value=0.9))
def test_patience_stays_in_its_bounds(seconds: list[float], least_s: float) -> None:
    trip = RoundTrip()
    for one in seconds:
        trip.measured(one)
    assert least_s <= trip.patience_s(least_s) <= MOST_S
