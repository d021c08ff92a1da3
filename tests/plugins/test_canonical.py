"""Canonical JSON: the same value gives the same bytes, and only these bytes' meaning is read back."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins import canonical
from plugins.canonical import NotCanonicalError
from plugins.value import value


class Colour(StrEnum):
    """An enumeration."""

    RED = "red"
    BLUE = "blue"


@value
class Leaf:
    """A value inside a value."""

    number: int
    """A number."""
    kind: Literal["leaf"] = "leaf"
    """Discriminator."""


@value
class Stone:
    """Another value, for unions."""

    weight: float
    """A number with a fraction."""
    kind: Literal["stone"] = "stone"
    """Discriminator."""


@value
class Tree:
    """A value that holds everything that values hold."""

    name: str
    """Text."""
    colour: Colour
    """One of a set."""
    leaves: tuple[Leaf, ...]
    """Values."""
    bark: bytes
    """Bytes."""
    planted: datetime
    """A moment."""
    height: float
    """A number with a fraction."""


_trees = st.builds(
    Tree,
    name=st.text(),
    colour=st.sampled_from(Colour),
    leaves=st.lists(st.builds(Leaf, number=st.integers(-(2**53) + 1, 2**53 - 1)), max_size=3).map(tuple),
    bark=st.binary(max_size=20),
    planted=st.datetimes(timezones=st.just(UTC)),
    height=st.floats(allow_nan=False, allow_infinity=False),
)


@given(_trees)
def test_what_is_written_is_read_back(tree: Tree) -> None:
    data = canonical.dumps(tree)
    assert canonical.loads(Tree, data) == tree
    assert canonical.dumps(canonical.loads(Tree, data)) == data


@given(_trees, _trees)
def test_bytes_and_digests_are_equal_exactly_when_the_values_are(one: Tree, other: Tree) -> None:
    same = one == other
    assert (canonical.dumps(one) == canonical.dumps(other)) is same
    assert (canonical.digest(one) == canonical.digest(other)) is same


def test_the_bytes_are_those_of_rfc_8785() -> None:
    tree = Tree(
        name="店\n",
        colour=Colour.RED,
        leaves=(Leaf(number=1),),
        bark=b"\xff",
        planted=datetime(2026, 1, 1, tzinfo=UTC),
        height=1.0,
    )
    assert (
        canonical.dumps(tree)
        == (
            '{"bark":"_w==","colour":"red","height":1,"leaves":[{"kind":"leaf","number":1}],'
            '"name":"店\\n","planted":"2026-01-01T00:00:00Z"}'
        ).encode()
    )


def test_unions_need_their_type() -> None:
    both = Leaf | Stone
    data = canonical.dumps(Stone(weight=1.5), both)
    assert canonical.loads(both, data) == Stone(weight=1.5)  # type: ignore[arg-type]  # a union is no type to mypy


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"other": 1}, "other"),
        ({"name": 1}, "name"),
        ({"name": None}, "name"),
        ({"colour": "green"}, "colour"),
        ({"leaves": {}}, "leaves"),
        ({"leaves": [{"number": "1"}]}, "leaves.0.number"),
        ({"leaves": [{"number": 1, "kind": "stone"}]}, "leaves.0.kind"),
        ({"bark": "***"}, "bark"),
        ({"planted": "yesterday"}, "planted"),
        ({"height": "1"}, "height"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, object], named: str) -> None:
    tree = Tree(name="a", colour=Colour.RED, leaves=(), bark=b"", planted=datetime(2026, 1, 1, tzinfo=UTC), height=1.0)
    plain = {**canonical.to_plain(tree), **change}
    with pytest.raises(NotCanonicalError, match=rf"Tree: {named}: "):
        canonical.loads(Tree, json.dumps(plain))


def test_a_missing_field_and_bytes_that_are_no_json() -> None:
    with pytest.raises(NotCanonicalError, match="number"):
        canonical.loads(Leaf, "{}")
    for garbage in (b"", b"{", b"\xff", b"NaN", b"null", b"[" * 5000):
        with pytest.raises(NotCanonicalError):
            canonical.loads(Leaf, garbage)


def test_the_error_survives_pickling() -> None:
    error = NotCanonicalError("Leaf", "number: missing")
    assert str(pickle.loads(pickle.dumps(error))) == "Leaf: number: missing"


def test_plain_trees_hold_nothing_but_json() -> None:
    later = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=5)
    tree = Tree(name="a", colour=Colour.BLUE, leaves=(Leaf(number=2),), bark=b"x", planted=later, height=0.5)
    assert json.loads(json.dumps(canonical.to_plain(tree))) == canonical.to_plain(tree)
