"""The dashboard: up to date, whole, and about metrics that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.grafana.dashboard import PATH, WIDTH, build, expressions
from dashboards.metrics import names
from tests.dashboards.test_prometheus import PROMTOOL, promtool

BOARD: dict[str, Any] = json.loads(PATH.read_text())


def test_the_committed_dashboard_is_up_to_date() -> None:
    assert PATH.read_text() == build(), "run python -m dashboards.grafana.dashboard"


def test_every_expression_speaks_of_metrics_that_exist() -> None:
    spoken = [set(re.findall(r"tenken_\w+", expression)) for expression in expressions(PATH.read_text())]
    assert all(spoken)
    assert set.union(*spoken) <= names()


def test_every_metric_is_shown_somewhere() -> None:
    shown = set(re.findall(r"tenken_\w+", " ".join(expressions(PATH.read_text()))))
    # The ratio says the same as the two sums that it is made of; the version is for who asks Prometheus.
    unseen = {"tenken_build_info", "tenken_window_agreed_seconds_total", "tenken_window_used_seconds_total"}
    assert names() - shown == unseen


@pytest.mark.skipif(not PROMTOOL, reason="promtool (Debian package prometheus) is not installed")
def test_prometheus_understands_every_expression(tmp_path: Path) -> None:
    rules = [
        {"record": f"shown:{number}", "expr": expression.replace("$__rate_interval", "1m")}
        for number, expression in enumerate(expressions(PATH.read_text()))
    ]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "shown", "rules": rules}]}))
    promtool("check", "rules", str(path))
    path.write_text(path.read_text().replace("sum(", "sum((", 1))
    with pytest.raises(AssertionError):
        promtool("check", "rules", str(path))


def panels() -> list[dict[str, Any]]:
    return [panel for panel in BOARD["panels"] if panel["type"] != "row"]


def test_panels_are_told_apart_and_explained() -> None:
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in panels():
        assert panel["description"].endswith("."), panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)
        assert all(references)
        assert panel["datasource"]["uid"] == "${source}", "whoever imports it chooses the data source"


def test_nothing_is_left_open_that_grafana_s_schema_wants_told() -> None:
    def untold(tree: Any, where: str = "") -> list[str]:
        if isinstance(tree, dict):
            return [found for key, each in tree.items() for found in untold(each, f"{where}.{key}")]
        if isinstance(tree, list):
            return [found for number, each in enumerate(tree) for found in untold(each, f"{where}[{number}]")]
        return [where] if tree is None else []

    assert all(re.search(r"thresholds\.steps\[0\]\.value$", where) for where in untold(BOARD))


def test_panels_do_not_overlap() -> None:
    cells: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= WIDTH
        mine = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not mine & cells, panel["title"]
        cells |= mine
