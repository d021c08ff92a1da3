"""The loader: every mistake with file and line, all at once; nothing of the format is skipped silently."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.template import refused
from plugins.template.load import TemplateError, load
from tests.plugins.template.samples import BLOCK, HEAD, template, text


def problems(source: str) -> list[str]:
    with pytest.raises(TemplateError) as caught:
        load(source, "x.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_a_template_is_a_value() -> None:
    one = template()
    assert (one.id, one.severity, one.inspection.title.ja) == ("sample", "high", "見本")
    assert pickle.loads(pickle.dumps(one)) == one
    assert hash(one) == hash(template())


def test_the_old_name_of_http_is_read() -> None:
    assert load(text().replace("http:", "requests:"), "x.yaml") == template()


def test_a_signature_of_the_original_project_does_not_disturb() -> None:
    assert load(text() + "# digest: 4a0a00473045\n", "x.yaml") == template()


def test_lists_may_be_written_on_one_line() -> None:
    head = HEAD.replace("author: tenken", "author: a, b\n  tags: x,y\n  reference: https://example.org/")
    one = template(head=head)
    assert (one.authors, one.tags, one.references) == (("a", "b"), ("x", "y"), ("https://example.org/",))


def test_the_product_gate_and_note_are_read() -> None:
    gate = "      product: {name: nginx, seen: ['nginx/[0-9]']}\n      note: {ja: 注, en: note}\n"
    inspection = template(head=HEAD + gate).inspection
    assert inspection.product is not None
    assert (inspection.product.seen, inspection.note and inspection.note.en) == (("nginx/[0-9]",), "note")


def test_all_mistakes_come_at_once_with_their_lines() -> None:
    source = text(
        """
    - path: ["/x"]
      method: "1"
      bogus: 1
      matchers:
        - {type: wrod, words: [x]}
        - {type: status, status: [999], condition: and}
        - {type: dsl, dsl: ['nope(']}
        - {type: regex, regex: ['(']}
      extractors:
        - {type: kvall, kval: [x]}
    """,
        HEAD.replace("severity: high", "severity: bad"),
    )
    lines = [int(problem.split(":")[1]) for problem in problems(source)]
    assert lines == sorted(lines)
    assert len(lines) >= 9
    assert {5, 13, 14, 15, 17, 18, 19, 20, 22} <= set(lines)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("id: sample", "id: a b"), "expected letters"),
        (("id: sample\n", ""), "id is missing"),
        (("  severity: high", "  severity: unknown"), "expected one of info"),
        (("  severity: high\n", ""), "severity is missing"),
        (("  name: Sample\n", ""), "name is missing"),
        (("  name: Sample", "  name: [Sample]"), "expected text, saw a list"),
        (("  name: Sample", "  nme: Sample"), "unknown key"),
        (("threat: file-read", "threat: bad"), "expected one of admin"),
        (("certainty: verified", "certainty: true"), "expected one of suspected, verified"),
        (("title: {ja: 見本, en: Sample}", "title: {ja: 見本}"), "en is missing"),
        (("title: {ja: 見本, en: Sample}", "title: Sample"), "expected a mapping, saw text"),
        (("title: {ja: 見本, en: Sample}", "title: {ja: '', en: Sample}"), "is empty"),
        (("    tenken:\n", "    other:\n"), "tenken is missing"),
        (("severity: high", "severity: high\n  classification: {cve-id: CVE-1}"), "no cve-id"),
        (("severity: high", "severity: high\n  classification: {cwe-id: '22'}"), "no cwe-id"),
        (("severity: high", "severity: high\n  classification: {cvs: x}"), "unknown key"),
        (('path: ["{{BaseURL}}/x"]', "path: []"), "1 to 20 paths"),
        (('path: ["{{BaseURL}}/x"]', "max-size: 5"), "path is missing"),
        (("words: [secret]", "words: []"), "would match everything"),
        (("words: [secret]", "words: ['']"), "would match everything"),
        (("words: [secret]", "regex: [secret]"), "unknown key"),
        (("words: [secret]", "words: [secret], negative: maybe"), "expected one of true, false"),
        (("words: [secret]", "words: ['{{version}}']"), "can be filled in"),
        (("words: [secret]", "words: [secret], part: interactsh_protocol"), "no part of the subset"),
        (("words: [secret]", "words: [secret], part: Body"), "no part of the subset"),
        (("type: word, words: [secret]", "type: status, status: [abc]"), "whole number from 100 to 599"),
        (("type: word, words: [secret]", "type: dsl, dsl: [a], part: body"), "name the parts themselves"),
        (("type: word, words: [secret]", "words: [secret]"), "type is missing"),
        (("- {type: word, words: [secret]}", "- word"), "expected a mapping"),
        (("    matchers:\n", "    max-size: 9999999\n    matchers:\n"), "from 1 to 1048576"),
        (("    matchers:\n", "    headers: {Host: x}\n    matchers:\n"), "always says who it is"),
        (("    matchers:\n", "    headers: {'a b': x}\n    matchers:\n"), "no header name"),
        (("    matchers:\n", "    headers: {X-A: あ}\n    matchers:\n"), "printable ASCII"),
        (("    matchers:\n", "    headers: [X-A]\n    matchers:\n"), "mapping of header names"),
        (("    matchers:\n", "    headers: {X-A: '{{token}}'}\n    matchers:\n"), "can be filled in"),
        (("    matchers:\n", "    method: 'G T'\n    matchers:\n"), "is no method"),
        (("    matchers:\n      - {type: word, words: [secret]}", "    stop-at-first-match: true"), "can never match"),
        (
            (
                "    matchers:\n      - {type: word, words: [secret]}",
                "    extractors: [{type: regex, regex: [a], group: 1}]",
            ),
            "not every pattern has so many groups",
        ),
        (
            (
                "    matchers:\n      - {type: word, words: [secret]}",
                "    extractors: [{type: regex, regex: [a], internal: true}]",
            ),
            "without a name",
        ),
    ],
)
def test_mistake(change: tuple[str, str], words: str) -> None:
    before, after = change
    assert before in text(), "the change must change something"
    found = problems(text().replace(before, after, 1))
    assert any(words in problem for problem in found), found
    assert all(problem.startswith("x.yaml:") and not problem.startswith("x.yaml:0:") for problem in found), found


@pytest.mark.parametrize("key", sorted(refused.TEMPLATE))
def test_key_of_a_template_that_is_refused(key: str) -> None:
    (found,) = problems(f"{text()}{key}: x\n")
    assert found.endswith(f"{key}: refused, {refused.TEMPLATE[key]}")


@pytest.mark.parametrize("key", sorted(refused.HTTP))
def test_key_of_a_request_that_is_refused(key: str) -> None:
    (found,) = problems(text(BLOCK + f"  {key}: x\n"))
    assert found.endswith(f"{key}: refused, {refused.HTTP[key]}")


@pytest.mark.parametrize("key", sorted(refused.EXTRACTOR))
def test_key_of_an_extractor_that_is_refused(key: str) -> None:
    (found,) = problems(text(BLOCK + f"  extractors: [{{type: regex, regex: [a], {key}: x}}]\n"))
    assert found.endswith(f"{key}: refused, {refused.EXTRACTOR[key]}")


@pytest.mark.parametrize(
    "source", ["", "[]", "x", "id: x", "a: &a [*a]", "id: x\nid: y", "\x00", "http: 1\ninfo: 2\nid: 3"]
)
def test_what_is_no_template_is_refused_with_a_reason(source: str) -> None:
    assert problems(source)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_politely(data: bytes) -> None:
    with pytest.raises(TemplateError) as caught:
        load(data, "x.yaml")
    assert caught.value.problems


LEAVES = st.sampled_from(["x", "{{BaseURL}}/", "true", "200", "word", "and", "(", "", "GET", "tenken"])
TREES = st.recursive(
    LEAVES,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["path", "matchers", "extractors", "type", "words", "regex", "dsl", "status", "part", "headers", "name"]
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def loaded(source: str) -> object:
    """Give the template, or its problems; any other exception is the test's."""
    try:
        return load(source, "x.yaml")
    except TemplateError as error:
        return error.problems


@given(TREES)
def test_any_tree_in_place_of_http_is_loaded_or_refused(tree: object) -> None:
    assert loaded(HEAD + "http: " + json.dumps(tree))
