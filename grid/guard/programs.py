"""Rules for other programs and other processes: none is started but exactly the allowed ones, and none is signalled but our own."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import probes
from grid.guard.veto import Event, Rule
from plugins.value import value

FORKED = "tenken.fork_exec"
"""The event that `quiet.py` raises where the interpreter raises none."""


@value
class Program:
    """A program that may be started: exactly this, and with exactly this environment."""

    argv: tuple[str, ...]
    """Its whole argument vector."""
    env: Mapping[str, str]
    """Its whole environment."""


def tls_prober() -> Program:
    """Give the child of `probes/tls/crew.py`."""
    return _child("probes.tls.prober")


def deep_tls_prober() -> Program:
    """Give the child of `probes/tls/crew.py` for the deep scan."""
    return _child("probes.tls.deep.prober")


def tls_witness() -> Program:
    """Give the child of `probes/tls/path.py`."""
    return _child("probes.tls.witness")


def service_prober() -> Program:
    """Give the child of `probes/services/version_scan.py`, which may start nmap and nothing else (`enclosure.py`)."""
    return _child("probes.services.prober")


def _child(module: str) -> Program:
    root = Path(probes.__file__).parent.parent
    return Program(
        argv=(sys.executable, "-P", "-m", module),
        env={"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
    )


class Programs:
    """What may be started and signalled."""

    def __init__(self, allowed: Sequence[Program]) -> None:
        self._allowed = tuple((program.argv, dict(program.env)) for program in allowed)

    def rules(self) -> Mapping[str, Rule]:
        """Give a rule for each event."""
        never = ("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn")
        return MappingProxyType(
            {
                **dict.fromkeys(never, _never),
                "subprocess.Popen": self._starts,
                FORKED: self._starts,
                "os.kill": _signals,
                "os.killpg": _never,
            }
        )

    def _starts(self, event: Event) -> str:
        executable, argv, folder, env = event
        plain = tuple(argv) if isinstance(argv, list | tuple) else ()
        # Exact types: a subclass could tell the kernel one thing and the guard another.
        exact = all(type(each) is str for each in plain) and type(env) is dict
        known = exact and (plain, env) in self._allowed and folder is None and executable == plain[0]
        return "" if known else f"start of {str(argv)[:200]}"


def _never(event: Event) -> str:
    return str(event)[:200]


def _signals(event: Event) -> str:
    number, signal = event
    ours = number == os.getpid() or (number > 0 and _parent(number) in {0, os.getpid()})
    return "" if ours else f"signal {signal} to process {number}, which is not a child of this one"


def _parent(number: int) -> int:
    """Give the parent of a process; 0 when there is no such process, so that nobody is hit."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{number}/stat").read_text(encoding="ascii", errors="replace")
        return int(status.rpartition(")")[2].split()[1])
    return 0


def plain_environment(entries: Any) -> object:  # noqa: ANN401 - whatever a caller of fork_exec hands over
    """Turn the environment of `fork_exec` (`[b"name=value"]`) into a mapping; what is something else stays as it is."""
    if not isinstance(entries, list | tuple) or not all(type(each) is bytes for each in entries):
        return entries
    pairs = (os.fsdecode(each).partition("=") for each in entries)
    return {name: setting for name, _, setting in pairs}
