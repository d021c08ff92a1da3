"""The semantics of matchers and extractors of every kind, of internal ones, and of flows."""

from __future__ import annotations

import pytest

from plugins.ask import Answer, HttpAsk, NoAnswer, NoAnswerReason
from plugins.template.load import TemplateError
from plugins.template.program import Match, NotTested, Outcome
from tests.plugins.template.samples import HEAD, answer, run, seen, template

GAP = NoAnswer(reason=NoAnswerReason.RESET)


def one_matcher(matcher: str, told: Answer) -> Outcome:
    """Judge one answer by one matcher."""
    http = f'- path: ["{{{{BaseURL}}}}/"]\n  matchers:\n    - {matcher}\n'
    return run(template(http), told)


def taken(extractor: str, told: Answer) -> tuple[bytes, ...]:
    """Extract from one answer."""
    http = f'- path: ["{{{{BaseURL}}}}/"]\n  extractors:\n    - {extractor}\n'
    outcome = run(template(http), told)
    return tuple(data for _, data in outcome.hits[0].extracted) if isinstance(outcome, Match) else ()


PAGE = b'<html><title>Shop</title><form><input name="t" value="1"><input name="u" value="2"></form></html>'
XML = b'<?xml version="1.0"?><a xmlns="urn:x"><b id="7">eight</b></a>'


@pytest.mark.parametrize(
    ("matcher", "told", "holds"),
    [
        ("{type: size, size: [3, 5]}", answer(b"abc"), True),
        ("{type: size, size: [4]}", answer(b"abc"), False),
        ("{type: size, size: [4], negative: true}", answer(b"abc"), True),
        ("{type: size, size: [2], part: x_a}", answer(b"", x_a="bb"), True),
        ("{type: size, size: [2], part: x_missing, negative: true}", answer(b""), False),
        ("{type: binary, binary: [504b0304, '00ff']}", answer(b"..\x00\xff"), True),
        ("{type: binary, binary: [504b0304, '00ff'], condition: and}", answer(b"..\x00\xff"), False),
        ("{type: binary, binary: ['00000000']}", answer(b"0"), False),
        ("{type: binary, binary: ['00000000']}", answer(b"\0\0\0\0"), True),
        ("{type: word, words: ['50 4b'], encoding: hex}", answer(b"PK"), True),
        ("{type: word, words: ['504B'], encoding: hex}", answer(b"504B"), False),
        ("{type: word, words: [Über], case-insensitive: true}", answer("x Über".encode()), True),
        ("{type: word, words: [a], match-all: true}", answer(b"a"), True),
        ("{type: word, words: ['GET / HTTP/1.1'], part: request}", answer(b""), True),
        ("{type: xpath, xpath: ['//title[text()=\"Shop\"]']}", answer(PAGE), True),
        ("{type: xpath, xpath: ['//title', '//nothing'], condition: and}", answer(PAGE), False),
        ("{type: xpath, xpath: ['//nothing'], negative: true}", answer(PAGE), True),
        ("{type: xpath, xpath: ['//b[@id=\"7\"]']}", answer(XML), True),
        ("{type: xpath, xpath: ['//b']}", answer(b""), False),
        ("{type: xpath, xpath: ['//b']}", answer(b"\xff\xfe\x00"), False),
        ("{type: dsl, dsl: ['len(body) == 3', 'status_code == 404'], condition: and}", answer(b"abc"), False),
        ("{type: dsl, dsl: ['mmh3(base64_py(body)) == \"1355950459\"']}", answer(b"icon"), True),
        ("{type: status, status: [404], negative: true}", answer(b""), True),
    ],
)
def test_matcher(matcher: str, told: Answer, holds: bool) -> None:
    outcome = one_matcher(matcher, told)
    assert outcome is None or isinstance(outcome, Match)
    assert isinstance(outcome, Match) is holds


@pytest.mark.parametrize(
    "matcher",
    [
        "{type: size, size: [30]}",
        "{type: binary, binary: [504b]}",
        "{type: xpath, xpath: ['//nothing']}",
        "{type: xpath, xpath: ['//nothing'], negative: true}",
    ],
)
def test_a_cut_answer_shows_only_what_is_in_it(matcher: str) -> None:
    assert isinstance(one_matcher(matcher, answer(b"<p>begin", truncated=True)), NotTested)
    assert one_matcher("{type: size, size: [3]}", answer(b"begin", truncated=True)) is None


