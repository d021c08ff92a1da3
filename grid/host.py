"""What of this host matters to an inspection: clocks, programs, Ray's token, what killed runs left."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from grid.gate.gate import PREFIX
from plugins.value import value
from probes.transcript import printable

_TIME_ERROR = 5
"""What adjtimex(2) answers when the clock is not synchronised."""
_TIMEX_BYTES = 512
"""More than struct timex needs on any architecture."""
_LIMIT_S = 10.0


@value
class Fact:
    """One fact about the host."""

    name: str
    """What it is about."""
    seen: str
    """What was seen."""
    good: bool
    """Whether an inspection can do with it as it is."""


def facts(environment: Mapping[str, str], home: Path, namespaces: Path = Path("/run/netns")) -> tuple[Fact, ...]:
    """Look at the host; sends nothing, changes nothing."""
    return (
        Fact(name="python", seen=platform.python_version(), good=platform.python_implementation() == "CPython"),
        Fact(name="kernel", seen=f"{platform.system()} {platform.release()}", good=platform.system() == "Linux"),
        wall_clock(),
        steady_clock(),
        nmap(),
        ray_token(environment, home),
        uvloop(),
        left_over(namespaces),
    )


def wall_clock() -> Fact:
    """Tell whether the kernel believes its wall clock: windows are agreed in wall time."""
    adjtimex = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
    if adjtimex is None:
        return Fact(name="wall clock", seen="this system does not say whether it is synchronised", good=False)
    state = adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    good = 0 <= state < _TIME_ERROR
    seen = "synchronised" if good else "not synchronised: windows begin and end by it, so run an NTP client"
    return Fact(name="wall clock", seen=seen, good=good)


def steady_clock(folder: Path = Path("/sys/devices/system/clocksource/clocksource0")) -> Fact:
    """Tell what drives the clock that a set wall clock does not move."""
    try:
        source = (folder / "current_clocksource").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return Fact(name="steady clock", seen="this system does not say what drives it", good=False)
    # Without a source in hardware, time is counted in timer interrupts, which a busy virtual machine loses.
    return Fact(
        name="steady clock", seen=printable(source.encode(), 40), good=source not in {"jiffies", "refined-jiffies"}
    )


def nmap() -> Fact:
    """Tell whether nmap is there: services are told apart by it."""
    path = shutil.which("nmap")
    if path is None:
        return Fact(name="nmap", seen="not installed: services are not identified by fingerprint", good=False)
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Fact(name="nmap", seen=f"cannot be run: {type(error).__name__}", good=False)
    return Fact(name="nmap", seen=printable(done.stdout.partition(b"\n")[0], 60), good=done.returncode == 0)


def ray_token(environment: Mapping[str, str], home: Path) -> Fact:
    """Tell how workers are kept from strangers; never the token itself."""
    if environment.get("RAY_AUTH_MODE", "token") != "token":
        return Fact(
            name="ray token", seen="RAY_AUTH_MODE switches it off: whoever reaches a port runs code", good=False
        )
    if "RAY_AUTH_TOKEN" in environment:
        where = "on, from RAY_AUTH_TOKEN"
    elif "RAY_AUTH_TOKEN_PATH" in environment or (home / ".ray" / "auth_token").exists():
        where = "on, from its file"
    else:
        where = "on, made afresh for a cluster of our own; a joined cluster needs its own"
    return Fact(name="ray token", seen=where, good=True)


def uvloop() -> Fact:
    """Tell whether the event loop that the guard cannot see is installed."""
    there = importlib.util.find_spec("uvloop") is not None
    seen = "installed: its transports pass the process guard; keep it out of workers" if there else "not installed"
    return Fact(name="uvloop", seen=seen, good=not there)


def left_over(namespaces: Path) -> Fact:
    """Tell of gates whose owner is perhaps gone: they hold until they are removed, and let nothing out after their window."""
    try:
        names = sorted(each.name for each in namespaces.iterdir() if each.name.startswith(PREFIX))
    except OSError:
        names = []
    if not names:
        return Fact(name="gates", seen="none is standing", good=True)
    listed = printable(", ".join(names[:5]).encode(), 120)
    return Fact(
        name="gates", seen=f"{len(names)} standing ({listed}); remove dead ones with `ip netns delete`", good=True
    )


def current() -> tuple[Fact, ...]:
    """Look at the host with this process's own environment."""
    return facts(os.environ, Path.home())
