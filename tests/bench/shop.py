"""The full pack against one untouched Debian shop (nginx, PHP, MariaDB, WordPress): what is sent, what its customers notice."""

from __future__ import annotations

import http.client
import itertools
import os
import re
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dashboards.cli.inspect import ALL_ITEMS
from grid.audit import AuditLog
from grid.brake import Brake
from grid.run import Grid
from grid.window import Window
from plugins.clock import SystemClock
from plugins.pack import load_pack
from probes.pulse.facts import Gentleness
from probes.pulse.latency import p95
from probes.target import Item
from scheduler.claims import FileClaims
from scheduler.declaration import load_declaration
from scheduler.inspection import Issuer, inspect_systems
from scheduler.orders import Inspection, new_id
from scheduler.result import Kind, Result
from tests.pki import Pki
from tests.servers.wordpress import NAME, Shop, missing, wordpress

ADDRESS = "127.49.9.1"
REQUESTS_PER_S = 5
"""Agreed pace; the other bounds are those of a declaration that names none."""
BEFORE_S = float(os.environ.get("BENCH_SHOP_BEFORE", "60"))
"""How long the shop is watched before the first inspection."""
VISITOR = "a visitor"
"""User-Agent of our own measurement, so that the logs tell it apart."""
_REFUSALS = re.compile(r"No such file or directory|is forbidden|forbidden by rule|Primary script unknown")
"""How nginx's error log words a 404 and a 403."""
_HARMLESS = re.compile(r"\[Note\]|NOTICE:|^\s*$|^Version:")
_COMBINED = re.compile(r'"(?P<method>\S+) [^"]*" (?P<status>\d{3}) \d+ "[^"]*" "(?P<agent>[^"]*)"$')


@dataclass
class Visitor:
    """Asks for the front page once a second; every answer is measured to its last byte."""

    shop: Shop
    ms: list[float] = field(default_factory=list)
    errors: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._visit)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _visit(self) -> None:
        began = time.monotonic()
        for number in itertools.count(1):
            self._once()
            if self._over.wait(max(0.0, began + number - time.monotonic())):
                return

    def _once(self) -> None:
        began = time.perf_counter()
        asked = http.client.HTTPConnection(self.shop.address, self.shop.port, timeout=10)
        try:
            asked.request("GET", "/", headers={"Host": f"{NAME}:{self.shop.port}", "User-Agent": VISITOR})
            answer = asked.getresponse()
            answer.read()
            self.errors += answer.status != 200
        except (OSError, http.client.HTTPException):
            self.errors += 1
        finally:
            asked.close()
        self.ms.append((time.perf_counter() - began) * 1000)


def main() -> None:
    """Print what the shop was sent, how its front page answered, and what its logs say."""
    if lacking := missing():
        print(f"SKIPPED: {lacking}; `make shop` installs it")
        return
    with tempfile.TemporaryDirectory(prefix="tenken-shop-") as made:
        folder = Path(made)
        pki = Pki()
        root = pki.root()
        chain, key = pki.leaf(root, (NAME,)).write(folder / "tls", "shop")
        (folder / "root.pem").write_text(root.pem)
        (folder / "shop").mkdir()
        folder.chmod(0o755)
        with wordpress(folder / "shop", ADDRESS, chain, key) as shop, Grid.start(workers=2) as grid:
            content = shop.content()
            with Visitor(shop) as before:
                time.sleep(BEFORE_S)  # the shop without us is what is measured
            print(f"  front page before, 1 request/s for {BEFORE_S:g} s: {_latency(before)}")
            _changes(shop, content)
            _measured("item holes, HTTP", shop, grid, folder / "holes", (Item.HOLES,), whole=False)
            _measured("all items, HTTP and HTTPS, agreed pulse", shop, grid, folder / "all", ALL_ITEMS, whole=True)


def _measured(what: str, shop: Shop, grid: Grid, folder: Path, items: Sequence[Item], *, whole: bool) -> None:
    folder.mkdir()
    marks = {log: _size(log) for log in (shop.access_log, *shop.error_logs)}
    content = shop.content()
    with Visitor(shop) as during:
        result = _inspect(shop, grid, folder, items, whole=whole)
    server = result.servers[0]
    seconds, tally = (server.ended - server.started).total_seconds(), server.tally
    print(
        f"  {what}, {REQUESTS_PER_S} requests/s: verdict {result.verdict.standing}, control {result.control.standing}"
    )
    print(
        f"    {tally.requests} asks, {tally.connections} connections (peak {tally.peak_connections_per_s}/s), {seconds:.0f} s"
    )
    print(f"    {tally.bytes_sent:,} bytes sent, {tally.bytes_received:,} received")
    for item in server.items:
        print(f"    {item.item}: {item.ending} {item.detail}".rstrip())
    for finding in server.verdict.findings:
        print(f"    finding {finding.item} {finding.rule}: {finding.grade}, {finding.certainty}")
    if isinstance(proof := result.gentleness, Gentleness):
        print(
            f"    pulse: {proof.impact}, p95 {proof.before.p95_ms:.0f} -> {proof.during.p95_ms:.0f} ms (bound {proof.bound_ms:.0f})"
        )
    print(f"    front page meanwhile: {_latency(during)}")
    _logs(shop, marks)
    _changes(shop, content)


