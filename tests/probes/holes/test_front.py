"""Front asks: recognised again from what is stored, and cautious about what they exclude."""

from __future__ import annotations

import pytest

from plugins.ask import HttpAnswer, HttpAsk, NoAnswer, NoAnswerReason, WebAnswer
from plugins.template.chance import Occasion
from plugins.template.model import Product
from probes.holes.front import FRONT_PAGE, Front, baseline_asks, front_asks, is_busy, token

OCCASION = Occasion(seed="x", at=0)
TOKEN = token(OCCASION, "baseline", 2)
NGINX = Product(name="nginx", seen=("(?m)^Server: nginx/[0-9]",))


def page(body: bytes = b"", status: int = 404, truncated: bool = False, **headers: str) -> HttpAnswer:
    pairs = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return HttpAnswer(status=status, headers=pairs, body=body, truncated=truncated)


def front(*answers: WebAnswer) -> Front:
    return Front(dict(zip(front_asks(OCCASION), answers, strict=False)), OCCASION)


def test_the_asks_are_the_front_page_and_two_pages_that_cannot_exist() -> None:
    asks = front_asks(OCCASION)
    assert asks == (FRONT_PAGE, *baseline_asks(OCCASION))
    assert asks[0] == HttpAsk(path="/")
    assert len(set(asks)) == 3


def test_what_cannot_exist_is_drawn_anew_for_each_look_and_again_by_a_judge() -> None:
    assert baseline_asks(OCCASION) == baseline_asks(Occasion(seed="x", at=99))
    assert set(baseline_asks(OCCASION)).isdisjoint(baseline_asks(Occasion(seed="y", at=0)))


def test_a_product_that_shows_itself_nowhere_is_excluded() -> None:
    assert front(page(), page(), page()).excludes(NGINX)
    assert not front(page(), page(), page(server="nginx/1.20.0")).excludes(NGINX)
    assert not front(page(), page(), page()).excludes(None)


@pytest.mark.parametrize(
    "gap",
    [
        NoAnswer(reason=NoAnswerReason.RESET),
        page(status=503),
        page(status=429),
        page(status=301, retry_after="5"),
        page(truncated=True),
    ],
)
@pytest.mark.parametrize("position", [0, 1, 2])
def test_what_was_not_wholly_answered_excludes_nothing(gap: WebAnswer, position: int) -> None:
    answers: list[WebAnswer] = [page(), page(), page()]
    answers[position] = gap
    assert not front(*answers).excludes(NGINX)


@pytest.mark.parametrize("echo", [page(f"no /{TOKEN} here".encode()), page(location=f"/login?to={TOKEN}")])
def test_a_server_that_repeats_the_ask_is_noticed(echo: HttpAnswer) -> None:
    assert front(page(), page(), echo).reflects
    assert not front(page(), page(), page(b"no such page")).reflects


def test_who_is_busy() -> None:
    assert [is_busy(page(status=code)) for code in (200, 404, 429, 500, 503)] == [False, False, True, False, True]
    assert is_busy(page(status=200, retry_after="120"))
    assert not is_busy(NoAnswer(reason=NoAnswerReason.TIMEOUT))
