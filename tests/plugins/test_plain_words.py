"""Mistakes in words: what was expected, what was seen, what to do, and nothing hostile on the screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plain_words import clip, explain, known_keys, path_words


@given(st.text(), st.integers(0, 50))
def test_clipped_text_is_printable_and_short(text: str, limit: int) -> None:
    shown = clip(text, limit)
    assert shown.isprintable()
    assert len(shown) <= 10 * limit + 3


def test_what_people_write_stays_readable() -> None:
    assert clip("見本商店 Café") == "見本商店 Café"
    assert clip("a\x1b[2J\u202e\n") == "a\\u001b[2J\\u202e\\u000a"
    assert clip("abcdef", 3) == "abc..."


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "nothing"), (True, "true"), (1, "the number 1"), (1.5, "the number 1.5"), ("a", '"a"'), ([], "a list of 0 entries"),
        ([1], "a list of 1 entry"), ({"a": 1}, "a mapping of 1 key"), ({}, "a mapping of 0 keys"), (10**400, None),
    ],
)  # fmt: skip
def test_values_in_words(data: object, words: str | None) -> None:
    assert explain(data) == words or words is None
    assert len(explain(data)) < 100


def test_paths_in_words() -> None:
    assert path_words(("servers", 0, "ports", 2, "service")) == "servers[0].ports[2].service"
    assert path_words(()) == ""
    assert path_words((0, "a\n")) == "[0].a\\u000a"


def test_keys_of_a_schema() -> None:
    schema = {
        "$defs": {"Port": {"properties": {"port": {}, "service": {}}}},
        "properties": {"ports": {"items": {"$ref": "#/$defs/Port"}}, "name": {}},
    }
    assert known_keys(schema, ()) == ("ports", "name")
    assert known_keys(schema, ("ports", 3)) == ("port", "service")
    assert known_keys(schema, ("name", "below")) == ()
    assert known_keys({}, ("a", 0)) == ()
