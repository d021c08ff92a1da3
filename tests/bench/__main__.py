"""Runs the benchmarks that are named, or all."""

from __future__ import annotations

import os
import platform
import sys

from tests.bench import corpus, defects, demo, edge, gate, guard, holes, pace, ports, signatures, tls

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
    "signatures": signatures.main,
    "tls": tls.main,
}
"""Name -> what prints its figures."""


def main(names: list[str]) -> int:
    """Run benchmarks; wrong names are told."""
    if unknown := [name for name in names if name not in BENCHES]:
        print(f"unknown benchmark {', '.join(unknown)}; there are: {', '.join(BENCHES)}", file=sys.stderr)
        return 3
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}")
    print(f"load before: {os.getloadavg()[0]:.2f}")
    for name in names or list(BENCHES):
        print(f"\n== {name}")
        BENCHES[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
