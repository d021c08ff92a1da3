"""Plain scalars: the core schema of YAML 1.2, and errors where a number would surprise."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.strict_scalar import ScalarError, core_scalar


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None), ("~", None), ("null", None), ("NULL", None), ("nUll", "nUll"),
        ("true", True), ("True", True), ("FALSE", False), ("tRue", "tRue"), ("yes", "yes"), ("off", "off"),
        ("0", 0), ("-1", -1), ("+12", 12), ("0x1f", 31), ("0o17", 15), ("0b1", "0b1"), ("1_0", "1_0"), ("-0x1", "-0x1"),
        ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("-1.5E-3", -0.0015), ("1e", "1e"), (".", "."), ("-", "-"),
        ("1.2.3", "1.2.3"), ("192.0.2.10", "192.0.2.10"), ("2026-12-31", "2026-12-31"), ("12:30", "12:30"), ("１", "１"),
        (".inf", math.inf), ("-.INF", -math.inf), ("inf", "inf"), ("nan", "nan"), ("8000-8010", "8000-8010"),
    ],
)  # fmt: skip
def test_what_plain_scalars_mean(text: str, expected: object) -> None:
    seen = core_scalar(text)
    assert (seen, type(seen)) == (expected, type(expected))


def test_not_a_number_is_one() -> None:
    seen = core_scalar(".nan")
    assert isinstance(seen, float)
    assert math.isnan(seen)


@pytest.mark.parametrize(
    "text", ["00", "010", "-01", "0312345678", "1" * 19, "0x" + "f" * 40, "1e999", "-1e999", "9" * 10_000]
)
def test_numbers_that_would_surprise(text: str) -> None:
    with pytest.raises(ScalarError, match="put it in quotes"):
        core_scalar(text)


@given(st.integers(-(10**16), 10**16))
def test_whole_numbers_stay_what_they_are(number: int) -> None:
    assert core_scalar(str(number)) == number


@given(st.text(alphabet="0123456789+-.eExob_:infa", max_size=12))
def test_text_is_text_or_a_number_that_python_reads_the_same_way(text: str) -> None:
    try:
        seen = core_scalar(text)
    except ScalarError:
        return
    if isinstance(seen, float) and not text.lower().endswith(("inf", "nan")):
        assert seen == float(text)
    elif isinstance(seen, str):
        assert seen == text
