"""The rules of the gate as nft text. Pure: every value was checked before it gets here, or is checked here.

One table per gate. What belongs to one order has a slot number and stands in sets and a chain of its own, so that opening and
closing an order is one transaction of the kernel that leaves the others' token buckets alone.

The end of the window is held twice, by two clocks, and by the kernel alone:
- the set elements have a timeout on the steady clock: they go away by themselves, whatever became of us;
- the order's chain compares the wall clock with the end.
Setting one clock back does not help.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from grid.gate.passage import Cap, Passage, PassageError
from plugins.value import value

_CHATTER = 10
"""Neighbour discovery packets per second that may go to the switch side; they end there."""
COUNTERS = ("forged", "odd", "foreign", "chatter")
"""Counters of the whole table: source not its own; not plain IP; no order names it; neighbour discovery and such."""
SLOT_COUNTERS = ("passed", "hasty", "late")
"""Counters of one order: let through; beyond the pace; after the end by the wall clock."""


MARK = 0x74656E6B
"""What packets that were let through carry on the switch side. Its routing refuses the worker's packets without it, so that a host
whose firewall is reloaded (`nft flush ruleset`) forwards nothing instead of everything."""


@value
class Link:
    """The cable of a gate, as the switch side sees it."""

    device: str
    """Network device of the switch side."""
    worker_mac: str
    """Link-layer address of the worker's end."""
    worker: tuple[str, ...]
    """The worker's own addresses, one per IP version."""
    switch: tuple[str, ...]
    """The switch side's addresses, one per IP version."""

    def pairs(self) -> tuple[tuple[int, str, str], ...]:
        """Give (IP version, worker's address, switch side's address)."""
        both = zip(self.worker, self.switch, strict=True)
        return tuple((ipaddress.ip_address(inner).version, inner, outer) for inner, outer in both)


def name(text: str) -> str:
    """Give a name of ours if the kernel's text can hold it."""
    plain = text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    if not plain or not text[0].isalpha() or len(text) > 31:
        raise PassageError("name", "at most 31 letters, digits, - and _", repr(text))
    return text


def _mac(text: str) -> str:
    parts = text.split(":")
    if len(parts) != 6 or any(len(part) != 2 or not set(part) <= set("0123456789abcdef") for part in parts):
        raise PassageError("link", "a link-layer address such as 02:00:00:00:00:01", repr(text))
    return text


def _limit(cap: Cap) -> str:
    return f"limit rate over {cap.per_hour}/hour burst {cap.burst} packets"


def _block(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def gate_table(table: str, link: Link, total: Cap) -> str:
    """Give a gate that lets nothing out yet. `total`: packets per second over all orders together."""
    return _table("netdev", table, total, _gate_hook(link))


def account_table(table: str, match: str, total: Cap) -> str:
    """Give the fallback: the packets of one account or control group, in the host's own output path."""
    return _table("inet", table, total, _account_hook(match))


def _table(family: str, table: str, total: Cap, hook: str) -> str:
    counters = "".join(f"  counter {each} {{ }}\n" for each in COUNTERS)
    limit = f"  limit total {{ rate over {total.per_hour}/hour burst {total.burst} packets; }}\n"
    return f"table {family} {name(table)} {{\n{counters}{limit}  chain four {{ }}\n  chain six {{ }}\n{hook}}}\n"


def _gate_hook(link: Link) -> str:
    return _block(
        *_neighbours(link),
        "  chain switch {",
        f'    type filter hook ingress device "{name(link.device)}" priority -500; policy drop;',
        f'    ether saddr != {_mac(link.worker_mac)} counter name "forged" drop',
        "    ether type arp jump neighbours",
        '    ether type arp counter name "chatter" drop',
        # Read from the link header, so that frames with a VLAN tag are "odd" and never reach the orders.
        '    ether type != { ip, ip6 } counter name "odd" drop',
        # The kernel's own multicast (listener reports, router solicitations) is no attempt at anything.
        '    ip6 daddr { ff02::2, ff02::16 } counter name "chatter" drop',
        *_own_sources(link),
        # Source routes and fragments can name another destination than the one that is checked here.
        '    ether type ip ip hdrlength != 5 counter name "odd" drop',
        '    ether type ip ip frag-off & 0x3fff != 0 counter name "odd" drop',
        "    ip6 nexthdr icmpv6 jump neighbours",
        "    ether type ip jump four",
        "    ether type ip6 jump six",
        '    counter name "foreign" drop',
        "  }",
    )


def _own_sources(link: Link) -> list[str]:
    own = {version: inner for version, inner, _ in link.pairs()}
    rules = []
    for version, word in ((4, "ip"), (6, "ip6")):
        match = f"{word} saddr != {own[version]}" if version in own else f"ether type {word}"
        rules.append(f'    {match} counter name "forged" drop')
    return rules


def _neighbours(link: Link) -> list[str]:
    """Give the chain that lets the worker find the switch side's link-layer address, and nothing else."""
    pace = f'limit rate {_CHATTER}/second burst {_CHATTER} packets counter name "chatter" accept'
    lines = ["  chain neighbours {"]
    for version, inner, outer in link.pairs():
        if version == 4:
            mac = _mac(link.worker_mac)
            lines.append(f"    arp saddr ether {mac} arp saddr ip {inner} arp daddr ip {outer} {pace}")
        else:
            asked = f"{outer}, {solicited(outer)}"
            kinds = "nd-neighbor-solicit, nd-neighbor-advert"
            lines.append(f"    ip6 daddr {{ {asked} }} ip6 hoplimit 255 icmpv6 type {{ {kinds} }} {pace}")
    return [*lines, "  }"]


def solicited(address: str) -> str:
    """Give the solicited-node multicast address (RFC 4291, section 2.7.1)."""
    low = int(ipaddress.IPv6Address(address)) & 0xFFFFFF
    return str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("ff02::1:ff00:0")) | low))


