"""A grid whose workers live inside a gate: one call makes gate, way out, Ray's head outside and node inside; leaving removes all.

driver + Ray's head (host) ==cable==> Ray's node (inside) --orders--> gate --way out--> shop

Each order is let out when it is handed out, and shut off when it has ended.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

import grid as package
from grid import walls
from grid.cluster import ray
from grid.gate import kernel
from grid.gate.cable import Cable, RayPorts
from grid.gate.egress import check_uplink, unreachable, way_out
from grid.gate.gate import Gate
from grid.gate.kernel import GateError
from grid.gate.passage import PassageError
from grid.key import TrustedKeys
from grid.run import SLOT, WORKERS, Grid
from grid.seal import SealedOrder, SealError, open_order
from plugins.clock import Clock, SystemClock
from probes.transcript import printable

START_LIMIT_S = 90.0
"""Seconds that Ray's head, or its node, has to come up."""
_END_LIMIT_S = 20.0
_LOOK_EVERY_S = 0.1
# Whoever is killed cannot clean up: then the kernel ends Ray. Inside the namespace, because changing accounts clears the wish.
_WITH_US = ("setpriv", "--pdeathsig", "TERM", "--")
_FIRST_PORTS = range(20_000, 32_000, 200)


class Porter:
    """Lets orders out of a gate and shuts them off; the `Door` of a grid. Inspections run in threads, the gate takes turns."""

    def __init__(self, gate: Gate, uplink: str, clock: Clock) -> None:
        self._gate, self._uplink, self._clock = gate, uplink, clock
        self._turn = threading.Lock()

    def open(self, sealed: SealedOrder, trusted: TrustedKeys) -> str:
        """Let an order out; give why that cannot be, empty when it is done."""
        try:
            permit = open_order(sealed, trusted, self._clock)
            refusal = unreachable(permit.order.scope.target.addresses, self._uplink, self._gate.switch)
            if not refusal:
                with self._turn:
                    self._gate.open(permit)
        except (GateError, PassageError, SealError) as error:
            return f"the gate stayed shut: {error}"
        return refusal

    def close(self, order_id: str) -> str:
        """Shut an order off; give why the gate may have held back what it should not have, empty when it stood to the end."""
        try:
            with self._turn:
                self._gate.close(order_id)
        except GateError as error:
            return f"the gate did not stand to the end: {error}"
        return ""


def check(uplink: str, clock: Clock) -> None:
    """Raise `GateError` naming what this host lacks for a gate with this way out; leaves nothing behind and sends nothing."""
    walls.gate(clock)
    check_uplink(uplink)


@contextlib.contextmanager
def gated_grid(uplink: str, *, workers: int = WORKERS, clock: Clock | None = None, raw: bool = False) -> Iterator[Grid]:
    """Start a grid inside a gate whose way out is the network device `uplink`. Root only. Raises `GateError`."""
    clock = clock or SystemClock()
    check(uplink, clock)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_ending_in_order())
        # Ray's sockets lie in this folder, and their paths may have 107 bytes.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tk-", ignore_cleanup_errors=True)))
        # The inside has our own account towards files, because it runs our interpreter: the gate holds packets, not files.
        gate = stack.enter_context(Gate(clock, uid=os.geteuid()))
        stack.enter_context(way_out(gate, uplink))
        cable = stack.enter_context(Cable(gate, RayPorts(first=secrets.choice(_FIRST_PORTS))))
        stack.callback(_sweep, gate)
        program = [*_WITH_US, sys.executable, "-m", "ray.scripts.scripts"]
        head = stack.enter_context(_running(cable.head_command(program), folder / "head.log"))
        _await(head, folder / "head.log", lambda: b"Ray runtime started" in (folder / "head.log").read_bytes())
        node = stack.enter_context(_running(cable.node_command(program, {SLOT: workers}), folder / "node.log"))
        address = f"{cable.head}:{cable.ports.first}"
        made = stack.enter_context(
            Grid.join(address, clock=clock, own_address=cable.head, door=Porter(gate, uplink, clock), raw=raw)
        )
        _await(node, folder / "node.log", lambda: _places() >= workers)
        yield made


def _places() -> float:
    """Give how many orders the cluster can run at once."""
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray ships it untyped
    return resources.get(SLOT, 0.0)


@contextlib.contextmanager
def _ending_in_order() -> Iterator[None]:
    """Make SIGTERM an exception where nobody else takes it, so that the gate is removed."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _leave(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


@contextlib.contextmanager
def _running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    root = str(Path(package.__file__).parent.parent)
    paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": paths, "RAY_TMPDIR": str(log.parent)}
    environment.pop("RAY_ADDRESS", None)
    with log.open("wb") as file:
        # A session of its own: Ctrl-C is for us, and we end Ray after the workers have reported.
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_LIMIT_S)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_END_LIMIT_S)


def _await(process: subprocess.Popen[bytes], log: Path, ready: Callable[[], bool]) -> None:
    """Wait until `ready`; raises `GateError` with the end of the log when the process ends or takes too long."""
    for _ in range(int(START_LIMIT_S / _LOOK_EVERY_S)):
        if ready():
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_EVERY_S)
            break
    said = printable(log.read_bytes()[-600:].strip(), 600)
    raise GateError(f"Ray's {log.stem}", f"to be up within {START_LIMIT_S:.0f} s", said or "it ended without a word")


def _sweep(gate: Gate) -> None:
    """End what is left inside: a namespace lives as long as somebody is in it."""
    with contextlib.suppress(GateError):
        for number in kernel.run(["ip", "netns", "pids", gate.namespace]).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)
