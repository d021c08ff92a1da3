"""Install, start, inspect, end, compare: `make lab`, or `python -m tests.lab ID ...`.

Exit code 1 when a hole that is there and has a signature was missed too often (recall below 0.95), when anything that is not there
gave a failing finding, or when an inspection broke.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.audit import AuditLog
from grid.brake import Brake
from grid.run import Grid
from grid.window import Window
from plugins.clock import SystemClock
from plugins.pack import Pack, load_pack
from probes.target import Item
from scheduler.claims import FileClaims
from scheduler.declaration import load_declaration
from scheduler.inspection import Issuer, inspect_systems
from scheduler.orders import Inspection, new_id
from scheduler.result import Kind, Result
from tests.lab.confusion import Row, page, row, total
from tests.lab.install import NotInstalledError, installed
from tests.lab.instance import Instance, load
from tests.lab.running import running

NETWORK = "127.49.0"
WINDOW = timedelta(minutes=30)
PAGE = Path("docs/lab-results.md")
LEAST_RECALL = 0.95


def main() -> int:
    """Run the lab; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("ids", nargs="*", help="instances; all when none is named")
    parser.add_argument("--home", type=Path, default=Path(".lab"), help="where software is installed")
    parser.add_argument("--side-by-side", type=int, default=4, help="instances that run at once")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE}")
    given = parser.parse_args()
    # Who ends the lab ends what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    wanted = [instance for instance in load() if not given.ids or instance.id in given.ids]
    pack = load_pack()
    skipped: list[str] = []
    rows: list[Row] = []
    corpus = frozenset(entry.template.id for entry in pack.signatures)
    ready = list(_installed(wanted, given.home.resolve(), skipped))
    with Grid.start(workers=given.side_by_side) as grid:
        for batch in _batches(ready, given.side_by_side):
            for instance, result in _inspected(batch, grid, pack, skipped):
                rows.append(row(instance, result, corpus))
                _say(rows[-1])
    return _end(rows, skipped, pack, write=given.write)


def _batches(ready: Sequence[tuple[Instance, Path]], size: int) -> Iterator[tuple[tuple[Instance, Path], ...]]:
    for first in range(0, len(ready), size):
        yield tuple(ready[first : first + size])


def _installed(wanted: Sequence[Instance], home: Path, skipped: list[str]) -> Iterator[tuple[Instance, Path]]:
    for instance in wanted:
        try:
            yield instance, installed(instance, home)
        except NotInstalledError as error:
            skipped.append(str(error))
            print(f"SKIPPED {error}", flush=True)


def _inspected(
    batch: Sequence[tuple[Instance, Path]], grid: Grid, pack: Pack, skipped: list[str]
) -> list[tuple[Instance, Result]]:
    """Start a batch, inspect all of it at once, end it."""
    with contextlib.ExitStack() as open_ones, tempfile.TemporaryDirectory() as folder:
        up: list[tuple[Instance, str, int]] = []
        for number, (instance, where) in enumerate(batch, start=1):
            address = instance.address or f"{NETWORK}.{number}"
            try:
                up.append((instance, address, open_ones.enter_context(running(instance, where, address))))
            except NotInstalledError as error:
                skipped.append(str(error))
                print(f"SKIPPED {error}", flush=True)
        results = _inspect([(Path(folder, each[0].id), *each) for each in up], grid, pack) if up else []
        return list(zip([instance for instance, _, _ in up], results, strict=True))


def _inspect(up: Sequence[tuple[Path, Instance, str, int]], grid: Grid, pack: Pack) -> list[Result]:
    clock, key = SystemClock(), Ed25519PrivateKey.generate()
    for folder, instance, address, port in up:
        folder.mkdir()
        (folder / "declaration.yaml").write_text(yaml.safe_dump(_declaration(instance, address, port)), "utf-8")
    systems = [load_declaration(folder / "declaration.yaml") for folder, *_ in up]
    window = Window(start=clock.now(), end=clock.now() + WINDOW)
    common = up[0][0].parent
    return inspect_systems(
        [
            Inspection(
                inspection_id=new_id(),
                kind=Kind.SCHEDULED,
                system=system,
                items=(Item.HOLES,),
                window=window,
                pace=system.pace,
            )
            for system in systems
        ],
        [folder for folder, *_ in up],
        grid=grid,
        issuer=Issuer(name="Lab", contact="lab@localhost", key=key),
        pack=pack,
        clock=clock,
        claims=FileClaims(common / "claims", clock),
        audit=AuditLog(common / "audit.jsonl", key, clock),
        brake=Brake(),
        on_report=lambda _: None,
    )


def _declaration(instance: Instance, address: str, port: int) -> dict[str, object]:
    """Declare just the one port, of a name server also for UDP; the pace is that of a machine of our own."""
    return {
        "format": "tenken-declaration/1",
        "name": "lab",
        "title": instance.id,
        "operator": {"organisation": "Lab", "name": "Lab", "email": "lab@localhost.example"},
        "servers": [
            {
                "name": "server",
                "role": "other",
                "addresses": [address],
                "host_names": ["lab.example"] if instance.service == "domain" else [],
                "ports": [
                    {"port": port, "transport": transport, "service": instance.service, "purpose": "other"}
                    for transport in (("tcp", "udp") if instance.service == "domain" else ("tcp",))
                ],
            }
        ],
        "scan": [port],
        "pace": {
            "connections_per_s": 50,
            "requests_per_s": 50,
            "concurrent_connections": 10,
            "bytes_per_s": 10_000_000,
        },
        "calendar": {
            "time_zone": "UTC",
            "windows": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "00:00", "end": "00:00"}],
        },
    }


def _say(each: Row) -> None:
    wrong = each.missed or each.wrong or each.broken
    parts = {
        "found": each.found,
        "MISSED": each.missed,
        "WRONG": each.wrong,
        "suspected": each.doubted,
        "resisted": each.resisted,
        "no signature": each.unknown,
    }
    said = "; ".join(f"{name} {', '.join(ids)}" for name, ids in parts.items() if ids)
    mark = "!!" if wrong else "ok"
    print(f"{mark} {each.instance.id}: {each.asks} asks, {each.seconds:.0f} s; {said} {each.broken}", flush=True)
    for check, reason in each.untested:
        print(f"     not tested {check}: {reason}", flush=True)


def _end(rows: Sequence[Row], skipped: Sequence[str], pack: Pack, *, write: bool) -> int:
    text = page(rows, skipped, f"{SystemClock().now():%Y-%m-%d}", pack.digest)
    print(f"\n{text}")
    if write:
        PAGE.write_text(text, "utf-8")
    sum_ = total(rows)
    return int(sum_.recall < LEAST_RECALL or sum_.wrong > 0 or sum_.broken > 0)


if __name__ == "__main__":
    sys.exit(main())
