"""Garbage declarations: every kind is refused with a line that exists, and nothing but `DeclarationError` ever comes out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.strict_yaml import Problem
from scheduler.declaration import DeclarationError, example, load_declaration
from tests.scheduler.garbage import KINDS, spoilt


def _problems(data: bytes) -> tuple[Problem, ...]:
    """Give the mistakes; none for a clean declaration. Any other exception is the test's."""
    try:
        load_declaration(data, "shop.yaml")
    except DeclarationError as error:
        return error.problems
    return ()


def test_there_are_many_kinds_and_none_is_the_example() -> None:
    assert len(KINDS) >= 50
    assert len(set(KINDS.values())) == len(KINDS)
    assert example().encode() not in KINDS.values()


@pytest.mark.parametrize("kind", KINDS)
def test_garbage_is_refused_with_lines_that_exist(kind: str) -> None:
    problems = _problems(KINDS[kind])
    assert problems
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)
    for problem in problems:
        assert 0 <= problem.line <= max(1, len(KINDS[kind].splitlines()))
        assert str(problem).isprintable()
        assert len(str(problem)) < 700


@settings(max_examples=200, deadline=None)
@given(spoilt())
def test_a_spoilt_example_gives_mistakes_with_lines_or_is_clean(data: bytes) -> None:
    for problem in _problems(data):
        assert 0 <= problem.line <= max(1, len(data.splitlines()))
        assert str(problem).isprintable()


@given(st.binary(max_size=400))
def test_random_bytes_are_refused(data: bytes) -> None:
    assert _problems(data)
