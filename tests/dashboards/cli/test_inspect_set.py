"""`tenken inspect` of a SET end point, end to end: a wrong declaration and a revoked certificate; `tenken judge` agrees."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dashboards.demo.merchant.answer import Fault
from dashboards.demo.merchant.faults import FAULTS
from probes.target import SetEndpoint
from tests.dashboards.cli.commands import tenken
from tests.probes.set.scene import ADDRESS, selling


@contextlib.contextmanager
def serving(fault: Fault) -> Iterator[SetEndpoint]:
    """Run a merchant in a thread of its own."""
    found: list[SetEndpoint] = []
    ready, loop, over = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def sell() -> None:
        async with selling(fault) as endpoint:
            found.append(endpoint)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(sell()))
    thread.start()
    try:
        assert ready.wait(30)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)
        loop.close()


def declare(folder: Path, endpoint: SetEndpoint) -> Path:
    """Write the declaration of an operator who thinks that his SET is version 1.1."""
    (folder / "brand.pem").write_text(endpoint.roots[0])
    document: dict[str, Any] = {
        "format": "tenken-declaration/1",
        "name": "shop.example",
        "title": "Test shop",
        "operator": {"organisation": "Test", "name": "desk", "email": "desk@shop.example"},
        "servers": [
            {
                "name": "pay",
                "role": "web",
                "addresses": [ADDRESS],
                "ports": [{"port": urlsplit(endpoint.url).port, "service": "http", "purpose": "shop"}],
                "set": [
                    {
                        "url": endpoint.url,
                        "kind": "SET",
                        "version": "1.1",
                        "brand": endpoint.brand,
                        "bin": endpoint.bin,
                        "roots": ["brand.pem"],
                    }
                ],
            }
        ],
        "scan": "declared",
        "calendar": {"time_zone": "Asia/Tokyo", "windows": [{"days": ["mon"], "start": "02:00", "end": "05:00"}]},
    }
    path = folder / "declaration.yaml"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_an_end_point_is_inspected_and_judged_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with serving(FAULTS["gateway-revoked"]) as endpoint:
        declaration = declare(tmp_path, endpoint)
        done = tenken(tmp_path, "inspect", declaration, "--out", out, "--items", "set", "--lang", "ja")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    result = json.loads((out / "result.json").read_text("utf-8"))
    assert sorted(finding["rule"] for finding in result["verdict"]["findings"]) == [
        "set.revoked",
        "set.version-differs",
    ]
    assert not [row for row in result["verdict"]["coverage"] if row["outcome"] == "not-tested"]
    (server,) = result["servers"]
    assert (server["tally"]["requests"], server["tally"]["connections"], server["tally"]["refused"]) == (2, 2, 0)
    report = (out / "report.html").read_text("utf-8")
    assert "4.3.5.2 の 5 番目の項目" in report
    assert "失効しています" in report
    again = tenken(tmp_path, "judge", out)
    assert (again.returncode, "the same as the stored verdict" in again.stdout) == (0, True)
