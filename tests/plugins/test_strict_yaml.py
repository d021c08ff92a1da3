"""Strict YAML: what surprises is refused with its line, and nothing but `StrictYamlError` ever comes out."""

from __future__ import annotations

import pickle
import time
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from plugins.strict_yaml import MAX_BYTES, MAX_DEPTH, MAX_PROBLEMS, Problem, StrictYamlError, load, pydantic_problems


def _problems(text: bytes | str, scalars: Literal["typed", "strings"] = "typed") -> list[str]:
    with pytest.raises(StrictYamlError) as caught:
        load(text, "shop.yaml", scalars)
    return [str(problem) for problem in caught.value.problems]


def _outcome(text: bytes | str, scalars: Literal["typed", "strings"]) -> tuple[Problem, ...]:
    """Give the mistakes, none for a document; any other exception is the test's."""
    try:
        load(text, "f", scalars)
    except StrictYamlError as error:
        return error.problems or (Problem(source="f", line=0, message="\0 an error without mistakes"),)
    return ()


def test_the_tree_has_the_types_of_the_core_schema() -> None:
    text = "a: 1\nb: 0x1F\nc: 0o17\nd: -1.5e3\ne: true\nf: null\ng: ~\nh:\ni: 'true'\nj: \"1\"\nk: |\n  1\n"
    assert load(text, "f", "typed").data == {
        "a": 1, "b": 31, "c": 15, "d": -1500.0, "e": True, "f": None, "g": None, "h": None, "i": "true", "j": "1", "k": "1\n",
    }  # fmt: skip


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "y", "n", "Yes", "12:30:45", "2024-01-31", "1_000", "0b1", "=", "<<"]
)
def test_what_yaml_1_1_would_twist_stays_text(word: str) -> None:
    assert load(f"key: {word}\n", "f", "typed").data == {"key": word}


def test_strings_keeps_every_scalar_as_written() -> None:
    text = "a: 010\nb: true\nc:\nd: 1.10\n5: ~\n"
    assert load(text, "f", "strings").data == {"a": "010", "b": "true", "c": "", "d": "1.10", "5": "~"}


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "given twice"),
        ("a:\n  b: &x 1\n", 2, "anchor &x"),
        ("a:\n- *x\n", 2, "alias *x"),
        ("a: 1\nb: !!python/object:os.system x\n", 2, "tag"),
        ("a: !x 1\n", 1, "tag"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("%YAML 1.1\n---\na: 1\n", 1, "directive"),
        ("a: 1\n2: b\n", 2, "key must be text"),
        ("true: 1\n", 1, "key must be text"),
        ("? [a]\n: 1\n", 1, "key must be text"),
        ("? {a: b}\n: 1\n", 1, "key must be text"),
        (": 1\n", 1, ""),
        ("a: 010\n", 1, "leading zero"),
        ("a: 1\nb: " + "9" * 30, 2, "digits"),
        ("a: 1e999\n", 1, "too large"),
        ("a: [1, 2\nb: 3\n", 2, "not YAML"),
        ("a:\n\tb: 1\n", 2, "not YAML"),
        ("a: 'x\n", 1, "not YAML"),
        ("a: b: c\n", 1, "not YAML"),
        ('a: "\\ud800"\n', 1, ""),
        ('a: "\\U00110000"\n', 1, ""),
        ("a: 1\nb: \x00\n", 2, "U+0000"),
        ("a: \x1b[31m\n", 1, "U+001B"),
        ("a: 1 # \u2028b: 2\n", 1, "U+2028"),
        ("a: \u202e1\n", 1, "U+202E"),
        ("a: 1\nb: \ufeff\n", 2, "U+FEFF"),
        ("a: \ud800\n", 1, "not UTF-8"),
        (b"a: 1\nb: \xff\n", 2, "not UTF-8"),
        ("a: 1\n".encode("utf-16"), 1, "not UTF-8"),
        ("", 1, "empty"),
        (b"", 1, "empty"),
        ("\n# only a comment\n", 1, "empty"),
        ("[" * 100_000, 1, "nested deeper"),
        ("- " * 100_000, 1, "nested deeper"),
        ("a: " + "{a: " * 40, 1, "nested deeper"),
        (b"#" * (MAX_BYTES + 1), 0, "larger than"),
        ("[" + "a," * 200_000 + "]", 1, "values"),
    ],
)
def test_each_mistake_names_its_line(text: bytes | str, line: int, word: str) -> None:
    first = _problems(text)[0]
    assert first.startswith(f"shop.yaml:{line}: ")
    assert word in first


