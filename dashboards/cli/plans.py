"""Plans on a terminal."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

Plain = Any
"""JSON as it came from the server."""


def print_json(answer: Plain) -> None:
    """Print an answer for machines."""
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")


def print_plan(plan: Plain) -> None:
    """Print one plan with all its terms."""
    console = Console(highlight=False)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, text in _rows(plan):
        table.add_row(name, escape(text))
    console.print(table)


def print_status(status: Plain) -> None:
    """Print what runs, what comes, what was decided and what is owed."""
    console = Console(highlight=False)
    for title, key in (("running now", "now"), ("coming next", "next"), ("decided", "decided")):
        console.print(_plans(title, status[key]))
    console.print(_debts(status["debts"]))


def _hour(moment: str) -> str:
    """Give a moment to the second: `2026-03-02 01:00:00Z`."""
    return moment.replace("T", " ").split(".")[0].removesuffix("Z") + "Z"


def _span(window: Plain) -> str:
    """Give a window; the date once when it is the same."""
    start, end = _hour(window["start"]), _hour(window["end"])
    return f"{start} .. {end[11:] if start[:10] == end[:10] else end}"


def _rows(plan: Plain) -> list[tuple[str, str]]:
    pace = plan["pace"]
    outside = "" if plan["in_calendar"] else "  (outside the operator's calendar)"
    rows = [
        ("plan", plan["plan_id"]),
        ("system", f"{plan['title']} ({plan['system']})"),
        ("kind", plan["kind"]),
        ("state", _state(plan)),
        ("window", f"{_span(plan['window'])}{outside}"),
        ("items", ", ".join(plan["items"])),
        ("ports", _ports(plan["ports"])),
        ("pace", f"{pace['connections_per_s']:g} connections/s, {pace['requests_per_s']:g} requests/s"),
        ("", f"{pace['concurrent_connections']} at once, {pace['bytes_per_s']} bytes/s"),
        *([("", f"{pace['packets_per_s']:g} packets/s")] if pace["packets_per_s"] else []),
        *_lowered(plan),
        ("comes from", ", ".join(plan["egress"]) or "loopback only"),
        ("in trouble", plan["trouble"]),
        *(("contact", _contact(contact)) for contact in plan["contacts"]),
        ("form", plan["digest"]),
    ]
    return [*rows, ("reason", plan["reason"])] if plan["reason"] else rows


def _lowered(plan: Plain) -> list[tuple[str, str]]:
    return [("", f"lowered to {plan['share'] * 100:g} % of this")] if plan["share"] < 1 else []


def _ports(picked: str) -> str:
    asked = "what the declaration asks for"
    return asked if picked == "declared" else f"{asked}, and picked beside it: {picked}"


def _contact(contact: Plain) -> str:
    parts = [contact["organisation"], contact["name"], contact["email"], contact["phone"]]
    return ", ".join(part for part in parts if part)


def _state(plan: Plain) -> str:
    if plan["inspection"]:
        slower = f", at {plan['share'] * 100:g} % of its pace" if plan["share"] < 1 else ""
        return f"{plan['phase']}: {plan['inspection']['outcome']}{slower}"
    return f"{plan['phase']}, waits for {' and '.join(plan['awaits'])}" if plan["awaits"] else str(plan["phase"])


def _plans(title: str, plans: list[Plain]) -> Table | str:
    if not plans:
        return f"{title}: nothing"
    table = _table(title, "plan", "system", "kind", "window", "state", "reason")
    for plan in plans:
        cells = (plan["plan_id"], plan["system"], plan["kind"], _span(plan["window"]), _state(plan), plan["reason"])
        table.add_row(*(escape(str(cell)) for cell in cells))
    return table


def _debts(debts: list[Plain]) -> Table | str:
    if not debts:
        return "not tested yet: nothing"
    table = _table("not tested yet", "system", "server", "item", "checks", "since", "reason")
    for debt in debts:
        cells = (
            debt["system"],
            debt["server"],
            debt["item"],
            debt["checks"] or "all",
            _hour(debt["since"]),
            debt["reason"],
        )
        table.add_row(*(escape(str(cell)) for cell in cells))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
