"""Values: equal by content, unchangeable, picklable, strict about keys and types."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from plugins.value import value


@value
class Mark:
    """A value with one of everything that values hold."""

    name: str
    """Text."""
    seen: tuple[int, ...] = ()
    """Numbers."""
    body: bytes = b""
    """Bytes."""
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    """A moment."""


def test_equal_by_content_and_usable_as_a_key() -> None:
    assert Mark(name="a", seen=(1, 2)) == Mark(name="a", seen=(1, 2)) != Mark(name="b")
    assert {Mark(name="a"): 1}[Mark(name="a")] == 1


def test_nothing_can_be_changed_or_added() -> None:
    mark = Mark(name="a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        mark.name = "b"  # type: ignore[misc]  # that is the point
    with pytest.raises((AttributeError, TypeError)):
        mark.other = 1  # type: ignore[attr-defined]  # that is the point
    assert not hasattr(mark, "__dict__")


def test_fields_have_names() -> None:
    with pytest.raises(TypeError):
        Mark("a")  # type: ignore[call-arg]  # that is the point


def test_it_travels() -> None:
    mark = Mark(name="a", body=b"\x00\xff")
    assert pickle.loads(pickle.dumps(mark)) == mark


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "a", "other": 1}',
        '{"name": 1}',
        "{}",
        '{"name": "a", "seen": 1}',
        '{"name": "a", "seen": ["1"]}',
        '{"name": "a", "body": "***"}',
        '{"name": null}',
        "[]",
    ],
)
def test_unknown_keys_and_wrong_types_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Mark).validate_json(text, strict=True)
