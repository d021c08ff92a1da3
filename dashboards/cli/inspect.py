"""`tenken inspect DECLARATION`: one online inspection, from declaration to report."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.live import Live

from dashboards.cli.logged import AUDIT_LOG, CLAIMS, actor, run_logged
from dashboards.cli.paths import home
from dashboards.cli.progress import ProgressTable
from dashboards.cli.serve import Raw
from dashboards.cli.verdict import print_result
from dashboards.report.render import write_report
from grid.audit import AuditError, AuditLog
from grid.brake import Brake
from grid.gate.egress import unreachable
from grid.gate.kernel import GateError
from grid.gate.run import check, gated_grid
from grid.key import KeyFileError, load_or_create
from grid.report import Report
from grid.run import Grid
from grid.window import Window
from plugins.clock import Clock, SystemClock
from plugins.pack import load_pack
from probes.control.look import ResolverError, resolver, resolvers_of_this_machine
from probes.control.prove import prove_by_dns, prove_by_http
from probes.control.secret import SecretFileError
from probes.control.secret import load_or_create as load_secret
from probes.control.token import token
from probes.pace import Pace
from probes.ports.choice import chosen
from probes.target import Item, PortRange, Resolver
from probes.verdict import Standing
from scheduler.claims import ClaimError, FileClaims
from scheduler.controls.running import ControlStartError
from scheduler.declaration import DeclarationError, load_declaration
from scheduler.inspection import Issuer, inspect_systems, is_loopback, unproven
from scheduler.orders import Inspection, new_id
from scheduler.rejudge import RejudgeError, read_result
from scheduler.result import Before, Kind, NothingBefore, NotPassedError, Result, last_passed_of
from scheduler.system import System

app = typer.Typer(add_completion=False)

EXIT = {Standing.PASS: 0, Standing.FAIL: 1, Standing.INCONCLUSIVE: 2}
"""Exit code of a verdict."""
ALL_ITEMS = (Item.HOSTS, Item.PORTS, Item.TLS, Item.SET, Item.HOLES)
"""Items that this version looks at, in the order in which they run."""


class OutputFormat(StrEnum):
    """How the verdict is printed."""

    TABLE = "table"
    JSON = "json"


class ReportLang(StrEnum):
    """Language of the report."""

    JA = "ja"
    EN = "en"


class Proof(StrEnum):
    """How control of addresses that are not loopback is shown."""

    DNS = "dns"
    HTTP = "http"


DnsResolvers = Annotated[
    list[str] | None, typer.Option("--resolver", help="DNS resolver `address[:port]`, for the proof and for `hosts`.")
]
Preliminary = Annotated[
    bool, typer.Option("--preliminary", help="Preliminary inspection: do servers and DNS agree with the declaration?")
]
LastResult = Annotated[
    Path | None, typer.Option(help="Result of the last inspection that passed: the report shows what changed since.")
]
Ports = Annotated[
    str, typer.Option(help="TCP ports picked beside the operator's: declared (none), top-1000, all, or 1-1024,8080.")
]
Lang = Annotated[ReportLang, typer.Option(help="Language of report.html and of the printed verdict.")]
Deep = Annotated[
    bool,
    typer.Option(
        "--deep", help="TLS: also try Heartbleed, ROBOT and the like, and every suite (200 to 500 connections)."
    ),
]
GateDevice = Annotated[
    str | None, typer.Option(help="Run the workers inside a gate whose way out is this network device (root only).")
]


def _refuse(message: str) -> typer.Exit:
    """Print one clear line and leave with "wrong input"."""
    typer.echo(message, err=True)
    return typer.Exit(3)


def parse_items(text: str) -> tuple[Item, ...]:
    """Read `ports,tls`; raises `typer.BadParameter` naming what is wrong."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = {item.value for item in ALL_ITEMS}
    if wrong := [name for name in names if name not in known]:
        raise typer.BadParameter(f"unknown item {', '.join(wrong)}; expected some of {', '.join(ALL_ITEMS)}")
    if not names:
        raise typer.BadParameter(f"no item given; expected some of {', '.join(ALL_ITEMS)}")
    return tuple(item for item in ALL_ITEMS if item.value in names)


