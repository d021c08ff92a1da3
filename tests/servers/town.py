"""A network namespace in which servers stand at addresses of their own (10.42.0.1 to 10.42.0.9), and which nothing can leave.

Its only device is loopback, so whoever binds every address binds these and no other. Needs root.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

READY_S = 40.0
_EVERY = {"*": "0.0.0.0", "[::]": "0.0.0.0"}
"""How the kernel writes a socket that answers at every address."""


class NotListeningError(Exception):
    """A server that did not listen in time."""


@dataclass
class Town:
    """The namespace and what was started in it."""

    name: str
    run: Path
    """What the servers see as /run: rpcbind and who registers there have to share it."""
    started: dict[str, tuple[subprocess.Popen[bytes], Path]] = field(default_factory=dict)

    def inside(self, command: Sequence[str]) -> list[str]:
        """Give the command that runs in the namespace, with the town's own /run."""
        private = 'mount --bind "$1" /run && shift && exec "$@"'
        return ["ip", "netns", "exec", self.name, "sh", "-c", private, "sh", str(self.run), *command]

    def start(self, name: str, command: Sequence[str], folder: Path) -> None:
        """Start a server; `wait` says when it listens."""
        log = folder / "output.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                self.inside(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started[name] = (server, log)

    def listening(self) -> set[tuple[str, int]]:
        """Give every address and TCP port that listens, by the kernel's own table."""
        run = subprocess.run(
            ["ip", "netns", "exec", self.name, "ss", "-Hltn"], check=True, capture_output=True, text=True
        )
        ends = (line.split()[3].rsplit(":", 1) for line in run.stdout.splitlines())
        return {(_EVERY.get(host, host).partition("%")[0], int(port)) for host, port in ends}

    def wait(self, places: dict[str, tuple[str, int]]) -> None:
        """Return when all listen; raises `NotListeningError` with the last words of those that do not."""
        deadline = time.monotonic() + READY_S
        while missing := self._missing(places):
            ended = [name for name in missing if name in self.started and self.started[name][0].poll() is not None]
            if ended or time.monotonic() > deadline:
                words = {name: self.started[name][1].read_text(errors="replace")[-400:] for name in ended or missing}
                raise NotListeningError(f"not listening: {words}")
            time.sleep(0.05)  # a poll of other processes: there is no event to wait for

    def _missing(self, places: dict[str, tuple[str, int]]) -> list[str]:
        listening = self.listening()
        return [name for name, (host, port) in places.items() if not {(host, port), ("0.0.0.0", port)} & listening]

    def end(self) -> None:
        """End every server, with all its children."""
        for server, _ in self.started.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
        deadline = time.monotonic() + 3
        for server, _ in self.started.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(max(0.1, deadline - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait(5)


@contextlib.contextmanager
def town(folder: Path) -> Iterator[Town]:
    """Make the namespace for the length of the block; whatever still runs in it at the end is ended with it."""
    made = Town(f"tenken-town-{secrets.token_hex(3)}", folder / "run")
    for name in ("sshd", "rpcbind", "ganesha", "named"):
        (made.run / name).mkdir(parents=True)
    subprocess.run(["ip", "netns", "add", made.name], check=True)
    try:
        subprocess.run(["ip", "-n", made.name, "link", "set", "lo", "up"], check=True)
        for last in range(1, 10):
            subprocess.run(["ip", "-n", made.name, "address", "add", f"10.42.0.{last}/32", "dev", "lo"], check=True)
        yield made
    finally:
        made.end()
        left = subprocess.run(["ip", "netns", "pids", made.name], check=False, capture_output=True, text=True)
        for pid in left.stdout.split():  # daemons that left their session; nobody else can be in this namespace
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        subprocess.run(["ip", "netns", "delete", made.name], check=False, capture_output=True)
