"""The judging side of item `holes`: replays every program over the recorded exchanges. Pure.

Every pair of server and signature ends as clean, found, not applicable or not tested, at every end point that the signature is
about; not looked is never clean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from plugins.ask import Ask, DnsAsk, Endpoint, HttpAnswer, HttpAsk, NoAnswer, NoAnswerReason, TcpAsk, WebEndpoint
from plugins.masking import MASK, masked
from plugins.pack import Pack, Signature
from plugins.template.chance import Occasion
from plugins.template.model import Masking, Threat
from plugins.template.program import Hit, Match, NotTested, Outcome
from plugins.text import Text
from probes.finding import Certainty, Finding, Grade, Severity
from probes.holes.doubt import alike, doubt, unconfirmed
from probes.holes.endpoints import applies, declaration_of, endpoints, named, web_endpoints
from probes.holes.facts import Exchange, HolesBegan
from probes.holes.front import is_busy
from probes.holes.quick import Quick, quick_of
from probes.holes.record import FIRST, Record, busy
from probes.observation import Ending, ItemEnded, Observation
from probes.target import Item, Scope
from probes.transcript import printable
from probes.verdict import Coverage, Judgement
from probes.verdict import Outcome as Became

CLAUSE = "4.3.4.2 (2)"
"""Clause of the inspection rules."""
NO_WEB = "holes.web"
"""Check under which a server without any web end point is listed."""
INTERFERENCE = "holes.interference"
"""Check under which it is noted that one thing answers in a server's place; it gathers what it says about many signatures."""
FEWEST_NOTED = 3
"""Signatures that interference must have spoilt at one end point before a note gathers them."""

_SEVERITY = {"info": Severity.NONE}
_NEVER_CONNECTED = {NoAnswerReason.REFUSED, NoAnswerReason.UNREACHABLE, NoAnswerReason.TIMEOUT, NoAnswerReason.RESET}
_BACKPORT = Text(
    en="Seen from the version only: if your distribution mends holes without a new version number, show its notice.",
    ja="バージョン表示のみによる推定です。ディストリビューションがバージョン番号を変えずに修正している場合は、その修正情報を示してください。",
)
_SPOILT = "interference: "


def judge(scope: Scope, observations: Sequence[Observation], pack: Pack) -> Judgement:
    """Form opinions on one server from what was recorded; the same record and pack always give the same judgement."""
    mine = [seen for seen in observations if seen.item is Item.HOLES and seen.server == scope.target.name]
    endings = [seen.fact for seen in mine if isinstance(seen.fact, ItemEnded)]
    ended = endings[-1] if endings else ItemEnded(ending=Ending.BROKEN, detail="no end was recorded")
    begun = [seen.fact.occasion for seen in mine if isinstance(seen.fact, HolesBegan)]
    occasion = begun[-1] if begun else Occasion()
    every, quick = endpoints(scope.target), quick_of(pack)
    records = {endpoint: Record(endpoint, occasion, pack.fingerprints) for endpoint in every}
    for seen in mine:
        if isinstance(seen.fact, Exchange) and seen.fact.endpoint in records:
            records[seen.fact.endpoint].keep(seen.fact, seen.evidence)
    findings: list[Finding] = []
    coverage = [] if web_endpoints(scope.target) else [_server(scope, NO_WEB, "no web end point is declared")]
    for endpoint in every:
        asked = quick.web if isinstance(endpoint, WebEndpoint) else quick.others
        fitting = [one for one in asked if applies(one, endpoint, scope.target)]
        bench = _Bench(scope, endpoint, records[endpoint], ended, quick)
        bench.judge(fitting)
        findings += bench.findings
        coverage += bench.coverage
    met = {entry.check for entry in coverage}
    # Without a web server, one line says so for all that is about web servers.
    rest = (one for one in quick.others if one.id not in met)
    coverage += [_server(scope, one.id, "nothing that it is about is declared") for one in rest]
    return Judgement(findings=tuple(findings), coverage=tuple(coverage))


def _server(scope: Scope, check: str, reason: str) -> Coverage:
    return Coverage(
        server=scope.target.name,
        item=Item.HOLES,
        check=check,
        subject=scope.target.name,
        outcome=Became.NOT_APPLICABLE,
        reason=reason,
    )


