"""The dashboard: is the grid healthy, and is no shop being hurt?"""

from __future__ import annotations

import json
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from grafana_foundation_sdk.builders.common import ReduceDataOptions, VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, Row, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as Series
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DataSourceRef, Threshold, ThresholdsMode

PATH = Path(__file__).parent / "tenken.json"
"""Where the generated dashboard is kept."""
SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
"""The Prometheus that whoever imports the dashboard chooses."""
WIDTH = 24
"""Columns of a Grafana dashboard."""


def _query(expression: str, legend: str = "", ref: str = "A") -> Dataquery:
    query = Dataquery().datasource(SOURCE).expr(expression).ref_id(ref)
    return query.legend_format(legend) if legend else query


def _stat(title: str, description: str, expression: str, unit: str = "short", bad_from: float | None = None) -> Stat:
    panel = Stat().title(title).description(description).datasource(SOURCE).unit(unit).span(4).height(4)
    # Without options of its own, the panel would say `null`, which Grafana's schema refuses.
    panel = panel.reduce_options(ReduceDataOptions().calcs(["lastNotNull"])).with_target(_query(expression).instant())
    return panel if bad_from is None else panel.thresholds(_red_from(bad_from))


def _red_from(bad: float) -> ThresholdsConfig:
    steps = [Threshold(value=None, color="green"), Threshold(value=bad, color="red")]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _series(title: str, description: str, unit: str, *queries: tuple[str, str]) -> Series:
    legend = VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM).show_legend(True)
    panel = Series().title(title).description(description).datasource(SOURCE).unit(unit).legend(legend)
    panel = panel.min(0).span(12).height(8)
    for ref, (expression, text) in zip(ascii_uppercase, queries, strict=False):
        panel = panel.with_target(_query(expression, text, ref))
    return panel


def _health(board: Dashboard) -> Dashboard:
    """Is the grid healthy?"""
    panels = (
        _stat("Running now", "Inspections under way.", "sum(tenken_inspections_running)"),
        _stat(
            "Past their window",
            "Must be 0: nothing is sent after a window's end.",
            "tenken_inspection_overrun_seconds",
            "s",
            5,
        ),
        _stat("Waiting for an answer", "Plans on the table.", 'tenken_plans{phase="offered"}'),
        _stat("Agreed", "Windows that are held.", 'tenken_plans{phase="agreed"}'),
        _stat("Debts", "Items of servers that are not fully tested.", "sum(tenken_debts_open)"),
        _stat(
            "Oldest debt",
            "A new window should have been agreed by now.",
            "tenken_debt_oldest_seconds",
            "s",
            14 * 86_400,
        ),
    )
    board = board.with_row(Row("Health"))
    for panel in panels:
        board = board.with_panel(panel)
    return board


def _shops(board: Dashboard) -> Dashboard:
    """Is no shop being hurt?"""
    panels = [
        _series(
            f"Pace: {bound}",
            f"What running inspections do in a second ({bound}), and the most that was agreed.",
            unit,
            (f'tenken_pace_allowed{{bound="{bound}"}}', "allowed"),
            (f'tenken_pace_used{{bound="{bound}"}}', "used"),
        )
        for bound, unit in (("connections", "cps"), ("requests", "reqps"), ("bytes", "Bps"))
    ]
    sent = _series(
        "Sent",
        "Asks and connections to all inspected servers together.",
        "ops",
        ("rate(tenken_asks_total[$__rate_interval])", "asks"),
        ("rate(tenken_connections_total[$__rate_interval])", "connections"),
    )
    board = board.with_row(Row("Shops"))
    for panel in (*panels, sent):
        board = board.with_panel(panel)
    return board


def _work(board: Dashboard) -> Dashboard:
    """What was decided?"""
    panels = (
        _series(
            "Inspections by outcome",
            "Inspections that came to an end in a day.",
            "short",
            ("sum by (outcome) (increase(tenken_inspections_total[1d]))", "{{outcome}}"),
        ),
        _series(
            "Inspections by kind",
            "Inspections that came to an end in a day.",
            "short",
            ("sum by (kind) (increase(tenken_inspections_total[1d]))", "{{kind}}"),
        ),
        _series(
            "Use of windows",
            "Share of the agreed time that ended inspections used. Near 1: windows are too short.",
            "percentunit",
            ("tenken_window_use_ratio", "{{kind}}"),
        ),
        _series("Debts by item", "What is not tested.", "short", ("tenken_debts_open", "{{item}}")),
        _series(
            "Findings by grade", "Findings in a day.", "short", ("increase(tenken_findings_total[1d])", "{{grade}}")
        ),
        _series(
            "Bytes",
            "Application bytes exchanged with inspected servers.",
            "Bps",
            ("rate(tenken_bytes_total[$__rate_interval])", "{{direction}}"),
        ),
    )
    board = board.with_row(Row("Work"))
    for panel in panels:
        board = board.with_panel(panel)
    return board


def build() -> str:
    """Give the dashboard as JSON."""
    board = (
        Dashboard("Tenken")
        .uid("tenken")
        .description("Online inspections: is the grid healthy, and is no shop being hurt?")
        .tags(["tenken"])
        .readonly()
        .refresh("15s")
        .time("now-6h", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(DatasourceVariable("source").label("Prometheus").type("prometheus"))
    )
    for add in (_health, _shops, _work):
        board = add(board)
    plain = json.loads(JSONEncoder().encode(board.build()))
    for number, panel in enumerate(plain["panels"], 1):
        panel["id"] = number
    return json.dumps(_told(plain), sort_keys=True, indent=2) + "\n"


def _told(tree: Any) -> Any:  # noqa: ANN401 - JSON is untyped
    """Drop what the SDK leaves untold (null), but for the open end of a list of thresholds."""
    if isinstance(tree, dict):
        return {key: _told(each) for key, each in tree.items() if each is not None or set(tree) == {"value", "color"}}
    return [_told(each) for each in tree] if isinstance(tree, list) else tree


def expressions(dashboard: str) -> list[str]:
    """Give every expression of a dashboard."""
    panels = json.loads(dashboard)["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def main() -> None:
    """Write the dashboard."""
    PATH.write_text(build(), encoding="utf-8")


if __name__ == "__main__":
    main()
