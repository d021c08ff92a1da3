"""`tenken inspect` against real nginx, openssh-server, vsftpd and telnetd: exactly the planted findings and no others."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.cli.commands import ROOT, command, environment, tenken
from tests.servers import nginx, sshd, telnetd, vsftpd
from tests.target import counting, wait_for

MISSING = [name for name, module in vars().items() if getattr(module, "PROGRAM", "there") is None]
real = pytest.mark.skipif(bool(MISSING), reason=f"Debian packages missing: {', '.join(MISSING)}")
HTTP = {"port": 8000, "transport": "tcp", "service": "http", "purpose": "shop"}
SSH = {
    "port": 2222,
    "transport": "tcp",
    "service": "ssh",
    "purpose": "remote-maintenance",
    "exception": "public keys only; the maintenance company has no fixed addresses",
}
FTP = {
    "port": 2121,
    "transport": "tcp",
    "service": "ftp",
    "purpose": "content-update",
    "restricted_to": ["198.51.100.0/28"],
}


def declare(folder: Path, servers: dict[str, tuple[str, list[dict[str, Any]]]], pace: float = 300.0) -> Path:
    """Write a declaration (JSON is YAML) of servers: name -> address and ports."""
    document = {
        "format": "tenken-declaration/1",
        "name": "shop.example",
        "title": "Test shop",
        "operator": {"organisation": "Test", "name": "desk", "email": "desk@shop.example"},
        "servers": [
            {
                "name": name,
                "role": "web",
                "addresses": [address],
                "host_names": [f"{name}.shop.example"],
                "ports": ports,
            }
            for name, (address, ports) in servers.items()
        ],
        "scan": ["2100-2400", "7990-8100"],
        "pace": {"connections_per_s": pace, "requests_per_s": 50, "concurrent_connections": 30, "bytes_per_s": 1000000},
        "calendar": {"time_zone": "Asia/Tokyo", "windows": [{"days": ["mon"], "start": "02:00", "end": "05:00"}]},
    }
    path = folder / "declaration.yaml"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real shop server: nginx, and sshd without passwords; vsftpd answers at the operator's inner address only."""
    folder = tmp_path_factory.mktemp("shop")
    address, inner = "127.0.61.1", "127.0.61.2"
    with (
        nginx.nginx(folder / "nginx", address, plain=(8000,)),
        sshd.sshd(folder / "sshd", address, 2222, passwords=False),
        vsftpd.vsftpd(folder / "vsftpd", inner, 2121),
    ):
        yield address


