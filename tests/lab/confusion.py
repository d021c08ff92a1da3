"""What the grid said of each instance against what is true of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from probes.finding import Certainty, Grade
from probes.observation import Ending
from probes.target import Item
from probes.verdict import Outcome
from scheduler.result import ControlStanding, Result
from tests.lab.instance import Instance


@dataclass(frozen=True)
class Row:
    """One instance after its inspection."""

    instance: Instance
    """What it is."""
    found: tuple[str, ...]
    """Signatures that are there and were found (true positives)."""
    missed: tuple[str, ...]
    """Signatures of the corpus that are there and were not found (false negatives)."""
    unknown: tuple[str, ...]
    """Holes that are there and have no signature."""
    wrong: tuple[str, ...]
    """Failing findings on what is not there (false positives)."""
    doubted: tuple[str, ...]
    """Suspected by version on what is not there: guidance, which the operator clears with the distribution's notice."""
    resisted: tuple[str, ...]
    """Traps of `absent` that gave no failing finding (true negatives)."""
    untested: tuple[tuple[str, str], ...]
    """Signatures that could not be judged, each with the reason: not tested is never clean."""
    broken: str
    """Why an item did not finish, or why the control of the run did not hold; empty: all is well."""
    asks: int
    """Requests that were sent."""
    connections: int
    """Connections that were made."""
    seconds: float
    """From the first to the last moment of its inspection."""


def row(instance: Instance, result: Result, corpus: Collection[str]) -> Row:
    """Compare one result with the truth."""
    server = result.servers[0]
    findings = [finding for finding in server.verdict.findings if finding.item is Item.HOLES]
    named = {finding.rule for finding in findings}
    failing = {finding.rule for finding in findings if finding.grade is Grade.FAILING}
    suspected = {finding.rule for finding in findings if finding.certainty is Certainty.SUSPECTED}
    endings = [
        f"{item.item}: {item.ending} {item.detail}" for item in server.items if item.ending is not Ending.FINISHED
    ]
    if result.control.standing is ControlStanding.FAILED:
        endings.append(f"control: {result.control.reason}")
    return Row(
        instance=instance,
        found=tuple(hole for hole in instance.present if hole in named),
        missed=tuple(hole for hole in instance.present if hole in corpus and hole not in named),
        unknown=tuple(hole for hole in instance.present if hole not in corpus),
        wrong=tuple(sorted(failing - set(instance.present))),
        doubted=tuple(sorted(suspected - failing - set(instance.present))),
        resisted=tuple(hole for hole in instance.absent if hole in corpus and hole not in failing),
        untested=tuple(
            (entry.check, entry.reason)
            for entry in server.verdict.coverage
            if entry.item is Item.HOLES and entry.outcome is Outcome.NOT_TESTED
        ),
        broken="; ".join(endings),
        asks=server.tally.requests,
        connections=server.tally.connections,
        seconds=(server.ended - server.started).total_seconds(),
    )


@dataclass(frozen=True)
class Total:
    """All instances together."""

    found: int
    missed: int
    wrong: int
    doubted: int
    resisted: int
    unknown: int
    untested: int
    broken: int

    @property
    def recall(self) -> float:
        """Share of the holes that are there and in the corpus which were found."""
        return self.found / (self.found + self.missed) if self.found + self.missed else 0.0


def total(rows: Sequence[Row]) -> Total:
    """Count."""
    return Total(
        found=sum(len(each.found) for each in rows),
        missed=sum(len(each.missed) for each in rows),
        wrong=sum(len(each.wrong) for each in rows),
        doubted=sum(len(each.doubted) for each in rows),
        resisted=sum(len(each.resisted) for each in rows),
        unknown=sum(len(each.unknown) for each in rows),
        untested=sum(len(each.untested) for each in rows),
        broken=sum(bool(each.broken) for each in rows),
    )


def page(rows: Sequence[Row], skipped: Sequence[str], when: str, pack: str) -> str:
    """Write the results as Markdown."""
    sum_ = total(rows)
    lines = [
        "# Lab results",
        "",
        "Written by `make lab`: real software at its own versions, inspected by the real grid. What is true of an instance",
        "stands in `tests/lab/instances.yaml` and comes from advisories and release notes, not from Tenken.",
        "",
        f"{when}, pack `{pack[:12]}`: {len(rows)} instances ran, {len(skipped)} were skipped.",
        "",
        "| | count |",
        "|---|---|",
        f"| holes that are there and were found | {sum_.found} |",
        f"| holes that are there, have a signature and were missed | {sum_.missed} |",
        f"| recall | {sum_.recall:.3f} |",
        f"| failing findings on what is not there | {sum_.wrong} |",
        f"| suspected by version on what is not there (guidance) | {sum_.doubted} |",
        f"| traps that gave no failing finding | {sum_.resisted} |",
        f"| holes that are there and have no signature | {sum_.unknown} |",
        f"| checks that could not be judged, of all signatures on all instances | {sum_.untested} |",
        f"| inspections that broke | {sum_.broken} |",
        "",
        "| instance | found | missed | wrong | suspected only | resisted | no signature | not tested | asks | connections | s |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(_line(each) for each in rows),
    ]
    if skipped:
        lines += ["", "Skipped:", "", *(f"- {reason}" for reason in skipped)]
    return "\n".join(lines) + "\n"


def _line(each: Row) -> str:
    lists = (each.found, each.missed, each.wrong, each.doubted, each.resisted, each.unknown)
    cells = [each.instance.id + (f" ({each.broken})" if each.broken else ""), *(", ".join(one) for one in lists)]
    return f"| {' | '.join(cells)} | {len(each.untested)} | {each.asks} | {each.connections} | {each.seconds:.0f} |"
