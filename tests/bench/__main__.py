"""Runs the benchmarks that are named, or all but those that take minutes."""

from __future__ import annotations

import os
import platform
import sys

from tests.bench import corpus, defects, demo, edge, gate, guard, holes, pace, ports, shop, signatures, tls

BENCHES = {
    "corpus": corpus.main,
    "defects": defects.main,
    "demo": demo.main,
    "edge": edge.main,
    "gate": gate.main,
    "guard": guard.main,
    "holes": holes.main,
    "pace": pace.main,
    "ports": ports.main,
    "shop": shop.main,
    "signatures": signatures.main,
    "tls": tls.main,
}
"""Name -> what prints its figures."""
BY_NAME = frozenset({"defects", "shop"})
"""Those that take minutes: they run only when they are named."""


def main(names: list[str]) -> int:
    """Run benchmarks; wrong names are told."""
    if unknown := [name for name in names if name not in BENCHES]:
        print(f"unknown benchmark {', '.join(unknown)}; there are: {', '.join(BENCHES)}", file=sys.stderr)
        return 3
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}")
    print(f"load before: {os.getloadavg()[0]:.2f}")
    for name in names or [name for name in BENCHES if name not in BY_NAME]:
        print(f"\n== {name}")
        BENCHES[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
