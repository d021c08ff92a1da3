"""What is thought of one port, and the words for it. Pure."""

from __future__ import annotations

from plugins.text import Text
from plugins.value import value
from probes.finding import Finding
from probes.ports import rules
from probes.ports.facts import State
from probes.ports.view import PortView
from probes.rule import Rule
from probes.services.names import spoken_name
from probes.target import DeclaredPort, Target
from probes.transcript import printable


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


def unjudged(entry: PortView, reason: str, *wanting: Rule) -> Opinion:
    """Say that rules could not be applied to a port."""
    return Opinion(gaps=tuple(Gap(rule=rule, port=entry.port, reason=reason) for rule in wanting))


def found(rule: Rule, target: Target, entry: PortView, **words: Text | str) -> Opinion:
    """Say that a port breaks a rule; `words` fill the places of the rule's texts that not every rule has."""
    service: Text | str = spoken_name(entry.service) if entry.service else rules.UNKNOWN_SERVICE
    declared = entry.declared.service if entry.declared else ""
    if entry.declared and not entry.service:
        service = spoken_name(declared)
    state = rules.FILTERED if entry.state is State.FILTERED else rules.CLOSED
    finding = rule.broken(
        target.name,
        entry.subject,
        {
            "port": f"{entry.port}/{entry.transport}",
            "service": service,
            "declared": spoken_name(declared),
            "state": state,
            **words,
        },
        declared=declared_words(entry.declared),
        seen=seen_words(entry),
        evidence=entry.evidence,
    )
    return Opinion(finding=finding)


def declared_words(declared: DeclaredPort | None) -> str:
    """Tell what was declared of a port."""
    if declared is None:
        return "unused"
    limits = f", only from {', '.join(declared.restricted_to)}" if declared.restricted_to else ""
    return f"{declared.service} for {declared.purpose}{limits}"


def seen_words(entry: PortView) -> str:
    """Tell what was seen of a port."""
    if entry.state is not State.OPEN or entry.seen is None:
        return f"{entry.state or 'not looked at'}{f' ({entry.detail})' if entry.detail else ''}"
    inside = " inside TLS" if entry.seen.tls else ""
    banner = f": {printable(entry.seen.banner, 80)}" if entry.seen.banner else ""
    detail = f" ({entry.seen.detail})" if entry.seen.detail else ""
    return f"open, {entry.seen.service or 'unknown service'}{inside}{_build_words(entry)}{detail}{banner}"


def _build_words(entry: PortView) -> str:
    """Tell product and version, and whether the version number hides what a distribution mended."""
    build = entry.seen.build if entry.seen else None
    if not build:
        return ""
    hint = f", {build.hint}" if build.hint else ""
    return f", {' '.join(word for word in (build.product, build.version) if word)}{hint}" if build.product else hint
