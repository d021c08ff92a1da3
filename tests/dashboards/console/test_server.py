"""A service that cannot start says why in one line, sends nothing, and makes no tokens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.console.data import locked
from dashboards.console.server import egress_addresses, log_to_stderr
from tests.servers.process import free_port


def serve(data: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from dashboards.cli.app import main; main()", "serve", "--data", str(data)]
    return subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, check=False)


def test_a_folder_in_use(tmp_path: Path) -> None:
    with locked(tmp_path / "data"):
        ended = serve(tmp_path / "data", "--port", "0")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "another tenken serve uses this folder" in ended.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "not.a.host.invalid"])
def test_a_place_to_listen_that_is_none(tmp_path: Path, host: str) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = serve(tmp_path / "data", "--host", host, "--port", str(taken.getsockname()[1]))
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "cannot listen there" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list((tmp_path / "data").glob("*.token"))


def test_a_public_url_that_is_none(tmp_path: Path) -> None:
    ended = serve(tmp_path / "data", "--port", "0", "--public-url", "http://probes.example.org")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "name it as https://probes.example.org" in ended.stderr


def test_an_egress_address_that_is_none(tmp_path: Path) -> None:
    ended = serve(tmp_path / "data", "--port", "0", "--egress", "192.0.2.1", "--egress", "shop.example")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "--egress: 'shop.example' does not appear to be an IPv4 or IPv6 address" in ended.stderr
    assert egress_addresses(("2001:DB8:0::1", "192.0.2.1", "2001:db8::1")) == ("2001:db8::1", "192.0.2.1")


def test_a_database_that_is_none(tmp_path: Path) -> None:
    ended = serve(tmp_path / "data", "--port", str(free_port("127.0.0.1")), "--database", "nonsense")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "expected a URL such as" in ended.stderr


def test_the_log_is_json_and_holds_no_values_of_variables() -> None:
    """In a process of its own, because the log is configured for the whole process."""
    assert log_to_stderr.__module__ == "dashboards.console.server"
    program = """
import structlog
from dashboards.console.server import log_to_stderr
log_to_stderr()
def broken():
    token = "hunter" + "2"
    raise RuntimeError("disk full")
try:
    broken()
except RuntimeError:
    structlog.get_logger("x").exception("tick")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert "disk full" in ended.stderr
    assert "hunter2" not in ended.stderr
    assert ended.stderr.startswith("{")
