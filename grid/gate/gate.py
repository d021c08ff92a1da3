"""The gate itself: a network namespace, a cable, and the rules at the cable's other end.

with Gate(clock) as gate:
    gate.open(permit)
    subprocess.Popen(gate.command(["python", "-m", "worker"]))

The namespace belongs to a user namespace of its own: whoever is root inside is nobody on the host, so that no capability inside
reaches a device, a namespace or a rule outside.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from grid.gate import kernel, rules, segments
from grid.gate.kernel import GateError
from grid.gate.passage import Cap
from grid.gate.rules import Link
from grid.gate.table import Counted, Table
from grid.permit import Permit
from plugins.clock import Clock
from probes.transcript import printable

TOTAL_PACKETS_PER_S = 10_000.0
"""Packets per second over all orders of one gate, unless told otherwise."""
PREFIX = "tenken-gate-"
"""How the namespaces of gates are called."""
_UIDS = range(66_000, 98_000)
"""Accounts that nobody has: below them are people and services, above them the subordinate ids of containers."""
_PREFERENCE = 7_000
"""Where our routing rules stand: after the host's own addresses, before its routes."""


class Gate:
    """A context manager; leaving it removes everything that it made."""

    def __init__(
        self,
        clock: Clock,
        *,
        switch: str = "",
        total_packets_per_s: float = TOTAL_PACKETS_PER_S,
        number: int | None = None,
        uid: int | None = None,
    ) -> None:
        """`switch`: network namespace of the switch side, empty for the host's own. `number`: which link net, 0..16383.

        `uid`: the account of the host that whoever is inside has towards files; without it, one that nobody else has.
        """
        mark = secrets.token_hex(3)
        self.namespace = f"{PREFIX}{mark}"
        self.uid = _UIDS[int(mark, 16) % len(_UIDS)] if uid is None else uid
        self.switch = switch
        self._total = Cap.of("gate", total_packets_per_s)
        self._device = f"tk{mark}"
        self._addresses = _addresses(secrets.randbelow(1 << 14) if number is None else number)
        self._undo = contextlib.ExitStack()
        self._user = -1
        self._table = Table("netdev", f"tenken-{mark}", clock, switch)
        self.link: Link | None = None

    def __enter__(self) -> Self:
        try:
            self._make()
        except BaseException:
            self._undo.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def _make(self) -> None:
        self._user = _namespace(self.namespace, self.uid, self._undo)
        self._cable()
        self.link = self._wired()
        self._undo.callback(self._table.remove)
        self._refuse_unmarked()
        # The rules stand before the link is up: there is no moment without them.
        self._table.apply(rules.gate_table(self._table.name, self.link, self._total))
        self._up()

    def _cable(self) -> None:
        at_switch = ["netns", self.switch] if self.switch else []
        kernel.run(
            [
                "ip",
                "link",
                "add",
                self._device,
                *at_switch,
                "type",
                "veth",
                "peer",
                "name",
                "gate",
                "netns",
                self.namespace,
            ]
        )
        self._undo.callback(self._unplug)
        with tempfile.NamedTemporaryFile(suffix=".o") as file:
            Path(file.name).write_bytes(segments.program())
            self._at_switch("ip", "link", "set", "dev", self._device, "xdpdrv", "object", file.name, "section", "xdp")

    def _unplug(self) -> None:
        # A worker that is root inside may have removed the cable; then there is nothing left to remove.
        with contextlib.suppress(GateError):
            self._at_switch("ip", "link", "delete", self._device)

    def _wired(self) -> Link:
        """Give both ends their addresses."""
        worker, switch = self._addresses
        for address in worker:
            kernel.run(["ip", "-n", self.namespace, "address", "add", address, "dev", "gate", *_now(address)])
        for address in switch:
            self._at_switch("ip", "address", "add", address, "dev", self._device, *_now(address))
        (inner,) = kernel.run_json(["ip", "-n", self.namespace, "-j", "link", "show", "dev", "gate"])
        plain = [tuple(address.split("/")[0] for address in side) for side in (worker, switch)]
        return Link(device=self._device, worker_mac=inner["address"], worker=plain[0], switch=plain[1])

    def _refuse_unmarked(self) -> None:
        """Let the switch side forward only what the rules have marked."""
        marked, rest = ["fwmark", f"{rules.MARK:#x}", "lookup", "main"], ["blackhole"]
        for version in ("-4", "-6"):
            for place, action in enumerate((marked, rest)):
                rule = ["preference", str(_PREFERENCE + place), "iif", self._device, *action]
                self._at_switch("ip", version, "rule", "add", *rule)
                self._undo.callback(self._at_switch, "ip", version, "rule", "delete", *rule)

    def _up(self) -> None:
        assert self.link is not None  # noqa: S101 - for the type checker: _make has set it
        inner = ["ip", "-n", self.namespace]
        self._at_switch("ip", "link", "set", "dev", self._device, "addrgenmode", "none", "up")
        kernel.run([*inner, "link", "set", "dev", "lo", "up"])
        kernel.run([*inner, "link", "set", "dev", "gate", "addrgenmode", "none", "up"])
        for version, _, outer in self.link.pairs():
            kernel.run([*inner, f"-{version}", "route", "add", "default", "via", outer, "dev", "gate"])

    def _at_switch(self, *command: str) -> None:
        kernel.run(kernel.inside(self.switch, command))

    def open(self, permit: Permit, packets_per_s: float | None = None) -> None:
        """Let out what an opened order names, until its end; see `Table.open`."""
        self._table.open(permit, packets_per_s)

    def close(self, order_id: str) -> None:
        """Let nothing more out for an order, at once."""
        self._table.close(order_id)

    def counted(self) -> Counted:
        """Read what the kernel counted at the switch side."""
        return self._table.counted()

    def command(self, argv: Sequence[str]) -> list[str]:
        """Give the command that runs `argv` inside, as root of the inside and nobody of the host. Valid while the gate is open."""
        user = f"--user=/proc/{os.getpid()}/fd/{self._user}"
        return ["nsenter", user, f"--net=/run/netns/{self.namespace}", "--", *argv]


