"""Judges what the deep scan saw at one end point. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from plugins.text import Text
from probes.finding import Finding, Grade
from probes.rule import filled
from probes.target import TlsVersion
from probes.tls.deep import rules
from probes.tls.deep.facts import DeepSeen, Shown, SuitesSeen, Trial, Weakness
from probes.tls.facts import Handshake, SessionSeen, TlsSeen
from probes.tls.place import Opinion, Place
from probes.transcript import printable

RULE_OF = {
    Weakness.HEARTBLEED: rules.HEARTBLEED,
    Weakness.CCS_INJECTION: rules.CCS_INJECTION,
    Weakness.ROBOT: rules.ROBOT,
    Weakness.RENEGOTIATION: rules.RENEGOTIATION,
    Weakness.CLIENT_RENEGOTIATION: rules.RENEGOTIATION,
    Weakness.COMPRESSION: rules.COMPRESSION,
}
"""The rule that each weakness breaks."""
_WHY = {
    (Weakness.ROBOT, Shown.PRESENT): rules.STRONG_ORACLE,
    (Weakness.ROBOT, Shown.FAINT): rules.WEAK_ORACLE,
    (Weakness.RENEGOTIATION, Shown.PRESENT): rules.NOT_PROTECTED,
    (Weakness.CLIENT_RENEGOTIATION, Shown.PRESENT): rules.BY_CLIENTS,
}
_MILDER = {
    (Weakness.ROBOT, Shown.FAINT): Grade.GUIDANCE,
    # It costs the server time and nothing else; the inspection rules leave out what only hurts availability.
    (Weakness.CLIENT_RENEGOTIATION, Shown.PRESENT): Grade.ADVISORY,
}
_PARTS = {"RC4": "RC4", "RC2": "RC2", "DES": "DES", "DES40": "EXPORT", "DES64": "DES", "3DES": "3DES", "IDEA": "IDEA"}


def weak_kinds(suite: str) -> tuple[str, ...]:
    """Say why a suite (by the name of its RFC) is weak, as keys of `rules.KINDS`; empty: it is none of these (RFC 9325, 4.1)."""
    parts = suite.upper().split("_")
    kinds = {_PARTS[part] for part in parts if part in _PARTS}
    # TLS_NULL_WITH_NULL_NULL and TLS_RSA_WITH_NULL_SHA encrypt nothing.
    kinds |= {kind for kind in ("NULL", "ANON") if kind in parts}
    if any(part.startswith("EXPORT") for part in parts):
        kinds.add("EXPORT")
    return tuple(kind for kind in rules.KINDS if kind in kinds)


def weigh(place: Place, seen: TlsSeen | None, deep: DeepSeen | None) -> Opinion:
    """Form an opinion about what the deep scan saw; what it was ordered for and did not find out is a gap."""
    if deep is None or deep.failure:
        reason = deep.failure if deep else (seen.failure if seen else "") or "the deep scan was not made"
        return Opinion(gaps=tuple((rule.id, reason) for rule in rules.DEEP_RULES))
    opinion = Opinion()
    for weakness in Weakness:
        trial = next((one for one in deep.trials if one.weakness is weakness), None)
        opinion += _trial(place, trial or Trial(weakness=weakness, shown=Shown.UNKNOWN, detail="it was not tried"))
    return opinion + _suites(place, deep.suites, _accepted(seen))


def _accepted(seen: TlsSeen | None) -> tuple[TlsVersion, ...]:
    return tuple(one.version for one in (seen.versions if seen else ()) if one.handshake is Handshake.ACCEPTED)


def _trial(place: Place, trial: Trial) -> Opinion:
    rule = RULE_OF[trial.weakness]
    if trial.shown is Shown.ABSENT:
        return Opinion()
    if trial.shown is Shown.MOOT:
        return Opinion(moot=((rule.id, trial.detail or "what is spoken there cannot have it"),))
    if trial.shown is Shown.UNKNOWN:
        return Opinion(gaps=((rule.id, f"{trial.weakness}: {trial.detail or 'it is not known'}"),))
    key = (trial.weakness, trial.shown)
    finding = place.broken(
        rule, {"why": _WHY.get(key, "")}, declared="", seen=f"{trial.weakness}: {trial.shown}", detail=_detail(trial)
    )
    return Opinion(findings=(replace(finding, grade=_MILDER.get(key, finding.grade)),))


def _detail(trial: Trial) -> str:
    """Two findings of one rule at one place need different subjects."""
    return trial.weakness.value if trial.weakness is Weakness.CLIENT_RENEGOTIATION else ""


def _suites(place: Place, lists: Sequence[SuitesSeen], accepted: Sequence[TlsVersion]) -> Opinion:
    gaps = [
        f"{one.version}: {one.detail or 'not every suite was answered'}"
        for one in lists
        if one.detail or one.unanswered
    ]
    listed = {one.version for one in lists}
    gaps += [f"{version}: its suites were not listed" for version in accepted if version not in listed]
    if not lists and not gaps:
        gaps = ["no version was accepted"]
    found = tuple(_weak_suites(place, lists))
    return Opinion(findings=found, gaps=tuple((rules.WEAK_SUITES.id, gap) for gap in gaps))


def _weak_suites(place: Place, lists: Sequence[SuitesSeen]) -> Iterator[Finding]:
    weak = [(one.version, suite) for one in lists for suite in one.accepted if weak_kinds(suite)]
    if not weak:
        return
    versions: dict[str, dict[str, None]] = {}
    for version, suite in weak:
        for kind in weak_kinds(suite):
            versions.setdefault(kind, {})[version.value] = None
    texts = [
        filled(rules.IN_VERSIONS, {"kind": rules.KINDS[kind], "versions": ", ".join(versions[kind])})
        for kind in rules.KINDS
        if kind in versions
    ]
    why = Text(en="; ".join(text.en for text in texts), ja="、".join(text.ja for text in texts))
    names = printable(", ".join(dict.fromkeys(suite for _, suite in weak)).encode(), 600)
    yield place.broken(rules.WEAK_SUITES, {"why": why}, declared="", seen=names)


def without_repeats(session: SessionSeen, opinion: Opinion) -> SessionSeen:
    """Leave out of a session what the deep scan tells more exactly: one cause is one finding."""
    said = {finding.rule for finding in opinion.findings if finding.grade is not Grade.ADVISORY}
    return replace(
        session,
        weak_suite="" if rules.WEAK_SUITES.id in said else session.weak_suite,
        compression=None if rules.COMPRESSION.id in said else session.compression,
        secure_renegotiation=None if rules.RENEGOTIATION.id in said else session.secure_renegotiation,
    )
