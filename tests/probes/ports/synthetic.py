"""Synthetic hosts: random sets of open ports behind random firewalls, and what nmap makes of them."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET  # our own nmap's output

from probes.ports.facts import State
from probes.ports.listing import listed
from tests.probes.ports.wire import ENGINES, FAR, Wire

PORTS = range(1, 301)
REFUSALS = (
    "drop",
    "reject with tcp reset",
    "reject with icmp type port-unreachable",
    "reject with icmp type admin-prohibited",
    "reject with icmp type host-unreachable",
)


@dataclass(frozen=True)
class Host:
    """One host."""

    open_ports: tuple[int, ...]
    rules: tuple[str, ...]
    """Statements of its firewall, in order; what none matches is accepted."""

    def table(self) -> str:
        """Give its firewall as text for nft."""
        lines = "\n".join(f"  {rule}" for rule in self.rules)
        return f"table inet walled {{\n chain input {{\n  type filter hook input priority 0\n{lines}\n }}\n}}\n"

    def expected(self) -> dict[int, State]:
        """Give the states by the host's own design."""
        states = {port: State.OPEN if port in self.open_ports else State.CLOSED for port in PORTS}
        for rule in reversed(self.rules):
            first, _, last = rule.split()[2].partition("-")
            answer = State.CLOSED if "tcp reset" in rule else State.FILTERED
            states.update(dict.fromkeys(range(int(first), int(last) + 1), answer))
        return states


def hosts(count: int, seed: int) -> Iterator[Host]:
    """Make up hosts."""
    luck = random.Random(seed)
    for _ in range(count):
        rules = []
        for _ in range(luck.randrange(4)):
            first = luck.choice(PORTS)
            last = min(first + luck.randrange(60), PORTS[-1])
            rules.append(f"tcp dport {first}-{last} {luck.choice(REFUSALS)}")
        yield Host(open_ports=tuple(sorted(luck.sample(PORTS, luck.randrange(12)))), rules=tuple(rules))


def nmap(wire: Wire, *options: str, ports: str, before: tuple[str, ...] = ()) -> tuple[dict[int, State], float]:
    """Let nmap scan the target half-open; give its states and its own time in seconds."""
    program = ["ip", "netns", "exec", wire.near, *before, "nmap"]
    command = [*program, "-sS", "-n", "-Pn", "-p", ports, *options, "-oX", "-", FAR[0]]
    done = subprocess.run(command, check=True, capture_output=True)
    tree = ET.fromstring(done.stdout)
    states = {
        int(port.attrib["portid"]): State(str(port.find("state").attrib["state"]))  # type: ignore[union-attr]  # nmap always writes it
        for port in tree.iter("port")
    }
    for many in tree.iter("extraports"):
        for reason in many.iter("extrareasons"):
            states.update(dict.fromkeys(listed(reason.attrib["ports"]), State(many.attrib["state"])))
    elapsed = float(next(tree.iter("finished")).attrib["elapsed"])
    return states, elapsed


def differences(wire: Wire, host: Host) -> list[str]:
    """Scan a host with both engines and with nmap; say where they differ from each other or from the host's design."""
    wire.without_rules()
    wire.rules(host.table())
    with wire.listening(host.open_ports):
        seen = {engine: wire.sweep(engine, PORTS).states() for engine in ENGINES}
        seen["nmap"], _ = nmap(wire, "-T4", "--max-rtt-timeout", "300ms", ports=f"{PORTS[0]}-{PORTS[-1]}")
    expected = host.expected()
    return [
        f"port {port}: designed {expected[port]}, {name} says {states.get(port)} ({'; '.join(host.rules)})"
        for name, states in seen.items()
        for port in PORTS
        if states.get(port) != expected[port]
    ]
