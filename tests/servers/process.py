"""Starts a server program, waits until it listens, ends it by pid."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PROGRAM_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
READY_S = 10.0


class NotReadyError(Exception):
    """A server that did not listen in time."""

    def __init__(self, program: str, address: str, port: int, said: str) -> None:
        super().__init__(program, address, port, said)
        self.program, self.address, self.port, self.said = program, address, port, said

    def __str__(self) -> str:
        return f"{self.program} does not listen at {self.address}:{self.port}; it said: {self.said}"


def installed(name: str) -> str | None:
    """Give the path of a server program, or None when the package is not installed."""
    return shutil.which(name, path=PROGRAM_FOLDERS)


def free_port(address: str) -> int:
    """Give a TCP port that nobody listens at right now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def listens(address: str, port: int) -> bool:
    """Tell whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((address, port)) == 0


@contextlib.contextmanager
def running(
    command: Sequence[str], address: str, port: int, log: Path, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in the foreground until the block ends."""
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=cwd)
    try:
        wait_until_listening(server, command[0], address, port, log)
        yield server
    finally:
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(5)


def wait_until_listening(server: subprocess.Popen[bytes], name: str, address: str, port: int, log: Path) -> None:
    """Return when it listens; raise `NotReadyError` with its last words when it ends or takes too long."""
    deadline = time.monotonic() + READY_S
    while not listens(address, port):
        if server.poll() is not None or time.monotonic() > deadline:
            raise NotReadyError(name, address, port, log.read_text(errors="replace")[-500:])
        time.sleep(0.02)  # a poll of another process: there is no event to wait for
