"""The way out of the host for what a gate lets through: one network device, chosen by name.

Nothing of the host's own settings is changed: whether a device forwards is for its owner to decide, and a gate that switched it on
and off again would cut off whoever came to rely on it meanwhile.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterable, Iterator

from grid.gate import kernel, rules
from grid.gate.gate import Gate
from grid.gate.kernel import GateError
from grid.gate.passage import PassageError


def unreachable(addresses: Iterable[str], uplink: str, switch: str = "") -> str:
    """Say which of `addresses` a gate with this way out cannot reach, and why; empty: it reaches all. Sends nothing."""
    try:
        return next(filter(None, (_unreachable(address, uplink, switch) for address in addresses)), "")
    except GateError as error:
        return str(error)


def _unreachable(address: str, uplink: str, switch: str) -> str:
    ip = ipaddress.ip_address(address)
    if ip.is_loopback:
        return f"the gate cannot reach loopback ({address}); leave out --gate"
    if ip.version == 6:
        return f"the gate has no way out for IPv6 ({address}); leave out --gate, or route it by hand (docs/walls.md)"
    # Asked of the routing table, because a packet that leaves elsewhere is dropped and its port would look filtered.
    (route,) = kernel.run_json(kernel.inside(switch, ["ip", "-j", "route", "get", address]))
    if (seen := route.get("dev")) != uplink:
        return f"the way to {address} leaves by {seen}, not by {uplink}; name that device with --gate"
    return ""


def check_uplink(uplink: str, switch: str = "") -> None:
    """Raise `GateError` when this device cannot be the way out."""
    links = kernel.run_json(kernel.inside(switch, ["ip", "-j", "link", "show"]))
    names = [str(link["ifname"]) for link in links]
    if uplink not in names:
        raise GateError("way out", f"a network device, one of {', '.join(names)}", repr(uplink))
    setting = f"net/ipv4/conf/{uplink}/forwarding"
    if kernel.run(kernel.inside(switch, ["sysctl", "-n", setting])).strip() != "1":
        need = "that it forwards (`sysctl -w net.ipv4.conf.all.forwarding=1`)"
        raise GateError(f"way out {uplink}", need, "forwarding is off")


@contextlib.contextmanager
def way_out(gate: Gate, uplink: str) -> Iterator[None]:
    """Lead what the gate lets through out by `uplink`, under that device's address, for the length of the block."""
    if gate.link is None:
        raise GateError("way out", "a gate that stands", "one that does not")
    check_uplink(uplink, gate.switch)
    table = f"tenken-out-{gate.link.device}"
    try:
        text = rules.egress_table(table, gate.link, uplink)
    except PassageError as error:
        raise GateError("way out", error.expected, error.seen) from None
    _at_switch(gate, ["sysctl", "-qw", f"net/ipv4/conf/{gate.link.device}/forwarding=1"])
    _at_switch(gate, ["nft", "-f", "-"], text)
    try:
        yield
    finally:
        # Adding first makes deleting succeed whether it was there or not.
        _at_switch(gate, ["nft", "-f", "-"], f"add table ip {table}\ndelete table ip {table}\n")


def _at_switch(gate: Gate, command: list[str], text: str = "") -> None:
    kernel.run(kernel.inside(gate.switch, command), text)
