"""Expressions: grammar, tree, functions, evaluation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.template.evaluate import AbsentError, evaluate, truth
from plugins.template.expression import MAX_LENGTH, ExpressionError, parse, walk
from plugins.template.functions import TABLE
from plugins.template.values import EvaluationError, Value

NAMES: dict[str, Value] = {
    "body": b"Hello World",
    "status_code": 200.0,
    "server": b"nginx/1.20.0",
    "version": b"1.20.0",
}


def value_of(text: str) -> Value:
    return evaluate(parse(text).tree, NAMES.get)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("10 - 2 - 3", 5.0),
        ("7 % 4", 3.0),
        ("-3 + 5", 2.0),
        ("8 / 2 / 2", 2.0),
        ("'a' + \"b\"", b"ab"),
        ("'a' + 1", b"a1"),
        ("1 < 2 && 2 < 3", True),
        ("true || false && false", True),
        ("!false && !(1 == 2)", True),
        ("!!true", True),
        ("status_code == 200", True),
        ("status_code == '200'", False),
        ("status_code != 404", True),
        ("'b' > 'a'", True),
        ("contains(body, 'World')", True),
        ("contains(tolower(body), 'hello')", True),
        ("len(body) >= 11", True),
        (r"regex('\\d+\\.\\d+', server)", True),
        (r"'a\nb' == 'a' + '\n' + 'b'", True),
        (r"'it\'s' == " + '"it\'s"', True),
        ("compare_versions(version, '>= 0.6.18', '<= 1.20.0')", True),
        ("compare_versions(version, '>= 0.6.18, < 1.20.0')", False),
        ("trueish", None),
        ("'あ' == 'あ'", True),
        ("len('あ')", 3.0),
    ],
)
def test_evaluation(text: str, expected: Value | None) -> None:
    if expected is None:
        with pytest.raises(AbsentError):
            value_of(text)
    else:
        assert value_of(text) == expected
        assert type(value_of(text)) is type(expected)


def test_the_side_that_is_not_needed_is_not_evaluated() -> None:
    assert value_of("false && missing == 'x'") is False
    assert value_of("true || missing == 'x'") is True


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "ends too early"),
        ("1 +", "ends too early"),
        ("contains(body, 'x'", "ends too early"),
        ("a ? b : c", "column 3"),
        ("a =~ 'x'", "column 3"),
        ("1 == 2 == 3", "column 8"),
        ("__import__('os')", "no function of the subset"),
        ("body.upper()", "column 5"),
        ("body[0]", "column 5"),
        ("wait_for(10)", "makes an inspection wait"),
        ("generate_java_gadget('a', 'b', 'c')", "runs commands"),
        ("jarm('192.0.2.1:443')", "somebody else"),
        ("contains(body)", "takes 2 arguments, saw 1"),
        ("to_upper('a', 'b', 'c')", "takes 1 arguments, saw 3"),
        ("regex('(', body)", "missing"),
        ("regex(body, body)", "must be written out"),
        ("regex('(?=x)', body)", "pattern"),
        ("compare_versions(version, server)", "must be written out"),
        ("compare_versions(version, '~> 1')", "is not"),
        (r"regex('\d', body)", "no escape"),
        ("!" * 60 + "true", "nested too deep"),
        ("1" + "+1" * 60, "nested too deep"),
        ("'" + "x" * MAX_LENGTH + "'", "longer than"),
    ],
)
def test_what_is_refused_and_why(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words.replace("(", r"\(")):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "!body",
        "-body",
        "body && true",
        "1 < 'a'",
        "true < false",
        "1 / 0",
        "1 % 0",
        "to_number('x')",
        "compare_versions('x', '1')",
        "len(body)",
    ],
)
def test_values_that_do_not_fit_are_errors_and_never_true(text: str) -> None:
    with pytest.raises(EvaluationError):
        truth(parse(text).tree, NAMES.get)


def test_what_a_string_may_grow_to_is_bounded() -> None:
    big: dict[str, Value] = {"body": b"x" * 3_000_000}
    with pytest.raises(EvaluationError, match="grew beyond"):
        evaluate(parse("body + body").tree, big.get)
    with pytest.raises(EvaluationError, match="grew beyond"):
        evaluate(parse("hex_encode(hex_encode(body))").tree, big.get)


def test_names_and_nodes() -> None:
    expression = parse("contains(body, 'x') && !(status_code == 1 + 2)")
    assert expression.names == {"body", "status_code"}
    assert len(list(walk(expression.tree))) == 10


def test_every_function_also_exists_without_underscores() -> None:
    assert {name.replace("_", "") for name in TABLE} <= set(TABLE)


def outcome(text: str) -> Value | Exception:
    """Give the value, or how it was refused; any other exception is the test's."""
    try:
        return value_of(text)
    except (ExpressionError, EvaluationError) as error:
        return error


@given(st.text(max_size=80) | st.text(alphabet="abtrue()!&|=<>+-*/%'\"\\ 19,", max_size=80))
def test_any_text_is_worked_out_or_refused_in_plain_ascii(text: str) -> None:
    result = outcome(text)
    assert isinstance(result, bytes | float | bool) or str(result).isascii()
