"""`tenken signatures quotas`: the table, and exit codes that a script can go by."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from dashboards.cli.signatures.app import app

SIGNATURES = Path(__file__).parents[4] / "signatures"


def _folder(tmp_path: Path, table: str) -> Path:
    (tmp_path / "nginx").mkdir()
    for file in (SIGNATURES / "nginx").glob("CVE-2017-7529*"):
        (tmp_path / "nginx" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "quotas.yaml").write_text(table, encoding="utf-8")
    return tmp_path


def _table(wanted: int, families: str = "nginx, checks") -> str:
    head = "signatures: 1\nverified: 0\nkev: 0\nfingerprints: 0\ncategories:\n"
    return f"{head}  - {{name: servers, wanted: {wanted}, families: '{families}'}}\n"


def test_a_quota_that_holds_and_one_that_is_short(tmp_path: Path) -> None:
    folder = _folder(tmp_path, _table(1))
    done = CliRunner().invoke(app, ["quotas", "--folder", str(folder)])
    assert done.exit_code == 0, done.output
    assert "servers" in done.output
    (folder / "quotas.yaml").write_text(_table(40), encoding="utf-8")
    assert CliRunner().invoke(app, ["quotas", "--folder", str(folder)]).exit_code == 1


def test_a_family_that_counts_for_nothing_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["quotas", "--folder", str(_folder(tmp_path, _table(0, "apache, checks")))])
    assert done.exit_code == 1
    assert "count for no quota: nginx" in done.output


def test_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["quotas", "--folder", str(_folder(tmp_path, "signatures: many\n"))])
    assert done.exit_code == 3
    assert "quotas.yaml:1" in done.output
    assert CliRunner().invoke(app, ["quotas", "--folder", str(tmp_path / "nginx")]).exit_code == 3
