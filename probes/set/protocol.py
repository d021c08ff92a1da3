"""Judges whether an answer belongs to its request, and is of the declared kind and version. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from plugins.text import Text
from probes.set import causes, rules, unconfirmed
from probes.set.opinion import Breach, Case, Opinions, Skip, say
from probes.set.parts import Answer, Extension
from probes.target import SetEndpoint, SetKind
from probes.transcript import printable

CLOCK_MINUTES = 30
"""How far a merchant's clock may be off before a message counts as wrongly dated."""


def protocol(case: Case) -> Opinions:
    """Judge everything of an answer that is not cryptography."""
    yield from _echo(case)
    yield from _transaction(case)
    yield from _version(case)
    yield from _extensions(case)


def _echo(case: Case) -> Opinions:
    request, answer = case.request, case.answer
    pairs = {
        "RRPID": (request.rrpid, answer.rrpid),
        "Chall-C": (request.chall_c, answer.chall_c),
        "LID-C": (request.lid_c, answer.lid_c),
    }
    wrong = [name for name, (sent, back) in pairs.items() if sent != back]
    if len(wrong) == len(pairs):
        yield Breach(rules.ECHO, causes.OTHER_REQUEST, "RRPID, Chall-C and LID-C are those of another request")
        return
    others = {
        "RRPID (header)": answer.header.rrpid in {None, request.rrpid} and answer.header.rrpid is not None,
        "LID-C (header)": answer.header.lid_c in {None, request.lid_c},
        "LID-M": request.lid_m is None or answer.lid_m == request.lid_m,
        "language": answer.language.lower() == request.language.lower(),
        "Thumbs": answer.thumbs == request.thumbs,
    }
    wrong += [name for name, right in others.items() if not right]
    if wrong:
        fields = Text(en=", ".join(wrong), ja="、".join(wrong))
        yield Breach(rules.ECHO, say(causes.NOT_ECHOED, fields=fields), f"not as sent: {', '.join(wrong)}")


def _transaction(case: Case) -> Opinions:
    answer = case.answer
    if len(answer.xid) != unconfirmed.XID_BYTES:
        yield Breach(rules.TRANSACTION, causes.XID_SIZE, f"{len(answer.xid)} bytes")
    elif answer.header.xid not in {None, answer.xid}:
        yield Breach(rules.TRANSACTION, causes.XID_HEADER)
    if len(answer.chall_m) != unconfirmed.CHALLENGE_BYTES:
        yield Breach(rules.TRANSACTION, causes.CHALLENGE_SIZE, f"{len(answer.chall_m)} bytes")
    minutes = str(CLOCK_MINUTES)
    if _off(answer.header.date, case.at):
        yield Breach(rules.TRANSACTION, say(causes.HEADER_DATE, minutes=minutes), answer.header.date.isoformat())
    elif _off(answer.preq_date, case.at):
        yield Breach(rules.TRANSACTION, say(causes.TRANSACTION_DATE, minutes=minutes), answer.preq_date.isoformat())


def _off(when: datetime, at: datetime) -> bool:
    return abs(when - at) > timedelta(minutes=CLOCK_MINUTES)


def same_version(declared: str, seen: str) -> bool:
    """Tell whether two versions are the same: 1 is 1.0."""
    return _numbers(declared) == _numbers(seen)


def _numbers(version: str) -> tuple[str, ...]:
    parts = [part.lstrip("0") or "0" for part in version.split(".")]
    while len(parts) > 1 and parts[-1] == "0":
        parts.pop()
    return tuple(parts)


def _version(case: Case) -> Opinions:
    seen = case.answer.header.version
    if not same_version(case.endpoint.version, seen):
        yield Breach(rules.VERSION_DIFFERS, say(causes.VERSION_SEEN, seen=seen), seen, case.endpoint.version)


def below(oid: str, arc: str) -> bool:
    """Tell whether an object identifier is an arc or stands below it."""
    return oid == arc or oid.startswith(f"{arc}.")


def _extensions(case: Case) -> Opinions:
    for extension in _message_extensions(case.answer):
        if below(extension.oid, unconfirmed.JAPAN) or _belongs(case, extension.oid):
            continue
        rule = rules.EXTENSION if extension.critical else rules.EXTENSION_UNKNOWN
        yield Breach(rule, Text(en=extension.oid, ja=extension.oid), extension.oid)


def _belongs(case: Case, oid: str) -> bool:
    profile = case.endpoint.profile
    return below(oid, unconfirmed.MESSAGE_EXTENSIONS) or oid in {*profile.extensions, *profile.marks}


def _message_extensions(answer: Answer) -> Iterator[Extension]:
    yield from answer.header.extensions
    yield from answer.extensions


def shows(answer: Answer) -> frozenset[str]:
    """Give every object identifier by which an answer can show of which kind of SET it is."""
    of_messages = {extension.oid for extension in _message_extensions(answer)}
    of_papers = {extension.oid for paper in answer.certificates for extension in paper.extensions}
    understood = {oid for paper in answer.certificates for oid in paper.message_extensions}
    return frozenset(of_messages | of_papers | understood)


def kind(endpoint: SetEndpoint, seen: Collection[str]) -> Opinions:
    """Judge the declared kind by every object identifier that was seen."""
    japanese = sorted(oid for oid in seen if below(oid, unconfirmed.JAPAN))
    wanted = endpoint.profile.marks or ((unconfirmed.JAPAN,) if endpoint.kind == SetKind.SET_JPO else ())
    if endpoint.kind == SetKind.SET:
        if japanese:
            yield Breach(
                rules.KIND_DIFFERS, causes.JAPANESE, printable(", ".join(japanese).encode(), 150), endpoint.kind
            )
    elif not wanted:
        yield Skip(rules.KIND_DIFFERS, f"no mark of {endpoint.kind} is declared")
    elif not any(below(oid, mark) for oid in seen for mark in wanted):
        why = say(causes.NO_MARK, kind=endpoint.kind)
        yield Breach(rules.KIND_DIFFERS, why, f"none of {', '.join(wanted)}", endpoint.kind)
