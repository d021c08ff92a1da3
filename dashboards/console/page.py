"""The one page: what runs now, what comes next, what was decided. Read-only, rendered here, without a script."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboards.console import access, labels, views
from dashboards.console.house import House, house_of
from dashboards.console.problems import ProblemError
from dashboards.locale.phrasebook import Phrasebook
from dashboards.report.render import render as render_report
from dashboards.report.shown import shown
from plugins import canonical
from plugins.text import Lang
from scheduler.result import Result
from scheduler.store.token import Principal

_FOLDER = Path(__file__).parent / "templates"
LANGS: tuple[Lang, ...] = ("ja", "en")

router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
def page(
    request: Request,
    house: Annotated[House, Depends(house_of)],
    who: Annotated[Principal, Depends(access.on_page)],
    lang: Annotated[str, Query(max_length=8)] = "",
) -> HTMLResponse:
    """Show the page in Japanese or English, as `?lang=` or the browser asks."""
    with house.store.reading() as reading:
        status = views.status_view(reading, who.system, house.clock.now())
    chosen = choose(lang, request.headers.get("accept-language", ""))
    policy = f"default-src 'none'; style-src '{_digest()}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    return HTMLResponse(render(status, chosen, who), headers={"content-security-policy": policy})


@router.get("/reports/{plan_id}", response_class=HTMLResponse)
def report(
    plan_id: str,
    request: Request,
    house: Annotated[House, Depends(house_of)],
    who: Annotated[Principal, Depends(access.on_page)],
    lang: Annotated[str, Query(max_length=8)] = "",
) -> HTMLResponse:
    """Show the report of a plan's inspection in Japanese or English."""
    held = access.find_plan(house, who, plan_id)
    with house.store.reading() as reading:
        inspection = reading.inspection(plan_id)
        body = reading.result(inspection.inspection_id) if inspection else None
        registered = reading.registered(held.plan.system)
    if body is None or registered is None:
        raise ProblemError(404, "result", f"plan {plan_id} is {held.phase}: there is no result", "look again later")
    chosen = choose(lang, request.headers.get("accept-language", ""))
    text = render_report(canonical.loads(Result, body), chosen, registered.system.calendar.time_zone)
    # The report carries a stricter policy in itself; a browser holds to both.
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    return HTMLResponse(text, headers={"content-security-policy": policy})


def choose(asked: str, accepted: str) -> Lang:
    """Give the language: the one asked for, else the first known one that the browser names, else English."""
    wishes = [asked, *(part.partition(";")[0].strip() for part in accepted.split(","))]
    for wish in wishes:
        for lang in LANGS:
            if wish.lower().partition("-")[0] == lang:
                return lang
    return "en"


def render(status: views.StatusView, lang: Lang, who: Principal) -> str:
    """Give the page."""
    book = Phrasebook(lang)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            status=status,
            who=who,
            lang=lang,
            other="en" if lang == "ja" else "ja",
            style=Markup(_style()),  # noqa: S704 - our own file
            say=book.say,
            label=book.look_up,
            labels=labels,
            moment=moment,
            share=share,
        )
    )


def moment(at: datetime) -> str:
    """Give a moment in UTC and in Japan, where the systems are."""
    local = at.astimezone(ZoneInfo("Asia/Tokyo"))
    return f"{at:%Y-%m-%d %H:%M:%S} UTC ({local:%m-%d %H:%M} JST)"


def share(view: views.PlanView, at: datetime) -> int:
    """Give how much of a window is over, in percent."""
    whole = (view.window.end - view.window.start).total_seconds()
    gone = (at - view.window.start).total_seconds()
    return round(100 * min(1.0, max(0.0, gone / whole)))


def _finalize(said: object) -> object:
    """Make what people wrote safe to show; what this template made is left as it is."""
    return said if isinstance(said, Markup) else shown(said)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> str:
    return (_FOLDER / "page.css").read_text(encoding="utf-8")


@cache
def _digest() -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
