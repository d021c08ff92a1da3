"""Front asks: the front page, and two pages that cannot exist. What they show, no hole is needed to explain.

Their answers tell which product answers (product gate), and whether the server says yes to everything or repeats what it is
asked (template semantics 18). The random part comes from outside; the prefix lets a judge recognise them in stored evidence.
"""

from __future__ import annotations

from collections.abc import Mapping

import re2

from plugins.ask import HttpAnswer, HttpAsk, NoAnswer, WebAnswer
from plugins.template.model import Product
from plugins.template.pattern import found
from plugins.template.view import View
from plugins.value import value

PREFIX = "/tenken-baseline-"
"""Beginning of every path that cannot exist."""
FRONT_PAGE = HttpAsk(path="/")
"""The front page."""

_TOKEN = re2.compile(r"/tenken-baseline-([0-9a-f]{16})")


@value
class Front:
    """What the front asks brought."""

    page: HttpAnswer | None
    """Front page; None: no answer."""
    baselines: tuple[tuple[HttpAsk, HttpAnswer], ...]
    """Answers to pages that cannot exist."""

    @property
    def complete(self) -> bool:
        """Whether every front ask was answered."""
        return self.page is not None and len(self.baselines) >= 2

    @property
    def reflects(self) -> bool:
        """Whether the server repeats parts of what it is asked."""
        return any(
            token.encode() in View(answer, {}, {}).whole
            for ask, answer in self.baselines
            for token in _TOKEN.findall(ask.path)
        )

    def excludes(self, product: Product | None) -> bool:
        """Whether it is sure that the product does not answer here; a missing or cut answer excludes nothing."""
        answers = [answer for answer in (self.page, *(answer for _, answer in self.baselines)) if answer]
        if product is None or not self.complete or any(answer.truncated for answer in answers):
            return False
        wholes = [View(answer, {}, {}).whole for answer in answers]
        return not any(found(pattern, whole) for pattern in product.seen for whole in wholes)


def front_of(answers: Mapping[HttpAsk, WebAnswer]) -> Front:
    """Find the answers to the front asks among all that were given at one end point; a busy server's are none."""
    given = {ask: answer for ask, answer in answers.items() if isinstance(answer, HttpAnswer) and not is_busy(answer)}
    baselines = tuple((ask, answer) for ask, answer in given.items() if is_baseline(ask))
    return Front(page=given.get(FRONT_PAGE), baselines=baselines)


def is_busy(answer: WebAnswer) -> bool:
    """Tell whether the server asks to be left alone (RFC 6585, section 4; RFC 9110, sections 10.2.3 and 15.6.4)."""
    if isinstance(answer, NoAnswer):
        return False
    return answer.status in {429, 503} or any(name == "retry-after" for name, _ in answer.headers)


def front_asks(token: str) -> tuple[HttpAsk, ...]:
    """Give the front asks; `token` is 16 random hexadecimal digits."""
    return (
        FRONT_PAGE,
        HttpAsk(path=f"{PREFIX}{token}"),
        HttpAsk(path=f"{PREFIX}{token}/config/.env.php?tenken={token}"),
    )


def is_baseline(ask: HttpAsk) -> bool:
    """Tell whether an ask is for a page that cannot exist."""
    return ask.path.startswith(PREFIX)