@pytest.mark.parametrize(
    ("extractor", "told", "values"),
    [
        (
            "{type: kval, kval: [content_type, jsessionid]}",
            answer(b"", content_type="a/b", set_cookie="JSESSIONID=x; P"),
            [b"a/b", b"x"],
        ),
        ("{type: kval, kval: [x_missing]}", answer(b""), []),
        ("{type: kval, kval: [X_A], case-insensitive: true}", answer(b"", x_a="ABC"), [b"abc"]),
        (
            "{type: json, json: ['.a[].b']}",
            answer(b'{"a":[{"b":1},{"b":"x"},{"b":null},{"b":1.5}]}'),
            [b"1", b"x", b"1.5"],
        ),
        ("{type: json, json: ['.a', '.b']}", answer(b'{"b":{"c":[true]},"a":"1"}'), [b"1", b'{"c":[true]}']),
        ("{type: json, json: ['.a']}", answer(b"<html>"), []),
        ("{type: json, json: ['.a.b']}", answer(b'{"a":"text"}'), []),
        ("{type: json, part: x_a, json: ['.v']}", answer(b"", x_a='{"v":"9"}'), [b"9"]),
        ("{type: xpath, xpath: ['//input'], attribute: value}", answer(PAGE), [b"1", b"2"]),
        ("{type: xpath, xpath: ['/html/head/title']}", answer(PAGE), [b"Shop"]),
        ("{type: xpath, xpath: ['//b', '//b/@id']}", answer(XML), [b"eight", b"7"]),
        ("{type: dsl, dsl: ['to_upper(body)', 'len(body)', 'x_missing']}", answer(b"ab"), [b"AB", b"2"]),
        ("{type: regex, regex: ['[a-z]'], case-insensitive: true}", answer(b"B1a"), [b"B", b"a"]),
        ("{type: regex, regex: ['x(y)?'], group: 1}", answer(b"x xy"), [b"y"]),
    ],
)
def test_extractor(extractor: str, told: Answer, values: list[bytes]) -> None:
    assert list(taken(extractor, told)) == values


def test_what_an_extractor_takes_is_bounded() -> None:
    many = b",".join(b"%d" % number for number in range(100))
    assert len(taken("{type: regex, regex: ['[0-9]+']}", answer(many))) == 20
    assert [len(data) for data in taken("{type: regex, regex: ['x+']}", answer(b"x" * 9000))] == [500]


