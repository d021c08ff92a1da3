"""Judges TLS end points: is TLS as declared, and do its certificates hold (inspection rules 4.3.5.1). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from plugins.text import Text
from probes.finding import Finding
from probes.observation import Ending, ItemEnded, Observation
from probes.rule import filled
from probes.target import ClientAuth, Item, Scope, TlsVersion
from probes.tls import rules
from probes.tls.certificates import CertificateJudge
from probes.tls.deep import judge as deep_judge
from probes.tls.deep.facts import DeepSeen
from probes.tls.facts import Handshake, SessionSeen, SourceSeen, TlsSeen, VersionSeen
from probes.tls.place import Opinion, Place
from probes.tls.statuses import Known
from probes.transcript import printable
from probes.verdict import Coverage, Judgement, Outcome

F = TypeVar("F", TlsSeen, DeepSeen)
LEAST_DH_BITS = 2048
"""Fewest bits of a Diffie-Hellman group (RFC 9325, section 4.1)."""


def judge(scope: Scope, observations: Sequence[Observation], pack: object) -> Judgement:  # noqa: ARG001 - every judge is called alike
    """Form opinions about the TLS end points of one server."""
    target = scope.target
    if not target.tls:
        reason = "no TLS end point is declared"
        rows = [_row(target.name, rule.id, target.name, Outcome.NOT_APPLICABLE, reason) for rule in rules.ruling(scope)]
        return Judgement(coverage=tuple(rows))
    unfinished = _unfinished(observations)
    places = [
        Place(server=target.name, address=address, endpoint=endpoint)
        for endpoint in target.tls
        for address in target.addresses
    ]
    known = Known((entry.at, entry.fact) for entry in observations if isinstance(entry.fact, SourceSeen))
    opinions = [(place, _place(scope, place, observations, known)) for place in places]
    return Judgement(
        findings=tuple(finding for _, opinion in opinions for finding in opinion.findings),
        coverage=tuple(row for place, opinion in opinions for row in _rows(scope, place, opinion, unfinished)),
    )


def _unfinished(observations: Sequence[Observation]) -> str:
    """Say why the item was not looked at to its end; empty when it was."""
    for observation in observations:
        if isinstance(observation.fact, ItemEnded):
            ended = observation.fact
            return "" if ended.ending is Ending.FINISHED else f"{ended.ending}: {ended.detail}"
    return "the item was not looked at to its end"


def _place(scope: Scope, place: Place, observations: Sequence[Observation], known: Known) -> Opinion:
    looked = _latest(TlsSeen, observations, place)
    if not scope.deep:
        return _opinion(scope, place, looked, known)
    deeper = _latest(DeepSeen, observations, place)
    deep = deep_judge.weigh(place, looked[1] if looked else None, deeper[1] if deeper else None)
    if looked:
        session = deep_judge.without_repeats(looked[1].session, deep)
        looked = looked[0], replace(looked[1], session=session)
    return _opinion(scope, place, looked, known) + deep


def _latest(kind: type[F], observations: Sequence[Observation], place: Place) -> tuple[datetime, F] | None:
    found = None
    for observation in observations:
        fact = observation.fact
        if not isinstance(fact, kind):
            continue
        if (fact.address, fact.port, fact.server_name) == (
            place.address,
            place.endpoint.port,
            place.endpoint.server_name,
        ):
            found = observation.at, fact
    return found


def _nothing_known(reason: str) -> Opinion:
    return Opinion(gaps=tuple((rule.id, reason) for rule in rules.RULES))


def _opinion(scope: Scope, place: Place, looked: tuple[datetime, TlsSeen] | None, known: Known) -> Opinion:
    if looked is None:
        return _nothing_known("it was not looked at")
    at, seen = looked
    if seen.failure:
        return _nothing_known(seen.failure)
    accepted = [version for version in seen.versions if version.handshake is Handshake.ACCEPTED]
    if not accepted:
        return _no_handshake(place, seen)
    opinion = _versions(place, seen) + _client_auth(place, accepted) + _session(place, seen)
    breaches, gaps, moot = CertificateJudge(scope, place.endpoint, at, known).judge(seen)
    for breach in breaches:
        finding = place.broken(breach.rule, {"why": breach.why}, declared=breach.declared, seen=breach.seen)
        opinion += Opinion(findings=(replace(finding, grade=breach.grade),))
    return opinion + Opinion(gaps=gaps, moot=moot)


def _session(place: Place, seen: TlsSeen) -> Opinion:
    """Weak sessions are guidance: the inspection rules name versions, not suites."""
    found = tuple(_weaknesses(seen.session))
    breaches = (place.broken(rules.WEAK_SESSION, {"why": why}, declared="", seen=f"{seen.session}") for why in found)
    if all(entry.version is TlsVersion.TLS_1_3 for entry in seen.versions if entry.handshake is Handshake.ACCEPTED):
        return Opinion(moot=((rules.WEAK_SESSION.id, "only TLS 1.3 is spoken, which has no weak suites"),))
    gap = () if seen.session.weak_tried else ((rules.WEAK_SESSION.id, "it was not found out what weak suites do"),)
    return Opinion(findings=tuple(breaches), gaps=gap)


def _weaknesses(session: SessionSeen) -> Iterator[Text]:
    if session.weak_suite:
        yield filled(rules.WEAK_SUITE, {"suite": printable(session.weak_suite.encode(), 60)})
    if session.dh_bits and session.dh_bits < LEAST_DH_BITS:
        yield filled(rules.WEAK_GROUP, {"bits": str(session.dh_bits)})
    if session.compression:
        yield rules.COMPRESSION
    wanting = (
        (session.forward_secrecy, rules.NO_SECRECY),
        (session.extended_master_secret, rules.NO_MASTER_SECRET),
        (session.secure_renegotiation, rules.NO_RENEGOTIATION),
        (session.downgrade_protected, rules.DOWNGRADE),
    )
    yield from (text for fact, text in wanting if fact is False)


def _no_handshake(place: Place, seen: TlsSeen) -> Opinion:
    """Where every declared version was clearly refused TLS does not work; else it is only not known."""
    declared = [version for version in seen.versions if version.version in place.endpoint.versions]
    if not declared or any(version.handshake is not Handshake.REFUSED for version in declared):
        return _nothing_known("no handshake worked, and not every declared version was clearly refused")
    finding = place.broken(
        rules.PROTOCOL_FAILS, {}, declared=", ".join(place.endpoint.versions), seen=_details(declared)
    )
    others = [rule for rule in rules.RULES if rule is not rules.PROTOCOL_FAILS]
    return Opinion(findings=(finding,), gaps=tuple((rule.id, "no handshake worked") for rule in others))


def _details(versions: Sequence[VersionSeen]) -> str:
    return printable("; ".join(f"{entry.version}: {entry.detail}" for entry in versions).encode(), 400)


def _versions(place: Place, seen: TlsSeen) -> Opinion:
    opinion = Opinion()
    tried = {entry.version for entry in seen.versions}
    for version in place.endpoint.versions:
        if version not in tried:
            opinion += Opinion(gaps=((rules.VERSIONS_DIFFER.id, f"{version}: not tried"),))
    for entry in seen.versions:
        declared = entry.version in place.endpoint.versions
        if entry.handshake is Handshake.UNKNOWN:
            opinion += Opinion(gaps=((rules.VERSIONS_DIFFER.id, f"{entry.version}: {entry.detail}"),))
        elif declared != (entry.handshake is Handshake.ACCEPTED):
            opinion += Opinion(findings=(_version_finding(place, entry, declared=declared),))
    return opinion


def _version_finding(place: Place, entry: VersionSeen, *, declared: bool) -> Finding:
    return place.broken(
        rules.VERSIONS_DIFFER,
        {"version": entry.version.value, "difference": rules.NOT_OFFERED if declared else rules.NOT_DECLARED},
        declared=", ".join(place.endpoint.versions),
        seen=f"{entry.version} {entry.handshake}",
        detail=entry.version.value,
    )


def _client_auth(place: Place, accepted: Sequence[VersionSeen]) -> Opinion:
    rule, declared = rules.CLIENT_AUTH_DIFFERS, place.endpoint.client_auth
    differing = [entry for entry in accepted if entry.client_auth not in {None, declared}]
    unknown = [entry.version.value for entry in accepted if entry.client_auth is None]
    gaps = ((rule.id, f"client authentication could not be told for {', '.join(unknown)}"),) if unknown else ()
    if not differing:
        return Opinion(gaps=gaps)
    kinds = sorted({entry.client_auth for entry in differing if entry.client_auth})
    words = {"declared": rules.CLIENT_AUTH[declared], "seen": _joined(kinds)}
    shown = ", ".join(f"{entry.version}: {entry.client_auth}" for entry in accepted)
    return Opinion(findings=(place.broken(rule, words, declared=declared.value, seen=shown),), gaps=gaps)


def _joined(kinds: Sequence[ClientAuth]) -> Text:
    texts = [rules.CLIENT_AUTH[kind] for kind in kinds]
    return Text(en=", ".join(text.en for text in texts), ja="、".join(text.ja for text in texts))


def _rows(scope: Scope, place: Place, opinion: Opinion, unfinished: str) -> Iterator[Coverage]:
    """Give the row of every rule, and one more when it was broken in one respect and could not be applied in another."""
    for rule in rules.ruling(scope):
        found = any(finding.rule == rule.id for finding in opinion.findings)
        reasons = dict.fromkeys(reason for rule_id, reason in opinion.gaps if rule_id == rule.id)
        reason = "; ".join(reasons) or unfinished
        if found:
            yield _row(place.server, rule.id, place.subject, Outcome.FOUND)
        if reason:
            rest = f"{place.subject} (rest)" if found else place.subject
            yield _row(place.server, rule.id, rest, Outcome.NOT_TESTED, reason)
        elif not found:
            why = next((reason for rule_id, reason in opinion.moot if rule_id == rule.id), "")
            outcome = Outcome.NOT_APPLICABLE if why else Outcome.CLEAN
            yield _row(place.server, rule.id, place.subject, outcome, why)


def _row(server: str, check: str, subject: str, outcome: Outcome, reason: str = "") -> Coverage:
    return Coverage(server=server, item=Item.TLS, check=check, subject=subject, outcome=outcome, reason=reason)
