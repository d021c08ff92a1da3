"""Judges UDP ports by the same rules as TCP ports (design, section 6 "Ports"). Pure.

Silence is the difference. A declared port that is silent is not tested: it may be open. An undeclared one that is silent is like a
filtered TCP port, no mismatch, where all undeclared UDP ports of the address are silent; where others there are refused by ICMP,
its silence stands out and it is not tested.
"""

from __future__ import annotations

from collections.abc import Sequence

from probes.finding import Finding
from probes.observation import Observation
from probes.ports import rules
from probes.ports.facts import State
from probes.ports.rows import rows
from probes.ports.view import AddressView, PortView, views
from probes.rule import Rule
from probes.services import judge as services
from probes.services.opinion import Opinion, unjudged
from probes.target import Scope, Target, Transport
from probes.verdict import Coverage

RULES: tuple[Rule, ...] = (
    rules.UNDECLARED_OPEN,
    rules.DECLARED_NOT_OPEN,
    rules.OTHER_SERVICE,
    rules.FORBIDDEN_SERVICE,
    rules.RESTRICTION_MISSING,
)
"""Rules that can speak about a UDP port; restricted services are TCP."""
SILENT = "no answer came, which an open UDP port may do as well as a filtered one"
STANDS_OUT = "no answer came, although other unused UDP ports refuse: it may be open"
NOT_LOOKED = "its state was not found out"


def judged(scope: Scope, observations: Sequence[Observation], unfinished: str) -> tuple[list[Finding], list[Coverage]]:
    """Form opinions about the UDP ports of one server; `unfinished`: why the item was not looked at to its end."""
    findings: list[Finding] = []
    coverage: list[Coverage] = []
    for view in views(scope, observations, Transport.UDP):
        found, covered = _judge_address(scope.target, view, unfinished)
        findings += found
        coverage += covered
    return findings, coverage


def _judge_address(target: Target, view: AddressView, unfinished: str) -> tuple[list[Finding], list[Coverage]]:
    if not view.ports:
        return [], []
    refusing = any(entry.declared is None and entry.state is State.CLOSED for entry in view.ports)
    opinions = [_opinion(target, entry, refusing) for entry in view.ports]
    findings = [opinion.finding for opinion in opinions if opinion.finding]
    gaps = [gap for opinion in opinions for gap in opinion.gaps]
    shown = AddressView(address=f"{view.address} (UDP)", ports=view.ports)
    return findings, [row for rule in RULES for row in rows(target, shown, rule, findings, gaps, unfinished)]


def _opinion(target: Target, entry: PortView, refusing: bool) -> Opinion:
    """Judge one port; `refusing`: whether unused ports of the address are refused by ICMP."""
    if entry.declared and (finding := services.by_declaration(target, entry.declared, entry.subject)):
        return Opinion(finding=finding)
    if not entry.known:
        reason = f"{NOT_LOOKED} ({entry.detail})" if entry.detail else NOT_LOOKED
        return _unjudged(entry, reason)
    if entry.state is State.OPEN:
        if entry.declared is None:
            return services.undeclared(target, entry)
        return services.declared_open(target, entry, entry.declared)
    if entry.state is State.OPEN_OR_FILTERED:
        return _silent(entry, refusing)
    return services.declared_not_open(target, entry, entry.declared) if entry.declared else Opinion()


def _silent(entry: PortView, refusing: bool) -> Opinion:
    if entry.declared is None:
        return _unjudged(entry, STANDS_OUT) if refusing else Opinion()
    # A port that must not answer the review body does not.
    return Opinion() if entry.declared.restricted_to else _unjudged(entry, SILENT)


def _unjudged(entry: PortView, reason: str) -> Opinion:
    wanting = [rules.FORBIDDEN_SERVICE]
    if entry.declared is None:
        wanting.append(rules.UNDECLARED_OPEN)
    else:
        wanting += [rules.DECLARED_NOT_OPEN, rules.OTHER_SERVICE]
        wanting += [rules.RESTRICTION_MISSING] if entry.declared.restricted_to else []
    return unjudged(entry, reason, *wanting)
