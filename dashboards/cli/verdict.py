"""Printing a verdict on a terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from plugins.text import Lang, Text
from probes.finding import Finding, Grade
from probes.verdict import Outcome, Standing, Verdict
from scheduler.result import Control, ControlStanding, Result

STANDINGS: dict[Standing, tuple[str, Text]] = {
    Standing.PASS: ("bold green", Text(en="PASS", ja="合格")),
    Standing.FAIL: ("bold red", Text(en="FAIL", ja="不合格")),
    Standing.INCONCLUSIVE: ("bold yellow", Text(en="INCONCLUSIVE", ja="判定不能")),
}
"""Colour and word of each standing."""
_GRADES = {Grade.FAILING: "red", Grade.GUIDANCE: "yellow", Grade.ADVISORY: "cyan"}
_GAPS_SHOWN = 8


def print_result(result: Result, lang: Lang, folder: Path) -> None:
    """Print verdict, findings and gaps of one system, and where the report is."""
    console = Console(highlight=False)
    style, word = STANDINGS[result.verdict.standing]
    console.print(f"\n[{style}]{word.in_lang(lang)}[/]  {escape(result.title)} ({escape(result.system)})")
    for finding in result.verdict.findings:
        _print_finding(console, finding, lang)
    for line in gap_lines(result.verdict):
        console.print(f"  {escape(line)}", soft_wrap=True)
    console.print(f"  {escape(control_line(result.control))}", soft_wrap=True)
    total = result.tally
    # Servers have their worst seconds at different times: added up, they would look like more than was ever sent at once.
    worst = max((server.tally.peak_connections_per_s for server in result.servers), default=0)
    console.print(
        f"  sent: {total.connections} connections, {total.requests} asks, {total.bytes_sent} bytes; "
        f"worst second of one server: {worst} connections (agreed for the system: {result.pace.connections_per_s:g}/s)",
        soft_wrap=True,
    )
    console.print(f"  report: {escape(str(folder / 'report.html'))}", soft_wrap=True)


def _print_finding(console: Console, finding: Finding, lang: Lang) -> None:
    style = _GRADES[finding.grade]
    title = escape(finding.title.in_lang(lang))
    console.print(f"  [{style}]{finding.grade}[/]  {escape(finding.server)}: {title}", soft_wrap=True)
    console.print(
        f"      {escape(finding.subject)} ({finding.certainty}, {escape(finding.rule)})", style="dim", soft_wrap=True
    )


def gap_lines(verdict: Verdict) -> list[str]:
    """Give one line per reason for which checks were not tested, with the count."""
    reasons: dict[tuple[str, str, str], int] = {}
    for gap in verdict.gaps:
        key = (gap.server, gap.item, gap.reason)
        reasons[key] = reasons.get(key, 0) + 1
    lines = [
        f"not tested: {server} {item}: {count} check(s): {reason}" for (server, item, reason), count in reasons.items()
    ]
    more = len(lines) - _GAPS_SHOWN
    return lines[:_GAPS_SHOWN] + ([f"... and {more} more reasons, see the report"] if more > 0 else [])


def control_line(control: Control) -> str:
    """Say in a line what became of the control of the run."""
    if control.standing is ControlStanding.FAILED:
        return f"VOID: the control of this run failed: {control.reason}"
    return f"control of the run: {control.standing}" + (f": {control.reason}" if control.reason else "")


def counts(verdict: Verdict) -> dict[Outcome, int]:
    """Count the coverage of a verdict by outcome."""
    found = dict.fromkeys(Outcome, 0)
    for entry in verdict.coverage:
        found[entry.outcome] += 1
    return found
