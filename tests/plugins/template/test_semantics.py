"""The semantics of the format that are easy to get wrong, each with its number in the facts about the format."""

from __future__ import annotations

import pytest

from plugins.ask import HttpAsk, NoAnswer, NoAnswerReason, WebEndpoint
from plugins.template.load import TemplateError
from plugins.template.program import Hit, Match, NotTested
from tests.plugins.template.samples import HEAD, answer, run, template, web_asks


def paths(hit: Hit) -> str:
    assert isinstance(hit.ask, HttpAsk)
    return hit.ask.path


def extracted(outcome: object) -> tuple[tuple[str, bytes], ...]:
    assert isinstance(outcome, Match)
    return outcome.hits[0].extracted


def test_02_extractors_run_before_matchers_and_their_values_are_seen_by_them() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      matchers: [{type: dsl, dsl: ['compare_versions(version, "< 2.0")']}]
      extractors: [{type: regex, name: version, regex: ['v([0-9.]+)'], group: 1}]
    """)
    assert extracted(run(one, answer(b"v1.9"))) == (("version", b"1.9"),)
    assert run(one, answer(b"v2.0")) is None
    assert run(one, answer(b"none")) is None


def test_02_values_of_an_earlier_block_are_seen_by_a_later_one() -> None:
    one = template("""
    - path: ["{{BaseURL}}/version"]
      extractors: [{type: regex, name: version, regex: ['[0-9.]+'], internal: true}]
    - path: ["{{BaseURL}}/"]
      matchers: [{type: dsl, dsl: ['contains(body, "shop") && version == "1.0"']}]
    """)
    assert isinstance(run(one, answer(b"1.0"), answer(b"shop")), Match)
    assert run(one, answer(b"1.1"), answer(b"shop")) is None


def test_03_a_regex_extractor_with_several_hits_keeps_document_order() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      matchers: [{type: dsl, dsl: ['v == "3"']}]
      extractors: [{type: regex, name: v, regex: ['[0-9]']}]
    """)
    assert extracted(run(one, answer(b"3 1 2 1"))) == (("v", b"3"), ("v", b"1"), ("v", b"2"))


def test_04_matchers_condition_and_lists_of_words_default_to_or() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      matchers: [{type: word, words: [a, b]}, {type: status, status: [500]}]
    """)
    assert isinstance(run(one, answer(b"b")), Match)
    assert isinstance(run(one, answer(b"", 500)), Match)
    assert run(one, answer(b"")) is None


def test_04_and_wants_all() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      matchers-condition: and
      matchers: [{type: word, words: [a, b], condition: and}, {type: status, status: [200, 206]}]
    """)
    assert isinstance(run(one, answer(b"ab", 206)), Match)
    assert run(one, answer(b"a")) is None
    assert run(one, answer(b"ab", 404)) is None


def test_05_extractors_alone_are_a_finding_when_something_was_extracted() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      extractors: [{type: regex, regex: ['x+']}]
    """)
    assert extracted(run(one, answer(b"axxb"))) == (("", b"xx"),)
    assert run(one, answer(b"ab")) is None


def test_05_internal_extractors_alone_are_none() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      extractors: [{type: regex, name: v, regex: ['x+'], internal: true}]
    """)
    assert run(one, answer(b"axxb")) is None


def test_06_expressions_of_literals_stay_as_they_are() -> None:
    one = template("""
    - path: ["{{BaseURL}}/?q={{7*7}}&r={{'a'+'b'}}"]
      headers: {X-Test: "{{7*7}} {{Hostname}}"}
      matchers: [{type: word, words: ["49", "{{7*7}}"]}]
    """)
    (ask,) = web_asks(one)
    assert ask.path == "/?q={{7*7}}&r={{'a'+'b'}}"
    assert ask.headers == (("X-Test", "{{7*7}} shop.example:8080"),)


@pytest.mark.parametrize("path", ["/{{unknown}}", "/{{md5(x)}}", "/{{version}}", "/{{interactsh-url}}", "/{{a.b()}}"])
def test_06_a_variable_that_cannot_be_filled_in_is_refused(path: str) -> None:
    with pytest.raises(TemplateError, match=r"can be filled in|call-backs|cannot be read"):
        template(f"""
        - path: ["{{{{BaseURL}}}}{path}"]
          matchers: [{{type: status, status: [200]}}]
        """)


def test_11_scalars_are_text() -> None:
    one = template(
        """
    - path: ["{{BaseURL}}/"]
      matchers: [{type: word, words: [no, 010, 1e3, null, ~]}]
    """,
        head=template_head("1e3"),
    )
    assert one.id == "1e3"
    for word in (b"no", b"010", b"1e3", b"null", b"~"):
        assert isinstance(run(one, answer(word)), Match)
    assert run(one, answer(b"8 1000 false None")) is None


