"""A choice of ports in a few letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.ports.choice import HIGHEST, MAX_PARTS, PRESETS, chosen, readable, worded
from probes.ports.top1000 import TOP_1000
from probes.target import PortRange


def test_presets() -> None:
    assert chosen("declared") == ()
    assert chosen("top-1000") == TOP_1000
    assert chosen(" all ") == (PortRange(first=1, last=65_535),)


def test_a_list_of_ports_and_ranges() -> None:
    assert chosen("22, 8000-8010") == (PortRange(first=22, last=22), PortRange(first=8000, last=8010))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "65536",
        "9-8",
        "-5",
        "5-",
        "http",
        "80,,81",
        "1-2-3",
        "٣",
        "1e3",
        "all,22",
        "9" * 5000,
        ",".join(["80"] * (MAX_PARTS + 1)),
    ],
)
def test_what_is_no_choice_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected declared, top-1000, all"):
        chosen(text)


RANGES = st.tuples(st.integers(1, HIGHEST), st.integers(1, HIGHEST)).map(
    lambda pair: PortRange(first=min(pair), last=max(pair))
)


@given(st.lists(RANGES, min_size=1, max_size=MAX_PARTS).map(tuple) | st.sampled_from(list(PRESETS.values())))
def test_a_choice_survives_being_worded_and_says_every_port(picked: tuple[PortRange, ...]) -> None:
    assert chosen(worded(picked)) == picked
    assert readable(picked)


@pytest.mark.parametrize("picked", [((0, 5),), ((9, 8),), ((1, 65_536),), ((80, 80),) * (MAX_PARTS + 1)])
def test_what_cannot_be_chosen_cannot_be_agreed(picked: tuple[tuple[int, int], ...]) -> None:
    assert not readable(tuple(PortRange(first=first, last=last) for first, last in picked))


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        ports = chosen(text)
    except ValueError:
        return
    assert all(1 <= part.first <= part.last <= 65_535 for part in ports)
