"""Runs the scenes of `tests/grid/escape.py`, each in a process of its own, and counts at the goal what came.

    with escaping() as run:
        outcome = run("connect", guarded=True)

Checks of `tests/grid/armed.py` are run alike. The processes are forked by one server (`python -m tests.grid.escaping`), so that
a scene costs no start of Python. As root they get a resolver on loopback that counts what it is asked for.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import itertools
import json
import logging
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.guard.process import NEEDED, arm
from grid.key import trusted
from grid.permit import Permit
from grid.seal import open_order, seal
from grid.window import Window
from plugins.clock import SystemClock
from probes.target import DeclaredPort, PortRange, Purpose, Transport
from tests.grid.escape import FORGED_PORT, IN_SCOPE, SCENES, Goal
from tests.grid.orders import make_order, make_target

ETHERNET_IP = 0x0800
GOAL = "127.0.68.1"
RESOLVER = "127.0.68.53"
NAME = "goal.escape.test"
SECONDS = 20
"""What one scene may take."""


@dataclass(frozen=True)
class Outcome:
    """What came of one try."""

    seen: int
    """Connections, datagrams and questions that the goal and the resolver saw."""
    error: str
    """Class of the exception that ended the scene; empty when none did."""
    vetoes: dict[str, int] = field(default_factory=dict)
    """The guard's own count."""


class Watch:
    """Counts connections and datagrams at one address. It answers datagrams as a name server that knows nothing."""

    def __init__(self, address: str, port: int = 0, ignored: bytes = b"\0nothing") -> None:
        self.seen = 0
        self._ignored = ignored
        tcp = socket.create_server((address, port), backlog=64)
        self.port: int = tcp.getsockname()[1]
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((address, self.port))
        self._end, self._ending = socket.socketpair()
        self._ways: dict[socket.socket, Callable[[], None]] = {
            tcp: lambda: self._accept(tcp),
            udp: lambda: self._answer(udp),
        }
        if is_root():  # what comes below IP is seen on the wire only
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETHERNET_IP))
            wire.bind(("lo", ETHERNET_IP))
            self._forged = socket.inet_aton(address), struct.pack("!HH", FORGED_PORT, self.port)
            self._ways[wire] = lambda: self._listen(wire)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while True:
            ready, _, _ = select.select([*self._ways, self._end], [], [])
            for each in ready:
                if each is not self._end:
                    self._ways[each]()
            if ready == [self._end]:
                return  # what had come before the end was said is counted by now

    def _accept(self, tcp: socket.socket) -> None:
        tcp.accept()[0].close()
        self.seen += 1

    def _answer(self, udp: socket.socket) -> None:
        data, sender = udp.recvfrom(2048)
        self.seen += self._ignored not in data
        with contextlib.suppress(OSError):  # a forged sender cannot be answered
            udp.sendto(data[:2] + b"\x81\x83" + data[4:6] + bytes(6) + data[12:], sender)

    def _listen(self, wire: socket.socket) -> None:
        data, _ = wire.recvfrom(2048)
        self.seen += data[16:20] == self._forged[0] and data[20:24] == self._forged[1]

    def close(self) -> int:
        """Give how much came until now."""
        self._ending.send(b"x")
        self._thread.join(5)
        for each in (*self._ways, self._end, self._ending):
            each.close()
        return self.seen


Run = Callable[[str, bool], Outcome]


@functools.cache
def is_root() -> bool:
    """Tell whether raw sockets and a mount of our own are to be had (root in a container may have neither)."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


@contextlib.contextmanager
def escaping() -> Iterator[Run]:
    """Start the server of scenes for the length of the block."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.grid.escaping"]
        settings = {"resolv.conf": f"nameserver {RESOLVER}\noptions timeout:2\n", "nsswitch.conf": "hosts: files dns\n"}
        mounts = []
        for name, text in settings.items():
            Path(folder, name).write_text(text, encoding="ascii")
            mounts.append(f"mount --bind '{folder}/{name}' /etc/{name}")
        if is_root():
            command = ["unshare", "--mount", "sh", "-c", " && ".join([*mounts, 'exec "$@"']), "sh", *command]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        try:
            yield lambda name, guarded: _ask(server, name, guarded)
        finally:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.close()
            server.wait(10)
            server.stdout.close()


