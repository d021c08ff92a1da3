"""The figures: names, labels from closed sets only, and numbers that follow from the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from dashboards import metrics
from dashboards.metrics import NOTHING, Bound, Direction, families, names, registry, text
from grid.window import Window
from probes.finding import Grade
from probes.pace import Pace
from probes.tally import Tally
from probes.target import Item
from scheduler.negotiation import Phase
from scheduler.result import Kind
from scheduler.store.values import Figures, InspectionOutcome, Underway, WindowUse
from tests.fakes import FakeClock
from tests.scheduler.scene import DAY, hours

RUNNING = Underway(
    kind=Kind.SPOT,
    window=hours(0, 1),
    pace=Pace(connections_per_s=20.0, requests_per_s=10.0, concurrent_connections=10, bytes_per_s=1000),
    servers=2,
    started=DAY,
    tally=Tally(connections=50, requests=40, bytes_sent=300, bytes_received=700, peak_connections_per_s=21),
)
FIGURES = Figures(
    inspections={(Kind.SPOT, InspectionOutcome.FAIL): 3},
    underway=(RUNNING,),
    sent=Tally(connections=50, requests=40, bytes_sent=300, bytes_received=700),
    windows={Kind.SPOT: WindowUse(agreed_s=3600.0, used_s=900.0)},
    debts={Item.TLS: 2},
    oldest_debt=DAY,
    findings={Grade.FAILING: 5},
    plans={Phase.AGREED: 1},
)


def samples(figures: Figures, seconds: float = 10.0) -> dict[tuple[str, tuple[str, ...]], float]:
    """Give every sample of a scrape, by name and label values, as a client reads it."""
    clock = FakeClock(DAY + timedelta(seconds=seconds))
    scraped = text(registry(lambda: figures, clock)).decode()
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(scraped)
        for sample in family.samples
    }


def test_the_numbers_follow_from_the_store() -> None:
    seen = samples(FIGURES)
    expected = {
        ("tenken_inspections_total", ("spot", "fail")): 3,
        ("tenken_inspections_total", ("spot", "pass")): 0,
        ("tenken_inspections_running", ("spot",)): 1,
        ("tenken_inspection_overrun_seconds", ()): 0,
        ("tenken_asks_total", ()): 40,
        ("tenken_connections_total", ()): 50,
        ("tenken_bytes_total", ("sent",)): 300,
        ("tenken_bytes_total", ("received",)): 700,
        ("tenken_pace_allowed", ("connections",)): 22,
        ("tenken_pace_used", ("connections",)): 21,
        ("tenken_pace_allowed", ("requests",)): 12,
        ("tenken_pace_used", ("requests",)): 4,
        ("tenken_pace_allowed", ("bytes",)): 1000,
        ("tenken_pace_used", ("bytes",)): 100,
        ("tenken_window_agreed_seconds_total", ("spot",)): 3600,
        ("tenken_window_used_seconds_total", ("spot",)): 900,
        ("tenken_window_use_ratio", ("spot",)): 0.25,
        ("tenken_window_use_ratio", ("scheduled",)): 0,
        ("tenken_debts_open", ("tls",)): 2,
        ("tenken_debt_oldest_seconds", ()): 10,
        ("tenken_findings_total", ("failing",)): 5,
        ("tenken_plans", ("agreed",)): 1,
    }
    assert {key: seen[key] for key in expected} == expected


def test_an_inspection_past_its_window_shows() -> None:
    assert samples(FIGURES, 3630.0)[("tenken_inspection_overrun_seconds", ())] == 30


def test_the_pace_allowed_grows_with_what_runs_and_vanishes_with_it() -> None:
    two = replace(FIGURES, underway=(RUNNING, replace(RUNNING, window=Window(start=DAY, end=hours(1, 9).end))))
    assert samples(two)[("tenken_pace_allowed", ("connections",))] == 44
    assert samples(NOTHING)[("tenken_pace_allowed", ("connections",))] == 0


CLOSED: dict[str, set[str]] = {
    "kind": {str(each) for each in Kind},
    "outcome": {str(each) for each in InspectionOutcome},
    "direction": {str(each) for each in Direction},
    "bound": {str(each) for each in Bound},
    "item": {str(each) for each in Item},
    "grade": {str(each) for each in Grade},
    "phase": {str(each) for each in Phase},
}


def test_every_label_comes_from_a_closed_set() -> None:
    for family in families(FIGURES, DAY):
        for sample in family.samples:
            for label, seen in sample.labels.items():
                if sample.name != "tenken_build_info":
                    assert seen in CLOSED[label], sample


def test_every_series_is_there_from_the_start_so_that_rates_work() -> None:
    assert samples(NOTHING).keys() == samples(FIGURES).keys()


def test_the_names_are_told_and_explained() -> None:
    told = {name for name, _ in samples(FIGURES)}
    assert told == names()
    for family in families(NOTHING, DAY):
        assert family.name.startswith("tenken_")
        assert family.documentation.endswith(".") or "0" in family.documentation


def test_nothing_else_of_the_process_is_shown() -> None:
    scraped = text(registry(lambda: NOTHING, FakeClock(DAY))).decode()
    assert "python_" not in scraped
    assert "process_" not in scraped
    assert "version=" in metrics.text(registry(lambda: NOTHING, FakeClock(DAY))).decode()


def test_the_handbook_explains_every_metric_with_its_labels() -> None:
    handbook = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    for family in families(FIGURES, DAY):
        for sample in family.samples:
            assert f"| `{sample.name}` | {', '.join(sample.labels)} |".replace("|  |", "| |") in handbook
