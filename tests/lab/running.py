"""Starts an instance in a process session of its own on a loopback address, waits until it answers, ends exactly its processes."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.lab.install import NotInstalledError
from tests.lab.instance import Instance
from tests.servers.process import free_port

END_S = 8.0
"""Longest time that a server may take to end before it is killed."""


@contextlib.contextmanager
def running(instance: Instance, folder: Path, address: str) -> Iterator[int]:
    """Run an instance; give its port. Raises `NotInstalledError` when it does not come up."""
    port = free_port(address)
    with tempfile.TemporaryDirectory(prefix="tenken-lab-") as data:
        for name, text in instance.files.items():
            path = Path(data, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        log = Path(data, ".log")
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["bash", "-c", instance.run],
                cwd=data,
                env=_environment(folder, address, port, data),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        try:
            _wait(instance, process, address, port, log)
            yield port
        finally:
            _end(process)


def _environment(folder: Path, address: str, port: int, data: str) -> dict[str, str]:
    commands, modules = folder / "env" / "bin", folder / "node_modules"
    return {
        "PATH": f"{commands}:{modules / '.bin'}:{os.environ['PATH']}:/usr/sbin:/sbin",
        "HOME": data,
        "LANG": "C.UTF-8",
        "ADDRESS": address,
        "PORT": str(port),
        "DATA": data,
        "BIN": str(commands),
        "MODULES": str(modules),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _wait(instance: Instance, process: subprocess.Popen[bytes], address: str, port: int, log: Path) -> None:
    deadline = time.monotonic() + instance.seconds
    while not _answers(instance, address, port):
        if process.poll() is not None or time.monotonic() > deadline:
            last = log.read_text("utf-8", errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            why = "ended" if process.poll() is not None else f"was not ready within {instance.seconds:g} s"
            raise NotInstalledError(instance.id, f"{why}: {last[0][:200]}")
        time.sleep(0.2)  # a poll of a foreign program: there is no event to wait for


def _answers(instance: Instance, address: str, port: int) -> bool:
    try:
        if not instance.ready:
            with socket.create_connection((address, port), timeout=2):
                return True
        asked = http.client.HTTPConnection(address, port, timeout=5)
        asked.request("GET", instance.ready)
        # A page that is not there yet does not count: some servers listen before their parts are loaded.
        return asked.getresponse().status in {*range(200, 400), 401, 403}
    except (OSError, http.client.HTTPException):
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the session: what an instance started ends with it."""
    for number, patience in ((signal.SIGTERM, END_S), (signal.SIGKILL, END_S)):
        members = _session(process.pid)
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + patience
        while _session(process.pid) and time.monotonic() < deadline:
            process.poll()
            time.sleep(0.05)  # a poll of foreign processes
    process.wait()


def _session(leader: int) -> list[int]:
    """Give the living processes of a session (proc(5): field 6 of stat, state Z is dead)."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader and fields[0] != "Z":
                found.append(int(entry.name))
    return found