def _latency(visitor: Visitor) -> str:
    ms = visitor.ms
    return (
        f"p50 {statistics.median(ms):.0f} ms, p95 {p95(ms):.0f} ms, slowest {max(ms):.0f} ms "
        f"({len(ms)} visits, {visitor.errors} errors)"
    )


def _changes(shop: Shop, before: dict[str, str]) -> None:
    after = shop.content()
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    print(f"    content of the database that changed: {', '.join(changed) or 'none'}")


def _logs(shop: Shop, marks: dict[Path, int]) -> None:
    asked = [found for line in _since(shop.access_log, marks) if (found := _COMBINED.search(line))]
    ours = [found for found in asked if found["agent"] != VISITOR]
    print(f"    access log, ours: {_counted(found['status'] for found in ours)}")
    print(f"      methods: {_counted(found['method'] for found in ours)}")
    lines = [line for log in shop.error_logs for line in _since(log, marks) if not _HARMLESS.search(line)]
    others = [line for line in lines if not _REFUSALS.search(line)]
    warnings = [line for line in others if "WARNING:" in line]
    errors = len(others) - len(warnings)
    print(f"    error logs: {len(lines)} lines; errors other than 404 and 403: {errors}; warnings: {len(warnings)}")
    for line in others[:20]:
        print(f"      {line[:300]}")


def _counted(values: Iterable[str]) -> str:
    return ", ".join(f"{value} x {count}" for value, count in sorted(Counter(values).items()))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _since(path: Path, marks: dict[Path, int]) -> list[str]:
    return path.read_bytes()[marks[path] :].decode("utf-8", "replace").splitlines() if path.exists() else []


def _inspect(shop: Shop, grid: Grid, folder: Path, items: Sequence[Item], *, whole: bool) -> Result:
    (folder / "shop.yaml").write_text(
        yaml.safe_dump(_declaration(shop, (folder.parent / "root.pem").read_text("ascii"), whole=whole)), "utf-8"
    )
    clock, key = SystemClock(), Ed25519PrivateKey.generate()
    system = load_declaration(folder / "shop.yaml")
    (result,) = inspect_systems(
        [
            Inspection(
                inspection_id=new_id(),
                kind=Kind.SCHEDULED,
                system=system,
                items=tuple(items),
                window=Window(start=clock.now(), end=clock.now() + timedelta(minutes=30)),
                pace=system.pace,
            )
        ],
        [folder],
        grid=grid,
        issuer=Issuer(name="Bench", contact="bench@localhost", key=key),
        pack=load_pack(),
        clock=clock,
        claims=FileClaims(folder / "claims", clock),
        audit=AuditLog(folder / "audit.jsonl", key, clock),
        brake=Brake(),
    )
    return result


def _declaration(shop: Shop, anchor: str, *, whole: bool) -> dict[str, Any]:
    ports = [{"port": shop.port, "transport": "tcp", "service": "http", "purpose": "shop"}]
    if whole:
        ports.append({"port": shop.tls_port, "transport": "tcp", "service": "https", "purpose": "shop"})
    ends = [
        {
            "port": shop.tls_port,
            "server_name": NAME,
            "names": [NAME],
            "versions": ["TLSv1.2", "TLSv1.3"],
            "client_auth": "none",
        }
    ]
    return {
        "format": "tenken-declaration/1",
        "name": "debian-shop",
        "title": "Debian's nginx, PHP, MariaDB and WordPress",
        "operator": {"organisation": "Bench", "name": "Bench", "email": "bench@localhost.example"},
        "servers": [
            {
                "name": "web",
                "role": "web",
                "addresses": [shop.address],
                "host_names": [NAME],
                "ports": ports,
                **({"tls": ends} if whole else {}),
            }
        ],
        **({"pulse": {"server": "web", "port": shop.port, "lead_minutes": 1}} if whole else {}),
        "anchors": [anchor],
        "pace": {"requests_per_s": REQUESTS_PER_S},
        "calendar": {
            "time_zone": "UTC",
            "windows": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "00:00", "end": "00:00"}],
        },
    }
