"""Judges ports: are they open and closed as declared (design, section 6 "Ports"). Pure.

One breach, one finding: `rules.py` says which rule speaks where several could. What answers behind an open port is judged in
`probes/services/judge.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from probes.finding import Finding
from probes.observation import Ending, ItemEnded, Observation
from probes.ports import rules
from probes.ports.facts import State
from probes.ports.view import AddressView, PortView, bracketed, views
from probes.rule import Rule
from probes.services import judge as services
from probes.services.opinion import Gap, Opinion
from probes.target import Item, Scope, Target, Transport
from probes.verdict import Coverage, Judgement, Outcome

NOT_LOOKED = "its state was not found out"


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
    if entry.declared and (finding := services.by_declaration(target, entry.declared, entry.subject)):
        return Opinion(finding=finding)
    if not entry.known:
        return Opinion(gaps=tuple(_state_gaps(entry)))
    declared, is_open = entry.declared, entry.state is State.OPEN
    if declared is None:
        return services.undeclared(target, entry) if is_open else Opinion()
    return (services.declared_open if is_open else services.declared_not_open)(target, entry, declared)


def _state_gaps(entry: PortView) -> Iterator[Gap]:
    relevant = [rules.RESTRICTED_SERVICE, rules.FORBIDDEN_SERVICE]
    if entry.declared is None:
        relevant.append(rules.UNDECLARED_OPEN)
    else:
        relevant += [rules.DECLARED_NOT_OPEN, rules.OTHER_SERVICE]
        relevant += [rules.RESTRICTION_MISSING] if entry.declared.restricted_to else []
    reason = f"{NOT_LOOKED} ({entry.detail})" if entry.detail else NOT_LOOKED
    return (Gap(rule=rule, port=entry.port, reason=reason) for rule in relevant)


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
            if finding := services.by_declaration(target, declared, subject):
                findings.append(finding)
            coverage.append(
                _row(target, rules.DECLARED_NOT_OPEN, subject, Outcome.NOT_TESTED, "UDP is not looked at yet")
            )
    return findings, coverage
