"""Order of versions as products write them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.version import Constraint, NotAVersionError, compare, constraints

LADDERS = [
    ["2.4.6", "2.4.48", "2.4.49", "2.4.50", "2.4.51", "2.5", "10.0"],
    ["1.0.1", "1.0.1a", "1.0.1f", "1.0.1g", "1.0.2", "1.0.2z", "1.0.2za", "1.0.2zg", "1.1.0"],
    ["8.4p1", "9.1p1", "9.2", "9.2p1", "9.2p2", "9.2.1", "9.10p1"],
    ["9.0.0-dev", "9.0.0.M1", "9.0.0.M2", "9.0.0.M11", "9.0.0-rc1", "9.0.0.RC2", "9.0.0", "9.0.1"],
    ["1.0~rc1", "1.0", "1.0-1~deb12u1", "1.0-1", "1.0-2"],
    ["4.0.6", "4.0.6-p1", "4.0.6-p4", "4.0.7"],
    ["1.0a1", "1.0b1", "1.0b2", "1.0rc1", "1.0", "1.0a"],
    ["0.0.1", "v0.0.2", "V0.1"],
]
SAME = [
    ("1.0", "1.0.0"),
    ("v1.2", "1.2"),
    ("1.2.3.Final", "1.2.3"),
    ("1.2.3+build7", "1.2.3"),
    ("01.2", "1.2"),
    ("1.0RC1", "1.0.rc.1"),
]
VERSIONS = st.from_regex(r"v?[0-9]{1,3}(\.[0-9]{1,3}){0,3}([-.~]?(rc|beta|p|[a-z]{1,2})[0-9]{0,2})?", fullmatch=True)


@pytest.mark.parametrize("ladder", LADDERS, ids=lambda ladder: ladder[0])
def test_each_rung_is_higher_than_all_below(ladder: list[str]) -> None:
    for lower, higher in itertools.combinations(ladder, 2):
        assert compare(lower, higher) == -1, (lower, higher)
        assert compare(higher, lower) == 1, (higher, lower)


@pytest.mark.parametrize(("left", "right"), SAME)
def test_spellings_of_the_same_version_are_equal(left: str, right: str) -> None:
    assert compare(left, right) == 0


@given(VERSIONS, VERSIONS, VERSIONS)
def test_the_order_is_a_total_order(first: str, second: str, third: str) -> None:
    assert compare(first, first) == 0
    assert compare(first, second) == -compare(second, first)
    if compare(first, second) <= 0 and compare(second, third) <= 0:
        assert compare(first, third) <= 0


def outcome(text: str) -> int | str:
    """Compare a text with itself, or give how it was refused; any other exception is the test's."""
    try:
        return compare(text, text)
    except NotAVersionError as error:
        return str(error)


@given(st.text(max_size=100))
def test_any_text_is_compared_or_refused_by_name(text: str) -> None:
    result = outcome(text)
    assert result == 0 or str(result).endswith(" is not a version such as 2.4.49, 1.0.2k or 9.2p1")


@pytest.mark.parametrize("text", ["", "x", "1 2", "1/2", "١.٢", "1." * 60, "nginx/1.2"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(NotAVersionError):
        compare(text, "1.0")


def test_constraints_hold_together() -> None:
    bounds = constraints(">= 2.4.49, <2.4.51")
    assert bounds == (Constraint(operator=">=", version="2.4.49"), Constraint(operator="<", version="2.4.51"))
    held = [version for version in ("2.4.48", "2.4.49", "2.4.50", "2.4.51") if all(b.holds(version) for b in bounds)]
    assert held == ["2.4.49", "2.4.50"]


@pytest.mark.parametrize(
    ("bound", "held"),
    [
        ("1.1", "b"),
        ("= 1.1", "b"),
        ("== 1.1", "b"),
        ("!= 1.1", "ac"),
        ("< 1.1", "a"),
        ("<= 1.1", "ab"),
        ("> 1.1", "c"),
        (">= 1.1", "bc"),
    ],
)
def test_every_operator(bound: str, held: str) -> None:
    versions = {"a": "1.0", "b": "1.1.0", "c": "1.2"}
    (constraint,) = constraints(bound)
    assert "".join(name for name, version in versions.items() if constraint.holds(version)) == held


@pytest.mark.parametrize("text", ["", ">=", "~> 1.2", ">= 1.2 < 1.3", "^1.2", ">= x"])
def test_what_is_no_constraint_is_refused(text: str) -> None:
    with pytest.raises(NotAVersionError):
        constraints(text)
