"""A gate, a switch and a target: three namespaces in a row, and the target's own count of what arrives.

worker (the gate's namespace) --cable--> switch (plays the host, forwards) --cable--> target

None has a route to anywhere else.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.gate.gate import Gate
from grid.key import trusted
from grid.order import Order
from grid.permit import Permit
from grid.seal import open_order, seal
from grid.window import Window
from plugins.clock import Clock, SystemClock
from probes.target import DeclaredPort, PortRange, Purpose, Transport
from tests.grid.orders import make_order, make_target

KEY = Ed25519PrivateKey.generate()
CLOCK = SystemClock()
TARGET = "10.98.1.2"
OTHER = "10.98.1.3"
"""Another address of the target's machine: no order names it."""
TARGET6 = "fd98:1::2"
OTHER6 = "fd98:1::3"
PORT = 8080
UDP_PORT = 5353


def missing() -> str:
    """Say what this host lacks for a gate; empty: nothing."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    lacking = [each for each in ("ip", "nft", "nsenter", "unshare") if shutil.which(each) is None]
    return f"not installed: {', '.join(lacking)}" if lacking else ""


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


_COUNT = """
table inet count {
  set ports { type inet_service; flags dynamic; size 65535; counter; }
  counter arrived { }
  chain early {
    type filter hook prerouting priority -450;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld2-listener-report } accept
    counter name arrived
  }
}
"""


@dataclass(frozen=True)
class Scene:
    """The switch's and the target's namespaces."""

    switch: str
    target: str

    def arrived(self) -> int:
        """Give how many IP packets have arrived at the target, neighbour discovery aside."""
        out = subprocess.run(
            self.at_target("nft", "-j", "list", "counter", "inet", "count", "arrived"), check=True, capture_output=True
        ).stdout
        return int(json.loads(out)["nftables"][1]["counter"]["packets"])

    def at_target(self, *command: str) -> list[str]:
        return ["ip", "netns", "exec", self.target, *command]

    def at_switch(self, *command: str) -> list[str]:
        return ["ip", "netns", "exec", self.switch, *command]

    def tables(self) -> str:
        """Give what the switch's kernel holds of nftables."""
        return subprocess.run(
            self.at_switch("nft", "list", "tables"), check=True, capture_output=True, text=True
        ).stdout

    def links(self) -> set[str]:
        """Give the names of the switch's network devices."""
        out = subprocess.run(["ip", "-n", self.switch, "-j", "link"], check=True, capture_output=True).stdout
        return {each["ifname"] for each in json.loads(out)}


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """Make switch and target for the length of the block."""
    mark = secrets.token_hex(3)
    made = Scene(switch=f"tenken-s-{mark}", target=f"tenken-t-{mark}")
    try:
        _build(made)
        yield made
    finally:
        for name in (made.switch, made.target):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def _build(made: Scene) -> None:
    for name in (made.switch, made.target):
        _ip("netns", "add", name)
        _ip("-n", name, "link", "set", "lo", "up")
    _ip("link", "add", "out", "netns", made.switch, "type", "veth", "peer", "name", "cable", "netns", made.target)
    for name, device, hosts in ((made.switch, "out", ["1"]), (made.target, "cable", ["2", "3"])):
        for host in hosts:
            _ip("-n", name, "address", "add", f"10.98.1.{host}/24", "dev", device)
            _ip("-n", name, "address", "add", f"fd98:1::{host}/64", "dev", device, "nodad")
        _ip("-n", name, "link", "set", device, "up")
    _ip("-n", made.target, "route", "add", "default", "via", "10.98.1.1")
    _ip("-n", made.target, "-6", "route", "add", "default", "via", "fd98:1::1")
    for setting in ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"):
        subprocess.run(made.at_switch("sysctl", "-qw", setting), check=True)
    subprocess.run(made.at_target("nft", "-f", "-"), input=_COUNT.encode(), check=True)


def make(
    *,
    order_id: str = "o1",
    address: str = TARGET,
    seconds: float = 60.0,
    connections_per_s: float = 20.0,
    since: timedelta = timedelta(seconds=1),
) -> Order:
    """An order for one TCP and one UDP port of one address, whose window has `seconds` left."""
    now = CLOCK.now()
    target = make_target(address=address, port=PORT)
    udp = DeclaredPort(
        ports=PortRange(first=UDP_PORT, last=UDP_PORT), transport=Transport.UDP, service="domain", purpose=Purpose.DNS
    )
    order = make_order(
        target=replace(target, ports=(*target.ports, udp)),
        window=Window(start=now - since, end=now + timedelta(seconds=seconds)),
        order_id=order_id,
    )
    return replace(order, pace=replace(order.pace, connections_per_s=connections_per_s))


def permit(order: Order | None = None, clock: Clock = CLOCK, **more: Any) -> Permit:
    """An opened order."""
    return open_order(seal(order or make(**more), KEY), trusted(KEY), clock)


def python_inside(gate: Gate) -> str:
    """Give a Python that runs inside; there we are nobody, so that a home folder's one is out of reach."""
    for each in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        with contextlib.suppress(OSError):
            if not subprocess.run(gate.command([each, "-S", "-c", "0"]), check=False, capture_output=True).returncode:
                return each
    pytest.skip("no Python that an unknown account may run")


def say(gate: Gate, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command inside, as root of the inside; give what it said."""
    return subprocess.run(gate.command(command), check=False, capture_output=True, text=True, timeout=30)


RECEIVER = textwrap.dedent("""
    import json, select, socket, struct, sys
    box = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    box.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    box.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    box.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS: the kernel's time of arrival
    box.bind(("::", int(sys.argv[1])))
    print("ready", flush=True)
    times = []
    while True:
        ready, _, _ = select.select([box, sys.stdin], [], [])
        if box in ready:
            _, extra, _, _ = box.recvmsg(2048, 256)
            second, nano = struct.unpack("qq", extra[0][2][:16])
            times.append(second + nano / 1e9)
        elif ready:
            break
    print(json.dumps(times))
""")


class Receiver:
    """Notes at the target when each datagram comes, by the kernel's clock."""

    def __init__(self, made: Scene) -> None:
        command = made.at_target(sys.executable, "-S", "-c", RECEIVER, str(UDP_PORT))
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def times(self) -> list[float]:
        """End; give the Unix times of arrival."""
        out, _ = self._process.communicate(timeout=30)
        return sorted(json.loads(out))


@contextlib.contextmanager
def receiver(made: Scene) -> Iterator[Receiver]:
    """Receive for the length of the block."""
    one = Receiver(made)
    try:
        yield one
    finally:
        one._process.kill()
        one._process.communicate()


def worst_second(times: Sequence[float]) -> int:
    """Give the largest number of arrivals in any half-open second."""
    worst = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        worst = max(worst, last - first + 1)
    return worst
