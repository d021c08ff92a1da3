"""Judges ports: are they open and closed as declared (design, section 6 "Ports"). Pure.

One breach, one finding: `rules.py` says which rule speaks where several could. What answers behind an open port is judged in
`probes/services/judge.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from probes.finding import Finding
from probes.observation import Ending, ItemEnded, Observation
from probes.ports import rules, udp_judge
from probes.ports.facts import State
from probes.ports.rows import row, rows
from probes.ports.view import AddressView, PortView, views
from probes.services import judge as services
from probes.services.opinion import Gap, Opinion
from probes.target import Scope, Target
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
    found, covered = udp_judge.judged(scope, observations, unfinished)
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
        return [], [row(target, rule, view.address, Outcome.NOT_TESTED, view.interference) for rule in rules.RULES]
    opinions = [_opinion(target, entry) for entry in view.ports]
    findings = [opinion.finding for opinion in opinions if opinion.finding]
    gaps = [gap for opinion in opinions for gap in opinion.gaps]
    covered = [one for rule in rules.RULES for one in rows(target, view, rule, findings, gaps, unfinished)]
    return findings, covered


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