ROWS = "| try | process guard |\n|---|---|\n"


def table() -> str:
    """Give what each scene comes to, for docs/walls.md."""
    text = ""
    for group in dict.fromkeys(each.group for each in SCENES.values()):
        rows = [each for each in SCENES.values() if each.group == group]
        told = (f"| {each.words} | {'0 seen' if each.stopped else '**missed**'} |\n" for each in rows)
        text += f"| *{group}* | |\n{''.join(told)}"
    return ROWS + text


def write(page: Path) -> None:
    """Put the table into the page, in place of the one that is there."""
    before, _, after = page.read_text(encoding="utf-8").partition(ROWS)
    rest = after.splitlines(keepends=True)
    kept = list(itertools.dropwhile(lambda line: line.startswith("|"), rest))
    page.write_text(before + table() + "".join(kept), encoding="utf-8")


def _ask(server: subprocess.Popen[str], name: str, guarded: bool) -> Outcome:
    assert server.stdin is not None
    assert server.stdout is not None
    watches = [Watch(GOAL), *([Watch(RESOLVER, 53, b"\x09something")] if is_root() else [])]
    server.stdin.write(json.dumps([name, guarded, watches[0].port]) + "\n")
    told = json.loads(server.stdout.readline())
    return Outcome(seen=sum(watch.close() for watch in watches), **told)


def permit(key: Ed25519PrivateKey) -> Permit:
    """Open an order for another address than the goal's."""
    clock = SystemClock()
    target = make_target(address=IN_SCOPE[0], port=8000)
    datagrams = DeclaredPort(
        ports=PortRange(first=IN_SCOPE[1], last=IN_SCOPE[1]),
        transport=Transport.UDP,
        service="domain",
        purpose=Purpose.SHOP,
    )
    now = clock.now()
    order = make_order(
        target=replace(target, ports=(*target.ports, datagrams)),
        window=Window(start=now, end=now + timedelta(seconds=60)),
    )
    every_port = replace(order.scope, tcp_ports=(PortRange(first=1, last=65535),))
    return open_order(seal(replace(order, scope=every_port), key), trusted(key), clock)


def check(name: str, goal: Goal) -> dict[str, Any]:
    """Play one check of `tests/grid/armed.py` in this process; an empty error means that it holds."""
    try:
        getattr(importlib.import_module("tests.grid.armed"), name)(goal)
    except BaseException:  # noqa: BLE001 - whatever a check ends with is told
        return {"error": traceback.format_exc()}
    return {"error": ""}


def _play(name: str, guarded: bool, goal: Goal) -> dict[str, Any]:
    """Play one scene in this process, which is good for nothing else afterwards."""
    logging.disable()
    error, vetoes = "", {}
    act = SCENES[name].act(goal)
    next(act)
    guard = arm() if guarded else None
    try:
        with guard.admitting(goal.permit) if guard else contextlib.nullcontext():
            next(act, None)
    except BaseException as raised:  # noqa: BLE001 - whatever a scene ends with is told
        error = type(raised).__name__
    if guard:
        vetoes = guard.vetoes
    return {"error": error, "vetoes": vetoes}


def _serve() -> None:
    key = Ed25519PrivateKey.generate()
    for each in NEEDED:
        importlib.import_module(each)
    for line in sys.stdin:
        name, guarded, port = json.loads(line)
        read, write = os.pipe()
        if (child := os.fork()) == 0:
            signal.alarm(SECONDS)
            os.dup2(os.open(os.devnull, os.O_RDWR), 0)
            os.dup2(0, 1)
            os.dup2(0, 2)
            goal = Goal(GOAL, port, NAME, permit(key))
            told = _play(name, guarded, goal) if name in SCENES else check(name, goal)
            os.write(write, json.dumps(told).encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read, encoding="ascii") as heard:
            answer = heard.read()
        os.waitpid(child, 0)
        print(answer or json.dumps({"error": "gone"}), flush=True)


if __name__ == "__main__":
    _serve()
