"""The preliminary inspection and the three-way picture from the shell: real nginx, telnetd and bind9."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.cli.commands import tenken
from tests.dashboards.cli.test_inspect import HTTP, declare
from tests.servers import nginx, telnetd
from tests.servers.named import NAMED, named
from tests.servers.process import free_port

WEB, NAMES = "127.42.3.1", "127.0.0.1"
PROGRAMS = {"nginx": nginx.PROGRAM, "bind9": NAMED, "inetutils-telnetd": telnetd.PROGRAM}
MISSING = [name for name, program in PROGRAMS.items() if not program]
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(bool(MISSING), reason=f"Debian packages missing: {', '.join(MISSING)}"),
]


@pytest.fixture(scope="module")
def resolver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A shop and the name server that knows it; gives the resolver's address and port."""
    folder, port = tmp_path_factory.mktemp("names"), free_port(NAMES)
    zones = {"shop.example": f"@ NS ns.provider.test.\nweb A {WEB}\nold A {WEB}\nold A 127.42.3.99\n"}
    zones["3.42.127.in-addr.arpa"] = "@ NS ns.provider.test.\n1 PTR web.shop.example.\n"
    with nginx.nginx(folder / "nginx", WEB, plain=(8000,)), named(folder, NAMES, port, zones):
        yield f"{NAMES}:{port}"


def inspected(home: Path, declaration: Path, *options: str | Path) -> tuple[int, dict[str, Any], str]:
    """Inspect; give exit code, result.json, report."""
    out = home / f"out-{len(list(home.glob('out-*')))}"
    done = tenken(home, "inspect", declaration, "--out", out, *options)
    assert (out / "result.json").exists(), done.stdout + done.stderr
    return done.returncode, json.loads((out / "result.json").read_text()), (out / "report.html").read_text()


def test_servers_and_names_are_compared_with_the_declaration(resolver: str, tmp_path: Path) -> None:
    options = ("--preliminary", "--resolver", resolver)
    code, result, _ = inspected(tmp_path, declare(tmp_path, {"web": (WEB, [HTTP])}), *options)
    gaps = [row for row in result["verdict"]["coverage"] if row["outcome"] == "not-tested"]
    # The provider's name server has no address here, and nobody but its own zone could say so.
    assert {row["check"] for row in gaps} == {"hosts.server-undeclared"}
    assert (code, result["kind"], result["items"], result["verdict"]["findings"]) == (2, "preliminary", ["hosts"], [])

    code, result, report = inspected(
        tmp_path, declare(tmp_path, {"old": (WEB, [HTTP, {**HTTP, "port": 8001}])}), *options
    )
    assert code == 1
    found = {(finding["rule"], finding["subject"]) for finding in result["verdict"]["findings"]}
    assert {("hosts.no-answer", WEB), ("hosts.address-undeclared", "old.shop.example")} <= found
    assert "127.42.3.99" in report
    again = tenken(tmp_path, "judge", tmp_path / "out-1")
    assert (again.returncode, "the same as the stored verdict" in again.stdout) == (0, True)


def test_the_report_shows_declared_now_and_when_it_last_passed(resolver: str, tmp_path: Path) -> None:
    del resolver
    declaration = declare(tmp_path, {"web": (WEB, [HTTP])})
    code, result, _ = inspected(tmp_path, declaration, "--items", "ports")
    assert (code, result["before"]) == (0, {"kind": "nothing-before"})
    with telnetd.telnetd(WEB, 8023):
        code, result, report = inspected(tmp_path, declaration, "--items", "ports", "--last-passed", tmp_path / "out-0")
    assert (code, result["before"]["kind"]) == (1, "last-passed")
    rows = [line for line in report.splitlines() if f'data-port="{WEB}:8023/tcp"' in line]
    assert len(rows) == 1
    assert all(words in rows[0] for words in ("telnet", "not as declared", "changed since"))
    refused = tenken(tmp_path, "inspect", declaration, "--last-passed", tmp_path / "out-1")
    assert (refused.returncode, "expected a result that passed, seen fail" in refused.stderr) == (3, True)
