"""What may not be inspected sends nothing: garbage declarations, and addresses without proof of control."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from probes.control.token import page_path, proof_line, token
from tests.dashboards.cli.commands import ROOT, command, environment
from tests.dashboards.cli.test_inspect import declare
from tests.namespaces import Pair, pair
from tests.scheduler.garbage import KINDS
from tests.target import wait_for

WEB = {"port": 80, "transport": "tcp", "service": "http", "purpose": "shop"}
OUTSIDE = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None, reason="network namespaces need root and iproute2"
)


def test_no_kind_of_garbage_sends_a_packet_or_shows_a_traceback(tmp_path: Path) -> None:
    paths = {kind: tmp_path / f"{number}.yaml" for number, kind in enumerate(KINDS)}
    for kind, path in paths.items():
        path.write_bytes(KINDS[kind])
    odd = {"a folder": tmp_path, "nothing": tmp_path / "missing.yaml", "a loop": tmp_path / "loop.yaml"}
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    paths |= odd
    done = subprocess.run(
        [sys.executable, "-m", "tests.dashboards.cli.silent", *map(str, paths.values())],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    told = json.loads(done.stdout)
    assert len(told) >= 40
    for kind, path in paths.items():
        seen = told[str(path)]
        assert seen["left"] == [], kind
        assert seen["code"] == 3, kind
        assert seen["words"].strip(), kind
        assert "Traceback" not in seen["words"] + done.stderr, kind
        assert not Path(f"{path}.out").exists(), kind


def test_the_watch_sees_an_inspection_that_does_begin(tmp_path: Path) -> None:
    """The same watch on a good declaration is not silent: Ray starts processes."""
    path = declare(tmp_path, {"web-1": ("127.0.61.20", [WEB])})
    done = subprocess.run(
        [sys.executable, "-m", "tests.dashboards.cli.silent", str(path)],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout)[str(path)]["left"]


@pytest.fixture
def network() -> Iterator[Pair]:
    with pair() as made:
        yield made


def inspect_inside(network: Pair, home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    path = declare(home, {"web-1": (network.target_address, [WEB])})
    arguments = command("inspect", path, "--out", home / "out", "--items", "ports", *options)
    return subprocess.run(
        network.inside(arguments),
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@OUTSIDE
@pytest.mark.root
def test_without_proof_of_control_no_packet_leaves(network: Pair, tmp_path: Path) -> None:
    before = network.packets_to_target()
    done = inspect_inside(network, tmp_path, "--resolver", "127.0.0.1:9")
    assert done.returncode == 3
    assert "no proof of control" in done.stderr
    assert "_tenken.web-1.shop.example" in done.stderr
    assert "Traceback" not in done.stderr
    assert network.packets_to_target() == before == 0


@OUTSIDE
@pytest.mark.root
def test_with_proof_by_http_it_is_inspected(network: Pair, tmp_path: Path) -> None:
    (tmp_path / "tenken").mkdir()
    secret = tmp_path / "tenken" / "control-secret"
    secret.write_bytes(bytes(32))
    secret.chmod(0o600)
    made = token("shop.example", ["web-1.shop.example"], bytes(32))
    page = tmp_path / "pages" / page_path(made).lstrip("/")
    page.parent.mkdir(parents=True)
    page.write_text(proof_line(made), encoding="ascii")
    serve = [sys.executable, "-m", "http.server", "80", "--bind", network.target_address, "-d", str(tmp_path / "pages")]
    server = subprocess.Popen(network.at_target(serve), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: network.target_listens(80))
        done = inspect_inside(network, tmp_path, "--proof", "http")
    finally:
        server.kill()
        server.wait()
    assert done.returncode == 0, done.stderr + done.stdout
    assert network.packets_to_target() > 300
