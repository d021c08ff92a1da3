"""What the child of the version scan may do: answer on loopback and start nmap with exactly the arguments given here. For good.

nmap gets a loopback address and no right to raw sockets; it never learns the address of the shop. The wall is built in the child.
"""

from __future__ import annotations

import contextlib
import os
import resource
import stat
import sys
from collections.abc import Collection
from pathlib import Path

from probes.services.wire import Job

NMAP = ("/usr/bin/nmap", "/usr/local/bin/nmap")
"""Where nmap is looked for."""
NO_SCRIPTS = Path(__file__).parent / "no_scripts"
"""A data folder of nmap's whose list of scripts is empty: `-sV` would run all scripts of the category `version` otherwise."""
NOBODY = 65_534
"""Account and group that the child becomes where it can."""
_MEBIBYTE = 1_048_576
_LIMITS = (
    (resource.RLIMIT_AS, 2048 * _MEBIBYTE),
    (resource.RLIMIT_CPU, 300),
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_FSIZE, 0),
    (resource.RLIMIT_NOFILE, 512),
)
_NEVER = {
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.system",
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyaddr",
    "socket.gethostbyname",
    "socket.getnameinfo",
    "socket.sendmsg",
    "socket.sendto",
}


class EnclosureError(Exception):
    """Something tried to leave by another door."""

    def __init__(self, event: str, subject: str) -> None:
        super().__init__(event, subject)
        self.event, self.subject = event, subject

    def __str__(self) -> str:
        return f"{self.event} {self.subject}: the version scan may only start nmap as told"


def program() -> str:
    """Give the path of nmap; empty: it is not installed."""
    return next((path for path in NMAP if os.access(path, os.X_OK)), "")


def arguments(job: Job) -> str:
    """Give nmap's arguments behind address and port.

    Connect scan and version detection of one host that is there, without names, scripts, raw sockets or second tries.
    """
    words = (
        *("-sT", "-sV", "-Pn", "-n", "--unprivileged", "--datadir", str(NO_SCRIPTS)),
        *("--max-retries", "0", "--max-parallelism", "1", "--max-rate", f"{job.connections_per_s:g}"),
        *("--version-intensity", "7", "--host-timeout", f"{job.seconds:g}s"),
    )
    return " ".join(words)


def commands(job: Job, places: Collection[tuple[str, int]]) -> frozenset[tuple[str, ...]]:
    """Give every command that may be started: nmap's version, and one look at each loopback address and port of `places`."""
    nmap = program()
    looks = ((nmap, "-oX", "-", host, "-p", str(port), *arguments(job).split(" ")) for host, port in places)
    return frozenset(((nmap, "-V"), *looks))


def build(allowed: frozenset[tuple[str, ...]]) -> None:
    """Limit memory, processor time and files, give up root, and veto every way out but starting `allowed`."""
    for limit, most in _LIMITS:
        _, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (most, most) if hard == resource.RLIM_INFINITY or hard > most else (hard, hard))
    _give_up_root()

    def veto(event: str, args: tuple[object, ...]) -> None:
        if event in _NEVER:
            raise EnclosureError(event, "")
        if event == "subprocess.Popen":
            argv = args[1]
            if not isinstance(argv, list) or tuple(argv) not in allowed or args[0] != argv[0]:
                raise EnclosureError(event, str(argv)[:200])

    sys.addaudithook(veto)


def _give_up_root() -> None:
    """Become nobody, where that leaves nmap able to see that it has no scripts; inside a gate root is nobody already."""
    if os.geteuid() != 0 or not all(_open_to_all(path) for path in (NO_SCRIPTS / "scripts", *NO_SCRIPTS.parents)):
        return
    with contextlib.suppress(OSError):
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def _open_to_all(folder: Path) -> bool:
    wanted = stat.S_IROTH | stat.S_IXOTH
    return folder.stat().st_mode & wanted == wanted