def test_all_mistakes_come_at_once_in_order() -> None:
    text = "a: &x 1\nb: *x\na: 010\n? [q]\n: 3\nc: !!str 1\n"
    assert [int(problem.split(":")[1]) for problem in _problems(text)] == [1, 2, 3, 3, 4, 6]


def test_the_list_of_mistakes_is_bounded() -> None:
    found = _problems("- *x\n" * 5000)
    assert len(found) == MAX_PROBLEMS + 1
    assert "more mistakes follow" in found[-1]


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    document = load(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "f", "typed")
    assert document.data == {"a": 1, "b": 2}
    assert document.line(("b",)) == 2


def test_the_deepest_nesting_that_is_allowed() -> None:
    assert load("[" * MAX_DEPTH + "]" * MAX_DEPTH, "f", "typed").data is not None


def test_lines_are_those_of_values_keys_and_nearest_ancestors() -> None:
    document = load("a: 1\nservers:\n  - name: x\n    ports:\n\n      - 80\n      - 443\n", "f", "typed")
    assert document.line(("servers", 0, "ports", 1)) == 7
    assert document.line(("servers", 0, "ports")) == 6
    assert document.key_line(("servers", 0, "ports")) == 4
    assert document.line(("servers", 0, "missing", "below")) == 3
    assert document.line(()) == 1
    assert document.line(("servers", "a-union-member", 0, "ports", 0)) == 6


class _Port(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    port: int
    service: str
    kind: Literal["tcp", "udp"] = "tcp"


class _Server(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: str
    ports: list[_Port]


def test_what_pydantic_finds_is_told_with_line_expectation_and_cure() -> None:
    document = load(
        "name: 5\nports:\n  - port: '44'\n    service: http\n    sevice: x\n  - port: 4.5\n    service:\n    kind: sctp\n",
        "f",
        "typed",
    )
    with pytest.raises(ValidationError) as caught:
        _Server.model_validate(document.data)
    assert [str(problem) for problem in pydantic_problems(caught.value, document)] == [
        "f:1: name: expected text, saw the number 5; put it in quotes",
        'f:3: ports[0].port: expected a whole number, saw "44"; write it without quotes',
        "f:5: ports[0].sevice: a key that is not known here; check its spelling, or remove it",
        "f:6: ports[1].port: expected a whole number, saw the number 4.5",
        "f:7: ports[1].service: expected text, saw nothing; write a value after the colon",
        "f:8: ports[1].kind: expected one of 'tcp' or 'udp', saw \"sctp\"",
    ]


def test_hostile_text_never_reaches_the_screen() -> None:
    document = load('name: "\\e[2J\\u202e"\nports: "' + "x" * 500 + '"\n', "a\x1b[31m.yaml", "typed")
    with pytest.raises(ValidationError) as caught:
        _Server.model_validate(document.data)
    shown = "".join(str(problem) for problem in pydantic_problems(caught.value, document))
    assert shown.isprintable()
    assert len(shown) < 200


def test_the_error_survives_pickling() -> None:
    with pytest.raises(StrictYamlError) as caught:
        load("a: *b", "f", "typed")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


_yamlish = st.text(alphabet="ab:1 -\n\t[]{},?&*!|>'\"%#@`~\\0.<=x\x00é\u2028", max_size=120)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=120), _yamlish, _yamlish.map(str.encode)))
def test_no_input_gives_anything_but_a_document_or_problems(text: bytes | str) -> None:
    for problem in (*_outcome(text, "typed"), *_outcome(text, "strings")):
        assert str(problem).isprintable()
        assert problem.line <= max(1, len(text.splitlines()))


@pytest.mark.parametrize(
    "text", ["[", "- ", "{a: ", "? ", "- *x\n", "a\n", "a: b\n", "'", '"\\', "[a, ", "\t", "!", "&", "\x00\n", ": "]
)
def test_a_megabyte_of_anything_costs_a_moment(text: str) -> None:
    started = time.process_time()
    _outcome(text * (MAX_BYTES // len(text)), "typed")
    assert time.process_time() - started < 5
