"""What changed between two results, in words and on a terminal. Which change is worse is decided in `scheduler.compare`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.markup import escape
from rich.table import Table

from dashboards.locale.phrasebook import Phrasebook, mark
from dashboards.report import labels
from dashboards.report.shown import shown
from probes.finding import Grade
from probes.verdict import Standing
from scheduler.compare import Change, ChangeKind, Comparison, Effect

EFFECT: Mapping[Effect, str] = {
    Effect.DEGRADED: mark("degraded"),
    Effect.IMPROVED: mark("improved"),
    Effect.NEUTRAL: mark("changed"),
}
_STYLE = {Effect.DEGRADED: "bold red", Effect.IMPROVED: "green", Effect.NEUTRAL: "dim"}
KIND: Mapping[ChangeKind, str] = {
    ChangeKind.VERDICT: mark("Verdict: %(before)s, now %(after)s"),
    ChangeKind.SERVER_GONE: mark("The server is not declared any more, so it was not inspected"),
    ChangeKind.SERVER_NEW: mark("The server was not declared before"),
    ChangeKind.ITEM_GONE: mark("Not inspected this time"),
    ChangeKind.ITEM_NEW: mark("Not inspected last time"),
    ChangeKind.FINDING_NEW: mark("New finding (%(after)s): %(title)s"),
    ChangeKind.FINDING_WORSE: mark("Weighs more (%(before)s, now %(after)s): %(title)s"),
    ChangeKind.FINDING_MILDER: mark("Weighs less (%(before)s, now %(after)s): %(title)s"),
    ChangeKind.FINDING_CURED: mark("Cured (%(before)s): %(title)s"),
    ChangeKind.FINDING_UNKNOWN: mark("Not looked for again (%(before)s): %(title)s"),
    ChangeKind.NOT_TESTED: mark("Checks that could not be done any more (%(number)s): %(reason)s"),
    ChangeKind.TESTED_AGAIN: mark("Checks that could be done again (%(number)s); last time: %(reason)s"),
    ChangeKind.PORT_DECLARED: mark("Newly declared open: %(subject)s"),
    ChangeKind.PORT_WITHDRAWN: mark("No longer declared open: %(subject)s"),
    ChangeKind.RULES: mark("Other version of the rules: %(before)s, now %(after)s"),
    ChangeKind.PACK: mark("Other signature pack: what is new may have been there before"),
}
"""What each change is called; the places are the fields of a `Change`."""


def sentence(change: Change, book: Phrasebook) -> str:
    """Say a change in one line."""
    places = {
        "before": _word(change.before, book),
        "after": _word(change.after, book),
        "title": change.title.in_lang(book.lang) if change.title else "",
        "number": len(change.checks),
        "reason": change.reason,
        "subject": change.subject,
    }
    said = book.look_up(KIND[change.kind]) % {name: shown(place) for name, place in places.items()}
    where = f" [{shown(change.subject)}]" if change.title else ""
    return said + where


def _word(word: str, book: Phrasebook) -> str:
    """Say a standing or a grade in the reader's language; anything else stays as it is."""
    if word in set(Standing):
        return book.look_up(labels.STANDING[Standing(word)])
    return book.look_up(labels.GRADE[Grade(word)]) if word in set(Grade) else word


def headline(comparison: Comparison, book: Phrasebook) -> str:
    """Say in one line what came out."""
    degraded = len(comparison.of(Effect.DEGRADED))
    if degraded:
        return book.say_number("%(n)s thing degraded.", "%(n)s things degraded.", degraded)
    if comparison.changes:
        return book.say("Nothing degraded.")
    return book.say("Nothing changed.")


def table(comparison: Comparison, book: Phrasebook) -> Table:
    """Draw all changes, worst first."""
    drawn = Table(box=None, padding=(0, 2, 0, 0))
    for column in (book.say("effect"), book.say("server"), book.say("item"), book.say("change")):
        drawn.add_column(column, overflow="fold")
    for row in _rows(comparison, book):
        drawn.add_row(*row)
    return drawn


def _rows(comparison: Comparison, book: Phrasebook) -> Iterator[tuple[str, str, str, str]]:
    for change in comparison.changes:
        style = _STYLE[change.effect]
        effect = f"[{style}]{book.look_up(EFFECT[change.effect])}[/]"
        item = book.look_up(labels.ITEM[change.item]) if change.item else ""
        yield effect, escape(shown(change.server)), item, escape(sentence(change, book))
