"""Whole runs under a control that holds, that is blind, that is dead, that is cut off. A pack of the planted signatures only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.audit import Action
from grid.brake import Brake
from grid.run import ELSEWHERE, Grid
from grid.window import Window
from plugins import canonical
from plugins.clock import SystemClock
from plugins.pack import Pack, pack_of
from plugins.template.rehearsal import Kind as CaseKind
from probes.target import Item
from probes.verdict import Standing
from scheduler import inspection as module
from scheduler.claims import FileClaims
from scheduler.controls import server
from scheduler.controls.planted import PLANTED, pages
from scheduler.controls.running import BAD, ControlStartError, running
from scheduler.inspection import Issuer, inspect_systems
from scheduler.orders import Inspection, new_id
from scheduler.rejudge import read_result, rejudge
from scheduler.result import ControlStanding, Kind, Result
from scheduler.system import System
from tests.fakes.trail import Notes
from tests.pack import PACK

CLOCK = SystemClock()
WANTED = {plant.id for plant in PLANTED}
SMALL = pack_of(tuple(each for each in PACK.signatures if each.id in WANTED), (), ())
BLIND = pack_of(tuple(each for each in SMALL.signatures if each.id != PLANTED[0].id), (), ())


@pytest.fixture(scope="module")
def grid() -> Iterator[Grid]:
    with Grid.start(workers=4) as started:
        yield started


@pytest.fixture(scope="module")
def shop() -> Iterator[System]:
    """A shop with holes: a known-bad server that is nobody's control."""
    with running() as both:
        bad = tuple(target for target in both.targets if target.name == BAD)
        yield replace(both, name="shop.example", targets=bad)


def inspect(
    grid: Grid,
    shop: System,
    out: Path,
    pack: Pack = SMALL,
    *,
    notes: Notes | None = None,
    brake: Brake | None = None,
    items: tuple[Item, ...] = (Item.HOLES,),
) -> Result:
    now = CLOCK.now()
    inspection = Inspection(
        inspection_id=new_id(),
        kind=Kind.SCHEDULED,
        system=shop,
        items=items,
        window=Window(start=now, end=now + timedelta(seconds=90)),
        pace=shop.pace,
    )
    heard: list[str] = []
    (result,) = inspect_systems(
        [inspection],
        [out],
        grid=grid,
        issuer=Issuer(name="test", contact="desk@shop.example", key=Ed25519PrivateKey.generate()),
        pack=pack,
        clock=CLOCK,
        claims=FileClaims(out / "claims.json", CLOCK),
        audit=notes or Notes(),
        brake=brake,
        on_report=lambda report: heard.append(report.order_id),
    )
    assert set(heard) <= {server.order_id for server in result.servers}
    assert canonical.loads(Result, (out / "result.json").read_bytes()) == result
    assert rejudge(out, pack) == result.verdict
    return result


def test_the_control_holds_beside_a_shop_with_holes(grid: Grid, shop: System, tmp_path: Path) -> None:
    notes = Notes()
    result = inspect(grid, shop, tmp_path, notes=notes)
    assert result.control.standing is ControlStanding.HELD, result.control.reason
    assert result.verdict.standing is Standing.FAIL
    assert {finding.rule for finding in result.verdict.findings} == WANTED
    assert result.tally == result.servers[0].tally
    assert all(server.tally.requests > 0 for server in result.control.servers)
    assert len(notes.said(Action.ORDER_SEALED)) == 3
    assert notes.said(Action.RUN_VOID) == []
    own = read_result(tmp_path / "control")
    assert own.inspection_id == result.control.inspection_id
    assert rejudge(tmp_path / "control", SMALL) == own.verdict


def test_a_pack_that_lost_a_signature_voids_the_run(grid: Grid, shop: System, tmp_path: Path) -> None:
    notes = Notes()
    result = inspect(grid, shop, tmp_path, BLIND, notes=notes)
    assert result.control.standing is ControlStanding.FAILED
    assert PLANTED[0].id in result.control.reason
    assert (result.verdict.standing, result.verdict.findings) == (Standing.INCONCLUSIVE, ())
    reason = f"the control of this run failed: {result.control.reason}"
    assert {gap.reason for gap in result.servers[0].verdict.gaps} == {reason}
    voided = [entry[2:] for entry in notes.entries if entry[1] is Action.RUN_VOID]
    assert voided == [(f"inspection {result.inspection_id}", reason)]


def test_dead_control_servers_void_the_run(
    grid: Grid, shop: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def dead() -> Iterator[System]:
        with running() as both:
            pass
        yield both

    monkeypatch.setattr(module, "control_servers", dead)
    result = inspect(grid, shop, tmp_path)
    assert result.control.standing is ControlStanding.FAILED
    assert result.verdict.standing is Standing.INCONCLUSIVE


def test_a_stop_that_cuts_off_both_voids_nothing(grid: Grid, shop: System, tmp_path: Path) -> None:
    brake, notes = Brake(), Notes()
    brake.stop("by hand")
    result = inspect(grid, shop, tmp_path, brake=brake, notes=notes)
    assert (result.control.standing, result.control.reason) == (ControlStanding.CUT_OFF, "not-started: by hand")
    assert result.verdict.standing is Standing.INCONCLUSIVE
    assert notes.said(Action.RUN_VOID) == []
    assert not any("control" in gap.reason for gap in result.verdict.gaps)


def test_without_item_holes_there_is_no_control_and_the_result_says_so(
    grid: Grid, shop: System, tmp_path: Path
) -> None:
    result = inspect(grid, shop, tmp_path, items=(Item.TLS,))
    assert result.control.standing is ControlStanding.NONE
    assert "holes" in result.control.reason
    assert not (tmp_path / "control").exists()


def test_workers_that_need_not_share_our_loopback_have_no_control(shop: System, tmp_path: Path, grid: Grid) -> None:
    assert grid.apart == ""
    result = inspect(Grid(CLOCK, apart=ELSEWHERE), shop, tmp_path)
    assert (result.control.standing, result.control.reason) == (ControlStanding.NONE, ELSEWHERE)
    assert result.verdict.standing is Standing.FAIL


def test_servers_that_do_not_start_are_told_before_anything_is_sealed(
    grid: Grid, shop: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "__file__", str(tmp_path / "gone.py"))
    with pytest.raises(ControlStartError, match="nothing was sent"):
        inspect(grid, shop, tmp_path)
    assert not list(tmp_path.rglob("order.json"))


def test_bad_and_good_differ_in_every_planted_signature() -> None:
    bad, good = pages(CaseKind.VULNERABLE), pages(CaseKind.FIXED)
    assert bad.keys() >= good.keys()
    assert len({path for path, page in bad.items() if good.get(path) != page} - {"/"}) >= len(PLANTED)
