"""A choice of ports in a few letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.ports.choice import chosen
from probes.ports.top1000 import TOP_1000
from probes.target import PortRange


def test_presets() -> None:
    assert chosen("declared") == ()
    assert chosen("top-1000") == TOP_1000
    assert chosen(" all ") == (PortRange(first=1, last=65_535),)


def test_a_list_of_ports_and_ranges() -> None:
    assert chosen("22, 8000-8010") == (PortRange(first=22, last=22), PortRange(first=8000, last=8010))


@pytest.mark.parametrize("text", ["", "0", "65536", "9-8", "-5", "5-", "http", "80,,81", "1-2-3", "٣", "1e3", "all,22"])
def test_what_is_no_choice_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected declared, top-1000, all"):
        chosen(text)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        ports = chosen(text)
    except ValueError:
        return
    assert all(1 <= part.first <= part.last <= 65_535 for part in ports)