def template_head(identifier: str) -> str:
    return HEAD.replace("id: sample", f"id: {identifier}")


def test_12_patterns_are_re2() -> None:
    one = template(r"""
    - path: ["{{BaseURL}}/"]
      matchers: [{type: regex, regex: ['a(?i)B$']}]
    """)
    assert isinstance(run(one, answer(b"xaB")), Match)
    assert isinstance(run(one, answer(b"xab")), Match)
    assert run(one, answer(b"xab\n")) is None


@pytest.mark.parametrize("pattern", ["(?=x)", "(?<!x)y", r"(a)\1", "(", "*"])
def test_12_look_around_and_back_references_are_refused(pattern: str) -> None:
    with pytest.raises(TemplateError, match="pattern"):
        template(f"""
        - path: ["{{{{BaseURL}}}}/"]
          matchers: [{{type: regex, regex: ['{pattern}']}}]
        """)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("{{BaseURL}}", "/"),
        ("{{BaseURL}}/", "/"),
        ("{{BaseURL}}?a=1", "/?a=1"),
        ("{{RootURL}}/a/../b", "/a/../b"),
        ("{{BaseURL}}//a", "//a"),
        ("{{BaseURL}}/%2e%2E/;x?#y", "/%2e%2E/;x?#y"),
        ("{{Scheme}}://{{Hostname}}/x", "/x"),
        ("{{Scheme}}://{{Host}}:{{Port}}/{{Port}}/{{Scheme}}{{Path}}", "/8080/http"),
    ],
)
def test_13_paths_keep_their_exact_bytes(path: str, target: str) -> None:
    one = template(f"""
    - path: ["{path}"]
      matchers: [{{type: status, status: [200]}}]
    """)
    assert [ask.path for ask in web_asks(one)] == [target]


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "http://192.0.2.1/",
        "{{BaseURL}}@evil/",
        "{{BaseURL}}.evil/",
        "{{BaseURL}}:1/",
        "{{Hostname}}/x",
        "{{BaseURL}}/a b",
        "{{BaseURL}}/\\u000d",
        "{{BaseURL}}/\\u3042",
    ],
)
def test_16_other_addresses_and_broken_lines_are_refused(path: str) -> None:
    with pytest.raises(TemplateError, match=r"outside the scope|another server|percent-encoded|not allowed"):
        template(f"""
        - path: ["{path}"]
          matchers: [{{type: status, status: [200]}}]
        """)


def test_14_matching_works_on_bytes_and_all_holds_the_status_line_and_headers() -> None:
    one = template(r"""
    - path: ["{{BaseURL}}/"]
      matchers-condition: and
      matchers:
        - {type: regex, part: all, regex: ['(?s)^HTTP/1.1 200 OK\r\nX-Powered-By: PHP/8\r\n\r\n.{2}shop']}
        - {type: word, part: header, words: ["X-Powered-By: PHP/8"]}
        - {type: word, part: x_powered_by, words: [PHP/8]}
        - {type: regex, regex: ['^\xff\x00shop$']}
        - {type: word, part: status_code, words: ["200"]}
    """)
    assert isinstance(run(one, answer(b"\xff\x00shop", x_powered_by="PHP/8")), Match)


def test_14_cookies_and_repeated_headers_have_names_too() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      matchers-condition: and
      matchers:
        - {type: word, part: jsessionid, words: [abc]}
        - {type: dsl, dsl: ['contains(set_cookie, "abc")']}
    """)
    assert isinstance(run(one, answer(set_cookie="JSESSIONID=abc; Path=/")), Match)
    assert run(one, answer(set_cookie="other=abc")) is None


@pytest.mark.parametrize("reason", list(NoAnswerReason))
@pytest.mark.parametrize("negative", ["true", "false"])
def test_15_no_answer_is_never_a_match_also_not_for_negative_matchers(reason: NoAnswerReason, negative: str) -> None:
    one = template(f"""
    - path: ["{{{{BaseURL}}}}/"]
      matchers: [{{type: word, words: [x], negative: {negative}}}, {{type: status, status: [200], negative: {negative}}}]
    """)
    outcome = run(one, NoAnswer(reason=reason, detail="because"))
    assert outcome == NotTested(reason=f"{reason}: because")


def test_15_a_gap_does_not_hide_a_match_elsewhere_but_keeps_the_rest_from_being_clean() -> None:
    one = template("""
    - path: ["{{BaseURL}}/a", "{{BaseURL}}/b"]
      matchers: [{type: word, words: [x]}]
    """)
    gap = NoAnswer(reason=NoAnswerReason.RESET)
    assert isinstance(run(one, gap, answer(b"x")), Match)
    assert run(one, gap, answer(b"")) == NotTested(reason="reset")


def test_16_a_redirect_is_an_answer_and_nothing_is_followed() -> None:
    one = template("""
    - path: ["{{BaseURL}}/a"]
      matchers: [{type: status, status: [200]}]
    """)
    assert run(one, answer(b"", 302, location="http://192.0.2.1/")) is None


def test_17_the_ask_is_the_complete_send_policy() -> None:
    one = template("""
    - path: ["{{BaseURL}}/a"]
      method: HEAD
      headers: {Range: bytes=0-3}
      max-size: 4
      matchers: [{type: status, status: [200]}]
    """)
    (ask,) = web_asks(one)
    assert (ask.method, ask.path, ask.headers, ask.max_bytes) == ("HEAD", "/a", (("Range", "bytes=0-3"),), 4)


def test_19_version_bounds_hold_together() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      matchers: [{type: dsl, dsl: ["compare_versions(v, '>= 2.4.49', '< 2.4.51')"]}]
      extractors: [{type: regex, part: server, name: v, regex: ['Apache/(\\S+)'], group: 1}]
    """)
    hit = [v for v in ("2.4.48", "2.4.49", "2.4.50", "2.4.51") if run(one, answer(server=f"Apache/{v}"))]
    assert hit == ["2.4.49", "2.4.50"]