@pytest.mark.parametrize(
    ("matcher", "words"),
    [
        ("{type: json, json: ['.a']}", "no matcher of the subset"),
        ("{type: binary, binary: [xyz]}", "hexadecimal"),
        ("{type: size, size: [x]}", "whole number"),
        ("{type: size, size: [1], condition: and}", "one size"),
        ("{type: xpath, xpath: ['//a[']}", "not in the subset of XPath"),
        ("{type: xpath, xpath: ['//a/following::b']}", "not in the subset of XPath"),
        ("{type: word, words: [zz], encoding: hex}", "hexadecimal"),
        ("{type: word, words: [x], encoding: base64}", "expected one of hex"),
        ("{type: word, words: [x], part: duration}", "delays the server"),
        ("{type: dsl, dsl: ['contains(interactsh_protocol, \"dns\")']}", "call-backs"),
        ("{type: dsl, dsl: ['contains(body, \"{{interactsh-url}}\")']}", "call-backs"),
        ("{type: regex, regex: ['(?P<x'] }", "pattern"),
        ("{type: regex, words: [x]}", "unknown key"),
    ],
)
def test_matchers_that_are_refused(matcher: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        one_matcher(matcher, answer())


@pytest.mark.parametrize(
    ("extractor", "words"),
    [
        ("{type: json, json: ['def f: f; f']}", "subset of jq"),
        ("{type: json, json: ['env']}", "no word of the subset"),
        ("{type: json, json: ['.a | test(.b)']}", "written out"),
        ("{type: kval, kval: [a], part: body}", "name the parts themselves"),
        ("{type: regex, regex: [a], to: file}", "writes files"),
        ("{type: xpath, xpath: ['document(\"x\")']}", "subset of XPath"),
        ("{type: kval, kval: []}", "would match everything"),
    ],
)
def test_extractors_that_are_refused(extractor: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        taken(extractor, answer())


def test_placeholders_inside_strings_of_expressions_and_in_words() -> None:
    one = template(
        """
    - path: ["{{BaseURL}}/?q={{num}}"]
      matchers-condition: and
      matchers:
        - {type: dsl, dsl: ['contains(body, "-{{num}}-") && contains(body, "{{unknown}}")']}
        - {type: word, words: ["{{md5(num)}}"]}
    """,
        "variables: {num: '42'}\n" + HEAD,
    )
    digest = b"a1d0c6e83f027327d8461063f4ac58a6"
    assert isinstance(run(one, answer(b"-42- {{unknown}} " + digest)), Match)
    assert run(one, answer(b"-42- " + digest)) is None


def test_05_internal_matchers_decide_and_are_no_finding() -> None:
    http = """
    - path: ["{{BaseURL}}/a"]
      matchers: [{type: word, words: [x], internal: true}]
    """
    assert run(template(http), answer(b"x")) is None
    mixed = http.replace("internal: true}]", "internal: true}, {type: word, words: [y]}]")
    assert isinstance(run(template(mixed), answer(b"y")), Match)


BLOCKS = "\n".join(
    f'- id: {name}\n  path: ["{{{{BaseURL}}}}/{name}"]\n  matchers: [{{type: word, words: [yes]{extra}}}]'
    for name, extra in (("a", ", internal: true"), ("b", ""), ("c", ""))
)


def flowing(flow: str, **told: str) -> tuple[object, str]:
    """Run a flow over three pages; gives the outcome and the pages that were asked for."""

    def page(ask: HttpAsk) -> Answer:
        given = told.get(ask.path[1:], "no")
        return GAP if given == "gap" else answer(given.encode())

    outcome, asked = seen(template(BLOCKS, f"flow: {flow}\n" + HEAD), page)
    found = [hit.block for hit in outcome.hits] if isinstance(outcome, Match) else outcome
    return found, "".join(ask.path[1:] for ask in asked)


@pytest.mark.parametrize(
    ("flow", "told", "found", "asked"),
    [
        ("http(1) && http(2)", {"a": "yes", "b": "yes"}, [1], "ab"),
        ("http(1) && http(2)", {"a": "no", "b": "yes"}, None, "a"),
        ("http(1) && http(2)", {"a": "yes", "b": "no"}, None, "ab"),
        ("http(1) || http(2)", {"a": "yes", "b": "yes"}, None, "a"),
        ("http(1) || http(2)", {"b": "yes"}, [1], "ab"),
        ("http(2) || http(3)", {"b": "yes", "c": "yes"}, [1], "b"),
        ("'!http(1) && http(2)'", {"b": "yes"}, [1], "ab"),
        ("'!http(1) && http(2)'", {"a": "yes", "b": "yes"}, None, "a"),
        ("http(1) && (http(2) || http(3))", {"a": "yes", "c": "yes"}, [2], "abc"),
        ("http(2) && http(3)", {"b": "yes"}, None, "bc"),
        ("http(\"a\") && http('b')", {"a": "yes", "b": "yes"}, [1], "ab"),
        ("http(2) && http(2)", {"b": "yes"}, [1], "b"),
        ('"http(1)\\nhttp(3)"', {"c": "yes"}, [2], "ac"),
        ("http()", {"c": "yes"}, [2], "abc"),
        ("http(1) && http(2)", {"a": "gap", "b": "yes"}, NotTested(reason="reset"), "a"),
        ("http(1) || http(2)", {"a": "gap", "b": "yes"}, [1], "ab"),
        ("http(2) || http(3)", {"b": "gap"}, NotTested(reason="reset"), "bc"),
        ("http(2) && http(3)", {"b": "no", "c": "gap"}, None, "b"),
        ("'!http(2) && http(3)'", {"b": "gap", "c": "yes"}, NotTested(reason="reset"), "b"),
    ],
)
def test_flow(flow: str, told: dict[str, str], found: object, asked: str) -> None:
    assert flowing(flow, **told) == (found, asked)


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        ("http(4)", "there is no such block"),
        ('http("x")', "there is no such block"),
        ("tcp(1)", "there is no such block"),
        ("for (x of y) http(1)", "JavaScript is refused"),
        ("http(1) && set('a', 1)", "JavaScript is refused"),
        ("''", "JavaScript is refused"),
        ("'" + "!" * 40 + "http(1)'", "nested too deep"),
        ("'" + "(" * 2000 + "'", "longer than"),
    ],
)
def test_flows_that_are_refused(flow: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        template(BLOCKS, f"flow: {flow}\n" + HEAD)


def test_stop_at_first_match_of_the_template() -> None:
    head = "stop-at-first-match: true\n" + HEAD
    outcome, asked = seen(template(BLOCKS, head), lambda _: answer(b"yes"))
    assert isinstance(outcome, Match)
    assert [ask.path for ask in asked] == ["/a", "/b"]


def test_a_delay_can_be_written_and_is_never_measured() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      matchers: [{type: dsl, dsl: ['duration >= 6']}]
    """)
    assert run(one, answer()) is None
