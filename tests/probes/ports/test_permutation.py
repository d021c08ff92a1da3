"""Random order without a list."""

from __future__ import annotations

import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from probes.ports.permutation import permuted


@settings(max_examples=60, deadline=None)
@given(count=st.integers(min_value=0, max_value=5000), seed=st.integers())
def test_every_number_comes_once(count: int, seed: int) -> None:
    assert sorted(permuted(count, random.Random(seed).randrange)) == list(range(count))


def test_all_ports_come_once_and_neighbours_are_torn_apart() -> None:
    order = list(permuted(65_535, random.Random(7).randrange))
    assert sorted(order) == list(range(65_535))
    together = sum(abs(one - other) <= 16 for one, other in itertools.pairwise(order))
    assert together < 200  # 33 are to be expected of a shuffle


def test_the_source_of_randomness_decides_the_order() -> None:
    first, again, other = (list(permuted(1000, random.Random(seed).randrange)) for seed in (1, 1, 2))
    assert first == again != other