def parse_ports(text: str, items: tuple[Item, ...]) -> tuple[PortRange, ...]:
    """Read the ports that the review body picks; raises `typer.BadParameter` naming what is wrong."""
    try:
        picked = chosen(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if picked and Item.PORTS not in items:
        raise typer.BadParameter(f"--ports {text[:40]} needs the item {Item.PORTS}; inspected are {', '.join(items)}")
    return picked


def _wanted(items: str, *, preliminary: bool, deep: bool) -> tuple[Item, ...]:
    """Give the items; leaves with a refusal where the deep scan is wanted without the item that it belongs to."""
    wanted = (Item.HOSTS,) if preliminary else parse_items(items)
    if deep and Item.TLS not in wanted:
        raise _refuse(f"--deep belongs to the item tls; expected it among the items, seen {', '.join(wanted)}")
    return wanted


@app.command()
def inspect(
    declaration: Annotated[Path, typer.Argument(help="Declaration of one system (YAML).")],
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for result.json, report.html and evidence/.")] = None,
    items: Annotated[str, typer.Option(help="Comma-separated items.")] = "ports,tls,set,holes",
    output: Annotated[OutputFormat, typer.Option("--format", help="How the verdict is printed.")] = OutputFormat.TABLE,
    lang: Lang = ReportLang.EN,
    minutes: Annotated[float, typer.Option(help="Length of the window that opens now.", min=0.05, max=1440)] = 60.0,
    connections_per_s: Annotated[float | None, typer.Option(help="Go slower than the declared pace.", min=0.1)] = None,
    proof: Annotated[Proof, typer.Option(help="Proof of control for addresses that are not loopback.")] = Proof.DNS,
    dns_resolver: DnsResolvers = None,
    preliminary: Preliminary = False,
    last_passed: LastResult = None,
    ray_address: Annotated[str | None, typer.Option(help="Join this Ray cluster instead of starting one.")] = None,
    gate: GateDevice = None,
    raw: Raw = False,
    ports: Ports = "declared",
    deep: Deep = False,
) -> None:
    """Inspect one system that you operate: loopback freely, anything else with proof of control.

    Exit code: 0 pass, 1 fail, 2 inconclusive, 3 wrong input.
    """
    wanted = _wanted(items, preliminary=preliminary, deep=deep)
    picked = parse_ports(ports, wanted)
    system = _load(declaration)
    before = _before(last_passed, system)
    if gate is not None:
        _check_gate(gate, ray_address, system)
    key = _key()
    brake, clock = Brake(), SystemClock()
    with stopping_on_signals(brake):
        proven = proven_addresses(system, proof, dns_resolver or [], lang, brake)
        folder = _folder(out, system, clock.now())
        operator = system.operator
        issuer = Issuer(name=operator.organisation, contact=operator.email, key=key, actor=actor())
        pace = system.pace if connections_per_s is None else _slower(system.pace, connections_per_s)
        with _grid(ray_address, gate, raw) as grid:
            window = Window(start=clock.now(), end=clock.now() + timedelta(minutes=minutes))
            inspection = Inspection(
                inspection_id=new_id(),
                kind=Kind.PRELIMINARY if preliminary else Kind.SCHEDULED,
                system=system,
                items=wanted,
                window=window,
                pace=pace,
                resolvers=_resolvers(system, dns_resolver or [], gated=gate is not None),
                before=before,
                picked=picked,
                deep=deep,
            )
            result = _inspected(inspection, folder, grid, issuer, proven, brake, clock)
    _finish(result, folder, output, lang, system.calendar.time_zone)


def _inspected(
    inspection: Inspection,
    folder: Path,
    grid: Grid,
    issuer: Issuer,
    proven: frozenset[str],
    brake: Brake,
    clock: Clock,
) -> Result:
    """Run the inspection, claimed and logged in the user's folder; leaves with exit code 3 when that cannot be."""
    audit = AuditLog(home() / AUDIT_LOG, issuer.key, clock)
    targets = inspection.system.targets
    with watching({t.name: inspection.pace.share(len(targets)) for t in targets}) as on_report, _refusals():

        def run() -> Result:
            (result,) = inspect_systems(
                [inspection],
                [folder],
                grid=grid,
                issuer=issuer,
                pack=load_pack(),
                clock=clock,
                claims=FileClaims(home() / CLAIMS, clock),
                audit=audit,
                proven=proven,
                brake=brake,
                on_report=on_report,
            )
            return result

        return run_logged(audit, issuer.actor, inspection, brake, run)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what may not run into one clear line and exit code 3."""
    try:
        yield
    except ClaimError as error:
        raise _refuse(f"{error}. Nothing was sent.") from None
    except ControlStartError as error:
        raise _refuse(str(error)) from None
    except AuditError as error:
        raise _refuse(f"{error}. What is not in the audit log does not count: no verdict is given.") from None


def _load(path: Path) -> System:
    try:
        return load_declaration(path)
    except DeclarationError as error:
        raise _refuse(str(error)) from None


def _key() -> Ed25519PrivateKey:
    try:
        return load_or_create(home() / "order-key.pem")
    except KeyFileError as error:
        raise _refuse(str(error)) from None


def _before(path: Path | None, system: System) -> Before:
    """Give what was seen when the system last passed; leaves with a refusal when the file does not say that."""
    if path is None:
        return NothingBefore()
    try:
        return last_passed_of(read_result(path), system.name)
    except (RejudgeError, NotPassedError) as error:
        raise _refuse(str(error)) from None


def _resolvers(system: System, named: list[str], *, gated: bool) -> tuple[Resolver, ...]:
    """Give the resolvers that an order may name: those of the command line, else this machine's where there is something to ask.

    From inside a gate, a resolver on this machine's loopback cannot be reached.
    """
    try:
        asked = tuple(resolver(text) for text in named)
    except ResolverError as error:
        raise _refuse(str(error)) from None
    if not asked and unproven(system, ()):
        asked = resolvers_of_this_machine()
    return tuple(one for one in asked if not (gated and is_loopback(one.address)))


def _slower(pace: Pace, connections_per_s: float) -> Pace:
    return pace.lowest(
        Pace(
            connections_per_s=connections_per_s,
            requests_per_s=connections_per_s,
            concurrent_connections=pace.concurrent_connections,
            bytes_per_s=pace.bytes_per_s,
        )
    )


def _folder(out: Path | None, system: System, now: datetime) -> Path:
    folder = out or Path("tenken-out") / f"{system.name}-{now:%Y%m%dT%H%M%SZ}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "result.json").exists():
            raise _refuse(f"{folder}: holds a result already; choose another folder with --out")
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _refuse(f"{folder}: cannot be written: {error.strerror}") from None
    return folder


def proven_addresses(
    system: System, proof: Proof, resolvers: list[str], lang: ReportLang, brake: Brake
) -> frozenset[str]:
    """Give the addresses whose control is proven; leaves with a refusal that says what to publish when one is missing."""
    if not unproven(system, ()):
        return frozenset()
    try:
        secret = load_secret(home() / "control-secret")
        asked = tuple(resolver(text) for text in resolvers) or resolvers_of_this_machine()
    except (SecretFileError, ResolverError) as error:
        raise _refuse(str(error)) from None
    made = token(system.name, [name for target in system.targets for name in target.host_names], secret)
    if proof is Proof.DNS:
        # Whoever types this command inspects out of a network of his own, where private addresses are his own, too.
        shown = asyncio.run(
            prove_by_dns(system.targets, made, asked, private_by_dns=True, stopped=lambda: bool(brake.stopped))
        )
    else:
        contact = system.operator.email
        shown = asyncio.run(
            prove_by_http(system.targets, made, SystemClock(), contact, stopped=lambda: bool(brake.stopped))
        )
    if not shown.complete:
        headline = "no proof of control for these addresses, so nothing is inspected:"
        raise _refuse(f"{headline}\n{shown.refusal.in_lang(lang.value)}")
    return shown.addresses


def _check_gate(uplink: str, ray_address: str | None, system: System) -> None:
    """Leave with a refusal when the gate cannot serve this inspection, before anything is asked of anybody."""
    if ray_address:
        raise _refuse("--gate starts a cluster of its own: leave out --ray-address, or --gate")
    if refusal := unreachable((a for target in system.targets for a in target.addresses), uplink):
        raise _refuse(refusal)
    with _gate_refusals():
        check(uplink, SystemClock())


@contextmanager
def _gate_refusals() -> Iterator[None]:
    try:
        yield
    except GateError as error:
        raise _refuse(f"no gate here: {error}") from None


@contextmanager
def _grid(ray_address: str | None, gate: str | None, raw: bool) -> Iterator[Grid]:
    with ExitStack() as stack:
        with _gate_refusals():
            if gate:
                grid = stack.enter_context(gated_grid(gate, raw=raw))
            else:
                grid = stack.enter_context(Grid.join(ray_address, raw=raw) if ray_address else Grid.start(raw=raw))
        typer.echo(f"walls: permit, guard{', gate' if gate else ''}", err=True)
        yield grid


@contextmanager
def stopping_on_signals(brake: Brake) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into a stop: sending ends at once, what was seen is still judged and written."""

    def halt(*_: object) -> None:
        brake.stop("stopped by the person who started it")

    before = {number: signal.signal(number, halt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def watching(paces: dict[str, Pace]) -> Iterator[Callable[[Report], None]]:
    """Show live progress on the terminal; give the function that takes reports."""
    table = ProgressTable(paces)
    console = Console(stderr=True)
    live = Live(table.draw(), console=console, refresh_per_second=4) if console.is_terminal else nullcontext(None)
    with live as shown:

        def took(report: Report) -> None:
            table.took(report)
            if shown is not None:
                shown.update(table.draw())

        yield took


def _finish(result: Result, folder: Path, output: OutputFormat, lang: ReportLang, zone: str) -> None:
    """Write the report, print the verdict, leave with its exit code."""
    write_report(result, folder / "report.html", lang.value, zone)
    if output is OutputFormat.JSON:
        sys.stdout.write((folder / "result.json").read_text(encoding="utf-8"))
    else:
        print_result(result, lang.value, folder)
    raise typer.Exit(EXIT[result.verdict.standing])