def inspected(home: Path, declaration: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Inspect; give the exit code and result.json."""
    out = home / "out"
    done = tenken(home, "inspect", declaration, "--out", out, "--items", "ports", *options)
    assert "Traceback" not in done.stdout + done.stderr
    assert (out / "result.json").exists(), done.stdout + done.stderr
    return done.returncode, json.loads((out / "result.json").read_text(encoding="utf-8"))


def findings(result: dict[str, Any]) -> set[tuple[str, str]]:
    return {(finding["rule"], finding["subject"]) for finding in result["verdict"]["findings"]}


@real
def test_declared_right_passes(shop: str, tmp_path: Path) -> None:
    code, result = inspected(tmp_path, declare(tmp_path, {"web-1": (shop, [HTTP, SSH, FTP])}))
    assert findings(result) == set()
    assert (code, result["verdict"]["standing"]) == (0, "pass")
    key = tmp_path / "tenken" / "order-key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Test shop" in report
    again = tenken(tmp_path, "judge", tmp_path / "out")
    assert (again.returncode, "the same as the stored verdict" in again.stdout) == (0, True)


@real
@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        pytest.param(
            [HTTP, FTP], {("ports.restricted-service", "127.0.61.1:2222/tcp")}, id="one too many: SSH undeclared"
        ),
        pytest.param(
            [HTTP, SSH, FTP, {**HTTP, "port": 8080}],
            {("ports.declared-not-open", "127.0.61.1:8080/tcp")},
            id="one too few",
        ),
        pytest.param(
            [{**HTTP, "port": 2222}, {**SSH, "port": 8000}],
            {("ports.other-service", "127.0.61.1:2222/tcp"), ("ports.other-service", "127.0.61.1:8000/tcp")},
            id="wrong services",
        ),
    ],
)
def test_a_wrong_declaration_fails_with_exactly_these(
    shop: str, tmp_path: Path, ports: list[dict[str, Any]], expected: set[tuple[str, str]]
) -> None:
    code, result = inspected(tmp_path, declare(tmp_path, {"web-1": (shop, ports)}))
    assert findings(result) == expected
    assert (code, result["verdict"]["standing"]) == (1, "fail")


@real
def test_an_open_web_port_too_many_where_the_review_body_looks_and_telnet_present(tmp_path: Path) -> None:
    address = "127.0.61.5"
    with nginx.nginx(tmp_path / "nginx", address, plain=(8000, 9081)), telnetd.telnetd(address, 2323):
        code, result = inspected(tmp_path, declare(tmp_path, {"web-1": (address, [HTTP])}), "--ports", "9081,9083")
    assert findings(result) == {
        ("ports.undeclared-open", f"{address}:9081/tcp"),
        ("ports.restricted-service", f"{address}:2323/tcp"),
    }
    assert code == 1


@real
@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="raw sockets need root")
def test_raw_knocks_half_open_inside_a_bound_on_packets_and_finds_the_same(tmp_path: Path) -> None:
    address = "127.61.5.2"
    declaration = declare(tmp_path, {"web-1": (address, [HTTP])})
    document = json.loads(declaration.read_text(encoding="utf-8"))
    document["pace"]["packets_per_s"] = 400
    declaration.write_text(json.dumps(document), encoding="utf-8")
    with nginx.nginx(tmp_path / "nginx", address, plain=(8000, 8081)):
        code, result = inspected(tmp_path, declaration, "--raw")
    assert findings(result) == {("ports.undeclared-open", f"{address}:8081/tcp")}
    assert code == 1
    (server,) = result["servers"]
    # 412 ports; what is beyond them are the connections of the identification.
    assert 412 <= server["tally"]["half_open"] < server["tally"]["connections"]
    assert server["tally"]["vetoes"] == 0
    assert server["tally"]["peak_connections_per_s"] <= 400 / 2


@real
def test_two_servers_run_in_two_workers_and_their_servers_agree(tmp_path: Path) -> None:
    first, second = "127.0.61.7", "127.0.61.8"
    with (
        nginx.nginx(tmp_path / "a", first, plain=(8000,)),
        nginx.nginx(tmp_path / "b", second, plain=(8000,)),
        vsftpd.vsftpd(tmp_path / "f", second, 2121),
    ):
        code, result = inspected(
            tmp_path, declare(tmp_path, {"web-1": (first, [HTTP]), "web-2": (second, [HTTP, FTP])})
        )
    pids = {server["worker_pid"] for server in result["servers"]}
    assert len(pids) == 2
    assert os.getpid() not in pids
    # vsftpd lets everybody connect, although the declaration says that only one block may.
    assert findings(result) == {("ports.restricted-service", f"{second}:2121/tcp")}
    assert code == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_sending_at_once_and_keeps_what_was_seen(tmp_path: Path, number: signal.Signals) -> None:
    address = "127.0.61.9"
    declaration = declare(tmp_path, {"web-1": (address, [HTTP])}, pace=10.0)
    arguments = command("inspect", declaration, "--out", tmp_path / "out", "--items", "ports")
    with counting(address, range(8000, 8100)) as target:
        process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=environment(tmp_path),
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(lambda: len(target.times) >= 3)
            called = time.monotonic()
            # A terminal sends Ctrl-C to everything in the foreground, Ray's processes among it.
            os.killpg(process.pid, number) if number is signal.SIGINT else process.send_signal(number)
            printed, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    late = target.after(called)
    assert max(late, default=0.0) <= 1.0
    assert process.returncode == 2, printed.decode()
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert result["verdict"]["standing"] == "inconclusive"
    assert {item["ending"] for server in result["servers"] for item in server["items"]} == {"stopped"}
    assert result["servers"][0]["tally"]["connections"] >= len(target.times) - 1
    assert b"Traceback" not in printed


def test_a_result_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "result.json").write_text("{}")
    done = tenken(tmp_path, "inspect", declare(tmp_path, {"w": ("127.0.61.9", [HTTP])}), "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "holds a result already" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--items", "nonsense"],
        ["--items", ""],
        ["--lang", "fr"],
        ["--minutes", "-1"],
        ["--ports", "0-9"],
        ["--ports", "all", "--items", "tls"],
    ],
)
def test_wrong_options_are_wrong_input(tmp_path: Path, options: list[str]) -> None:
    done = tenken(tmp_path, "inspect", declare(tmp_path, {"w": ("127.0.61.9", [HTTP])}), *options)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_the_deep_scan_is_refused_without_the_item_that_it_belongs_to(tmp_path: Path) -> None:
    run = tenken(tmp_path, "inspect", tmp_path / "none.yaml", "--items", "ports", "--deep")
    assert run.returncode == 3
    assert "--deep belongs to the item tls" in run.stderr
