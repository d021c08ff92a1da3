"""Judges whether declaration, server and DNS agree (inspection rules 6.2.2.3). Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from probes.control.facts import Question, RecordType
from probes.control.judge import domains
from probes.finding import Finding
from probes.hosts import rules, wire
from probes.hosts.facts import NameSeen
from probes.observation import Ending, ItemEnded, Observation
from probes.ports.facts import PortState, State
from probes.ports.view import bracketed
from probes.rule import Rule, Words
from probes.target import Item, Scope, Transport
from probes.transcript import printable
from probes.verdict import Coverage, Judgement, Outcome

NO_RESOLVER = "the order names no resolver"
LOOPBACK = "a loopback address means this machine only, whatever the DNS says"
NOT_ASKED = "it was not asked about"


def judge(scope: Scope, observations: Sequence[Observation], pack: object) -> Judgement:  # noqa: ARG001 - every judge is called alike
    """Form opinions about one server and its names."""
    judging = _Judging(scope, observations)
    judging.ports()
    if scope.site.resolvers:
        judging.names()
        judging.reverse()
        judging.served()
    return judging.judgement(_unfinished(observations))


def _unfinished(observations: Sequence[Observation]) -> str:
    for observation in observations:
        if isinstance(observation.fact, ItemEnded):
            ended = observation.fact
            return "" if ended.ending is Ending.FINISHED else f"{ended.ending}: {ended.detail}"
    return "the item was not looked at to its end"


class _Judging:
    """Collects what is found and what could not be judged."""

    def __init__(self, scope: Scope, observations: Sequence[Observation]) -> None:
        self._scope, self._target = scope, scope.target
        self._names: dict[Question, Observation] = {}
        self._states: dict[tuple[str, int], Observation] = {}
        for observation in observations:
            fact = observation.fact
            if isinstance(fact, NameSeen):
                self._names[fact.question] = observation
            elif isinstance(fact, PortState):
                self._states[fact.address, fact.port] = observation
        self._findings: list[Finding] = []
        self._gaps: dict[str, list[str]] = {}

    # --- what answers ----------------------------------------------------------------------------------------------

    def ports(self) -> None:
        """Every declared port that everybody may reach has to be open; a server is told of once per address."""
        for address in self._target.addresses:
            silent, seen = [], []
            for port in self._expected():
                fact = self._state(address, port)
                if fact is None or fact.state is State.UNKNOWN:
                    self._gap(rules.NO_ANSWER, f"{bracketed(address)}:{port} was not found out")
                elif fact.state is not State.OPEN:
                    silent.append(port)
                    seen.append(f"{port} {fact.state}")
            if silent:
                ports = ", ".join(str(port) for port in silent[:20])
                words = {"server": self._target.name, "address": address, "ports": ports}
                self._found(rules.NO_ANSWER, address, words, declared=f"open: {ports}", seen=", ".join(seen[:20]))

    def _expected(self) -> Iterator[int]:
        for entry in self._target.ports:
            if entry.transport is Transport.TCP and not entry.restricted_to:
                yield from range(entry.ports.first, entry.ports.last + 1)

    def _state(self, address: str, port: int) -> PortState | None:
        observation = self._states.get((address, port))
        return observation.fact if observation and isinstance(observation.fact, PortState) else None

    # --- what the DNS says -----------------------------------------------------------------------------------------

    def names(self) -> None:
        """Every declared name leads to its server, and to no address that nobody declared."""
        for host in self._target.host_names:
            addresses = self._addresses(host, rules.NAME_UNKNOWN, rules.NAME_ELSEWHERE, rules.ADDRESS_UNDECLARED)
            if addresses is None:
                continue
            undeclared = addresses - set(self._scope.site.addresses)
            if not addresses:
                self._found(rules.NAME_UNKNOWN, host, {"name": host}, seen="no address")
            elif undeclared:
                words = {"name": host, "addresses": _joined(undeclared)}
                self._found(rules.ADDRESS_UNDECLARED, host, words, seen=_joined(addresses))
            elif not addresses & set(self._target.addresses):
                words = {"name": host, "addresses": _joined(addresses)}
                self._found(rules.NAME_ELSEWHERE, host, words, seen=_joined(addresses))

    def reverse(self) -> None:
        """An address that has names has a declared one. Having none is usual."""
        for address in self._target.addresses:
            fact = self._answer(wire.reverse(address), rules.REVERSE_NAME)
            if fact and fact.values and not set(fact.values) & set(self._scope.site.host_names):
                words = {"address": address, "names": _joined(fact.values)}
                self._found(rules.REVERSE_NAME, address, words, seen=_joined(fact.values))

    def served(self) -> None:
        """Every mail and name server of the site's own domains is declared."""
        for type_, what in ((RecordType.MX, rules.MAIL_SERVER), (RecordType.NS, rules.NAME_SERVER)):
            for domain in self._asked(type_):
                fact = self._answer(Question(name=domain, type=type_), rules.SERVER_UNDECLARED)
                for name in fact.values if fact else ():
                    self._serving(name, {"what": what, "name": _shown(name), "domain": domain}, domain)

    def _asked(self, type_: RecordType) -> list[str]:
        return [question.name for question in self._names if question.type is type_]

    def _serving(self, name: str, words: Words, domain: str) -> None:
        addresses = self._addresses(name, rules.SERVER_UNDECLARED)
        if not addresses or addresses <= set(self._scope.site.addresses):
            return  # nobody can reach it, or it is declared
        inside = self._inside(name, domain)
        rule = rules.SERVER_UNDECLARED if inside else rules.SERVED_ELSEWHERE
        self._found(rule, _shown(name), words, seen=_joined(addresses))

    def _inside(self, name: str, domain: str) -> bool:
        """Tell whether a server lies in the site's own zone: the nearest domain that has name servers."""
        zones = [d for d in domains(domain) if self._values(Question(name=d, type=RecordType.NS))]
        zone = zones[0] if zones else domain
        return name == zone or name.endswith(f".{zone}")

    def _values(self, question: Question) -> tuple[str, ...]:
        observation = self._names.get(question)
        return observation.fact.values if observation and isinstance(observation.fact, NameSeen) else ()

    def _addresses(self, name: str, *wanting: Rule) -> set[str] | None:
        """Give the addresses of a name; None when the DNS did not say, which is noted for the rules that want to know."""
        facts = [self._answer(Question(name=name, type=each), *wanting) for each in (RecordType.A, RecordType.AAAA)]
        if None in facts:
            return None
        return {text for fact in facts if fact for text in fact.values}

    def _answer(self, question: Question, *wanting: Rule) -> NameSeen | None:
        observation = self._names.get(question)
        fact = observation.fact if observation and isinstance(observation.fact, NameSeen) else None
        if fact and fact.answered:
            return fact
        for rule in wanting:
            reason = fact.detail if fact else NOT_ASKED
            self._gap(rule, f"{_shown(question.name)} {question.type}: {_shown(reason)}")
        return None

    # --- the outcome -----------------------------------------------------------------------------------------------

    def _gap(self, rule: Rule, reason: str) -> None:
        self._gaps.setdefault(rule.id, []).append(reason)

    def _found(self, rule: Rule, subject: str, words: Words, *, seen: str, declared: str = "") -> None:
        about = {subject, *(words.get(one) for one in ("name", "domain"))}
        evidence = [
            digest for question, one in self._names.items() if question.name in about for digest in one.evidence
        ]
        self._findings.append(
            rule.broken(
                self._target.name, subject, words, declared=declared, seen=seen, evidence=tuple(dict.fromkeys(evidence))
            )
        )

    def judgement(self, unfinished: str) -> Judgement:
        """Give what was found and what became of every rule."""
        rows = [self._row(rule, unfinished) for rule in rules.RULES]
        return Judgement(findings=tuple(self._findings), coverage=tuple(rows))

    def _row(self, rule: Rule, unfinished: str) -> Coverage:
        outcome, reason = Outcome.CLEAN, ""
        asks_dns = rule is not rules.NO_ANSWER
        if any(finding.rule == rule.id for finding in self._findings):
            outcome = Outcome.FOUND
        elif asks_dns and not self._scope.site.resolvers:
            loopback = all(ipaddress.ip_address(address).is_loopback for address in self._target.addresses)
            outcome = Outcome.NOT_APPLICABLE if loopback else Outcome.NOT_TESTED
            reason = LOOPBACK if loopback else NO_RESOLVER
        elif reasons := self._gaps.get(rule.id, [unfinished] if unfinished else []):
            outcome, reason = Outcome.NOT_TESTED, "; ".join(reasons[:3]) + ("; ..." if len(reasons) > 3 else "")
        return Coverage(
            server=self._target.name,
            item=Item.HOSTS,
            check=rule.id,
            subject=self._target.name,
            outcome=outcome,
            reason=reason,
        )


def _joined(names: Sequence[str] | set[str]) -> str:
    ordered = sorted(names)
    return ", ".join(_shown(name) for name in ordered[:8]) + (", ..." if len(ordered) > 8 else "")


def _shown(name: str) -> str:
    return printable(name.encode("ascii", "backslashreplace"), 253)
