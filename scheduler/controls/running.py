"""The control servers while they run, and the system that they are for an inspection.

with running() as system: ...
"""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from grid.order import Order
from grid.window import Window
from plugins.ask import HttpAnswer
from plugins.template.rehearsal import Kind
from probes.pace import Pace
from probes.target import DeclaredPort, Item, PortRange, Purpose, Role, Target, Transport
from scheduler.claims import ClaimOutcome
from scheduler.controls import server
from scheduler.controls.planted import pages
from scheduler.orders import Inspection, new_id
from scheduler.system import Calendar, Contact, System

BAD, GOOD = "known-bad", "known-good"
"""Names of the two servers."""
CONTROL = "control"
"""Folder of the control's own result and evidence, beside those of the first system of its run."""
NAME = "tenken-control"
"""Name of the system."""
PACE = Pace(connections_per_s=400, requests_per_s=400, concurrent_connections=1, bytes_per_s=50_000_000)
"""Fast, because nobody else is there. One connection at a time: then one worker looks at one server after the other, and starting a
worker costs more than all its asks."""
START_LIMIT_S = 30.0
"""Longest time that the servers may take to start."""
_END_LIMIT_S = 5.0


class ControlStartError(Exception):
    """The control servers did not start. Nothing was sent to anybody."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return (
            f"the control servers of the run: expected to listen on two addresses of 127.0.0.0/8, seen: {self.problem}; "
            "a run without its control does not count, so nothing was sent"
        )


@contextlib.contextmanager
def running() -> Iterator[System]:
    """Start both servers at addresses of their own; give their system. They end with the block. Raises `ControlStartError`."""
    # Nobody else is inspected there, almost surely: another run on this machine draws other ones.
    network = f"127.{64 + secrets.randbelow(128)}.{secrets.randbelow(256)}"
    addresses = {BAD: f"{network}.1", GOOD: f"{network}.2"}
    holdings = {BAD: pages(Kind.VULNERABLE), GOOD: pages(Kind.FIXED)}
    sites = [{"address": addresses[name], "pages": _plain(holdings[name])} for name in (BAD, GOOD)]
    # By its path and without site packages: it needs nothing of ours, and starts in a blink.
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", server.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A session of its own: Ctrl-C is for us, and the control goes on until the workers have let go of it.
        start_new_session=True,
    )
    try:
        bad, good = _ports(process, json.dumps(sites))
        yield control_system((_target(BAD, addresses[BAD], bad), _target(GOOD, addresses[GOOD], good)))
    finally:
        _end(process)


def control_system(targets: tuple[Target, ...]) -> System:
    """Give the system of the control."""
    return System(
        name=NAME,
        title="Control of the run",
        operator=Contact(organisation="Tenken", name="control of the run", email="control@localhost"),
        targets=targets,
        pace=PACE,
        calendar=Calendar(time_zone="UTC", windows=()),
    )


def _target(name: str, address: str, port: int) -> Target:
    web = DeclaredPort(
        ports=PortRange(first=port, last=port), transport=Transport.TCP, service="http", purpose=Purpose.OTHER
    )
    return Target(name=name, role=Role.WEB, addresses=(address,), ports=(web,))


def _plain(holding: Mapping[str, HttpAnswer]) -> dict[str, object]:
    return {
        path: {
            "status": page.status,
            "headers": [list(pair) for pair in page.headers],
            "body": base64.b64encode(page.body).decode(),
        }
        for path, page in holding.items()
    }


def _ports(process: subprocess.Popen[str], sites: str) -> tuple[int, int]:
    """Tell the servers their pages; give their ports."""
    line = ""
    with contextlib.suppress(OSError):
        if process.stdin and process.stdout:
            process.stdin.write(f"{sites}\n")
            process.stdin.flush()
            if select.select([process.stdout], [], [], START_LIMIT_S)[0]:
                line = process.stdout.readline()
    if not line:
        process.kill()
        said = (process.communicate()[1] or "").strip().splitlines()
        raise ControlStartError(said[-1] if said else f"nothing within {START_LIMIT_S:g} s")
    bad, good = json.loads(line)
    return int(bad), int(good)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_LIMIT_S)
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()


def without_holes(inspections: Sequence[Inspection]) -> str:
    """Say why there is nothing to control; empty: there is."""
    looks = any(Item.HOLES in inspection.items for inspection in inspections)
    return "" if looks else "holes were not ordered, and the control is about holes"


def control_inspection(system: System, inspections: Sequence[Inspection]) -> Inspection:
    """Give the inspection of the control, open as long as any of the inspections that it is for."""
    windows = [inspection.window for inspection in inspections]
    return Inspection(
        inspection_id=new_id(),
        kind=inspections[0].kind,
        system=system,
        items=(Item.HOLES,),
        window=Window(start=min(each.start for each in windows), end=max(each.end for each in windows)),
        pace=system.pace,
    )


class OwnServers:
    """Claims that hold nothing: the servers of a control are made for one run, and nobody else knows them."""

    def next_fence(self, target: Target) -> int:  # noqa: ARG002 - the protocol's signature
        """Give the first fence: it is the only order that its server ever gets."""
        return 1

    def claim(self, order: Order, digest: str) -> None:
        """Hold nothing."""

    def release(self, order_id: str, outcome: ClaimOutcome) -> None:
        """Give nothing back."""
