"""The alert rules: accepted by promtool, each fires when it must and only then, and all speak of metrics that exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from dashboards import prometheus
from dashboards.metrics import names
from tests.servers.process import installed

RULES = Path(prometheus.__file__).parent / "rules.yml"
CASES = Path(__file__).parent / "prometheus_cases.yml"
PROMTOOL = installed("promtool")
needs_promtool = pytest.mark.skipif(not PROMTOOL, reason="promtool (Debian package prometheus) is not installed")


def promtool(*arguments: str) -> str:
    assert PROMTOOL
    ended = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def rules() -> list[dict[str, str]]:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    found: list[dict[str, str]] = group["rules"]
    return found


@needs_promtool
def test_promtool_accepts_the_rules() -> None:
    assert f"{len(rules())} rules found" in promtool("check", "rules", str(RULES))


@needs_promtool
def test_each_alert_fires_when_it_must_and_only_then(tmp_path: Path) -> None:
    cases = tmp_path / "cases.yml"
    cases.write_text(CASES.read_text().replace("[RULES]", f"[{RULES}]"))
    assert "SUCCESS" in promtool("test", "rules", str(cases))


@needs_promtool
def test_the_cases_do_notice_a_rule_that_never_fires(tmp_path: Path) -> None:
    dull = tmp_path / "rules.yml"
    dull.write_text(RULES.read_text().replace("tenken_pace_used > tenken_pace_allowed", "tenken_pace_used > 1e9"))
    cases = tmp_path / "cases.yml"
    cases.write_text(CASES.read_text().replace("[RULES]", f"[{dull}]"))
    with pytest.raises(AssertionError, match="TenkenPaceAboveAgreed"):
        promtool("test", "rules", str(cases))


def test_the_rules_speak_of_metrics_that_exist() -> None:
    for rule in rules():
        spoken = set(re.findall(r"tenken_\w+", rule["expr"]))
        assert spoken <= names(), rule["alert"]
        assert spoken or "up{" in rule["expr"]


def test_every_alert_has_a_case() -> None:
    cases = CASES.read_text()
    assert all(f"alertname: {rule['alert']}\n        exp_alerts" in cases for rule in rules())


def test_the_handbook_says_what_to_do_about_every_alert() -> None:
    handbook = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert all(f"| `{rule['alert']}` |" in handbook for rule in rules())
