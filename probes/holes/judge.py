"""The judging side of item `holes`: replays every program over the recorded exchanges. Pure.

Every pair of end point and signature ends as clean, found, not applicable or not tested; not looked is never clean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from plugins.ask import HttpAnswer, HttpAsk, NoAnswer, NoAnswerReason, WebAnswer, WebEndpoint
from plugins.pack import Pack
from plugins.template.model import Template
from plugins.template.program import Hit, Match, NotTested, Outcome, program
from plugins.text import Text
from probes.finding import Certainty, Finding, Grade, Severity
from probes.holes.endpoints import declaration_of, named, web_endpoints
from probes.holes.facts import Exchange
from probes.holes.front import Front, front_of, is_busy
from probes.holes.interference import interference
from probes.observation import Ending, ItemEnded, Observation
from probes.target import Item, Scope
from probes.transcript import printable
from probes.verdict import Coverage, Judgement
from probes.verdict import Outcome as Became

CLAUSE = "4.3.4.2 (2)"
"""Clause of the inspection rules."""
NO_WEB = "holes.web"
"""Check under which a server without any web end point is listed."""

_SEVERITY = {"info": Severity.NONE}
_NEVER_CONNECTED = {NoAnswerReason.REFUSED, NoAnswerReason.UNREACHABLE, NoAnswerReason.TIMEOUT, NoAnswerReason.RESET}
_BACKPORT = Text(
    en="Seen from the version only: if your distribution mends holes without a new version number, show its notice.",
    ja="バージョン表示のみによる推定です。ディストリビューションがバージョン番号を変えずに修正している場合は、その修正情報を示してください。",
)


def judge(scope: Scope, observations: Sequence[Observation], pack: Pack) -> Judgement:
    """Form opinions on one server from what was recorded; the same record and pack always give the same judgement."""
    mine = [seen for seen in observations if seen.item is Item.HOLES and seen.server == scope.target.name]
    endings = [seen.fact for seen in mine if isinstance(seen.fact, ItemEnded)]
    ended = endings[-1] if endings else ItemEnded(ending=Ending.BROKEN, detail="no end was recorded")
    endpoints = web_endpoints(scope.target)
    if not endpoints:
        return Judgement(coverage=(_no_web(scope),))
    records = [_Record(scope, endpoint, mine, ended) for endpoint in endpoints]
    judged = [record.judge(signature.template) for record in records for signature in pack.signatures]
    return Judgement(
        findings=tuple(finding for finding, _ in judged if finding), coverage=tuple(entry for _, entry in judged)
    )


def _no_web(scope: Scope) -> Coverage:
    return Coverage(
        server=scope.target.name,
        item=Item.HOLES,
        check=NO_WEB,
        subject=scope.target.name,
        outcome=Became.NOT_APPLICABLE,
        reason="no web end point is declared",
    )


class _Record:
    """What is on record about one end point."""

    def __init__(self, scope: Scope, endpoint: WebEndpoint, mine: Sequence[Observation], ended: ItemEnded) -> None:
        self._scope, self._endpoint, self._ended = scope, endpoint, ended
        self._answers: dict[HttpAsk, WebAnswer] = {}
        self._evidence: dict[HttpAsk, tuple[str, ...]] = {}
        for seen in mine:
            if isinstance(seen.fact, Exchange) and seen.fact.endpoint == endpoint:
                self._keep(seen.fact, seen.evidence)
        self._front: Front = front_of(self._answers)

    def _keep(self, fact: Exchange, evidence: tuple[str, ...]) -> None:
        """Of several tries the last answer counts; a try without an answer takes nothing back."""
        if isinstance(fact.answer, HttpAnswer) or fact.ask not in self._answers:
            self._answers[fact.ask] = fact.answer
            self._evidence[fact.ask] = evidence

    def judge(self, template: Template) -> tuple[Finding | None, Coverage]:
        """Replay one template."""
        product = template.inspection.product
        if self._shut_out():
            return None, self._coverage(template, Became.NOT_APPLICABLE, "declared restricted, and refused us")
        if product and self._front.excludes(product):
            unseen = f"{product.name} was not seen on the front page or an error page"
            return None, self._coverage(template, Became.NOT_APPLICABLE, unseen)
        outcome = self._replay(template)
        if isinstance(outcome, Match):
            return self._weigh(template, outcome)
        if isinstance(outcome, NotTested):
            return None, self._coverage(template, Became.NOT_TESTED, outcome.reason)
        if self._ended.ending is not Ending.FINISHED:
            return None, self._coverage(template, Became.NOT_TESTED, self._missing())
        return None, self._coverage(template, Became.CLEAN)

    def _shut_out(self) -> bool:
        """A port that is declared for others only, and never let us in, cannot be attacked from here either."""
        declared = declaration_of(self._scope.target, self._endpoint)
        return bool(declared and declared.restricted_to and self._answers) and all(
            isinstance(answer, NoAnswer) and answer.reason in _NEVER_CONNECTED and not self._evidence[ask]
            for ask, answer in self._answers.items()
        )

    def _replay(self, template: Template) -> Outcome:
        running = program(template, self._endpoint)
        try:
            ask = next(running)
            while True:
                ask = running.send(self._answer(cast(HttpAsk, ask)))
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome

    def _answer(self, ask: HttpAsk) -> WebAnswer:
        answer = self._answers.get(ask)
        if answer is None:
            return NoAnswer(reason=NoAnswerReason.CUT_OFF, detail=self._missing())
        if isinstance(answer, HttpAnswer) and is_busy(answer):
            return NoAnswer(reason=NoAnswerReason.CUT_OFF, detail=_busy(answer))
        return answer

    def _missing(self) -> str:
        """Say why something was not asked."""
        if self._ended.ending is not Ending.FINISHED:
            return f"{self._ended.ending}: {self._ended.detail}" if self._ended.detail else str(self._ended.ending)
        busy = [
            _busy(answer) for answer in self._answers.values() if isinstance(answer, HttpAnswer) and is_busy(answer)
        ]
        silent = [str(answer.reason) for answer in self._answers.values() if isinstance(answer, NoAnswer)]
        if busy:
            return busy[0]
        return f"the end point does not answer ({silent[-1]})" if silent else "it was never asked"

    def _weigh(self, template: Template, match: Match) -> tuple[Finding | None, Coverage]:
        standing: list[Hit] = []
        doubts: list[str] = []
        for hit in match.hits:
            answer = self._answers[_web(hit)]
            if isinstance(answer, HttpAnswer):
                doubt = interference(template, hit, answer, self._endpoint, self._front)
                (doubts if doubt else standing).append(doubt or hit)  # type: ignore[arg-type]
        if not standing:
            return None, self._coverage(template, Became.NOT_TESTED, f"interference: {doubts[0]}")
        return self._finding(template, standing), self._coverage(template, Became.FOUND)

    def _finding(self, template: Template, hits: Sequence[Hit]) -> Finding:
        inspection = template.inspection
        verified = inspection.certainty == "verified"
        evidence = dict.fromkeys(digest for hit in hits for digest in self._evidence[_web(hit)])
        return Finding(
            server=self._scope.target.name,
            item=Item.HOLES,
            rule=template.id,
            clause=CLAUSE,
            subject=named(self._endpoint),
            grade=Grade.FAILING if verified else Grade.GUIDANCE,
            severity=_SEVERITY.get(template.severity) or Severity(template.severity),
            certainty=Certainty(inspection.certainty),
            title=inspection.title,
            seen="; ".join(self._seen(hit) for hit in hits[:5]),
            remedy=_joined(inspection.remedy, inspection.note or (None if verified else _BACKPORT)),
            references=template.references,
            evidence=tuple(evidence),
        )

    def _seen(self, hit: Hit) -> str:
        answer = self._answers[_web(hit)]
        status = f" -> {answer.status}" if isinstance(answer, HttpAnswer) else ""
        values = [f"{name}={printable(data, 60)}" if name else printable(data, 60) for name, data in hit.extracted[:5]]
        return f"{_web(hit).method} {printable(_web(hit).path.encode('latin-1'))}{status}" + (
            f" ({', '.join(values)})" if values else ""
        )

    def _coverage(self, template: Template, outcome: Became, reason: str = "") -> Coverage:
        return Coverage(
            server=self._scope.target.name,
            item=Item.HOLES,
            check=template.id,
            subject=named(self._endpoint),
            outcome=outcome,
            reason=reason,
        )


def _web(hit: Hit) -> HttpAsk:
    return cast(HttpAsk, hit.ask)


def _busy(answer: HttpAnswer) -> str:
    return f"the server asked to be left alone (status {answer.status})"


def _joined(remedy: Text, note: Text | None) -> Text:
    return remedy if note is None else Text(en=f"{remedy.en} {note.en}", ja=f"{remedy.ja}{note.ja}")
