"""Proof: what every signature has to bring with it."""

from __future__ import annotations

import pytest

from plugins.pack import Signature
from plugins.proof import examine_card, examine_proof
from plugins.template.rehearsal import Case, load_cases
from tests.plugins.template.samples import BLOCK, HEAD, template

CASES = """
- kind: vulnerable
  server: bad
  exchanges: [{path: /x, status: 200, body: a secret}]
- kind: fixed
  server: good
  exchanges: [{path: /x, status: 404}]
- kind: look-alike
  server: other
  exchanges: [{path: /x, status: 200, body: welcome}]
"""


def signature(head: str = HEAD, http: str = BLOCK) -> Signature:
    return Signature(family="a", source="a/sample.yaml", digest="", template=template(http, head))


def cases(text: str = CASES) -> tuple[Case, ...]:
    return load_cases(text, "x")


GOOD = HEAD.replace("  severity: high\n", "  severity: high\n  reference: https://example.org/advisory\n")


def told(flaws: tuple[object, ...]) -> list[str]:
    return [str(flaw) for flaw in flaws]


def test_a_proved_signature_has_no_flaw() -> None:
    assert examine_card(signature(GOOD)) == ()
    assert examine_proof(signature(GOOD), cases()) == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("  reference: https://example.org/advisory\n", ""), "has no reference"),
        (("certainty: verified", "certainty: suspected"), "without its product"),
        (("certainty: verified", "certainty: suspected"), "tag it `version`"),
        (("en: Sample", "en: 'TODO: write'"), "still says TODO"),
        (("見本", "Sample"), "Japanese text without a Japanese character"),
    ],
)
def test_what_a_card_lacks(change: tuple[str, str], expected: str) -> None:
    assert expected in "\n".join(told(examine_card(signature(GOOD.replace(*change)))))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("kind: fixed", "kind: look-alike"), "sample: has no transcript of a fixed server; write one"),
        (("a secret", "nothing"), "sample: vulnerable, bad: expected a match, saw none"),
        (("body: welcome", "body: secret"), "sample: look-alike, other: expected no match, saw one"),
        (("server: bad", "server: bad\n  extracted: {version: '1'}"), "expected to extract [('version', '1')], saw []"),
    ],
)  # fmt: skip
def test_what_does_not_come_out_as_it_should(change: tuple[str, str], expected: str) -> None:
    assert any(line.endswith(expected) for line in told(examine_proof(signature(GOOD), cases(CASES.replace(*change)))))


def test_an_answer_that_cannot_be_told_is_no_proof() -> None:
    negative = """
    - path: ["{{BaseURL}}/x"]
      matchers: [{type: word, words: [welcome], negative: true}]
    """
    long = CASES.replace("body: welcome", f"body: {'w' * 300_000}")
    assert any("not tested" in one for one in told(examine_proof(signature(GOOD, negative), cases(long))))
