"""Network namespaces that a test makes and removes: an inspector's side and a target's side, joined by one cable.

Neither has a route to anywhere else, so nothing that a test sends can leave them.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


def _ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Pair:
    """Two namespaces: `inspector` at 10.99.0.1 and `target` at 10.99.0.2."""

    inspector: str
    target: str
    inspector_address: str = "10.99.0.1"
    target_address: str = "10.99.0.2"

    def inside(self, command: Sequence[str]) -> list[str]:
        """Give the command that runs on the inspector's side."""
        return ["ip", "netns", "exec", self.inspector, *command]

    def at_target(self, command: Sequence[str]) -> list[str]:
        """Give the command that runs on the target's side."""
        return ["ip", "netns", "exec", self.target, *command]

    def packets_to_target(self) -> int:
        """Give how many packets, ARP included, have arrived at the target's end of the cable."""
        (link,) = json.loads(_ip("-n", self.target, "-s", "-j", "link", "show", "dev", "cable"))
        return int(link["stats64"]["rx"]["packets"])

    def target_listens(self, port: int) -> bool:
        """Tell whether somebody listens at the target, by its own socket table."""
        command = self.at_target(["ss", "-Hltn", f"sport = :{port}"])
        return bool(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


@contextlib.contextmanager
def pair() -> Iterator[Pair]:
    """Make two joined namespaces for the length of the block."""
    mark = secrets.token_hex(3)
    made = Pair(inspector=f"tenken-i-{mark}", target=f"tenken-t-{mark}")
    try:
        for name in (made.inspector, made.target):
            _ip("netns", "add", name)
            # No IPv6: its neighbour discovery would put packets on the cable that nobody asked for.
            subprocess.run(
                ["ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"], check=True
            )
        _ip(
            "link",
            "add",
            "cable",
            "netns",
            made.inspector,
            "type",
            "veth",
            "peer",
            "name",
            "cable",
            "netns",
            made.target,
        )
        for name, address in ((made.inspector, made.inspector_address), (made.target, made.target_address)):
            _ip("-n", name, "address", "add", f"{address}/24", "dev", "cable")
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "link", "set", "cable", "up")
        yield made
    finally:
        for name in (made.inspector, made.target):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
