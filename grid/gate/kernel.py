"""The words that the gate says to the kernel: `ip`, `nft`, `nsenter`, each one short command with a time limit."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from probes.transcript import printable

LIMIT_S = 20.0
"""Seconds that one command may take."""


class GateError(Exception):
    """The kernel, or one of its tools, did not do what the gate needs."""

    def __init__(self, who: str, expected: str, seen: str) -> None:
        super().__init__(who, expected, seen)
        self.who, self.expected, self.seen = who, expected, seen

    def __str__(self) -> str:
        return f"{self.who}: expected {self.expected}, seen {self.seen}; `tenken doctor` says what this host can do"


def run(command: Sequence[str], text: str = "") -> str:
    """Run one command with `text` on its standard input; give its standard output. Raises `GateError`."""
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=LIMIT_S, check=False)
    except FileNotFoundError:
        raise GateError(command[0], "the program on this host", "no such program") from None
    except PermissionError:
        raise GateError(command[0], "a program that may be run", "permission denied") from None
    except subprocess.TimeoutExpired:
        raise GateError(" ".join(command[:6]), f"an end within {LIMIT_S:.0f} s", "none") from None
    if done.returncode:
        said = printable(done.stderr.strip(), 300) or f"exit code {done.returncode}"
        raise GateError(" ".join(command[:6]), "success", said)
    return done.stdout.decode("utf-8", "replace")


def run_json(command: Sequence[str]) -> Any:  # noqa: ANN401 - JSON is what it is
    """Run one command that answers in JSON."""
    out = run(command)
    try:
        return json.loads(out)
    except ValueError:
        raise GateError(" ".join(command[:6]), "JSON", printable(out.encode(), 200)) from None


def inside(namespace: str, command: Sequence[str]) -> list[str]:
    """Give the command that runs in a network namespace; empty: the one we are in."""
    return ["ip", "netns", "exec", namespace, *command] if namespace else list(command)
