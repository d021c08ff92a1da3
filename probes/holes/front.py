"""Front asks: the front page, two pages that cannot exist, and what fingerprints ask for. No hole is needed to explain them.

Their answers tell which products answer (product gate), and whether the server says yes to everything or repeats what it is
asked (template semantics 18). The paths that cannot exist are drawn for each look, so a server cannot know them beforehand; a
judge draws them again from the stored occasion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property

from plugins.ask import Answer, Ask, HttpAnswer, HttpAsk
from plugins.fingerprint import Fingerprint, Seen, recognise
from plugins.template.chance import Occasion
from plugins.template.model import Product
from plugins.template.pattern import found
from plugins.template.view import View

FRONT_PAGE = HttpAsk(path="/")
"""The front page."""


def token(occasion: Occasion, *where: str | int) -> str:
    """Give 16 hexadecimal digits that nobody can know beforehand, always the same at one place of one look."""
    name = "\0".join((occasion.seed, "tenken", *map(str, where)))
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def baseline_asks(occasion: Occasion) -> tuple[HttpAsk, ...]:
    """Give the asks for two pages that cannot exist: a plain one, and one that looks like what signatures ask for."""
    one, two = token(occasion, "baseline", 1), token(occasion, "baseline", 2)
    return HttpAsk(path=f"/{one}"), HttpAsk(path=f"/{two}/config/.env.php?{two}={two}")


def sentinel_ask(occasion: Occasion, number: int) -> HttpAsk:
    """Give the ask for another page that cannot exist, by which a change of the server is noticed."""
    return HttpAsk(path=f"/{token(occasion, 'sentinel', number)}")


def front_asks(occasion: Occasion, fingerprints: Sequence[Fingerprint] = ()) -> tuple[HttpAsk, ...]:
    """Give the front asks, each once."""
    more = (ask for fingerprint in fingerprints for ask in fingerprint.http_asks)
    return tuple(dict.fromkeys((FRONT_PAGE, *baseline_asks(occasion), *more)))


def is_busy(answer: Answer) -> bool:
    """Tell whether the server asks to be left alone (RFC 6585, section 4; RFC 9110, sections 10.2.3 and 15.6.4)."""
    if not isinstance(answer, HttpAnswer):
        return False
    return answer.status in {429, 503} or any(name == "retry-after" for name, _ in answer.headers)


class Front:
    """What the front asks brought at one web end point."""

    def __init__(
        self, answers: Mapping[Ask, Answer], occasion: Occasion, fingerprints: Sequence[Fingerprint] = ()
    ) -> None:
        """Find the front asks among all answers; a busy server's are none."""
        self.occasion = occasion
        self._fingerprints = fingerprints
        self.asks = front_asks(occasion, fingerprints)
        given = {ask: answers.get(ask) for ask in self.asks}
        self._given = {
            ask: answer for ask, answer in given.items() if isinstance(answer, HttpAnswer) and not is_busy(answer)
        }
        self._excluded: dict[Product, bool] = {}

    @property
    def baselines(self) -> tuple[HttpAnswer, ...]:
        """Answers to pages that cannot exist."""
        return tuple(self._given[ask] for ask in baseline_asks(self.occasion) if ask in self._given)

    @property
    def complete(self) -> bool:
        """Whether front page and baselines were answered."""
        return FRONT_PAGE in self._given and len(self.baselines) == 2

    @cached_property
    def reflects(self) -> bool:
        """Whether the server repeats parts of what it is asked."""
        tokens = [token(self.occasion, "baseline", number).encode() for number in (1, 2)]
        return any(one in View(answer, {}, {}).whole for answer in self.baselines for one in tokens)

    @cached_property
    def seen(self) -> tuple[Seen, ...]:
        """Products that showed themselves."""
        return recognise(self._fingerprints, self._given.values())

    def excludes(self, product: Product | None) -> bool:
        """Whether it is sure that the product does not answer here; a missing or cut answer excludes nothing."""
        if product is None:
            return False
        if product not in self._excluded:
            self._excluded[product] = self._whole and not self._shows(product)
        return self._excluded[product]

    @cached_property
    def _whole(self) -> bool:
        answered = len(self._given) == len(self.asks)
        return answered and not any(answer.truncated for answer in self._given.values())

    @cached_property
    def _text(self) -> bytes:
        """Everything that was shown, one after the other: what gates look for is found by one search each."""
        return b"\r\n\0\r\n".join(dict.fromkeys(View(answer, {}, {}).whole for answer in self._given.values()))

    def _shows(self, product: Product) -> bool:
        if any(is_of(seen, product) for seen in self.seen):
            return True
        return any(found(pattern, self._text) for pattern in product.seen)


def is_of(seen: Seen | Fingerprint, product: Product) -> bool:
    """Tell whether a fingerprint is about a product: by its CPE name as far as both go, or by its name."""
    if seen.name.casefold() == product.name.casefold():
        return True
    wanted = product.cpe.split(":") if product.cpe else []
    return bool(wanted) and all(a in {b, "*"} or b == "*" for a, b in zip(wanted, seen.cpe.split(":"), strict=False))
