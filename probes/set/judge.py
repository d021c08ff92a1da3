"""Judges SET and SECE end points (design, section 6 "SET/SECE"). Pure.

exchange -> heard (a message?) -> protocol, signature, chain, revocation -> one row per rule and place
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from plugins.value import value
from probes.finding import Finding
from probes.observation import Ending, ItemEnded, Observation
from probes.rule import Rule, Words
from probes.set import causes, initiation, rules, unconfirmed
from probes.set.certificates import UnreadableError, read_pem
from probes.set.chain import chains_of
from probes.set.endpoints import Place, places, undeclared
from probes.set.facts import SetExchange, Step
from probes.set.heard import answer_of
from probes.set.messages import read_answer, read_request
from probes.set.opinion import Breach, Case, Gap, Opinion, Opinions, Skip
from probes.set.parts import Answer
from probes.set.protocol import kind, protocol, shows
from probes.set.revocation import revocation
from probes.set.signature import signature
from probes.target import Item, Scope
from probes.verdict import Coverage, Judgement, Outcome

_BEFORE_ANSWER = (rules.PROTOCOL, rules.INITIATION, rules.URL_DIFFERS)
"""Rules that something can be said about without an answer that can be read."""


@value
class Looked:
    """What was seen of one place."""

    exchange: SetExchange
    """The exchange."""
    at: datetime
    """When, UTC."""
    evidence: tuple[str, ...]
    """Digests of its transcripts."""


def judge(scope: Scope, observations: Sequence[Observation], pack: object) -> Judgement:  # noqa: ARG001 - every judge is called alike
    """Form opinions about the SET end points of one server."""
    target = scope.target
    if not target.set:
        reason = "no SET end point is declared"
        rows = [_row(target.name, rule.id, target.name, Outcome.NOT_APPLICABLE, reason) for rule in rules.RULES]
        return Judgement(coverage=tuple(rows))
    unfinished = _unfinished(observations)
    judged = [(place, *_judged(place, _looked(observations, place))) for place in places(target)]
    return Judgement(
        findings=tuple(
            finding for place, opinions, evidence in judged for finding in _findings(place, opinions, evidence)
        ),
        coverage=tuple(row for place, opinions, _ in judged for row in _rows(place, opinions, unfinished)),
    )


def _unfinished(observations: Sequence[Observation]) -> str:
    """Say why the item was not looked at to its end; empty when it was."""
    for observation in observations:
        if isinstance(observation.fact, ItemEnded):
            ended = observation.fact
            return "" if ended.ending is Ending.FINISHED else f"{ended.ending}: {ended.detail}"
    return "the item was not looked at to its end"


def _looked(observations: Sequence[Observation], place: Place) -> dict[Step, Looked]:
    found = {}
    for seen in observations:
        fact = seen.fact
        if isinstance(fact, SetExchange) and (fact.url, fact.address) == (place.endpoint.url, place.address):
            found[fact.step] = Looked(exchange=fact, at=seen.at, evidence=seen.evidence)
    return found


def _judged(place: Place, looked: dict[Step, Looked]) -> tuple[tuple[Opinion, ...], tuple[str, ...]]:
    """Give every opinion once, and the evidence of all exchanges."""
    evidence = tuple(dict.fromkeys(digest for one in looked.values() for digest in one.evidence))
    opinions = dict.fromkeys(_opinions(place, looked))
    unique: dict[tuple[object, ...], Opinion] = {}
    for opinion in opinions:
        text = opinion.why.en if isinstance(opinion, Breach) else opinion.reason
        unique.setdefault((type(opinion), opinion.rule.id, text), opinion)
    return tuple(unique.values()), evidence


def _opinions(place: Place, looked: dict[Step, Looked]) -> Opinions:
    if reason := undeclared(place.endpoint):
        yield from _nothing(reason, rules.RULES)
        return
    other = [one.exchange.reading for one in looked.values() if one.exchange.reading != unconfirmed.READING]
    if other:
        reason = f"it was asked under reading {other[0]} of SET, and this version reads it as {unconfirmed.READING}"
        yield from (Gap(rule, reason) for rule in rules.RULES)
        return
    page = looked.get(Step.INITIATION)
    yield from initiation.judge_initiation(place.endpoint, page.exchange.answer if page else None)
    answers: list[Answer] = []
    for step in (Step.FIRST, Step.AGAIN):
        one = looked.get(step)
        if one is None:
            if step is Step.FIRST:
                yield from _nothing("it was not looked at", (rules.PROTOCOL, *_answer_rules()))
            elif answers:
                yield Gap(rules.TRANSACTION, "a second answer is needed, and it was not asked for")
            continue
        repeated = step is Step.AGAIN and _repeats(looked)
        if repeated:
            yield Breach(rules.TRANSACTION, causes.REPLAYED)
            continue
        yield from _exchange(place, one, answers)
    yield from _kind(place, looked, answers)
    if len(answers) > 1:
        yield from _between(*answers)


def _answer_rules() -> tuple[Rule, ...]:
    return tuple(rule for rule in rules.RULES if rule not in _BEFORE_ANSWER)


def _nothing(reason: str, about: Iterable[Rule]) -> Opinions:
    return (Gap(rule, reason) for rule in about)


def _repeats(looked: dict[Step, Looked]) -> bool:
    """Tell whether the second answer is the first one again."""
    bodies = [getattr(looked[step].exchange.answer, "body", b"") for step in (Step.FIRST, Step.AGAIN) if step in looked]
    return len(bodies) == 2 and bodies[0] == bodies[1] != b"" and _is_message(bodies[0])


def _is_message(body: bytes) -> bool:
    try:
        return isinstance(read_answer(body), Answer)
    except UnreadableError:
        return False


def _exchange(place: Place, one: Looked, answers: list[Answer]) -> Opinions:
    """Judge one request and its answer."""
    heard = answer_of(place.endpoint, one.exchange.answer)
    if not isinstance(heard, Answer):
        yield heard
        about = [rule for rule in (rules.PROTOCOL, *_answer_rules()) if rule is not heard.rule]
        yield from _nothing("there is no answer that can be read", about)
        return
    try:
        roots = tuple(read_pem(pem) for pem in place.endpoint.roots)
        request = read_request(one.exchange.sent)
    except UnreadableError as error:
        yield from _nothing(f"a declared root or our own request cannot be read: {error}", rules.RULES)
        return
    answers.append(heard)
    case = Case(endpoint=place.endpoint, roots=roots, request=request, answer=heard, at=one.at)
    yield from protocol(case)
    yield from signature(heard)
    chains, opinions = chains_of(case)
    yield from opinions
    yield from revocation(case, chains)


def _kind(place: Place, looked: dict[Step, Looked], answers: Sequence[Answer]) -> Opinions:
    if answers:
        page = looked.get(Step.INITIATION)
        message = initiation.initiated(place.endpoint, page.exchange.answer) if page else None
        seen = {oid for answer in answers for oid in shows(answer)}
        yield from kind(place.endpoint, seen | set(message.extensions if message else ()))


def _between(first: Answer, second: Answer) -> Opinions:
    """Judge what has to differ from one answer to the next."""
    if first.xid == second.xid:
        yield Breach(rules.TRANSACTION, causes.XID_TWICE, first.xid.hex())
    if first.chall_m == second.chall_m:
        yield Breach(rules.TRANSACTION, causes.CHALLENGE_TWICE, first.chall_m.hex())
    if first.brand_crls and second.brand_crls and second.brand_crls.sequence < first.brand_crls.sequence:
        seen = f"{first.brand_crls.sequence}, then {second.brand_crls.sequence}"
        yield Breach(rules.BRAND_CRLS, causes.BRAND_FELL, seen)


def _findings(place: Place, opinions: Sequence[Opinion], evidence: tuple[str, ...]) -> Iterator[Finding]:
    for opinion in opinions:
        if isinstance(opinion, Breach):
            words: Words = {"endpoint": place.subject, "why": opinion.why}
            yield opinion.rule.broken(
                place.server,
                place.subject,
                words,
                declared=opinion.declared,
                seen=opinion.seen,
                evidence=evidence,
            )


def _rows(place: Place, opinions: Sequence[Opinion], unfinished: str) -> Iterator[Coverage]:
    """Give the row of every rule, and one more when it was broken in one respect and could not be applied in another."""
    for rule in rules.RULES:
        mine = [opinion for opinion in opinions if opinion.rule is rule]
        found = any(isinstance(opinion, Breach) for opinion in mine)
        gaps = dict.fromkeys(opinion.reason for opinion in mine if isinstance(opinion, Gap))
        skips = [opinion.reason for opinion in mine if isinstance(opinion, Skip)]
        reason = "; ".join(gaps) or ("" if skips else unfinished)
        if found:
            yield _row(place.server, rule.id, place.subject, Outcome.FOUND)
        if reason:
            rest = f"{place.subject} (rest)" if found else place.subject
            yield _row(place.server, rule.id, rest, Outcome.NOT_TESTED, reason)
        elif skips and not found:
            yield _row(place.server, rule.id, place.subject, Outcome.NOT_APPLICABLE, skips[0])
        elif not found:
            yield _row(place.server, rule.id, place.subject, Outcome.CLEAN)


def _row(server: str, check: str, subject: str, outcome: Outcome, reason: str = "") -> Coverage:
    return Coverage(server=server, item=Item.SET, check=check, subject=subject, outcome=outcome, reason=reason)
