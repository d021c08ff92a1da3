"""What people wait for: `tenken signatures lint` and `tenken signatures test` over the whole corpus, programs started afresh."""

from __future__ import annotations

import subprocess
import sys
import time


def main() -> None:
    """Print seconds; the bound is that of the issue."""
    total = 0.0
    for command in ("lint", "test", "quotas"):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "dashboards.cli", "signatures", command], capture_output=True, text=True, check=False
        )
        took = time.perf_counter() - began
        total += took if command != "quotas" else 0
        last = done.stdout.strip().splitlines()[-1:] if command != "quotas" else []
        print(f"  signatures {command:<8} {took:6.2f} s   exit {done.returncode}   {''.join(last)}")
    print(f"  lint and test        {total:6.2f} s   (bound 20 s)")
