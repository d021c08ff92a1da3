"""`tenken demo`: three embedded shop systems, inspected side by side; the verdicts are compared with what was planted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dashboards.cli.inspect import ALL_ITEMS, ReportLang, stopping_on_signals, watching
from dashboards.cli.logged import AUDIT_LOG, CLAIMS, actor
from dashboards.cli.paths import home
from dashboards.cli.verdict import print_result
from dashboards.demo.planted import surprises
from dashboards.demo.shops import RunningShop, Shops, ShopStartError
from dashboards.report.render import write_report
from grid.audit import AuditError, AuditLog
from grid.brake import Brake
from grid.run import Grid
from grid.window import Window
from plugins.clock import Clock, SystemClock
from plugins.pack import load_pack
from plugins.value import value
from scheduler.claims import ClaimError, FileClaims
from scheduler.controls.running import ControlStartError
from scheduler.declaration import load_declaration
from scheduler.inspection import Issuer, inspect_systems
from scheduler.orders import Inspection, new_id
from scheduler.result import ControlStanding, Kind, Result
from scheduler.system import System

app = typer.Typer(add_completion=False)
WINDOW = timedelta(minutes=3)
"""Length of the window; far more than is needed, also on a busy machine."""


@value
class Took:
    """How long the parts of a demo took, in seconds."""

    shops: float
    """Starting the three systems."""
    grid: float
    """Starting Ray."""
    inspection: float
    """From the first order to the last result."""

    def __str__(self) -> str:
        return f"shops started in {self.shops:.1f} s, Ray in {self.grid:.1f} s, inspected in {self.inspection:.1f} s"


@app.command()
def demo(
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for the declarations, results and reports.")] = None,
    lang: Annotated[
        ReportLang, typer.Option(help="Language of the reports and of the printed verdicts.")
    ] = ReportLang.EN,
) -> None:
    """Start three embedded shop systems on 127.0.x.y, inspect them all at once, and show verdicts and reports.

    Exit code: 0 every verdict is as planted, 1 one is not, 2 stopped or void, 3 a system did not start.
    """
    clock = SystemClock()
    folder = out or Path("tenken-out") / f"demo-{clock.now():%Y%m%dT%H%M%SZ}"
    brake = Brake()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with stopping_on_signals(brake):
            shops, results, took = run(folder, clock, brake)
    except (ShopStartError, ControlStartError, ClaimError, AuditError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(3) from None
    _show(shops, results, lang)
    void = any(result.control.standing is ControlStanding.FAILED for result in results)
    code = 2 if brake.stopped or void else _compare(shops, results)
    typer.echo(f"{took}\n{folder}")
    raise typer.Exit(code)


def run(folder: Path, clock: Clock, brake: Brake) -> tuple[Sequence[RunningShop], Sequence[Result], Took]:
    """Start the systems, inspect them side by side, end them; give systems, results and times in the same order."""
    began = clock.monotonic()
    with Shops(folder) as shops:
        shops_ready = clock.monotonic()
        systems = [load_declaration(shop.declaration) for shop in shops.running]
        with Grid.start() as grid:
            grid_ready = clock.monotonic()
            key = Ed25519PrivateKey.generate()
            audit = AuditLog(folder / AUDIT_LOG, key, clock)
            results = _inspect(systems, [shop.folder for shop in shops.running], grid, clock, brake, key, audit)
            ended = clock.monotonic()
        took = Took(shops=shops_ready - began, grid=grid_ready - shops_ready, inspection=ended - grid_ready)
        return shops.running, results, took


def _inspect(
    systems: Sequence[System],
    folders: Sequence[Path],
    grid: Grid,
    clock: Clock,
    brake: Brake,
    key: Ed25519PrivateKey,
    audit: AuditLog,
) -> list[Result]:
    window = Window(start=clock.now(), end=clock.now() + WINDOW)
    inspections = [
        Inspection(
            inspection_id=new_id(), kind=Kind.SCHEDULED, system=system, items=ALL_ITEMS, window=window, pace=system.pace
        )
        for system in systems
    ]
    paces = {target.name: system.pace.share(len(system.targets)) for system in systems for target in system.targets}
    with watching(paces) as on_report:
        return inspect_systems(
            inspections,
            folders,
            grid=grid,
            issuer=Issuer(name="Tenken demo", contact="demo@localhost", key=key, actor=actor()),
            pack=load_pack(),
            clock=clock,
            claims=FileClaims(home() / CLAIMS, clock),
            audit=audit,
            brake=brake,
            on_report=on_report,
        )


def _show(shops: Sequence[RunningShop], results: Sequence[Result], lang: ReportLang) -> None:
    """Print verdicts with their reasons, and write the reports."""
    for shop, result in zip(shops, results, strict=True):
        write_report(result, shop.folder / "report.html", lang.value, "Asia/Tokyo")
        print_result(result, lang.value, shop.folder)


def _compare(shops: Sequence[RunningShop], results: Sequence[Result]) -> int:
    """Compare the results with what was planted; give the exit code."""
    pairs = zip(shops, results, strict=True)
    lines = [f"{result.system}: {line}" for shop, result in pairs for line in surprises(shop.planted, result)]
    for line in lines:
        typer.echo(f"NOT AS PLANTED {line}")
    if not lines:
        typer.echo("\nevery verdict is as planted")
    return 1 if lines else 0