def _now(address: str) -> list[str]:
    """Give the flag that makes an IPv6 address usable at once: nobody else is on this cable."""
    return ["nodad"] if ":" in address else []


def _addresses(number: int) -> tuple[tuple[str, str], tuple[str, str]]:
    """Give the worker's and the switch side's addresses of link net `number`."""
    if not 0 <= number < 1 << 14:
        raise GateError("gate", "a link net number 0..16383", str(number))
    four = f"10.213.{number >> 6}."
    low = (number & 63) << 2
    six = f"fd74:656e:6b65:{number:x}::"
    return (f"{four}{low + 2}/30", f"{six}2/126"), (f"{four}{low + 1}/30", f"{six}1/126")


def _namespace(name: str, uid: int, undo: contextlib.ExitStack) -> int:
    """Make a network namespace inside a user namespace; give a file descriptor of the latter."""
    # The holder says a line once it is inside; the namespaces outlive it by their name and by our descriptor.
    command = ["unshare", "--user", "--net", "--", "sh", "-c", "echo inside; read end"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as holder:
        assert holder.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
        assert holder.stderr is not None  # noqa: S101 - same
        if not holder.stdout.readline():
            raise GateError("user namespace", "one of our own", printable(holder.stderr.read(300).strip(), 300))
        try:
            for file in ("uid_map", "gid_map"):
                Path(f"/proc/{holder.pid}/{file}").write_text(f"0 {uid} 1", encoding="ascii")
            user = os.open(f"/proc/{holder.pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise GateError("user namespace", "one of our own", str(error)) from None
        undo.callback(os.close, user)
        kernel.run(["ip", "netns", "attach", name, str(holder.pid)])
        undo.callback(kernel.run, ["ip", "netns", "delete", name])
        return user
