"""Session identifiers that count: whoever has one can guess the others.

That takes several fresh visits and arithmetic between their answers, which a template cannot say. Each visit asks for the front
page without a cookie, as every new customer does.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import re2

from plugins.ask import HttpAnswer, HttpAsk, NoAnswer, WebEndpoint
from plugins.check import Check, CheckProgram
from plugins.template.model import Classification, Inspection, Template, Threat
from plugins.template.program import Hit, Match, NotTested
from plugins.template.state import Before
from plugins.text import Text

VISITS = 5
"""Fresh visits."""
WIDEST = 10_000
"""Largest step between two visits that still counts as counting: other customers come in between."""

_SESSION = re2.compile(r"(?i).*(?:sess|sid|auth|token|login|user).*|.*id")
_DECIMAL = re2.compile(r"[0-9]{1,18}")
_HEXADECIMAL = re2.compile(r"[0-9a-fA-F]{1,16}")

CARD = Template(
    id="session-id-counts",
    name="Session identifiers that count",
    severity="high",
    authors=("tenken",),
    description="Visits the front page a few times without a cookie and compares the session identifiers that are given.",
    tags=("session", "check"),
    references=(
        "https://cwe.mitre.org/data/definitions/330.html",
        "https://www.rfc-editor.org/rfc/rfc6265#section-8.4",
    ),
    classification=Classification(cwe=("CWE-330",)),
    inspection=Inspection(
        threat=Threat.ADMIN,
        certainty="verified",
        title=Text(
            en="Session identifiers are consecutive numbers; another customer's can be guessed",
            ja="セッションIDが連番であり、他の利用者のものを推測できます",
        ),
        remedy=Text(
            en="Give session identifiers of at least 128 random bits, as the session library of the platform does.",
            ja="セッションIDには、プラットフォーム標準の機能で生成した128ビット以上の乱数を使用してください。",
        ),
    ),
    http=(),
)


def run(endpoint: WebEndpoint) -> CheckProgram:
    """Visit and compare."""
    del endpoint
    given: dict[str, list[str]] = {}
    last = HttpAsk(path="/")
    for number in range(VISITS):
        # The same ask would be sent once and shared; the header makes each a visit of its own.
        last = HttpAsk(path="/", headers=(("X-Tenken-Visit", str(number + 1)),), max_bytes=1024)
        answer = yield last
        if isinstance(answer, NoAnswer):
            return NotTested(reason=f"{answer.reason}: {answer.detail}")
        if not isinstance(answer, HttpAnswer):
            return NotTested(reason="the front page does not answer")
        for name, text in _cookies(answer):
            given.setdefault(name, []).append(text)
    for name, texts in given.items():
        if _SESSION.fullmatch(name) and _counts(texts):
            shown = tuple((name, text.encode("latin-1", "replace")) for text in texts[:3])
            return Match(hits=(Hit(block=0, ask=last, before=Before(), matchers=(name[:40],), extracted=shown),))
    return None


def _cookies(answer: HttpAnswer) -> Iterator[tuple[str, str]]:
    for name, text in answer.headers:
        if name == "set-cookie":
            key, _, rest = text.partition("=")
            yield key.strip(), rest.partition(";")[0].strip()


def _counts(texts: list[str]) -> bool:
    """Tell whether every visit got a number a little above the one before."""
    if len(texts) < VISITS:
        return False
    for shape, base in ((_DECIMAL, 10), (_HEXADECIMAL, 16)):
        if all(shape.fullmatch(text) for text in texts):
            numbers = [int(text, base) for text in texts]
            steps = [after - before for before, after in pairwise(numbers)]
            return all(0 < step <= WIDEST for step in steps)
    return False


CHECK = Check(card=CARD, run=run)
"""Registered in the catalogue."""
