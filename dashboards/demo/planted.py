"""Compares what was planted in a system with what an inspection made of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from plugins.value import value
from probes.finding import Grade
from probes.target import Item
from probes.verdict import Standing
from scheduler.result import Result


@value
class Planted:
    """What an inspection has to find in a system, and nothing else."""

    name: str
    """Name of the system in the demo."""
    standing: Standing
    """The verdict that is right."""
    failing: tuple[str, ...] = ()
    """Rules and signatures of the failing findings, sorted."""
    not_tested: tuple[Item, ...] = ()
    """Items in which something cannot be looked at, in the order of `Item`."""


def surprises(planted: Planted, result: Result) -> Iterator[str]:
    """Tell where the result is not what was planted; nothing when all is as planted."""
    verdict = result.verdict
    if verdict.standing is not planted.standing:
        yield f"planted: {planted.standing}, inspected: {verdict.standing}"
    failing = sorted(finding.rule for finding in verdict.findings if finding.grade is Grade.FAILING)
    if failing != list(planted.failing):
        yield f"planted faults: {_words(planted.failing)}; found: {_words(failing)}"
    gaps = {gap.item for gap in verdict.gaps}
    not_tested = [item for item in Item if item in gaps]
    if not_tested != list(planted.not_tested):
        yield f"cannot be tested by plan: {_words(planted.not_tested)}; was not tested: {_words(not_tested)}"


def _words(words: list[str] | tuple[str, ...] | list[Item] | tuple[Item, ...]) -> str:
    return ", ".join(words) or "none"