def test_20_stop_at_first_match_asks_no_further_and_without_it_every_path_is_told() -> None:
    http = """
    - path: ["{{BaseURL}}/a", "{{BaseURL}}/b", "{{BaseURL}}/c"]
      stop-at-first-match: STOP
      matchers: [{type: word, words: [x], name: first}]
    """
    stopped = run(template(http.replace("STOP", "true")), answer(b""), answer(b"x"))
    assert isinstance(stopped, Match)
    assert [paths(hit) for hit in stopped.hits] == ["/b"]
    every = run(template(http.replace("STOP", "false")), answer(b"x"), answer(b""), answer(b"x"))
    assert isinstance(every, Match)
    assert [(paths(hit), hit.matchers) for hit in every.hits] == [("/a", ("first",)), ("/c", ("first",))]


def test_negative_and_case_insensitive() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      matchers-condition: and
      matchers:
        - {type: word, words: [HELLO], case-insensitive: true}
        - {type: word, words: [login], negative: true}
    """)
    assert isinstance(run(one, answer(b"Hello")), Match)
    assert run(one, answer(b"Hello login")) is None


def test_what_is_not_there_matches_nothing_not_even_negatively() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      matchers:
        - {type: word, part: x_missing, words: [a], negative: true}
        - {type: dsl, dsl: ['!contains(x_missing, "a")']}
    """)
    assert run(one, answer(b"")) is None


@pytest.mark.parametrize(
    "matcher",
    [
        "{type: word, words: [end]}",
        "{type: word, words: [end], negative: true}",
        "{type: regex, part: all, regex: ['end$']}",
        "{type: dsl, dsl: ['contains(body, \"end\")']}",
        "{type: dsl, dsl: ['content_length < 10']}",
    ],
)
def test_a_cut_answer_cannot_show_that_something_is_not_in_it(matcher: str) -> None:
    one = template(f"""
    - path: ["{{{{BaseURL}}}}/"]
      matchers: [{matcher}]
    """)
    outcome = run(one, answer(b"begin", truncated=True))
    assert isinstance(outcome, NotTested)
    assert "cut" in outcome.reason


def test_a_cut_answer_still_shows_what_is_in_it_and_what_its_status_rules_out() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      matchers-condition: and
      matchers: [{type: word, words: [end]}, {type: status, status: [200]}]
    """)
    assert isinstance(run(one, answer(b"the end", truncated=True)), Match)
    assert run(one, answer(b"begin", 404, truncated=True)) is None


def test_max_size_says_that_only_the_beginning_matters() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      max-size: 5
      matchers: [{type: word, words: [end]}]
    """)
    assert run(one, answer(b"begin", truncated=True)) is None


def test_an_expression_that_cannot_be_worked_out_is_not_tested() -> None:
    one = template("""
    - path: ["{{BaseURL}}/"]
      matchers: [{type: dsl, dsl: ['compare_versions(server, "< 2")']}]
    """)
    outcome = run(one, answer(server="not a version"))
    assert isinstance(outcome, NotTested)
    assert "is not a version" in outcome.reason


def test_url_variables_of_a_tls_end_point_with_ipv6() -> None:
    endpoint = WebEndpoint(address="::1", port=443, tls=True, host="::1")
    one = template("""
    - path: ["{{BaseURL}}/{{Hostname}}/{{Host}}/{{Port}}/{{Scheme}}"]
      matchers: [{type: status, status: [200]}]
    """)
    assert [ask.path for ask in web_asks(one, endpoint)] == ["/[::1]/::1/443/https"]
