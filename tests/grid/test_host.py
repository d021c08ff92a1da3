"""Facts about the host: read, never guessed, and no secret among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from grid import host


def test_the_token_s_place_is_told_and_never_the_token(tmp_path: Path) -> None:
    secret = "5ec2e7" * 8
    given = host.ray_token({"RAY_AUTH_TOKEN": secret}, tmp_path)
    assert given.good
    assert secret not in given.seen
    assert "afresh" in host.ray_token({}, tmp_path).seen
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text(secret, encoding="ascii")
    assert host.ray_token({}, tmp_path).seen == "on, from its file"
    assert not host.ray_token({"RAY_AUTH_MODE": "disabled"}, tmp_path).good


@pytest.mark.parametrize(("source", "good"), [("tsc", True), ("kvm-clock", True), ("jiffies", False)])
def test_the_steady_clock_s_source(tmp_path: Path, source: str, good: bool) -> None:
    (tmp_path / "current_clocksource").write_text(f"{source}\n", encoding="ascii")
    assert host.steady_clock(tmp_path) == host.Fact(name="steady clock", seen=source, good=good)
    assert not host.steady_clock(tmp_path / "nowhere").good


def test_nmap_is_asked_for_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not host.nmap().good
    program = tmp_path / "nmap"
    program.write_text("#!/bin/sh\necho 'Nmap version 7.93 (\033[31m)'\necho more\n", encoding="ascii")
    program.chmod(0o755)
    seen = host.nmap()
    assert seen.good
    assert seen.seen.startswith("Nmap version 7.93")
    assert "\033" not in seen.seen


def test_gates_that_are_standing_are_named(tmp_path: Path) -> None:
    assert host.left_over(tmp_path / "nowhere").seen == "none is standing"
    for name in ("tenken-gate-0a1b2c", "somebody-else"):
        (tmp_path / name).touch()
    seen = host.left_over(tmp_path).seen
    assert "1 standing (tenken-gate-0a1b2c)" in seen
    assert "somebody" not in seen


def test_every_fact_is_named_once(tmp_path: Path) -> None:
    facts = host.facts({}, tmp_path, tmp_path)
    assert len({fact.name for fact in facts}) == len(facts)
    assert all(fact.seen for fact in facts)
