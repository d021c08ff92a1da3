"""Templates for tests: the smallest one that loads, and ways to change it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from plugins.ask import Answer, Ask, Endpoint, HttpAnswer, HttpAsk, WebEndpoint
from plugins.template.chance import Occasion
from plugins.template.load import load
from plugins.template.model import Template
from plugins.template.program import Outcome, planned, program, replay

ENDPOINT = WebEndpoint(address="127.0.0.1", port=8080, tls=False, host="shop.example")
OCCASION = Occasion(seed="seed of the tests", at=1_800_000_000)

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


def run(one: Template, *answers: Answer, endpoint: Endpoint = ENDPOINT, occasion: Occasion = OCCASION) -> Outcome:
    """Feed answers in order; the program must ask exactly as often."""
    running = program(one, endpoint, occasion)
    waiting = iter(answers)
    try:
        next(running)
        while True:
            running.send(next(waiting))
    except StopIteration as end:
        assert next(waiting, None) is None, "more answers than asks"
        outcome: Outcome = end.value
        return outcome


def seen(
    one: Template, server: Callable[[HttpAsk], Answer], endpoint: Endpoint = ENDPOINT, occasion: Occasion = OCCASION
) -> tuple[Outcome, list[HttpAsk]]:
    """Run a template over a function; gives the outcome and what was asked."""
    asked: list[HttpAsk] = []

    def answering(ask: Ask) -> Answer:
        assert isinstance(ask, HttpAsk)
        asked.append(ask)
        return server(ask)

    return replay(one, endpoint, answering, occasion), asked


def web_asks(one: Template, endpoint: Endpoint = ENDPOINT, occasion: Occasion = OCCASION) -> list[HttpAsk]:
    """Give the HTTP asks that are known beforehand."""
    return [ask for ask in planned(one, endpoint, occasion) if isinstance(ask, HttpAsk)]
