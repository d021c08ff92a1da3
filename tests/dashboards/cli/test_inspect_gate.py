"""`tenken inspect --gate`: the whole road with the workers inside a gate, in namespaces only; and what it refuses.

gate <==> host (a namespace that plays it) <==> target
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from probes.control.token import page_path, proof_line, token
from tests.dashboards.cli.commands import ROOT, command, environment, tenken
from tests.dashboards.cli.test_inspect import declare
from tests.grid.gate.scene import TARGET, Scene, missing, scene
from tests.target import wait_for

WEB = {"port": 80, "transport": "tcp", "service": "http", "purpose": "shop"}
needs_kernel = pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing")
_HOST_COUNT = """
table inet count {
  counter own { }
  counter through { }
  chain out {
    type filter hook output priority 0;
    ip daddr 10.98.1.2 counter name own
  }
  chain forward {
    type filter hook forward priority 10;
    iifname "tk*" ip daddr 10.98.1.2 counter name through
  }
}
"""
_SOURCES = """
table inet sources {
  set seen { type ipv4_addr; flags dynamic; size 1000; counter; }
  chain early {
    type filter hook prerouting priority -450;
    iifname "cable" ip saddr != 0.0.0.0 update @seen { ip saddr }
  }
}
"""


@pytest.fixture
def made() -> Iterator[Scene]:
    with scene() as one:
        subprocess.run(one.at_switch("nft", "-f", "-"), input=_HOST_COUNT.encode(), check=True)
        subprocess.run(one.at_target("nft", "-f", "-"), input=_SOURCES.encode(), check=True)
        yield one


def _listed(command: list[str]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)[
        "nftables"
    ]
    return listed


def _counters(made: Scene) -> dict[str, int]:
    entries = _listed(made.at_switch("nft", "-j", "list", "counters", "table", "inet", "count"))
    return {one["counter"]["name"]: one["counter"]["packets"] for one in entries if "counter" in one}


def _sources(made: Scene) -> set[str]:
    (seen,) = (
        one["set"]
        for one in _listed(made.at_target("nft", "-j", "list", "set", "inet", "sources", "seen"))
        if "set" in one
    )
    return {one["elem"]["val"] for one in seen["elem"]}


def _state(made: Scene) -> tuple[str, set[str], str, str]:
    """What could be left behind: tables, links and routing rules of the host, and namespaces of gates."""
    rules = subprocess.run(["ip", "-n", made.switch, "rule"], check=True, capture_output=True, text=True).stdout
    spaces = subprocess.run(["ip", "netns", "pids", made.switch], check=True, capture_output=True, text=True).stdout
    return made.tables(), made.links(), rules, spaces


def _gates() -> set[str]:
    out = subprocess.run(["ip", "netns"], check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in out.splitlines() if line.startswith("tenken-gate-")}


def _publish(home: Path) -> Path:
    """Keep a secret and publish its proof; give the folder to serve."""
    (home / "tenken").mkdir()
    secret = home / "tenken" / "control-secret"
    secret.write_bytes(bytes(32))
    secret.chmod(0o600)
    shown = token("shop.example", ["web-1.shop.example"], bytes(32))
    page = home / "pages" / page_path(shown).lstrip("/")
    page.parent.mkdir(parents=True)
    page.write_text(proof_line(shown), encoding="ascii")
    return home / "pages"


def _command(made: Scene, home: Path, *options: str, pace: float = 300.0, without: str = "") -> list[str]:
    path = declare(home, {"web-1": (TARGET, [WEB])}, pace)
    arguments = command("inspect", path, "--out", home / "out", "--items", "ports", *options)
    less = ["setpriv", f"--bounding-set=-{without}", f"--inh-caps=-{without}"] if without else []
    return made.at_switch(*less, *arguments)


def _inspect(made: Scene, home: Path, *options: str, without: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(made, home, *options, without=without),
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@contextlib.contextmanager
def _shop(made: Scene, home: Path) -> Iterator[None]:
    """Serve the proof at the target."""
    serve = [sys.executable, "-m", "http.server", "80", "--bind", TARGET, "-d", str(_publish(home))]
    server = subprocess.Popen(made.at_target(*serve), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    listens = made.at_target("ss", "-Hltn", "sport = :80")
    try:
        wait_for(lambda: bool(subprocess.run(listens, check=True, capture_output=True).stdout))
        yield
    finally:
        server.kill()
        server.wait()


@pytest.mark.root
@needs_kernel
def test_an_inspection_runs_inside_the_gate_and_leaves_nothing_behind(made: Scene, tmp_path: Path) -> None:
    state, gates = _state(made), _gates()
    with _shop(made, tmp_path):
        done = _inspect(made, tmp_path, "--proof", "http", "--gate", "out")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "walls: permit, guard, gate" in done.stderr
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    (tally,) = (one["tally"] for one in result["servers"])
    counted = _counters(made)
    assert counted["through"] > tally["connections"] > 300, "every connection went through the gate"
    assert counted["own"] < 30, "what the host itself sent is the proof of control"
    assert _sources(made) == {"10.98.1.1"}
    assert _state(made) == state
    assert _gates() <= gates


@pytest.mark.root
@needs_kernel
def test_ctrl_c_ends_it_and_leaves_nothing_behind(made: Scene, tmp_path: Path) -> None:
    state, gates = _state(made), _gates()
    slow = _command(made, tmp_path, "--proof", "http", "--gate", "out", pace=2.0)
    with _shop(made, tmp_path):
        process = subprocess.Popen(
            slow, cwd=ROOT, env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        try:
            heard = []
            for line in process.stderr:
                heard.append(line)
                if line.startswith("walls:"):
                    break
            assert heard[-1:] == ["walls: permit, guard, gate\n"], heard
            wait_for(lambda: _counters(made)["through"] > 5)
            process.send_signal(signal.SIGINT)
            code = process.wait(90)
        finally:
            process.kill()
            process.communicate()
    assert code == 2
    assert _state(made) == state
    assert _gates() <= gates


@pytest.mark.root
@needs_kernel
def test_without_rights_it_is_refused_before_a_packet(made: Scene, tmp_path: Path) -> None:
    done = _inspect(made, tmp_path, "--gate", "out", without="net_admin")
    assert done.returncode == 3
    assert "no gate here: rights: expected root, seen this process lacks CAP_NET_ADMIN" in done.stderr
    assert made.arrived() == 0


@pytest.mark.root
@needs_kernel
def test_serve_refuses_a_way_out_that_is_none(tmp_path: Path) -> None:
    done = tenken(tmp_path, "serve", "--data", tmp_path / "data", "--port", "0", "--gate", "no-such-device")
    assert done.returncode == 3
    assert "'no-such-device'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.root
@needs_kernel
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--gate", "lo"), "leaves by out, not by lo"),
        (("--gate", "out", "--ray-address", "10.98.1.1:1"), "leave out --ray-address"),
    ],
)
def test_what_the_gate_cannot_serve_is_refused_before_a_packet(
    made: Scene, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    done = _inspect(made, tmp_path, *options)
    assert done.returncode == 3
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert made.arrived() == 0


def test_loopback_is_refused(tmp_path: Path) -> None:
    path = declare(tmp_path, {"web-1": ("127.0.61.30", [WEB])})
    done = tenken(tmp_path, "inspect", path, "--out", tmp_path / "out", "--gate", "lo")
    assert done.returncode == 3
    assert "the gate cannot reach loopback (127.0.61.30); leave out --gate" in done.stderr
    assert not (tmp_path / "out").exists()