def _account_hook(match: str) -> str:
    return _block(
        "  chain account {",
        "    type filter hook output priority -500; policy accept;",
        f"    {match} jump walled",
        "  }",
        "  chain walled {",
        # Processes of the same host talk over loopback; it leads nowhere else.
        '    oif "lo" accept',
        '    ip6 daddr { ff02::2, ff02::16 } counter name "chatter" drop',
        "    meta nfproto ipv4 jump four",
        "    meta nfproto ipv6 jump six",
        '    counter name "foreign" drop',
        "  }",
    )


def by_uid(uid: int) -> str:
    """Give the match for one account."""
    if not 0 < uid < 2**32 - 1:
        raise PassageError("account", "a user id other than root's", repr(uid))
    return f"meta skuid {uid}"


def by_cgroup(path: str) -> str:
    """Give the match for one control group (version 2), as a path under its root."""
    parts = path.split("/")
    if not path or any(not part or set(part) - _CGROUP or set(part) <= {"."} for part in parts):
        raise PassageError("control group", "a path such as system.slice/tenken.service", repr(path))
    return f'socket cgroupv2 level {len(parts)} "{path}"'


_CGROUP = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@")


def opened(family: str, table: str, slot: int, passage: Passage, left_ms: int, others: Iterable[int]) -> str:
    """Give the transaction that opens `slot`; its elements time out in `left_ms`. `others` are the slots open already."""
    if left_ms <= 0:
        raise PassageError(f"order {passage.order_id!r}", "a window that is still open", f"{left_ms} ms left")
    at = f"{family} {name(table)}"
    counters = [f"add counter {at} o{slot}-{each}" for each in SLOT_COUNTERS]
    sets = [_set(at, slot, version, passage, left_ms) for version in (4, 6)]
    chain = [f"add chain {at} o{slot}", *(f"add rule {at} o{slot} {rule}" for rule in _chain(slot, passage, family))]
    return _block(*counters, *sets, *chain, *_dispatch(at, [*others, slot]))


def _set(at: str, slot: int, version: int, passage: Passage, left_ms: int) -> str:
    ports = [("tcp", each) for each in passage.tcp] + [("udp", each) for each in passage.udp]
    places = [
        f"{address} . {transport} . {each.first}-{each.last}"
        for address in passage.of_version(version)
        for transport, each in ports
    ]
    places += [f"{address} . tcp . {port}-{port}" for address, port in passage.sources_of_version(version)]
    elements = ", ".join(f"{place} timeout {left_ms}ms" for place in places)
    kind = f"type ipv{version}_addr . inet_proto . inet_service; flags interval, timeout;"
    held = f" elements = {{ {elements} }};" if elements else ""
    return f"add set {at} o{slot}-ip{version} {{ {kind}{held} }}"


def _chain(slot: int, passage: Passage, family: str) -> list[str]:
    mark = f"meta mark set {MARK:#x} " if family == "netdev" else ""
    return [
        f'meta time >= {passage.end} counter name "o{slot}-late" drop',
        f'tcp flags & (fin | syn | rst | ack) == syn {_limit(passage.connections)} counter name "o{slot}-hasty" drop',
        f'{_limit(passage.packets)} counter name "o{slot}-hasty" drop',
        f'limit name "total" counter name "o{slot}-hasty" drop',
        f'counter name "o{slot}-passed" {mark}accept',
    ]


def _dispatch(at: str, slots: Iterable[int]) -> list[str]:
    """Rebuild what leads to the orders' chains: these rules hold no state, so rebuilding loses none.

    The protocol is read from the IP header itself, so IPv6 extension headers match nothing.
    """
    numbers = sorted(slots)
    four = [f"add rule {at} four ip daddr . ip protocol . th dport @o{each}-ip4 goto o{each}" for each in numbers]
    six = [f"add rule {at} six ip6 daddr . ip6 nexthdr . th dport @o{each}-ip6 goto o{each}" for each in numbers]
    return [f"flush chain {at} four", f"flush chain {at} six", *four, *six]


def closed(family: str, table: str, slot: int, others: Iterable[int]) -> str:
    """Give the transaction that closes `slot`; its counters stay to be read."""
    at = f"{family} {name(table)}"
    gone = [f"delete chain {at} o{slot}", f"delete set {at} o{slot}-ip4", f"delete set {at} o{slot}-ip6"]
    return _block(*_dispatch(at, others), *gone)


def egress_table(table: str, link: Link, uplink: str) -> str:
    """Give what a host needs that is the worker's router: its address translated on the way out, only answers on the way in."""
    own = next((inner for version, inner, _ in link.pairs() if version == 4), None)
    if own is None:
        raise PassageError("egress", "an IPv4 address of the worker", "none")
    device, out = name(link.device), name(uplink)
    return _block(
        f"table ip {name(table)} {{",
        "  chain leave {",
        "    type nat hook postrouting priority srcnat;",
        f'    oifname "{out}" ip saddr {own} masquerade',
        "  }",
        "  chain through {",
        "    type filter hook forward priority filter;",
        f'    iifname "{device}" oifname != "{out}" drop',
        f'    oifname "{device}" ct state != {{ established, related }} drop',
        "  }",
        "}",
    )
