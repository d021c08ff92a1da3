"""Compares two results of the same system: what degraded (劣化), what improved, what merely changed. Pure.

A finding is known again by server, item, rule and subject. What could not be looked at is never taken for cured, and a server
that is no longer declared counts as degraded: the operator decides which servers are declared, so leaving one out must not look
like an improvement. Items that the review body did not order this time say nothing either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Literal

from plugins.text import Text
from plugins.value import value
from probes.finding import Finding, Grade
from probes.target import DeclaredPort, Item
from probes.verdict import Coverage, Outcome, Standing
from scheduler.result import Result, ServerResult


class Effect(StrEnum):
    """What a change means."""

    DEGRADED = "degraded"
    """劣化: worse than before."""
    IMPROVED = "improved"
    """Better than before."""
    NEUTRAL = "neutral"
    """Different, neither worse nor better."""


class ChangeKind(StrEnum):
    """What changed."""

    VERDICT = "verdict"
    """The verdict of the system."""
    SERVER_GONE = "server-gone"
    """A server that was inspected is not declared any more."""
    SERVER_NEW = "server-new"
    """A server that was not declared then."""
    ITEM_GONE = "item-gone"
    """An item that was inspected then was not ordered now."""
    ITEM_NEW = "item-new"
    """An item that was not ordered then."""
    FINDING_NEW = "finding-new"
    """Something is wrong that was not."""
    FINDING_WORSE = "finding-worse"
    """It weighs more than then."""
    FINDING_MILDER = "finding-milder"
    """It weighs less than then."""
    FINDING_CURED = "finding-cured"
    """It was looked for again and not found."""
    FINDING_UNKNOWN = "finding-unknown"
    """It was not looked for again, so nobody knows."""
    NOT_TESTED = "not-tested"
    """Checks that were done then and could not be done now."""
    TESTED_AGAIN = "tested-again"
    """Checks that could not be done then and were done now."""
    PORT_DECLARED = "port-declared"
    """A port is declared open that was declared unused."""
    PORT_WITHDRAWN = "port-withdrawn"
    """A port is declared unused that was declared open."""
    RULES = "rules"
    """Another version of the rules."""
    PACK = "pack"
    """Another signature pack: what is new may have been there before, unknown."""


@value
class Change:
    """One difference."""

    effect: Effect
    """What it means."""
    kind: ChangeKind
    """What changed."""
    server: str = ""
    """Name of the server; empty: the whole system."""
    item: Item | None = None
    """Item, when it belongs to one."""
    rule: str = ""
    """Rule or signature of a finding."""
    subject: str = ""
    """What it is about: an address with its port, a URL."""
    title: Text | None = None
    """Title of a finding."""
    before: str = ""
    """How it was: a standing, a grade, a version."""
    after: str = ""
    """How it is."""
    reason: str = ""
    """Why checks were not done."""
    checks: tuple[str, ...] = ()
    """Ids of the checks, when several changed for the same reason."""


@value
class Comparison:
    """What differs between two results of one system."""

    format: Literal["tenken-comparison/1"] = "tenken-comparison/1"
    """Version of this document."""
    system: str
    """Name of the system."""
    old: str
    """Id of the earlier inspection."""
    new: str
    """Id of the later inspection."""
    old_started: datetime
    """When the earlier one began, UTC."""
    new_started: datetime
    """When the later one began, UTC."""
    changes: tuple[Change, ...]
    """All differences: degraded, then improved, then neutral."""

    def of(self, effect: Effect) -> tuple[Change, ...]:
        """Give the changes of one effect."""
        return tuple(change for change in self.changes if change.effect is effect)

    @property
    def degraded(self) -> bool:
        """Tell whether anything is worse than before."""
        return bool(self.of(Effect.DEGRADED))


class OtherSystemError(ValueError):
    """Two results of different systems."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__(old, new)
        self.old, self.new = old, new

    def __str__(self) -> str:
        return f"different systems: OLD is of {self.old}, NEW is of {self.new}; compare two results of the same system"


