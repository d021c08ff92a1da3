"""Rehearsals: transcripts are read strictly and answered by the real program."""

from __future__ import annotations

import pytest

from plugins.template.load import TemplateError
from plugins.template.program import Match
from plugins.template.rehearsal import Kind, load_cases, rehearse
from tests.plugins.template.samples import template

CASES = """\
- kind: vulnerable
  server: one
  exchanges:
    - path: /x
      status: 200
      headers: {X-A: b}
      body: secret
- kind: fixed
  server: two
  exchanges: []
- kind: look-alike
  server: three
  exchanges:
    - {path: /x, method: HEAD, status: 200, body: secret}
    - {path: /x, status: 206, hex: 73656372}
"""


def test_cases_are_answered_as_remembered_and_404_otherwise() -> None:
    cases = load_cases(CASES, "x")
    assert [case.kind for case in cases] == [Kind.VULNERABLE, Kind.FIXED, Kind.LOOK_ALIKE]
    outcomes = [rehearse(template(), case) for case in cases]
    assert isinstance(outcomes[0], Match)
    assert outcomes[1:] == [None, None]


def test_answers_are_cut_like_real_ones() -> None:
    one = template("""
    - path: ["{{BaseURL}}/x"]
      max-size: 3
      matchers: [{type: word, words: [secret]}]
    """)
    assert rehearse(one, load_cases(CASES, "x")[0]) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("vulnerable", "broken"), "expected one of vulnerable"),
        (("status: 200", "status: ok"), "whole number"),
        (("body: secret", "text: secret"), "unknown key"),
        (("hex: 73656372", "hex: xyz"), "hexadecimal"),
        (("server: one\n", "servr: one\n"), "server is missing"),
        (("kind: fixed", "- x"), "not YAML"),
    ],
)
def test_mistakes_have_lines(change: tuple[str, str], words: str) -> None:
    with pytest.raises(TemplateError, match=words) as caught:
        load_cases(CASES.replace(*change, 1), "x")
    assert all(problem.line > 0 for problem in caught.value.problems)


@pytest.mark.parametrize("source", ["x: 1", "- 1", "- [1]", "- {kind: fixed, server: a, exchanges: [1]}"])
def test_other_shapes_are_refused(source: str) -> None:
    with pytest.raises(TemplateError):
        load_cases(source, "x")
