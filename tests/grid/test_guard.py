"""The process guard: what gets past it and what does not, counted at the goal; and what has to go on under it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from grid.guard.programs import plain_environment
from grid.guard.sockets import literal
from tests.grid.armed import CHECKS
from tests.grid.escape import SCENES
from tests.grid.escaping import Run, escaping, is_root, table
from tests.house.rooms import ROOT


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with escaping() as running:
        yield running


@pytest.mark.parametrize("name", SCENES)
def test_a_try_to_leave_the_order(run: Run, name: str) -> None:
    scene = SCENES[name]
    if scene.root and not is_root():
        pytest.skip("raw sockets and a resolver of the test's own need root")
    if name == "mapped" and not Path("/proc/net/if_inet6").exists():
        pytest.skip("this host has no IPv6")
    free = run(name, False)
    assert free.seen > 0, f"without a guard it does not even reach the goal: {free}"
    guarded = run(name, True)
    assert (guarded.seen == 0) is scene.stopped, guarded
    if scene.stopped:
        # gaierror: the resolver found no server that it may ask, before there was anything to veto.
        assert guarded.vetoes or guarded.error == "gaierror"


@pytest.mark.parametrize("name", CHECKS)
def test_in_an_armed_process(run: Run, name: str) -> None:
    if "raw_sockets" in name and not is_root():
        pytest.skip("raw sockets need root")
    outcome = run(name, True)
    assert not outcome.error, outcome.error
    assert outcome.seen == 0


@pytest.mark.skipif(importlib.util.find_spec("uvloop") is not None, reason="uvloop is installed: see what it does")
def test_uvloop_is_not_among_the_locked_packages() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not {"uvloop", "pycurl", "grpcio", "pyzmq"} & {line.split("==")[0] for line in lock.splitlines()}


def test_the_page_says_what_was_measured() -> None:
    page = (ROOT / "docs" / "walls.md").read_text(encoding="utf-8")
    assert table() in page, "python -m tests.figures writes it"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "2001:db8::1", "::ffff:10.0.0.1"])
def test_an_address_is_literal(host: str) -> None:
    assert literal(host)


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1", "", "example.com", "1.2.3.4.", b"127.0.0.1", None, 1])
def test_whatever_somebody_would_be_asked_about_is_not_literal(host: object) -> None:
    assert not literal(host)


def test_an_environment_is_read_back() -> None:
    assert plain_environment([b"A=1", b"B=x=y"]) == {"A": "1", "B": "x=y"}
    assert plain_environment(None) is None
    assert plain_environment(["A=1"]) == ["A=1"]
