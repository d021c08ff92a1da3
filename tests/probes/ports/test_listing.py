"""Lists of ports as short texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.ports.listing import listed, written


@pytest.mark.parametrize(
    ("ports", "text"), [((), ""), ((22,), "22"), ((80, 81, 82, 443), "80-82,443"), ((1, 3, 5), "1,3,5")]
)
def test_neighbours_become_ranges(ports: tuple[int, ...], text: str) -> None:
    assert written(ports) == text


@given(st.sets(st.integers(min_value=1, max_value=65_535), max_size=300))
def test_what_is_written_can_be_read(ports: set[int]) -> None:
    assert list(listed(written(sorted(ports)))) == sorted(ports)
