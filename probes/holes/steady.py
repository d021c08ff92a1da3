"""Steadiness: whether a web server stayed the same while it was asked, told by pages that cannot exist.

Such a page is asked for at the beginning, now and then, and at the end. What was asked between two of them that differ cannot be
called clean: a firewall may have begun to answer in the server's place.
"""

from __future__ import annotations

from bisect import bisect_left

from plugins.ask import Answer, Ask, HttpAnswer, HttpAsk
from plugins.template.chance import Occasion
from probes.holes.block_page import blocker
from probes.holes.front import baseline_asks, is_busy, sentinel_ask

EVERY = 60
"""Exchanges between two looks at a page that cannot exist."""
MOST = 400
"""Most of them at one end point."""


class Steadiness:
    """Takes exchanges in order."""

    def __init__(self, occasion: Occasion) -> None:
        self._occasion = occasion
        self._baseline = baseline_asks(occasion)[0]
        self.next_ask = sentinel_ask(occasion, 1)
        self._sentinels = 0
        self._place = 0
        self._seen: list[tuple[int, str]] = []
        self._differs = False

    def took(self, ask: Ask, answer: Answer) -> int:
        """Take an exchange; give its place in the order."""
        self._place += 1
        if (
            isinstance(ask, HttpAsk)
            and self._is_watched(ask)
            and isinstance(answer, HttpAnswer)
            and not is_busy(answer)
        ):
            self._seen.append((self._place, kind(ask, answer)))
            self._differs = self._differs or self._seen[-1][1] != self._seen[0][1]
        return self._place

    def _is_watched(self, ask: HttpAsk) -> bool:
        # Comparing paths first is cheap, and nearly all differ.
        if ask.path == self.next_ask.path and ask == self.next_ask:
            self._sentinels += 1
            self.next_ask = sentinel_ask(self._occasion, self._sentinels + 1)
            return True
        return ask.path == self._baseline.path and ask == self._baseline

    @property
    def due(self) -> bool:
        """Whether it is time for the next look."""
        last = self._seen[-1][0] if self._seen else 0
        return self._place - last >= EVERY and self._sentinels < MOST

    @property
    def steady(self) -> bool:
        """Whether every look brought the same."""
        return not self._differs

    @property
    def changed(self) -> str:
        """Say how the latest look differs from the first; empty: it does not."""
        if not self._seen or self._seen[-1][1] == self._seen[0][1]:
            return ""
        return f"a page that does not exist brought {self._seen[0][1]}, later {self._seen[-1][1]}"

    def calm_after(self, place: int) -> bool:
        """Tell whether a look after a place brought what every look brought."""
        return self.steady and bool(self._seen) and self._seen[-1][0] > place

    def change_at(self, place: int) -> str:
        """Say what changed around a place; empty: before and after it, the server was what it was at the beginning."""
        position = bisect_left(self._seen, (place,))
        for _, told in self._seen[max(0, position - 1) : position + 1]:
            if told != self._seen[0][1]:
                return f"the server changed: a page that does not exist brought {self._seen[0][1]}, later {told}"
        return ""


def kind(ask: HttpAsk, answer: HttpAnswer) -> str:
    """Say what kind of answer it is, without what differs from page to page."""
    name = ask.path.lstrip("/")
    said = [f"status {answer.status}"]
    for key, text in answer.headers:
        if key == "location":
            said.append(f"a redirect to {text.partition('?')[0].replace(name, '')[:60]!a}")
    if who := blocker(answer):
        said.append(f"a block page ({who})")
    return ", ".join(said)
