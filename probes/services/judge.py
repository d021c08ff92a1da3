"""Judges what answers on open ports: is it the declared service, and may it be there (design, section 6 "Ports"). Pure.

Condition (3) for restricted services rests on this: the review body's own address is, by the rules, never on a declared allow
list, so a port that answers it is not restricted. What only nmap says can agree with a declaration, but never fails a server.
"""

from __future__ import annotations

from collections.abc import Iterator

from plugins.text import Text
from probes.finding import Certainty, Finding
from probes.ports import rules
from probes.ports.view import PortView
from probes.rule import filled
from probes.services.facts import Anonymous
from probes.services.names import FORBIDDEN, RESTRICTED, canonical
from probes.services.opinion import Opinion, declared_words, found, unjudged
from probes.services.outdated import outdated
from probes.target import ClientAuth, DeclaredPort, Purpose, Target

ACCEPTED_PURPOSES = frozenset({Purpose.REMOTE_MAINTENANCE, Purpose.CONTENT_UPDATE})
"""Purposes for which FTP, TELNET and SSH may be used."""


def undeclared(target: Target, entry: PortView) -> Opinion:
    """Judge an open port that nobody declared. A service that the rules single out names the cause better than the open port."""
    name = "" if _only_suspected(entry) else canonical(entry.service)
    if name in FORBIDDEN:
        return found(rules.FORBIDDEN_SERVICE, target, entry)
    if name in RESTRICTED:
        return found(rules.RESTRICTED_SERVICE, target, entry, why=_joined([rules.UNDECLARED, *_aggravations(entry)]))
    return found(rules.UNDECLARED_OPEN, target, entry)


def declared_open(target: Target, entry: PortView, declared: DeclaredPort) -> Opinion:
    """Judge a declared port that is open."""
    name, expected = canonical(entry.service), canonical(declared.service)
    if name and name != expected and _only_suspected(entry):
        reason = f"what answers there looks like {name} to nmap; nothing else shows it"
        return _unjudged_service(entry, declared, reason)
    if not name:
        return _unrecognised(target, entry, declared)
    if name in FORBIDDEN or name != expected:
        return found(rules.FORBIDDEN_SERVICE if name in FORBIDDEN else rules.OTHER_SERVICE, target, entry)
    if expected in RESTRICTED:
        return _restricted(target, entry, declared)
    if declared.restricted_to:
        return found(rules.RESTRICTION_MISSING, target, entry, addresses=", ".join(declared.restricted_to))
    return Opinion()


def declared_not_open(target: Target, entry: PortView, declared: DeclaredPort) -> Opinion:
    """Judge a declared port that is closed or filtered: right where it must not answer the review body, else wrong."""
    if declared.restricted_to:
        return _purpose_only(target, entry, declared)
    return found(rules.DECLARED_NOT_OPEN, target, entry)


def by_declaration(target: Target, declared: DeclaredPort, subject: str) -> Finding | None:
    """Give the finding that a service is declared that does not belong there, whatever was seen; None: it may be there."""
    name = canonical(declared.service)
    if name not in FORBIDDEN:
        return None
    words = {"port": subject.rpartition(":")[2], "service": FORBIDDEN[name]}
    return rules.FORBIDDEN_SERVICE.broken(
        target.name, subject, words, declared=declared_words(declared), seen="named in the declaration"
    )


def _only_suspected(entry: PortView) -> bool:
    return entry.seen is not None and entry.seen.certainty is Certainty.SUSPECTED


def _unrecognised(target: Target, entry: PortView, declared: DeclaredPort) -> Opinion:
    """Being turned away is right where access is declared restricted; else what answers is simply not known."""
    turned_away = entry.seen is not None and entry.seen.turned_away
    if turned_away and declared.restricted_to:
        return _purpose_only(target, entry, declared)
    if entry.seen and entry.seen.tls and _wants_certificate(target, entry.port):
        return Opinion()
    reason = (entry.seen.detail if entry.seen else "") or "what answers there was not found out"
    return _unjudged_service(entry, declared, reason)


def _unjudged_service(entry: PortView, declared: DeclaredPort, reason: str) -> Opinion:
    wanting = [rules.OTHER_SERVICE, rules.FORBIDDEN_SERVICE]
    wanting += [rules.RESTRICTED_SERVICE] if canonical(declared.service) in RESTRICTED else []
    return unjudged(entry, reason, *wanting)


def _wants_certificate(target: Target, port: int) -> bool:
    """Tell whether nobody without a client certificate is meant to see what is inside; the item `tls` checks that."""
    return any(end.port == port and end.client_auth is ClientAuth.REQUIRED for end in target.tls)


def _purpose_only(target: Target, entry: PortView, declared: DeclaredPort) -> Opinion:
    if canonical(declared.service) in RESTRICTED and declared.purpose not in ACCEPTED_PURPOSES:
        return found(rules.RESTRICTED_SERVICE, target, entry, why=_purpose(declared))
    return Opinion()


def _purpose(declared: DeclaredPort) -> Text:
    return filled(rules.PURPOSE, {"purpose": declared.purpose.value})


def _restricted(target: Target, entry: PortView, declared: DeclaredPort) -> Opinion:
    """Apply the three conditions to a restricted service that answered where it is declared (so condition 1 holds)."""
    reasons = list(_breaches(entry, declared))
    if reasons:
        return found(rules.RESTRICTED_SERVICE, target, entry, why=_joined(reasons))
    if entry.seen is None or entry.seen.password_login is None:
        reason = (entry.seen.detail if entry.seen else "") or "its authentication methods were not found out"
        return unjudged(entry, reason, rules.RESTRICTED_SERVICE)
    return _encryption(target, entry)


def _breaches(entry: PortView, declared: DeclaredPort) -> Iterator[Text]:
    """Give every reason why the conditions do not hold."""
    if declared.purpose not in ACCEPTED_PURPOSES:
        yield _purpose(declared)
    excepted = canonical(entry.service) == "ssh" and bool(declared.exception)
    if declared.restricted_to:
        # An exception is for servers that nobody restricted; this one's restriction does not work.
        yield rules.ANSWERED
    elif not excepted:
        without_passwords = entry.seen is not None and entry.seen.password_login is False
        yield rules.NO_EXCEPTION if without_passwords else rules.NO_RESTRICTION
    yield from _aggravations(entry)


def _aggravations(entry: PortView) -> Iterator[Text]:
    """Give what makes a restricted service that answered worse."""
    if entry.ssh and entry.ssh.methods == ("none",):
        yield rules.NO_AUTHENTICATION
    elif entry.seen and entry.seen.password_login:
        yield rules.PASSWORDS
    if entry.ftp and entry.ftp.anonymous in {Anonymous.LET_IN, Anonymous.INVITED}:
        yield rules.ANONYMOUS
    if entry.ftp and entry.ftp.tls is False:
        yield rules.IN_CLEAR


def _encryption(target: Target, entry: PortView) -> Opinion:
    """Judge how an SSH server that may answer everybody encrypts."""
    if entry.ssh is None or not entry.ssh.algorithms.cipher:
        reason = (entry.ssh.detail if entry.ssh else "") or "what it offers to encrypt with was not found out"
        return unjudged(entry, reason, rules.SSH_OUTDATED)
    names = outdated(entry.ssh.algorithms)
    return found(rules.SSH_OUTDATED, target, entry, algorithms=", ".join(names)) if names else Opinion()


def _joined(reasons: list[Text]) -> Text:
    return Text(en="; ".join(reason.en for reason in reasons), ja="。".join(reason.ja for reason in reasons))
