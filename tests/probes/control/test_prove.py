"""Proving from end to end: on loopback, and on 10.x inside a network namespace of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.clock import SystemClock
from probes.control.judge import Way
from probes.control.prove import prove_by_dns, prove_by_http
from probes.control.token import page_path
from probes.target import Role, Target
from tests.probes.control.inside import ECHO, MADE, RIGHT, SILENT
from tests.probes.control.name_server import serving

LOCAL = Target(name="web-1", role=Role.WEB, addresses=("127.0.0.1", "::1"), host_names=("shop.example",))


async def test_loopback_is_proven_without_asking_anybody() -> None:
    async with serving({}) as (server, known):
        by_dns = await prove_by_dns((LOCAL,), MADE, (known,), private_by_dns=False)
        by_http = await prove_by_http((LOCAL,), MADE, SystemClock(), "")
    assert by_dns == by_http
    assert by_dns.addresses == {"127.0.0.1", "::1"}
    assert {entry.way for entry in by_dns.proven} == {Way.LOOPBACK}
    assert server.asked == []


async def test_a_stop_before_the_first_question_proves_nothing() -> None:
    target = Target(name="web-1", role=Role.WEB, addresses=("10.97.0.1",), host_names=("shop.example",))
    async with serving({}) as (server, known):
        proof = await prove_by_dns((target,), MADE, (known,), private_by_dns=True, stopped=lambda: True)
    assert proof.addresses == frozenset()
    assert "stopped" in proof.refusal.en
    assert server.asked == []


_UNSHARE = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]


def _in_namespace(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_UNSHARE, *command], capture_output=True, text=True, timeout=60, check=False, cwd=Path(__file__).parents[3]
    )


def test_both_ways_against_real_servers() -> None:
    """A page is fetched once from each address that is not loopback, and a server that echoes paths proves nothing."""
    try:
        allowed = _in_namespace("ip", "link", "set", "lo", "up")
    except FileNotFoundError:
        pytest.skip("unshare (util-linux) is missing: the proof on 10.x addresses was not tried")
    if allowed.returncode != 0:
        pytest.skip(f"no network namespace here: the proof on 10.x addresses was not tried ({allowed.stderr.strip()})")
    done = _in_namespace(sys.executable, "-m", "tests.probes.control.inside")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    expected = {"proven": [RIGHT, "127.0.0.1"], "missing": [ECHO, SILENT]}
    assert (told["dns"], told["http"]) == (expected, expected)
    assert told["after_dns"] == {RIGHT: [], ECHO: [], SILENT: []}
    assert told["asked"] == {address: [page_path(MADE)] for address in (RIGHT, ECHO, SILENT)}