class _Bench:
    """The judgement of one end point."""

    def __init__(self, scope: Scope, endpoint: Endpoint, record: Record, ended: ItemEnded, quick: Quick) -> None:
        self._quick = quick
        self._scope, self._endpoint, self._record, self._ended = scope, endpoint, record, ended
        self._subject = named(endpoint)
        self._shut_out = self._never_let_in()
        self._gap = self._missing()
        record.missing = NoAnswer(reason=NoAnswerReason.CUT_OFF, detail=self._gap)
        self.findings: list[Finding] = []
        self.coverage: list[Coverage] = []

    def judge(self, signatures: Sequence[Signature]) -> None:
        """Judge every signature that is about this end point."""
        standing: dict[str, tuple[Signature, list[Hit]]] = {}
        for signature in signatures:
            hits = self._look_at(signature)
            if hits:
                standing[signature.id] = signature, hits
        together = alike(self._record, standing)
        for identifier, (signature, hits) in standing.items():
            if identifier in together:
                self._not_tested(signature, f"{_SPOILT}{together[identifier]}")
            else:
                self.findings.append(self._finding(signature, hits))
                self._add(signature, Became.FOUND)
        self._note()

    def _look_at(self, signature: Signature) -> list[Hit]:
        """Judge one signature; give the hits that stand, otherwise note what became of it."""
        if why := self._not_applicable(signature):
            self._add(signature, Became.NOT_APPLICABLE, why)
            return []
        outcome, asked = self._outcome(signature)
        if isinstance(outcome, Match):
            return self._weigh(signature, outcome)
        if isinstance(outcome, NotTested):
            self._not_tested(signature, outcome.reason)
        elif who := self._record.blocked(asked):
            self._not_tested(signature, f"{_SPOILT}a block page answered ({who})")
        elif change := self._record.unsteady(asked):
            self._not_tested(signature, f"{_SPOILT}{change}")
        elif self._ended.ending is not Ending.FINISHED:
            self._not_tested(signature, self._gap)
        else:
            self._add(signature, Became.CLEAN)
        return []

    def _outcome(self, signature: Signature) -> tuple[Outcome, Sequence[Ask]]:
        """Run a signature over the record, unless it can be seen without that that nothing matches."""
        plan = self._quick.plan(signature)
        if plan and self._record.misses(plan, self._quick):
            return None, [ask for ask, _ in plan]
        return self._record.replay(signature)

    def _not_applicable(self, signature: Signature) -> str:
        if self._shut_out:
            return "declared restricted, and refused us"
        role = self._scope.target.role
        if signature.roles and role not in signature.roles:
            return f"it is about servers declared as {', '.join(signature.roles)}; this one is declared as {role}"
        product = signature.template.inspection.product
        if product and isinstance(self._endpoint, WebEndpoint) and self._record.front.excludes(product):
            return f"{product.name} was not seen on the front page or an error page"
        return ""

    def _never_let_in(self) -> bool:
        """A port that is declared for others only, and never let us in, cannot be attacked from here either."""
        declared = declaration_of(self._scope.target, self._endpoint)
        answers = self._record.answers[FIRST]
        return bool(declared and declared.restricted_to and answers) and all(
            isinstance(answer, NoAnswer) and answer.reason in _NEVER_CONNECTED and not self._record.evidence(ask)
            for ask, answer in answers.items()
        )

    def _missing(self) -> str:
        """Say why something was not asked."""
        if self._ended.ending is not Ending.FINISHED:
            return f"{self._ended.ending}: {self._ended.detail}" if self._ended.detail else str(self._ended.ending)
        answers = self._record.answers[FIRST].values()
        resting = [busy(answer) for answer in answers if isinstance(answer, HttpAnswer) and is_busy(answer)]
        silent = [str(answer.reason) for answer in answers if isinstance(answer, NoAnswer)]
        if resting:
            return resting[0]
        if changed := self._record.steadiness.changed:
            return f"{changed}; nothing more was asked"
        return f"the end point does not answer ({silent[-1]})" if silent else "it was never asked"

    def _weigh(self, signature: Signature, match: Match) -> list[Hit]:
        doubts = {hit: doubt(self._record, signature, hit) for hit in match.hits}
        standing = [hit for hit, why in doubts.items() if not why]
        why = unconfirmed(self._record, signature, standing) if standing else next(iter(doubts.values()))
        if why:
            self._not_tested(signature, f"{_SPOILT}{why}")
            return []
        return standing

    def _finding(self, signature: Signature, hits: Sequence[Hit]) -> Finding:
        template = signature.template
        inspection = template.inspection
        verified = inspection.certainty == "verified"
        # Clause 4.3.4.2 (2) fails a server for what gives an attacker rights or files; knowledge that helps one is for guidance.
        fails = verified and inspection.threat is not Threat.OTHER
        evidence = dict.fromkeys(digest for hit in hits for digest in self._record.evidence(hit.ask))
        return Finding(
            server=self._scope.target.name,
            item=Item.HOLES,
            rule=template.id,
            clause=CLAUSE,
            subject=self._subject,
            grade=Grade.FAILING if fails else Grade.GUIDANCE,
            severity=_SEVERITY.get(template.severity) or Severity(template.severity),
            certainty=Certainty(inspection.certainty),
            title=inspection.title,
            seen="; ".join(self._seen(hit, inspection.masking) for hit in hits[:5]) + self._packaged(signature),
            remedy=_joined(inspection.remedy, inspection.note or (None if verified else _BACKPORT)),
            references=template.references,
            evidence=tuple(evidence),
        )

    def _packaged(self, signature: Signature) -> str:
        """Name the distribution that packaged what is only suspected: its notices decide."""
        if signature.template.inspection.certainty != "suspected" or not isinstance(self._endpoint, WebEndpoint):
            return ""
        named_ = dict.fromkeys(seen.distribution for seen in self._record.front.seen if seen.distribution)
        return f"; packaged by {', '.join(printable(name.encode(), 30) for name in named_)}" if named_ else ""

    def _seen(self, hit: Hit, masking: Masking) -> str:
        answer = self._record.first(hit.ask)
        status = f" -> {answer.status}" if isinstance(answer, HttpAnswer) else ""
        extracted = [(name, masked(data) if masking is Masking.NONE else MASK) for name, data in hit.extracted[:5]]
        values = [f"{name}={printable(data, 60)}" if name else printable(data, 60) for name, data in extracted]
        return told(hit.ask) + status + (f" ({', '.join(values)})" if values else "")

    def _not_tested(self, signature: Signature, reason: str) -> None:
        self._add(signature, Became.NOT_TESTED, reason)

    def _add(self, signature: Signature, outcome: Became, reason: str = "") -> None:
        self.coverage.append(self._entry(signature.id, outcome, reason))

    def _entry(self, check: str, outcome: Became, reason: str) -> Coverage:
        return Coverage(
            server=self._scope.target.name,
            item=Item.HOLES,
            check=check,
            subject=self._subject,
            outcome=outcome,
            reason=reason,
        )

    def _note(self) -> None:
        """Gather what one thing in between has spoilt into one line."""
        reasons = Counter(
            entry.reason.removeprefix(_SPOILT) for entry in self.coverage if entry.reason.startswith(_SPOILT)
        )
        if (number := reasons.total()) >= FEWEST_NOTED:
            (most, _), *_ = reasons.most_common(1)
            note = f"{_SPOILT}{number} signatures could not be judged at this end point; most often: {most}"
            self.coverage.append(self._entry(INTERFERENCE, Became.NOT_TESTED, note))


def told(ask: Ask) -> str:
    """Say what was asked."""
    match ask:
        case HttpAsk(method=method, path=path):
            return f"{method} {printable(path.encode('latin-1', 'replace'))}"
        case DnsAsk(name=name, dns_class=dns_class, type=type_):
            return f"{name} {dns_class} {type_}"
        case TcpAsk(steps=steps):
            return printable(b"".join(step.send for step in steps), 60) or "banner"
        case _:
            return "TLS handshake"


def _joined(remedy: Text, note: Text | None) -> Text:
    return remedy if note is None else Text(en=f"{remedy.en} {note.en}", ja=f"{remedy.ja}{note.ja}")
