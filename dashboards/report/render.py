"""Renders a result as one self-contained HTML page: no script, no external resource, nothing that a server said left unescaped.

result -> figures, sentences (pure) -> report.html.j2 -> page
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import re2
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from dashboards.locale.phrasebook import Phrasebook
from dashboards.report import figures, labels, picture, plot, reasons, sentences, units
from dashboards.report.shown import shown
from plugins import canonical
from plugins.text import Lang, Text
from probes.finding import Grade
from probes.tls.clauses import clause_verdicts
from probes.verdict import Outcome, Standing
from scheduler.result import Result

_FOLDER = Path(__file__).parent
_PATH = re2.compile(r"[MHVZhv0-9. -]*")
MOST_FINDINGS = 400
"""Findings that a page shows; the rest are counted and stand in `result.json`."""
MOST_ROWS = 1_500
"""Rows of one server's list of checks; the rest are counted."""
MOST_SUBJECTS = 12
"""Subjects that one row names; the rest are counted."""
MOST_CHANGES = 40
"""Changes of pace that a page shows; the rest are counted."""


def render(result: Result, lang: Lang, now_local_zone: str) -> str:
    """Give the report page in one language, with local times in the IANA zone `now_local_zone`."""
    zone = ZoneInfo(now_local_zone)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            result=result,
            result_digest=hashlib.sha256(canonical.dumps(result) + b"\n").hexdigest(),
            counts=figures.Counts.of(result.verdict.coverage),
            system_sent=_system_sent(result),
            style=Markup(page_style()),  # noqa: S704 - our own file
            style_digest=style_digest(),
            most_findings=MOST_FINDINGS,
            most_rows=MOST_ROWS,
            most_subjects=MOST_SUBJECTS,
            most_changes=MOST_CHANGES,
            **_in_words(Phrasebook(lang), zone),
        )
    )


def _system_sent(result: Result) -> figures.Sent:
    seconds = (result.ended - result.started).total_seconds()
    return figures.sent(result.tally, result.pace, seconds, len(result.servers))


def write_report(result: Result, path: Path, lang: Lang, now_local_zone: str) -> None:
    """Write the report page whole or not at all."""
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(render(result, lang, now_local_zone), encoding="utf-8")
    draft.replace(path)


def _in_words(book: Phrasebook, zone: ZoneInfo) -> Mapping[str, object]:
    """Everything on the page that depends on the reader."""
    lang = book.lang
    said = _Said(book)
    return {
        "lang": lang,
        "say": said.say,
        "say_number": said.say_number,
        "label": book.look_up,
        "text": lambda text: _in_lang(text, lang),
        "told": lambda reason: reasons.told(reason, book),
        "number": lambda value: units.number(value, lang),
        "size": lambda octets: units.size(octets, lang),
        "moment": lambda at: units.moment(at, zone, lang),
        "utc": units.utc,
        "zone_name": lambda at: units.zone_name(zone, at),
        "verdict_sentences": lambda verdict: sentences.verdict_sentences(verdict, book),
        "control_sentences": lambda control: sentences.control_sentences(control, book),
        "gentleness_sentences": lambda proof: sentences.gentleness_sentences(proof, book),
        "next_step": lambda standing: sentences.next_step(standing, book),
    }


def _in_lang(text: Text, lang: Lang) -> str:
    return text.in_lang(lang)


class _Said:
    """Sentences for the page: every value that fills a place is escaped and made showable first."""

    def __init__(self, book: Phrasebook) -> None:
        self._book = book

    def say(self, message: str, **values: object) -> Markup:
        """Say a sentence."""
        return escape(self._book.look_up(message)) % _showable(values)

    def say_number(self, one: str, many: str, n: int, **values: object) -> Markup:
        """Say a sentence about `n` things."""
        sentence = escape(self._book.look_up_number(one, many, n))
        return sentence % _showable({"n": units.number(n, self._book.lang), **values})


def _showable(values: Mapping[str, object]) -> dict[str, object]:
    return {name: _finalize(value) for name, value in values.items()}


def _finalize(value: object) -> object:
    """Last gate of every expression of the page: whatever is not our own markup is made showable, then escaped."""
    return value if isinstance(value, Markup) else shown(value)


def _drawn(path: str) -> Markup:
    """Let the path of a plot be as long as it is; anything but a path is refused."""
    if not _PATH.fullmatch(path):
        raise ValueError(f"{shown(path, 40)}: not the path of a plot")
    return Markup(path)  # noqa: S704 - just shown to be letters of a path and numbers


def _web_link(reference: str) -> bool:
    """Tell whether a reference may be a link: plain web addresses only."""
    return reference.startswith(("https://", "http://")) and reference.isascii() and reference.isprintable()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.tests["web_link"] = _web_link
    environment.globals["drawn"] = _drawn
    environment.globals["clauses"] = clause_verdicts
    environment.globals.update(
        figures=figures,
        labels=labels,
        picture=picture,
        plot=plot,
        Grade=Grade,
        Outcome=Outcome,
        Standing=Standing,
        spans=figures.span,
    )
    return environment


@cache
def page_style() -> str:
    """Give the style sheet of every page."""
    return (_FOLDER / "report.css").read_text("utf-8")


def style_digest() -> str:
    """Give the hash by which the page's own policy admits its one style sheet (CSP Level 3, section 6.7.2)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(page_style().encode()).digest()).decode()
