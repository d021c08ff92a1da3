"""One shop system as a process of its own.

python -m dashboards.demo.shop pass --folder FOLDER --network 127.0.41 --first 10

It starts its servers, writes FOLDER/declaration.yaml, says `ready` on its standard output, and serves until its standard input
ends or it is told to stop. So it ends with whoever started it, however that one ended.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import yaml

from dashboards.demo.authority import Authority
from dashboards.demo.ground import Ground, read_held, scan
from dashboards.demo.servers import NoPortError
from dashboards.demo.systems import SHOPS, Site, declaration
from plugins.clock import SystemClock

READY = "ready"
"""What it says when all its servers listen and its declaration is written."""
DECLARATION = "declaration.yaml"
"""File name of its declaration."""


async def start(name: str, folder: Path, ground: Ground) -> None:
    """Start the servers of a system and write its declaration."""
    held = read_held()
    clock = SystemClock()
    authority = Authority(clock.now())
    (folder / "root.pem").write_text(authority.root_pem, encoding="ascii")
    entries = await SHOPS[name].start(Site(folder, ground, authority, clock))
    document = declaration(name, entries, scan(held))
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    (folder / DECLARATION).write_text(text, encoding="utf-8")


async def _serve(name: str, folder: Path, ground: Ground) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Ctrl-C reaches the whole group of the terminal; the one who started this process decides when it ends.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(sys.stdin.fileno(), stop.set)
    await start(name, folder, ground)
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    await stop.wait()


def main() -> int:
    """Run one system until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.demo.shop", description=__doc__)
    parser.add_argument("name", choices=sorted(SHOPS))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--network", required=True, help="first three numbers of its addresses, such as 127.0.41")
    parser.add_argument("--first", type=int, required=True, help="last number of its first address")
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(_serve(given.name, given.folder, Ground(network=given.network, first=given.first)))
        except (NoPortError, OSError) as error:
            sys.stderr.write(f"demo shop {given.name}: {error}\n")
            return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
