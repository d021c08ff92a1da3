"""An inspection between its entries; the stop first, its entry after it; what cannot be logged gives no verdict."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from dashboards.cli.logged import actor, run_logged
from grid.audit import Action, AuditError
from grid.brake import Brake
from grid.window import Window
from probes.target import Item
from scheduler.orders import Inspection
from scheduler.result import Kind, Result
from tests.fakes.trail import Notes
from tests.scheduler.scene import DAY, make_result, make_system

INSPECTION = Inspection(
    inspection_id="i1",
    kind=Kind.PRELIMINARY,
    system=make_system(),
    items=(Item.PORTS,),
    window=Window(start=DAY, end=DAY + timedelta(hours=1)),
    pace=make_system().pace,
)


@pytest.fixture
def notes() -> Notes:
    return Notes()


def test_start_and_end_stand_around_the_run(notes: Notes) -> None:
    def run() -> Result:
        assert [action for _, action, *_ in notes.entries] == [Action.INSPECTION_STARTED]
        return make_result()

    run_logged(notes, "cli:sato", INSPECTION, Brake(), run)
    assert [(who, action.value, subject) for who, action, subject, _ in notes.entries] == [
        ("cli:sato", "inspection-started", "inspection i1"),
        ("cli:sato", "inspection-ended", "inspection i1"),
    ]
    assert notes.entries[1][3] == "standing=fail"


def test_what_cannot_be_logged_is_not_run(notes: Notes) -> None:
    notes.full = True
    with pytest.raises(AuditError):
        run_logged(notes, "cli:sato", INSPECTION, Brake(), lambda: pytest.fail("it ran"))


def test_a_stop_is_noted_between_start_and_end(notes: Notes) -> None:
    brake = Brake()

    def run() -> Result:
        brake.stop("stopped by the person who started it")
        return make_result()

    run_logged(notes, "cli:sato", INSPECTION, brake, run)
    assert [action.value for _, action, *_ in notes.entries] == [
        "inspection-started",
        "stop-called",
        "inspection-ended",
    ]


def test_a_stop_that_cannot_be_noted_stops_and_says_so(notes: Notes, capsys: pytest.CaptureFixture[str]) -> None:
    brake = Brake()

    def run() -> Result:
        notes.full = True
        brake.stop("enough")
        return make_result()

    with pytest.raises(AuditError):
        run_logged(notes, "cli:sato", INSPECTION, brake, run)
    assert brake.stopped
    assert "STOPPED, BUT NOT IN THE AUDIT LOG" in capsys.readouterr().err


def test_what_breaks_has_an_end_too(notes: Notes) -> None:
    def run() -> Result:
        raise ConnectionError("Ray is gone")

    with pytest.raises(ConnectionError):
        run_logged(notes, "cli:sato", INSPECTION, Brake(), run)
    assert notes.entries[-1][3] == "standing=inconclusive broken: ConnectionError: Ray is gone"


def test_whoever_typed_it_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "sato")
    assert actor() == "cli:sato"

    def nameless() -> str:
        raise OSError("no such account")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert re.fullmatch(r"cli:\d+", actor())
