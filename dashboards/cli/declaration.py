"""`tenken declaration`: write the commented example, judge a declaration, publish the JSON Schema. Nothing is ever sent."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from plugins import canonical
from plugins.clock import SystemClock
from plugins.plain_words import clip
from plugins.strict_yaml import Problem
from probes.ports.top1000 import TOP_1000
from probes.target import PortRange, Target, Transport
from scheduler.calendar import next_windows
from scheduler.declaration import DeclarationError, example, load_declaration, schema
from scheduler.system import System

EXIT_WRONG = 3
"""Exit code for input that is wrong."""

app = typer.Typer(
    help="Declaration (申告) of a system: write the commented example, check one, print its JSON Schema.",
    no_args_is_help=True,
    add_completion=False,
)


class OutputFormat(StrEnum):
    """How a judgement is printed."""

    TABLE = "table"
    JSON = "json"


@app.command()
def new(
    out: Annotated[
        Path | None, typer.Option(help="File to write; it must not exist yet. Default: standard output.")
    ] = None,
) -> None:
    """Write a commented example of a declaration, to be overwritten line by line."""
    text = example().encode("utf-8")
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        with out.open("xb") as file:
            file.write(text)
    except FileExistsError:
        raise _refuse(out, "exists already and is not overwritten; choose another name with --out") from None
    except (OSError, ValueError) as error:
        raise _refuse(
            out, f"cannot be written ({getattr(error, 'strerror', None) or error}); choose another path"
        ) from None
    typer.echo(
        f"{clip(str(out), 200)}: written. Overwrite its values, then run: tenken declaration check {clip(str(out), 200)}"
    )


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Declaration of one system (YAML).")],
    *,
    output: Annotated[
        OutputFormat, typer.Option("--format", help="How the judgement is printed.")
    ] = OutputFormat.TABLE,
) -> None:
    """Judge a declaration: print every mistake as `file:line: ...`, or a summary. Nothing is sent.

    Exit code: 0 without mistakes, 3 with mistakes.
    """
    _show_anything()
    try:
        system = load_declaration(file)
    except DeclarationError as error:
        _print_problems(error.problems, output)
        raise typer.Exit(EXIT_WRONG) from None
    if output is OutputFormat.JSON:
        _print_json(
            {"ok": True, "problems": [], "digest": canonical.digest(system), "system": canonical.to_plain(system)}
        )
    else:
        _print_summary(system, Console(highlight=False, markup=False), SystemClock().now())


@app.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of a declaration, for editors."""
    typer.echo(json.dumps(schema(), indent=2, ensure_ascii=False).encode("utf-8"))


def _refuse(path: Path, reason: str) -> typer.Exit:
    typer.echo(f"{clip(str(path), 200)}:0: {reason}", err=True)
    return typer.Exit(EXIT_WRONG)


def _show_anything() -> None:
    """Let a terminal that cannot show Japanese show escapes instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _print_json(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, indent=2))


def _print_problems(problems: tuple[Problem, ...], output: OutputFormat) -> None:
    if output is OutputFormat.JSON:
        _print_json({"ok": False, "problems": canonical.to_plain(problems, tuple[Problem, ...])})
        return
    for problem in problems:
        typer.echo(str(problem))
    count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
    typer.echo(f"{count}; nothing was sent", err=True)


def _print_summary(system: System, console: Console, now: datetime) -> None:
    console.print(f"{system.name} ({clip(system.title, 200)}): no mistakes")
    console.print(_servers(system))
    for line in _lines(system, now):
        console.print(line, soft_wrap=True)


def _servers(system: System) -> Table:
    table = Table()
    for heading in ("server", "role", "addresses", "host names", "open ports", "TLS"):
        table.add_column(heading, overflow="fold")
    for target in system.targets:
        cells = (target.name, target.role.value, *("\n".join(each) for each in _cells(target)))
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _cells(target: Target) -> Iterator[list[str]]:
    yield list(target.addresses)
    yield list(target.host_names)
    yield [f"{_words(port.ports)}/{port.transport.value} {port.service}" for port in target.ports]
    yield [f"{end.port} {'+'.join(version.value for version in end.versions)}" for end in target.tls]


def _words(ports: PortRange) -> str:
    return str(ports.first) if ports.first == ports.last else f"{ports.first}-{ports.last}"


def _lines(system: System, now: datetime) -> Iterator[str]:
    pace = system.pace
    yield (
        f"pace: at most {pace.connections_per_s:g} connections/s, {pace.requests_per_s:g} requests/s, "
        f"{pace.concurrent_connections} at once, {pace.bytes_per_s} bytes/s, {pace.packets:.0f} packets/s"
    )
    connections = sum(_ports_to_look_at(system, target) * len(target.addresses) for target in system.targets)
    least = timedelta(seconds=round(connections / pace.connections_per_s))
    yield f"ports: {connections} to look at, which takes at least {least} at this pace"
    zone = ZoneInfo(system.calendar.time_zone)
    for window in next_windows(system.calendar, now, 3):
        start, end = window.start.astimezone(zone), window.end.astimezone(zone)
        yield f"next window: {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} {system.calendar.time_zone}"


def _ports_to_look_at(system: System, target: Target) -> int:
    declared = (port.ports for port in target.ports if port.transport is Transport.TCP)
    wanted = (*(system.tcp_ports or TOP_1000), *declared)
    return len({number for ports in wanted for number in range(ports.first, ports.last + 1)})
