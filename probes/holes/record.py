"""The record of one end point: every answer that was given there, in order, and the replay of signatures over them. Pure.

The looking side keeps one while it asks, the judge makes the same one from stored facts. So both think the same of every hit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from plugins.ask import Answer, Ask, Endpoint, HttpAnswer, HttpAsk, NoAnswer, NoAnswerReason, WebEndpoint
from plugins.fingerprint import Fingerprint
from plugins.pack import Signature
from plugins.template.chance import Occasion
from plugins.template.program import Match, Outcome
from plugins.trial import start
from probes.holes.block_page import blocker
from probes.holes.facts import Exchange
from probes.holes.front import Front, is_busy
from probes.holes.quick import Needs, Quick
from probes.holes.steady import Steadiness

_BUSY = frozenset({429, 503})
_SETTING = frozenset({"set-cookie", "retry-after"})
FIRST, SECOND = 1, 2
"""Numbers of the looks."""
MISSING = NoAnswer(reason=NoAnswerReason.CUT_OFF, detail="it was never asked")
"""What a replay is given where nothing is on record."""


class Record:
    """Answers of one end point."""

    def __init__(self, endpoint: Endpoint, occasion: Occasion, fingerprints: Sequence[Fingerprint] = ()) -> None:
        self.endpoint, self.occasion = endpoint, occasion
        self.missing: NoAnswer = MISSING
        self.steadiness = Steadiness(occasion)
        self.answers: dict[int, dict[Ask, Answer]] = {FIRST: {}, SECOND: {}}
        self._evidence: dict[tuple[int, Ask], tuple[str, ...]] = {}
        self._places: dict[Ask, int] = {}
        self._fingerprints = fingerprints
        self._blockers: dict[Ask, str] | None = None
        self._pages: dict[int, dict[int, bool]] = {}
        self._setting: dict[int, bool] = {}
        self._front: Front | None = None

    def keep(self, exchange: Exchange, evidence: tuple[str, ...] = ()) -> None:
        """Take an exchange. Of several tries the last answer counts; a try without an answer takes nothing back."""
        answers = self.answers[SECOND if exchange.look == SECOND else FIRST]
        ask, answer = exchange.ask, exchange.answer
        if exchange.look == FIRST:
            self._places[ask] = self.steadiness.took(ask, answer)
        if ask in answers and isinstance(answer, NoAnswer):
            return
        answers[ask] = answer
        self._blockers = None
        self._evidence[exchange.look, ask] = evidence
        if self._front is not None and ask in self._front.asks:
            self._front = None

    def misses(self, plan: Sequence[tuple[HttpAsk, Needs]], quick: Quick) -> bool:
        """Tell whether every ask of a plan was answered in full, and no answer has what it needs to match."""
        answers = self.answers[FIRST]
        for ask, needs in plan:
            answer = answers.get(ask)
            if not isinstance(answer, HttpAnswer) or answer.status in _BUSY or self._sets(answer):
                return False
            if needs.statuses and answer.status not in needs.statuses:
                continue
            if answer.truncated or needs.met(answer, self._page(answer, quick)):
                return False
        return True

    def _page(self, answer: HttpAnswer, quick: Quick) -> dict[int, bool]:
        key = id(answer)
        if key not in self._pages:
            self._pages[key] = quick.page(answer.status, answer.body)
        return self._pages[key]

    def _sets(self, answer: HttpAnswer) -> bool:
        """Tell whether headers of an answer may change what comes next."""
        key = id(answer)
        if key not in self._setting:
            self._setting[key] = any(name in _SETTING for name, _ in answer.headers)
        return self._setting[key]

    @property
    def front(self) -> Front:
        """What the front asks brought; empty where no web server was asked."""
        if self._front is None:
            asked = self.answers[FIRST] if isinstance(self.endpoint, WebEndpoint) else {}
            self._front = Front(asked, self.occasion, self._fingerprints)
        return self._front

    def evidence(self, ask: Ask) -> tuple[str, ...]:
        """Give the digests of the transcripts of an ask, of both looks."""
        return (*self._evidence.get((FIRST, ask), ()), *self._evidence.get((SECOND, ask), ()))

    def first(self, ask: Ask) -> Answer | None:
        """Give the first look's answer to an ask."""
        return self.answers[FIRST].get(ask)

    def replay(
        self, signature: Signature, look: int = FIRST, instead: Mapping[Ask, Answer] | None = None
    ) -> tuple[Outcome, list[Ask]]:
        """Run a signature over one look's answers; give the outcome and what it asked. `instead`: other answers to some asks."""
        running, asked = start(signature, self.endpoint, self.occasion), []
        answers, other = self.answers[look], instead or {}
        try:
            ask = next(running)
            while True:
                asked.append(ask)
                answer = other.get(ask) or answers.get(ask)
                ask = running.send(self._usable(answer))
        except StopIteration as end:
            return cast(Outcome, end.value), asked

    def still(self, signature: Signature, ask: Ask, answer: Answer) -> bool:
        """Tell whether a hit at `ask` would be one, too, if this had been the answer."""
        outcome, _ = self.replay(signature, FIRST, {ask: answer})
        return isinstance(outcome, Match) and any(hit.ask == ask for hit in outcome.hits)

    def _usable(self, answer: Answer | None) -> Answer:
        if answer is None:
            return self.missing
        if is_busy(answer) and isinstance(answer, HttpAnswer):
            return NoAnswer(reason=NoAnswerReason.CUT_OFF, detail=busy(answer))
        return answer

    def blocked(self, asks: Sequence[Ask]) -> str:
        """Name what refused one of these asks in the server's place; empty: nothing did."""
        if self._blockers is None:
            given = self.answers[FIRST].items()
            named = ((ask, blocker(answer)) for ask, answer in given if isinstance(answer, HttpAnswer))
            self._blockers = {ask: who for ask, who in named if who}
        if not self._blockers:
            return ""
        return next((self._blockers[ask] for ask in asks if ask in self._blockers), "")

    def unsteady(self, asks: Sequence[Ask]) -> str:
        """Say how the server changed while one of these was asked; empty: it did not."""
        if self.steadiness.steady:
            return ""
        changes = (self.steadiness.change_at(self._places[ask]) for ask in asks if ask in self._places)
        return next((change for change in changes if change), "")

    def calm_after(self, ask: Ask) -> bool:
        """Tell whether the web server was, after an ask, still what it was at the beginning, and never anything else."""
        return ask in self._places and self.steadiness.calm_after(self._places[ask])


def busy(answer: HttpAnswer) -> str:
    """Say what a server that is to be left alone said."""
    return f"the server asked to be left alone (status {answer.status})"
