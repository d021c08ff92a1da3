"""Which walls stand on this host. Each is tried, not guessed: with throwaway namespaces that are removed at once, and no packet.

Nothing here changes the host, and nothing depends on the answer but what people are told.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import grid
from grid.gate import kernel
from grid.gate.account import AccountWall
from grid.gate.gate import Gate
from grid.gate.kernel import GateError
from grid.gate.rules import by_uid
from plugins.clock import Clock
from plugins.value import value
from probes.transcript import printable

_NET_ADMIN, _SYS_ADMIN = 12, 21
"""Numbers of capabilities (linux/capability.h)."""
_SOME_UID = 65_990
_CHILD_LIMIT_S = 60.0

# The guard stays for the life of a process, so it is tried in a child. What is tried would go nowhere: a closed loopback port.
_GUARD_TRIAL = """
import socket, subprocess
from grid.guard.process import arm
guard = arm()
missed = []
def tried(name, act):
    try:
        act()
    except Exception:
        pass
    if not guard.total > tried.before:
        missed.append(name)
    tried.before = guard.total
tried.before = 0
box = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
tried("connect", lambda: socket.create_connection(("127.0.0.1", 9), 1))
tried("send", lambda: box.sendto(b"", ("127.0.0.1", 9)))
tried("name look-up", lambda: socket.getaddrinfo("localhost", 9))
tried("raw socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
tried("program", lambda: subprocess.run(["true"]))
print("missed:", ", ".join(missed))
"""


@value
class Wall:
    """One wall, and whether it stands here."""

    name: str
    """permit, guard, gate or account."""
    holds: str
    """What it holds back, in a few words."""
    stands: bool
    """Whether it stands on this host."""
    in_every_run: bool
    """Whether every run has it; else a worker has to be started behind it (docs/walls.md)."""
    why: str
    """How that was found; when it does not stand, what is missing."""


def walls(clock: Clock) -> tuple[Wall, ...]:
    """Try every wall; the strongest last."""
    return (
        Wall(
            name="permit",
            holds="what our own code sends: address, port, window, pace",
            stands=True,
            in_every_run=True,
            why="a part of the only place that opens sockets",
        ),
        _wall("guard", "what libraries send through Python's own sockets, and programs that they start", guard),
        _wall("account", "ordinary and raw IP sockets of a worker without rights", lambda: account(clock)),
        _wall("gate", "everything, packet sockets and a worker that is root inside included", lambda: gate(clock)),
    )


def _wall(name: str, holds: str, trial: Callable[[], str]) -> Wall:
    """Try a wall; `trial` gives how it was found to stand, or raises `GateError`."""
    try:
        stands, why = True, trial()
    except GateError as error:
        stands, why = False, f"not here, because {error.who}: {error.seen}"
    return Wall(name=name, holds=holds, stands=stands, in_every_run=name == "guard", why=why)


def guard() -> str:
    """Arm the process guard in a child and try to get past it."""
    root = str(Path(grid.__file__).parent.parent)
    command = [sys.executable, "-c", _GUARD_TRIAL]
    environment = {**os.environ, "PYTHONPATH": root}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, timeout=_CHILD_LIMIT_S, check=False, cwd=os.sep
        )
    except subprocess.TimeoutExpired:
        raise GateError("process guard", "an end of its trial", f"none within {_CHILD_LIMIT_S:.0f} s") from None
    if done.returncode:
        said = printable(done.stderr.strip().rpartition(b"\n")[2], 300)
        raise GateError("process guard", "to be armed", said or f"exit code {done.returncode}")
    if missed := done.stdout.decode().strip().removeprefix("missed:").strip():
        raise GateError("process guard", "every attempt vetoed", f"it missed {missed}")
    return "armed in a child process: connect, send, look-up, raw socket and program were vetoed"


def account(clock: Clock) -> str:
    """Try rules by account in a namespace of their own."""
    _rights(_NET_ADMIN)
    with _throwaway() as namespace, AccountWall(by_uid(_SOME_UID), clock, namespace=namespace) as wall:
        wall.counted()
    return "rules by account were taken and removed in a throwaway namespace"


def gate(clock: Clock) -> str:
    """Make a whole gate on a throwaway switch, and remove it."""
    _rights(_NET_ADMIN, _SYS_ADMIN)
    with _throwaway() as namespace, Gate(clock, switch=namespace) as one:
        one.counted()
        inside = kernel.run(one.command(["id", "-u"])).strip()
        if inside != "0":
            raise GateError("user namespace", "to be root inside", f"account {printable(inside.encode(), 20)}")
    return "namespaces, cable, ingress rules and segment program were made and removed"


def _rights(*needed: int) -> None:
    """Raise `GateError` when this process lacks a capability."""
    names = {_NET_ADMIN: "CAP_NET_ADMIN", _SYS_ADMIN: "CAP_SYS_ADMIN"}
    held = _capabilities()
    if lacking := [names[each] for each in needed if not held >> each & 1]:
        raise GateError("rights", "root", f"this process lacks {' and '.join(lacking)} (run it as root)")


def _capabilities() -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16)
    return 0


@contextlib.contextmanager
def _throwaway() -> Iterator[str]:
    name = f"tenken-trial-{secrets.token_hex(3)}"
    kernel.run(["ip", "netns", "add", name])
    try:
        yield name
    finally:
        kernel.run(["ip", "netns", "delete", name])
