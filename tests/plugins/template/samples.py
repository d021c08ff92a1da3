"""Templates for tests: the smallest one that loads, and ways to change it."""

from __future__ import annotations

import textwrap

from plugins.ask import HttpAnswer, WebEndpoint
from plugins.template.load import load
from plugins.template.model import Template
from plugins.template.program import Outcome, program

ENDPOINT = WebEndpoint(address="127.0.0.1", port=8080, tls=False, host="shop.example")

HEAD = """\
id: sample
info:
  name: Sample
  author: tenken
  severity: high
  metadata:
    tenken:
      threat: file-read
      certainty: verified
      title: {ja: 見本, en: Sample}
      remedy: {ja: 直す, en: Mend it}
"""
BLOCK = """
- path: ["{{BaseURL}}/x"]
  matchers:
    - {type: word, words: [secret]}
"""


def template(http: str = BLOCK, head: str = HEAD) -> Template:
    """Load a template from its http list."""
    return load(text(http, head), "sample.yaml")


def text(http: str = BLOCK, head: str = HEAD) -> str:
    """Write a template."""
    return head + "http:\n" + textwrap.indent(textwrap.dedent(http).strip("\n"), "  ") + "\n"


def answer(body: bytes = b"", status: int = 200, truncated: bool = False, **headers: str) -> HttpAnswer:
    """Make an answer; header names in snake spelling."""
    pairs = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return HttpAnswer(status=status, headers=pairs, body=body, truncated=truncated)


def run(one: Template, *answers: object, endpoint: WebEndpoint = ENDPOINT) -> Outcome:
    """Feed answers in order; the program must ask exactly as often."""
    running = program(one, endpoint)
    waiting = iter(answers)
    try:
        next(running)
        while True:
            running.send(next(waiting))  # type: ignore[arg-type]  # tests feed what they like
    except StopIteration as end:
        assert next(waiting, None) is None, "more answers than asks"
        outcome: Outcome = end.value
        return outcome
