"""The management cable: how a Ray node inside a gate reaches its head, and nothing else.

head (switch side) <== cable: TCP, Ray's ports, the head's address only ==> Ray node (inside)

What it cannot do: Ray is made to run code on other nodes. Who has taken over a worker and knows Ray's token can ask the head to run
something for them; that is a matter of Ray's, not of packets (`docs/walls.md`).
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from grid.gate import kernel, rules
from grid.gate.gate import Gate
from grid.gate.kernel import GateError
from plugins.value import value

_SERVICES = ("node-manager", "object-manager", "runtime-env-agent", "dashboard-agent-grpc", "dashboard-agent-listen")
_DEVICE = "ray"
"""The cable's end inside."""


@value
class RayPorts:
    """The TCP ports that all Ray processes of head and node keep to: Ray takes random ones otherwise."""

    first: int = 20_000
    """The head's own (GCS) port; the others follow."""
    count: int = 200
    """How many ports there are; each worker process and each driver takes one."""

    def __post_init__(self) -> None:
        """Refuse what is no range of ports."""
        if not (self.first >= 1024 and self.count > 20 and self.first + self.count <= 65536):
            raise ValueError(
                f"Ray's ports: expected a range within 1024..65535, seen {self.count} from {self.first} on"
            )

    @property
    def last(self) -> int:
        """The last port."""
        return self.first + self.count - 1

    def options(self) -> list[str]:
        """Give the options of `ray start` for head and node."""
        services = [f"--{name}-port={self.first + place}" for place, name in enumerate(_SERVICES, 1)]
        metrics = self.first + len(_SERVICES) + 1
        workers = [f"--min-worker-port={metrics + 1}", f"--max-worker-port={self.last}"]
        return [*services, f"--metrics-export-port={metrics}", *workers]


def cable_table(table: str, device: str, inner: str, head: str, ports: RayPorts) -> str:
    """Give the rules of the switch side of the cable, as nft text."""
    ours = f"ip saddr {inner} ip daddr {head} ip hdrlength 5 ip frag-off & 0x3fff == 0"
    span = f"{ports.first}-{ports.last}"
    lines = [
        f"table netdev {rules.name(table)} {{",
        "  counter foreign { }",
        "  chain switch {",
        f'    type filter hook ingress device "{rules.name(device)}" priority -500; policy drop;',
        f"    arp saddr ip {inner} arp daddr ip {head} accept",
        f"    {ours} tcp dport {span} accept",
        # What the head opened towards the node comes back from one of the node's ports, and never begins anything.
        f"    {ours} tcp sport {span} tcp flags & (syn | ack) != syn accept",
        '    counter name "foreign" drop',
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"


class Cable:
    """A context manager: a second cable of a gate. Leaving it removes it."""

    def __init__(self, gate: Gate, ports: RayPorts | None = None) -> None:
        self.ports = ports or RayPorts()
        self._gate = gate
        mark = secrets.token_hex(3)
        self._device, self._name = f"tm{mark}", f"tenken-ray-{mark}"
        number = secrets.randbelow(1 << 14)
        net = f"10.214.{number >> 6}.{(number & 63) << 2:d}"
        prefix, _, low = net.rpartition(".")
        self.head, self.node = f"{prefix}.{int(low) + 1}", f"{prefix}.{int(low) + 2}"
        self._undo = contextlib.ExitStack()

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
        switch, inside = self._gate.switch, self._gate.namespace
        at_switch = ["netns", switch] if switch else []
        peer = ["peer", "name", _DEVICE, "netns", inside]
        kernel.run(["ip", "link", "add", self._device, *at_switch, "type", "veth", *peer])
        self._undo.callback(self._unplug)
        self._undo.callback(self._apply, f"delete table netdev {self._name}\n")
        # As with the gate itself: the rules stand before the link is up.
        self._apply(cable_table(self._name, self._device, self.node, self.head, self.ports))
        for namespace, device, address in ((switch, self._device, self.head), (inside, _DEVICE, self.node)):
            ip = ["ip", "-n", namespace] if namespace else ["ip"]
            kernel.run([*ip, "address", "add", f"{address}/30", "dev", device])
            kernel.run([*ip, "link", "set", "dev", device, "addrgenmode", "none", "up"])

    def _apply(self, text: str) -> None:
        kernel.run(kernel.inside(self._gate.switch, ["nft", "-f", "-"]), text)

    def _unplug(self) -> None:
        with contextlib.suppress(GateError):  # a worker that is root inside may have removed it
            kernel.run(kernel.inside(self._gate.switch, ["ip", "link", "delete", self._device]))

    def head_command(self, ray: Sequence[str]) -> list[str]:
        """Give the command of a head that offers no place for workers; it runs on the switch side."""
        address = [f"--node-ip-address={self.head}", f"--port={self.ports.first}"]
        quiet = ["--head", "--block", "--include-dashboard=false", "--num-cpus=1"]
        return kernel.inside(self._gate.switch, [*ray, "start", *quiet, *address, *self.ports.options()])

    def node_command(self, ray: Sequence[str], resources: Mapping[str, int]) -> list[str]:
        """Give the command of a node inside the gate that offers `resources` to the head's cluster."""
        address = [f"--address={self.head}:{self.ports.first}", f"--node-ip-address={self.node}"]
        offers = ["--num-cpus=1", f"--resources={json.dumps(dict(resources))}"]
        return self._gate.command([*ray, "start", "--block", *address, *offers, *self.ports.options()])