class WrongOrderError(ValueError):
    """The result that was given as the newer one is the older one."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__(old, new)
        self.old, self.new = old, new

    def __str__(self) -> str:
        return f"OLD began at {self.old}, which is after NEW ({self.new}); give the earlier result first"


def compare(old: Result, new: Result) -> Comparison:
    """Tell what differs; raises `OtherSystemError`, `WrongOrderError`."""
    if old.system != new.system:
        raise OtherSystemError(old.system, new.system)
    if old.started > new.started:
        raise WrongOrderError(f"{old.started:%Y-%m-%dT%H:%M:%SZ}", f"{new.started:%Y-%m-%dT%H:%M:%SZ}")
    changes = [change for rule in _RULES for change in rule(old, new)]
    order = list(Effect)
    return Comparison(
        system=new.system,
        old=old.inspection_id,
        new=new.inspection_id,
        old_started=old.started,
        new_started=new.started,
        changes=tuple(sorted(changes, key=lambda change: order.index(change.effect))),
    )


_STANDINGS = (Standing.PASS, Standing.INCONCLUSIVE, Standing.FAIL)
_GRADES = (Grade.ADVISORY, Grade.GUIDANCE, Grade.FAILING)
_Identity = tuple[str, Item, str, str]


def _verdict(old: Result, new: Result) -> Iterator[Change]:
    before, after = old.verdict.standing, new.verdict.standing
    if before is after:
        return
    worse = _STANDINGS.index(after) > _STANDINGS.index(before)
    effect = Effect.DEGRADED if worse else Effect.IMPROVED
    yield Change(effect=effect, kind=ChangeKind.VERDICT, before=before, after=after)


def _by_name(result: Result) -> dict[str, ServerResult]:
    return {server.target.name: server for server in result.servers}


def _servers(old: Result, new: Result) -> Iterator[Change]:
    before, after = _by_name(old), _by_name(new)
    for name in before.keys() - after.keys():
        yield Change(effect=Effect.DEGRADED, kind=ChangeKind.SERVER_GONE, server=name)
    for name in after.keys() - before.keys():
        yield Change(effect=Effect.NEUTRAL, kind=ChangeKind.SERVER_NEW, server=name)


def _items(old: Result, new: Result) -> Iterator[Change]:
    for item in old.items:
        if item not in new.items:
            yield Change(effect=Effect.NEUTRAL, kind=ChangeKind.ITEM_GONE, item=item)
    for item in new.items:
        if item not in old.items:
            yield Change(effect=Effect.NEUTRAL, kind=ChangeKind.ITEM_NEW, item=item)


def _identity(finding: Finding) -> _Identity:
    return finding.server, finding.item, finding.rule, finding.subject


def _about(finding: Finding, effect: Effect, kind: ChangeKind, before: str = "", after: str = "") -> Change:
    return Change(
        effect=effect,
        kind=kind,
        server=finding.server,
        item=finding.item,
        rule=finding.rule,
        subject=finding.subject,
        title=finding.title,
        before=before,
        after=after,
    )


def _findings(old: Result, new: Result) -> Iterator[Change]:
    before = {_identity(finding): finding for finding in old.verdict.findings}
    after = {_identity(finding): finding for finding in new.verdict.findings}
    for identity, finding in after.items():
        if identity not in before:
            yield _appeared(finding)
        elif before[identity].grade is not finding.grade:
            yield _regraded(before[identity], finding)
    for identity, finding in before.items():
        if identity not in after:
            yield _disappeared(finding, new)


def _appeared(finding: Finding) -> Change:
    """An advisory is only worth knowing, so a new one makes nothing worse."""
    effect = Effect.NEUTRAL if finding.grade is Grade.ADVISORY else Effect.DEGRADED
    return _about(finding, effect, ChangeKind.FINDING_NEW, after=finding.grade)


def _regraded(before: Finding, after: Finding) -> Change:
    worse = _GRADES.index(after.grade) > _GRADES.index(before.grade)
    effect, kind = (
        (Effect.DEGRADED, ChangeKind.FINDING_WORSE) if worse else (Effect.IMPROVED, ChangeKind.FINDING_MILDER)
    )
    return _about(after, effect, kind, before.grade, after.grade)


def _disappeared(finding: Finding, new: Result) -> Change:
    outcomes = {
        entry.outcome
        for entry in new.verdict.coverage
        if (entry.server, entry.item, entry.check) == (finding.server, finding.item, finding.rule)
    }
    if not outcomes or Outcome.NOT_TESTED in outcomes:
        return _about(finding, Effect.NEUTRAL, ChangeKind.FINDING_UNKNOWN, before=finding.grade)
    effect = Effect.NEUTRAL if finding.grade is Grade.ADVISORY else Effect.IMPROVED
    return _about(finding, effect, ChangeKind.FINDING_CURED, before=finding.grade)


def _gaps(result: Result) -> dict[_Identity, Coverage]:
    return {(gap.server, gap.item, gap.check, gap.subject): gap for gap in result.verdict.gaps}


def _coverage(old: Result, new: Result) -> Iterator[Change]:
    """Compare gaps of what both inspections were to look at; a check that is new and untested is no loss."""
    before, after = _gaps(old), _gaps(new)
    asked_then, asked_now = _asked(old), _asked(new)
    lost = [gap for key, gap in after.items() if key not in before and key[:3] in asked_then]
    won = [gap for key, gap in before.items() if key not in after and key[:3] in asked_now]
    yield from _grouped(lost, Effect.DEGRADED, ChangeKind.NOT_TESTED)
    yield from _grouped(won, Effect.IMPROVED, ChangeKind.TESTED_AGAIN)


def _asked(result: Result) -> set[tuple[str, Item, str]]:
    """Give every check that an inspection was to apply, with server and item."""
    return {(entry.server, entry.item, entry.check) for entry in result.verdict.coverage}


def _grouped(gaps: list[Coverage], effect: Effect, kind: ChangeKind) -> Iterator[Change]:
    groups: dict[tuple[str, Item, str], list[Coverage]] = {}
    for gap in gaps:
        groups.setdefault((gap.server, gap.item, gap.reason), []).append(gap)
    for (server, item, reason), group in groups.items():
        checks = tuple(dict.fromkeys(gap.check for gap in group))
        yield Change(effect=effect, kind=kind, server=server, item=item, reason=reason, checks=checks)


def _ports(old: Result, new: Result) -> Iterator[Change]:
    before, after = _by_name(old), _by_name(new)
    for name in before.keys() & after.keys():
        was, now = _declared(before[name]), _declared(after[name])
        for words in sorted(now - was):
            yield Change(effect=Effect.NEUTRAL, kind=ChangeKind.PORT_DECLARED, server=name, subject=words)
        for words in sorted(was - now):
            yield Change(effect=Effect.NEUTRAL, kind=ChangeKind.PORT_WITHDRAWN, server=name, subject=words)


def _declared(server: ServerResult) -> set[str]:
    return {_port_words(port) for port in server.target.ports}


def _port_words(port: DeclaredPort) -> str:
    first, last = port.ports.first, port.ports.last
    numbers = f"{first}" if first == last else f"{first}-{last}"
    return f"{numbers}/{port.transport} {port.service}"


def _grounds(old: Result, new: Result) -> Iterator[Change]:
    if old.rules_version != new.rules_version:
        yield Change(effect=Effect.NEUTRAL, kind=ChangeKind.RULES, before=old.rules_version, after=new.rules_version)
    if old.pack_digest != new.pack_digest:
        yield Change(effect=Effect.NEUTRAL, kind=ChangeKind.PACK, before=old.pack_digest, after=new.pack_digest)


_Rule = Callable[[Result, Result], Iterator[Change]]
_RULES: tuple[_Rule, ...] = (_verdict, _servers, _findings, _coverage, _items, _ports, _grounds)
