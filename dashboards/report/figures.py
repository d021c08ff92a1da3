"""Counts for the report, all measured from coverage, findings and tallies. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from grid.window import Window
from plugins.value import value
from probes.finding import Finding, Grade
from probes.lease import burst
from probes.pace import Pace
from probes.pulse.facts import Advised
from probes.tally import Tally
from probes.target import Item
from probes.verdict import Coverage, Outcome
from scheduler.result import ServerResult


@value
class Counts:
    """How many checks came to which outcome."""

    clean: int
    """Looked at, nothing wrong."""
    found: int
    """Looked at, something wrong."""
    not_applicable: int
    """Does not apply to what was seen."""
    not_tested: int
    """Could not be done."""

    @staticmethod
    def of(coverage: Iterable[Coverage]) -> Counts:
        """Count."""
        outcomes = [entry.outcome for entry in coverage]
        return Counts(
            clean=outcomes.count(Outcome.CLEAN),
            found=outcomes.count(Outcome.FOUND),
            not_applicable=outcomes.count(Outcome.NOT_APPLICABLE),
            not_tested=outcomes.count(Outcome.NOT_TESTED),
        )

    @property
    def total(self) -> int:
        """All checks."""
        return self.clean + self.found + self.not_applicable + self.not_tested

    @property
    def done(self) -> int:
        """Checks that were done."""
        return self.clean + self.found

    def by_outcome(self) -> tuple[tuple[Outcome, int], ...]:
        """Give the counts in the order in which they are shown."""
        return (
            (Outcome.CLEAN, self.clean),
            (Outcome.FOUND, self.found),
            (Outcome.NOT_APPLICABLE, self.not_applicable),
            (Outcome.NOT_TESTED, self.not_tested),
        )


@value
class Band:
    """One outcome's part of a bar that is `BAR` wide."""

    outcome: Outcome
    """The outcome."""
    x: float
    """Where it starts."""
    width: float
    """How wide it is."""


BAR = 1000.0
"""Width of every bar, in its own units."""
_NARROWEST = 12.0


def bands(counts: Counts) -> tuple[Band, ...]:
    """Divide a bar among the outcomes that occur; even one check of thousands stays visible."""
    present = [
        (outcome, max(count / counts.total * BAR, _NARROWEST)) for outcome, count in counts.by_outcome() if count
    ]
    whole = sum(width for _, width in present)
    placed: list[Band] = []
    x = 0.0
    for outcome, width in present:
        scaled = round(width / whole * BAR, 2)
        placed.append(Band(outcome=outcome, x=round(x, 2), width=scaled))
        x += scaled
    return tuple(placed)


@value
class Row:
    """Checks that came to the same outcome for the same reason."""

    item: Item
    """Item they belong to."""
    check: str
    """Id of the rule or signature; empty when the row joins several."""
    outcome: Outcome
    """What became of them."""
    reason: str
    """Why, when not applicable or not tested."""
    checks: tuple[str, ...]
    """Ids of the checks, each once."""
    subjects: tuple[str, ...]
    """What they were applied to, each once."""
    count: int
    """How many."""


@value
class Usage:
    """One figure of the tally beside the bound that was agreed for it."""

    used: float
    """Per second."""
    agreed: float
    """Per second."""
    bursts: int = 1
    """How many workers the bound was shared among; each may add its own burst."""

    @property
    def share(self) -> float:
        """Used part of the bound, 0 and up."""
        return self.used / self.agreed if self.agreed > 0 else 0.0

    @property
    def over(self) -> bool:
        """Tell whether more was used than agreed, beyond the bursts that every bound allows."""
        return self.used > self.agreed + self.bursts * burst(self.agreed / self.bursts)


@value
class Sent:
    """How fast it was, beside what was agreed."""

    seconds: float
    """How long it took."""
    peak_connections: Usage
    """Connections of the worst second."""
    connections: Usage
    """Connections on average."""
    requests: Usage
    """Asks on average."""
    transfer: Usage
    """Bytes both ways on average."""
    packets: Usage
    """Packets on average, as the bound reckons them."""


@value
class Span:
    """Where in the window something ran, as parts of 1."""

    start: float
    """0: the window's start."""
    end: float
    """1: the window's end."""


def sent(tally: Tally, pace: Pace, seconds: float, workers: int = 1) -> Sent:
    """Compare what was sent with the pace that `workers` shared."""
    each = max(seconds, 0.001)
    return Sent(
        seconds=seconds,
        peak_connections=Usage(
            used=tally.peak_connections_per_s, agreed=pace.connections_per_s, bursts=max(workers, 1)
        ),
        connections=Usage(used=tally.connections / each, agreed=pace.connections_per_s),
        requests=Usage(used=tally.requests / each, agreed=pace.requests_per_s),
        transfer=Usage(used=(tally.bytes_sent + tally.bytes_received) / each, agreed=float(pace.bytes_per_s)),
        packets=Usage(used=tally.packets / each, agreed=pace.packets),
    )


def span(window: Window, server: ServerResult) -> Span:
    """Tell where in the window a server was inspected."""
    whole = (window.end - window.start).total_seconds()
    start = (server.started - window.start).total_seconds() / whole
    end = (server.ended - window.start).total_seconds() / whole
    return Span(start=min(max(start, 0.0), 1.0), end=min(max(end, 0.0), 1.0))


def of_item(coverage: Iterable[Coverage], item: Item) -> tuple[Coverage, ...]:
    """Give the checks of one item."""
    return tuple(entry for entry in coverage if entry.item is item)


def of_grade(findings: Iterable[Finding], grade: Grade) -> tuple[Finding, ...]:
    """Give the findings of one grade."""
    return tuple(finding for finding in findings if finding.grade is grade)


def by_reason(coverage: Iterable[Coverage], outcome: Outcome) -> tuple[Row, ...]:
    """Join the checks of one outcome that share item and reason: most of them first."""
    groups: dict[tuple[Item, str], list[Coverage]] = {}
    for entry in coverage:
        if entry.outcome is outcome:
            groups.setdefault((entry.item, entry.reason), []).append(entry)
    return tuple(sorted((_row("", group) for group in groups.values()), key=lambda row: -row.count))


def by_check(coverage: Iterable[Coverage]) -> tuple[Row, ...]:
    """Join the entries of one check that came to the same outcome for the same reason, in the order of the coverage."""
    groups: dict[tuple[Item, str, Outcome, str], list[Coverage]] = {}
    for entry in coverage:
        groups.setdefault((entry.item, entry.check, entry.outcome, entry.reason), []).append(entry)
    return tuple(_row(group[0].check, group) for group in groups.values())


def _row(check: str, group: Sequence[Coverage]) -> Row:
    first = group[0]
    return Row(
        item=first.item,
        check=check,
        outcome=first.outcome,
        reason=first.reason,
        checks=tuple(dict.fromkeys(entry.check for entry in group)),
        subjects=tuple(dict.fromkeys(entry.subject for entry in group)),
        count=len(group),
    )


def notable(events: Sequence[Advised]) -> Iterator[Advised]:
    """Give the changes of pace that people ask about: every new phase and every slowing, not each small raise."""
    yield from events[:1]
    for before, after in pairwise(events):
        if after.advice.phase is not before.advice.phase or after.advice.factor < before.advice.factor:
            yield after
