"""Rows of the coverage: what became of each rule at an address. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from probes.finding import Finding
from probes.ports.view import AddressView
from probes.rule import Rule
from probes.services.opinion import Gap
from probes.target import Item, Target
from probes.verdict import Coverage, Outcome


def rows(
    target: Target, view: AddressView, rule: Rule, findings: list[Finding], gaps: list[Gap], unfinished: str
) -> Iterator[Coverage]:
    """Give the row of a rule, and one more when it was broken at one port and could not be applied to another."""
    found = any(finding.rule == rule.id for finding in findings)
    mine = [gap for gap in gaps if gap.rule is rule]
    reason = _gap_words(mine) or unfinished
    if found:
        yield row(target, rule, view.address, Outcome.FOUND)
    if reason:
        rest = f"{view.address} (rest)" if found else view.address
        yield row(target, rule, rest, Outcome.NOT_TESTED, reason)
    elif not found:
        yield row(target, rule, view.address, Outcome.CLEAN)


def _gap_words(gaps: list[Gap]) -> str:
    """Tell which ports could not be judged and why, at most three reasons."""
    ordered = sorted(gaps, key=lambda gap: (gap.reason, gap.port))
    grouped = [(reason, [gap.port for gap in same]) for reason, same in groupby(ordered, key=lambda gap: gap.reason)]
    told = [f"{_port_words(ports)}: {reason}" for reason, ports in grouped[:3]]
    return "; ".join(told) + ("; ..." if len(grouped) > 3 else "")


def _port_words(ports: list[int]) -> str:
    shown = ", ".join(str(port) for port in ports[:5])
    return f"port{'s' if len(ports) > 1 else ''} {shown}{f' and {len(ports) - 5} more' if len(ports) > 5 else ''}"


def row(target: Target, rule: Rule, subject: str, outcome: Outcome, reason: str = "") -> Coverage:
    """Give one row of the item."""
    return Coverage(server=target.name, item=Item.PORTS, check=rule.id, subject=subject, outcome=outcome, reason=reason)
