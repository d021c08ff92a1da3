"""Judges ports: are they as declared, and may what answers be there (design, section 6 "Ports"). Pure.

One breach, one finding: `rules.py` says which rule speaks where several could. Condition (3) for restricted services rests on
this: the review body's own address is, by the rules, never on a declared allow list, so a port that answers it is not restricted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from plugins.text import Text
from plugins.value import value
from probes.finding import Finding
from probes.observation import Ending, ItemEnded, Observation
from probes.ports import rules
from probes.ports.facts import State
from probes.ports.view import AddressView, PortView, bracketed, views
from probes.rule import Rule, filled
from probes.services.names import FORBIDDEN, RESTRICTED, canonical, spoken_name
from probes.target import ClientAuth, DeclaredPort, Item, Purpose, Scope, Target, Transport
from probes.transcript import printable
from probes.verdict import Coverage, Judgement, Outcome

ACCEPTED_PURPOSES = frozenset({Purpose.REMOTE_MAINTENANCE, Purpose.CONTENT_UPDATE})
"""Purposes for which FTP, TELNET and SSH may be used."""

NOT_LOOKED = "its state was not found out"


@value
class Gap:
    """A rule that could not be applied to a port."""

    rule: Rule
    """The rule."""
    port: int
    """The port."""
    reason: str
    """Why."""


@value
class Opinion:
    """What is thought of one port."""

    finding: Finding | None = None
    """The breach; None: there is none."""
    gaps: tuple[Gap, ...] = ()
    """What could not be judged."""


def judge(scope: Scope, observations: Sequence[Observation], pack: object) -> Judgement:  # noqa: ARG001 - every judge is called alike
    """Form opinions about the ports of one server."""
    unfinished = _unfinished(observations)
    findings: list[Finding] = []
    coverage: list[Coverage] = []
    for view in views(scope, observations):
        found, covered = _judge_address(scope.target, view, unfinished)
        findings += found
        coverage += covered
    found, covered = _judge_udp(scope.target)
    return Judgement(findings=(*findings, *found), coverage=(*coverage, *covered))


def _unfinished(observations: Sequence[Observation]) -> str:
    """Say why the item was not looked at to its end; empty when it was."""
    for observation in observations:
        if isinstance(observation.fact, ItemEnded):
            ended = observation.fact
            return "" if ended.ending is Ending.FINISHED else f"{ended.ending}: {ended.detail}"
    return "the item was not looked at to its end"


def _judge_address(target: Target, view: AddressView, unfinished: str) -> tuple[list[Finding], list[Coverage]]:
    if view.interference:
        return [], [_row(target, rule, view.address, Outcome.NOT_TESTED, view.interference) for rule in rules.RULES]
    opinions = [_opinion(target, entry) for entry in view.ports]
    findings = [opinion.finding for opinion in opinions if opinion.finding]
    gaps = [gap for opinion in opinions for gap in opinion.gaps]
    rows = [row for rule in rules.RULES for row in _rows(target, view, rule, findings, gaps, unfinished)]
    return findings, rows


def _opinion(target: Target, entry: PortView) -> Opinion:
    if entry.declared and (finding := _forbidden_by_declaration(target, entry.declared, entry.subject)):
        return Opinion(finding=finding)
    if not entry.known:
        return Opinion(gaps=tuple(_state_gaps(entry)))
    if entry.state is State.OPEN:
        return _open_declared(target, entry, entry.declared) if entry.declared else _open_undeclared(target, entry)
    return _not_open(target, entry, entry.declared) if entry.declared else Opinion()


def _state_gaps(entry: PortView) -> Iterator[Gap]:
    relevant = [rules.RESTRICTED_SERVICE, rules.FORBIDDEN_SERVICE]
    if entry.declared is None:
        relevant.append(rules.UNDECLARED_OPEN)
    else:
        relevant += [rules.DECLARED_NOT_OPEN, rules.OTHER_SERVICE]
        relevant += [rules.RESTRICTION_MISSING] if entry.declared.restricted_to else []
    reason = f"{NOT_LOOKED} ({entry.detail})" if entry.detail else NOT_LOOKED
    return (Gap(rule=rule, port=entry.port, reason=reason) for rule in relevant)


def _open_undeclared(target: Target, entry: PortView) -> Opinion:
    """A service that the rules single out names the cause better than the open port does."""
    name = canonical(entry.service)
    if name in FORBIDDEN:
        return _found(rules.FORBIDDEN_SERVICE, target, entry)
    if name in RESTRICTED:
        return _found(rules.RESTRICTED_SERVICE, target, entry, why=rules.UNDECLARED)
    return _found(rules.UNDECLARED_OPEN, target, entry)


def _open_declared(target: Target, entry: PortView, declared: DeclaredPort) -> Opinion:
    name, expected = canonical(entry.service), canonical(declared.service)
    if name in FORBIDDEN:
        return _found(rules.FORBIDDEN_SERVICE, target, entry)
    if name and name != expected:
        return _found(rules.OTHER_SERVICE, target, entry)
    if not name:
        return _open_unrecognised(target, entry, declared)
    if expected in RESTRICTED:
        return _restricted(target, entry, declared)
    if declared.restricted_to:
        return _found(rules.RESTRICTION_MISSING, target, entry, addresses=", ".join(declared.restricted_to))
    return Opinion()


def _open_unrecognised(target: Target, entry: PortView, declared: DeclaredPort) -> Opinion:
    """Being turned away is right where access is declared restricted; else what answers is simply not known."""
    turned_away = entry.seen is not None and entry.seen.turned_away
    if turned_away and declared.restricted_to:
        return _purpose_only(target, entry, declared)
    if entry.seen and entry.seen.tls and _wants_certificate(target, entry.port):
        return Opinion()
    reason = (entry.seen.detail if entry.seen else "") or "what answers there was not found out"
    wanting = [rules.OTHER_SERVICE, rules.FORBIDDEN_SERVICE]
    wanting += [rules.RESTRICTED_SERVICE] if canonical(declared.service) in RESTRICTED else []
    return Opinion(gaps=tuple(Gap(rule=rule, port=entry.port, reason=reason) for rule in wanting))


def _wants_certificate(target: Target, port: int) -> bool:
    """Tell whether nobody without a client certificate is meant to see what is inside; the item `tls` checks that."""
    return any(end.port == port and end.client_auth is ClientAuth.REQUIRED for end in target.tls)


def _not_open(target: Target, entry: PortView, declared: DeclaredPort) -> Opinion:
    """Closed or filtered is right for a port that must not answer the review body, and wrong for every other."""
    if declared.restricted_to:
        return _purpose_only(target, entry, declared)
    return _found(rules.DECLARED_NOT_OPEN, target, entry)


def _purpose_only(target: Target, entry: PortView, declared: DeclaredPort) -> Opinion:
    if canonical(declared.service) in RESTRICTED and declared.purpose not in ACCEPTED_PURPOSES:
        return _found(rules.RESTRICTED_SERVICE, target, entry, why=_purpose(declared))
    return Opinion()


def _purpose(declared: DeclaredPort) -> Text:
    return filled(rules.PURPOSE, {"purpose": declared.purpose.value})


def _restricted(target: Target, entry: PortView, declared: DeclaredPort) -> Opinion:
    """Apply the three conditions to a restricted service that answered where it is declared (so condition 1 holds)."""
    if declared.purpose not in ACCEPTED_PURPOSES:
        return _found(rules.RESTRICTED_SERVICE, target, entry, why=_purpose(declared))
    if canonical(entry.service) != "ssh" or not declared.exception:
        return _found(rules.RESTRICTED_SERVICE, target, entry, why=_unrestricted(entry, declared))
    passwords = entry.seen.password_login if entry.seen else None
    if passwords is None:
        reason = (entry.seen.detail if entry.seen else "") or "its authentication methods were not found out"
        return Opinion(gaps=(Gap(rule=rules.RESTRICTED_SERVICE, port=entry.port, reason=reason),))
    return _found(rules.RESTRICTED_SERVICE, target, entry, why=rules.PASSWORDS) if passwords else Opinion()


def _unrestricted(entry: PortView, declared: DeclaredPort) -> Text:
    if declared.restricted_to:
        return rules.ANSWERED
    without_passwords = entry.seen is not None and entry.seen.password_login is False
    return rules.NO_EXCEPTION if without_passwords else rules.NO_RESTRICTION


def _found(rule: Rule, target: Target, entry: PortView, **words: Text | str) -> Opinion:
    service: Text | str = spoken_name(entry.service) if entry.service else rules.UNKNOWN_SERVICE
    declared = entry.declared.service if entry.declared else ""
    if entry.declared and not entry.service:
        service = spoken_name(declared)
    state = rules.FILTERED if entry.state is State.FILTERED else rules.CLOSED
    finding = rule.broken(
        target.name,
        entry.subject,
        {"port": f"{entry.port}/tcp", "service": service, "declared": spoken_name(declared), "state": state, **words},
        declared=_declared_words(entry.declared),
        seen=_seen_words(entry),
        evidence=entry.evidence,
    )
    return Opinion(finding=finding)


def _declared_words(declared: DeclaredPort | None) -> str:
    if declared is None:
        return "unused"
    limits = f", only from {', '.join(declared.restricted_to)}" if declared.restricted_to else ""
    return f"{declared.service} for {declared.purpose}{limits}"


def _seen_words(entry: PortView) -> str:
    if entry.state is not State.OPEN or entry.seen is None:
        return f"{entry.state or 'not looked at'}{f' ({entry.detail})' if entry.detail else ''}"
    inside = " inside TLS" if entry.seen.tls else ""
    banner = f": {printable(entry.seen.banner, 80)}" if entry.seen.banner else ""
    detail = f" ({entry.seen.detail})" if entry.seen.detail else ""
    return f"open, {entry.seen.service or 'unknown service'}{inside}{detail}{banner}"


def _forbidden_by_declaration(target: Target, declared: DeclaredPort, subject: str) -> Finding | None:
    name = canonical(declared.service)
    if name not in FORBIDDEN:
        return None
    words = {"port": subject.rpartition(":")[2], "service": FORBIDDEN[name]}
    return rules.FORBIDDEN_SERVICE.broken(
        target.name, subject, words, declared=_declared_words(declared), seen="named in the declaration"
    )


def _rows(
    target: Target, view: AddressView, rule: Rule, findings: list[Finding], gaps: list[Gap], unfinished: str
) -> Iterator[Coverage]:
    """Give the row of a rule, and one more when it was broken at one port and could not be applied to another."""
    found = any(finding.rule == rule.id for finding in findings)
    mine = [gap for gap in gaps if gap.rule is rule]
    reason = _gap_words(mine) or unfinished
    if found:
        yield _row(target, rule, view.address, Outcome.FOUND)
    if reason:
        rest = f"{view.address} (rest)" if found else view.address
        yield _row(target, rule, rest, Outcome.NOT_TESTED, reason)
    elif not found:
        yield _row(target, rule, view.address, Outcome.CLEAN)


def _gap_words(gaps: list[Gap]) -> str:
    """Tell which ports could not be judged and why, at most three reasons."""
    ordered = sorted(gaps, key=lambda gap: (gap.reason, gap.port))
    grouped = [(reason, [gap.port for gap in same]) for reason, same in groupby(ordered, key=lambda gap: gap.reason)]
    told = [f"{_port_words(ports)}: {reason}" for reason, ports in grouped[:3]]
    return "; ".join(told) + ("; ..." if len(grouped) > 3 else "")


def _port_words(ports: list[int]) -> str:
    shown = ", ".join(str(port) for port in ports[:5])
    return f"port{'s' if len(ports) > 1 else ''} {shown}{f' and {len(ports) - 5} more' if len(ports) > 5 else ''}"


def _row(target: Target, rule: Rule, subject: str, outcome: Outcome, reason: str = "") -> Coverage:
    return Coverage(server=target.name, item=Item.PORTS, check=rule.id, subject=subject, outcome=outcome, reason=reason)


def _judge_udp(target: Target) -> tuple[list[Finding], list[Coverage]]:
    """UDP ports are judged by their declaration only; what they do is not looked at yet, and that is said."""
    findings: list[Finding] = []
    coverage: list[Coverage] = []
    for declared in target.ports:
        if declared.transport is not Transport.UDP:
            continue
        ports = (
            str(declared.ports.first)
            if declared.ports.first == declared.ports.last
            else (f"{declared.ports.first}-{declared.ports.last}")
        )
        for address in target.addresses:
            subject = f"{bracketed(address)}:{ports}/udp"
            if finding := _forbidden_by_declaration(target, declared, subject):
                findings.append(finding)
            coverage.append(
                _row(target, rules.DECLARED_NOT_OPEN, subject, Outcome.NOT_TESTED, "UDP is not looked at yet")
            )
    return findings, coverage
