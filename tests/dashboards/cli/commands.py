"""Running `tenken` as people do: in a process of its own, with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def environment(home: Path) -> dict[str, str]:
    """Give the environment of a user who has never used Tenken."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {**kept, "HOME": str(home), "TENKEN_HOME": str(home / "tenken"), "COLUMNS": "160"}


def command(*arguments: str | Path) -> list[str]:
    """Give the argument vector of one `tenken` command."""
    return [sys.executable, "-m", "dashboards.cli", *[str(argument) for argument in arguments]]


def tenken(home: Path, *arguments: str | Path, timeout_s: float = 180) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
