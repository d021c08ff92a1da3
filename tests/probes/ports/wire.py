"""A wire to sweep over: an inspector's and a target's network namespace, and what the target's own firewall counts.

Functions run inside a namespace in a thread of their own, so that sockets belong there and the test's own thread stays where it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from plugins.clock import SystemClock
from probes.dial import Dialer
from probes.pace import Pace
from probes.ports.connecting import ConnectEngine
from probes.ports.engine import Engine, Field
from probes.ports.facts import PortBlock, PortState, State, SweepSeen
from probes.ports.half_open import HalfOpenEngine
from probes.ports.ledger import Outlet
from probes.ports.round_trip import MOST_S
from probes.ports.sweep import Sweep
from probes.ports.view import single
from probes.tally import Tally
from probes.target import Transport

T = TypeVar("T")
NEAR, FAR = ("10.41.0.1", "fd41::1"), ("10.41.0.2", "fd41::2")
ENGINES = ("connect", "half-open")
BRISK = Pace(connections_per_s=20_000, requests_per_s=1000, concurrent_connections=500)
_CLONE_NEWNET = 0x40000000
_COUNTING = """table inet counting {
 counter syns { }
 counter segments { }
 chain arriving {
  type filter hook prerouting priority -400
  meta l4proto tcp counter name segments
  tcp flags & (syn | ack) == syn counter name syns
 }
}
"""


def missing() -> str:
    """Say why no wire can be made here; empty: it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    lacking = [each for each in ("ip", "nft") if shutil.which(each) is None]
    return f"not installed: {', '.join(lacking)}" if lacking else ""


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def inside(namespace: str, act: Callable[[], T]) -> T:
    """Do something in a network namespace."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            with Path(f"/run/netns/{namespace}").open("rb") as file:
                assert ctypes.CDLL(None).setns(file.fileno(), _CLONE_NEWNET) == 0, namespace
            outcome.append(act())
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
            failure.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


class Anywhere:
    """A leave for tests: everything goes."""

    def check(self, address: str, port: int, transport: Transport) -> None:
        """Nothing is out of scope."""

    def remaining_s(self) -> float:
        return 3600.0


@dataclass
class Swept:
    """What came of a sweep."""

    facts: list[PortState | PortBlock | SweepSeen] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0

    def states(self, address: str = FAR[0]) -> dict[int, State]:
        """Give the last word about each port."""
        told = (one for fact in self.facts if isinstance(fact, PortState | PortBlock) for one in single(fact))
        return {one.port: one.state for one in told if one.address == address}

    def ports(self, state: State, address: str = FAR[0]) -> set[int]:
        return {port for port, seen in self.states(address).items() if seen is state}

    @property
    def account(self) -> SweepSeen:
        return next(fact for fact in self.facts if isinstance(fact, SweepSeen))


@dataclass(frozen=True)
class Wire:
    """Two namespaces and the cable between them."""

    near: str
    far: str

    def rules(self, text: str, namespace: str = "") -> None:
        """Give the target (or another namespace) firewall rules, one statement a line."""
        command = ["ip", "netns", "exec", namespace or self.far, "nft", "-f", "-"]
        subprocess.run(command, input=text, text=True, check=True, capture_output=True)

    def without_rules(self) -> None:
        """Take all rules away and count anew."""
        self.rules("flush ruleset\n" + _COUNTING)

    def syns(self) -> int:
        """Give how many SYNs have come to the target, by its own count."""
        return self._counted("syns")

    def segments(self) -> int:
        """Give how many TCP segments of any kind have come to the target."""
        return self._counted("segments")

    def _counted(self, name: str) -> int:
        command = ["ip", "netns", "exec", self.far, "nft", "-j", "list", "counters"]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["nftables"]
        return next(int(one["counter"]["packets"]) for one in told if one.get("counter", {}).get("name") == name)

    @contextlib.contextmanager
    def listening(self, ports: Iterable[int], address: str = "::", namespace: str = "") -> Iterator[None]:
        """Let the target listen, by IPv4 and IPv6."""

        def listen() -> list[socket.socket]:
            return [
                socket.create_server((address, port), family=socket.AF_INET6, dualstack_ipv6=True) for port in ports
            ]

        made = inside(namespace or self.far, listen)
        try:
            yield
        finally:
            for one in made:
                one.close()

    def sweep(
        self,
        engine: str,
        ports: Iterable[int],
        *,
        declared: Iterable[int] = (),
        addresses: tuple[str, ...] = FAR[:1],
        pace: Pace = BRISK,
        patience_s: float = MOST_S,
    ) -> Swept:
        """Sweep over the target's ports."""
        doors = Field(addresses, sorted({*ports, *declared}))
        return inside(self.near, lambda: asyncio.run(_swept(engine, doors, list(declared), pace, patience_s)))


async def _swept(name: str, doors: Field, declared: list[int], pace: Pace, patience_s: float) -> Swept:
    result, clock = Swept(), SystemClock()
    dialer = Dialer("web", Anywhere(), pace, clock, opening=contextlib.nullcontext)
    below = random.Random(secrets.randbits(64)).randrange
    chosen: Engine = ConnectEngine(doors, dialer) if name == "connect" else HalfOpenEngine(doors, dialer, below)
    with contextlib.closing(chosen):
        outlet = Outlet(fact=result.facts.append, done=lambda _: None)
        began = clock.monotonic()
        await Sweep(doors, chosen, declared, outlet, below=below, clock=clock, most_patience_s=patience_s).run()
    result.seconds = clock.monotonic() - began
    result.tally = dialer.tally
    return result


@contextlib.contextmanager
def wire() -> Iterator[Wire]:
    """Make a wire for the length of the block. Nothing on it leads anywhere else."""
    mark = secrets.token_hex(3)
    made = Wire(near=f"tenken-near-{mark}", far=f"tenken-far-{mark}")
    try:
        for name in (made.near, made.far):
            _ip("netns", "add", name)
        _ip("link", "add", "cable", "netns", made.near, "type", "veth", "peer", "name", "cable", "netns", made.far)
        for name, addresses in ((made.near, NEAR), (made.far, FAR)):
            _ip("-n", name, "address", "add", f"{addresses[0]}/24", "dev", "cable")
            _ip("-n", name, "address", "add", f"{addresses[1]}/64", "dev", "cable", "nodad")
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "link", "set", "cable", "addrgenmode", "none", "up")
        made.without_rules()
        yield made
    finally:
        for name in (made.near, made.far):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
