"""The interference zoo: what stands in between is named, and never makes a finding.

Real firewalls in a namespace do the lying; what is judged afterwards is what the product judges.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator

import pytest

from plugins.clock import SystemClock
from probes.dial import Dialer
from probes.observation import Ending, ItemEnded
from probes.pace import Pace
from probes.ports.facts import PortState, State, SweepSeen, SweepWave
from probes.ports.interference import flooded
from probes.ports.judge import judge
from probes.ports.look import look
from probes.recorder import Recorder
from probes.services.identify import Patience
from probes.target import Item, PortRange, Role, Scope, Target
from probes.verdict import Judgement, Outcome, Standing, decide
from tests.probes.ports.wire import ENGINES, FAR, Anywhere, Wire, inside, missing, wire
from tests.probes.scene import declared
from tests.servers import zoo

pytestmark = [pytest.mark.root, pytest.mark.skipif(bool(missing()), reason=missing())]
QUICK = Patience(connect_s=0.5, greeting_s=0.2, answer_s=0.4, prompt_s=0.1, login_s=0.5, pause_s=0.05, fingerprint_s=0)
PACE = Pace(connections_per_s=1000, requests_per_s=1000, concurrent_connections=200, bytes_per_s=50_000_000)
LOOKED_AT = (PortRange(first=1, last=400),)
WEB = zoo.answers(b"HEAD / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture(scope="module")
def cable() -> Iterator[Wire]:
    with wire() as made:
        yield made


@pytest.fixture
def target(cable: Wire) -> Iterator[Wire]:
    """The wire with a web server at port 80 of the target, declared."""
    cable.without_rules()
    with contextlib.ExitStack() as stack:
        inside(cable.far, lambda: stack.enter_context(zoo.serving(WEB, FAR[0], 80)))
        yield cable


def inspected(target: Wire, engine: str) -> tuple[Judgement, Recorder, Dialer]:
    """Look at 400 ports of the target and judge them; 80 is declared."""
    server = Target(name="web", role=Role.WEB, addresses=FAR[:1], ports=(declared(80, "http"),))
    scope = Scope(target=server, items=(Item.PORTS,), tcp_ports=LOOKED_AT, contact="Review Body")

    async def run() -> tuple[Recorder, Dialer]:
        clock = SystemClock()
        opening = contextlib.nullcontext if engine == "half-open" else None
        recorder, dialer = Recorder("web", clock), Dialer("web", Anywhere(), PACE, clock, opening=opening)
        await look(scope, dialer, recorder, None, patience=QUICK)
        recorder.saw(Item.PORTS, ItemEnded(ending=Ending.FINISHED))
        return recorder, dialer

    recorder, dialer = inside(target.near, lambda: asyncio.run(run()))
    sweeps = [entry.fact for entry in recorder.observations if isinstance(entry.fact, SweepSeen)]
    assert [sweep.engine for sweep in sweeps] == [engine]
    return judge(scope, recorder.observations, None), recorder, dialer


def reasons(judgement: Judgement) -> str:
    return " ".join(row.reason for row in judgement.coverage if row.outcome is Outcome.NOT_TESTED)


def states(recorder: Recorder) -> dict[int, PortState]:
    return {entry.fact.port: entry.fact for entry in recorder.observations if isinstance(entry.fact, PortState)}


def _table(family: str, *chains: str) -> str:
    return f"table {family} lying {{\n" + "\n".join(chains) + "\n}\n"


def _chain(hook: str, kind: str, priority: str, *rules: str) -> str:
    lines = "\n".join(f"  {rule}" for rule in rules)
    return f" chain {hook} {{\n  type {kind} hook {hook} priority {priority}\n{lines}\n }}"


@pytest.mark.parametrize("engine", ENGINES)
def test_without_interference_it_is_clean(target: Wire, engine: str) -> None:
    judgement, _, dialer = inspected(target, engine)
    assert not judgement.findings
    assert not reasons(judgement)
    assert decide([judgement]).standing is Standing.PASS
    assert dialer.tally.connections == target.syns()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_syn_proxy_is_named(target: Wire, engine: str) -> None:
    """Nftables' own: it answers every SYN itself, and asks the server only after the handshake."""
    target.rules(
        _table(
            "ip",
            _chain("prerouting", "filter", "raw", "tcp flags syn notrack"),
            _chain(
                "input",
                "filter",
                "0",
                "ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm",
                "ct state invalid drop",
            ),
        )
    )
    judgement, _, _ = inspected(target, engine)
    assert not judgement.findings
    assert "interference: 399 of 399 undeclared ports answer as if open" in reasons(judgement)
    assert decide([judgement]).standing is Standing.INCONCLUSIVE


@pytest.mark.parametrize("engine", ENGINES)
def test_a_tarpit_is_named(target: Wire, engine: str) -> None:
    """Every port leads to one program that takes connections and says nothing."""
    redirect = "tcp dport != 80 redirect to :9"
    target.rules(_table("ip", _chain("prerouting", "nat", "-100", redirect)))
    with contextlib.ExitStack() as stack:
        inside(target.far, lambda: stack.enter_context(zoo.serving(zoo.hang, FAR[0], 9)))
        judgement, _, _ = inspected(target, engine)
    assert not judgement.findings
    assert "interference" in reasons(judgement)
    assert decide([judgement]).standing is Standing.INCONCLUSIVE


@pytest.mark.parametrize("engine", ENGINES)
def test_a_firewall_that_drops_above_a_rate_slows_the_sweep_down(target: Wire, engine: str) -> None:
    """It lets 150 SYNs through in a second; we may send 1,000."""
    limit = "tcp flags & (syn | ack) == syn limit rate over 150/second burst 15 packets drop"
    target.rules(_table("inet", _chain("prerouting", "filter", "-300", limit)))
    judgement, recorder, dialer = inspected(target, engine)
    assert not judgement.findings
    (sweep,) = [entry.fact for entry in recorder.observations if isinstance(entry.fact, SweepSeen)]
    assert len(sweep.waves) > 2
    # Either everything was heard in the end, at its pace, or it is said that it was not.
    assert decide([judgement]).standing is Standing.PASS or "interference" in reasons(judgement)
    assert dialer.tally.connections == target.syns()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_firewall_that_resets_above_a_rate_makes_no_finding(target: Wire, engine: str) -> None:
    """Its resets look like closed ports, also where a declared one is open."""
    limit = "tcp flags & (syn | ack) == syn limit rate over 20/second burst 5 packets reject with tcp reset"
    target.rules(_table("inet", _chain("input", "filter", "0", limit)))
    judgement, recorder, _ = inspected(target, engine)
    assert not judgement.findings
    assert states(recorder)[80].state in {State.OPEN, State.UNKNOWN}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_firewall_that_blocks_us_half_way_is_named(target: Wire, engine: str) -> None:
    """After 100 SYNs it drops everything from us, as intrusion prevention does."""
    block = "tcp flags & (syn | ack) == syn quota over 6000 bytes drop"
    target.rules(_table("inet", _chain("prerouting", "filter", "-300", block)))
    judgement, recorder, _ = inspected(target, engine)
    assert not judgement.findings
    assert "the address answered at first and then no longer" in reasons(judgement)
    assert decide([judgement]).standing is Standing.INCONCLUSIVE
    (sweep,) = [entry.fact for entry in recorder.observations if isinstance(entry.fact, SweepSeen)]
    assert 0 < sweep.waves[0].answers < 400


@contextlib.contextmanager
def balanced(target: Wire) -> Iterator[tuple[str, ...]]:
    """Put two nodes behind the target's address; each connection goes to the next one."""
    mark = secrets.token_hex(2)  # in every name: the kernel takes its time to remove what was used before
    nodes = (f"tenken-node-1-{mark}", f"tenken-node-2-{mark}")

    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True)

    try:
        for number, node in enumerate(nodes, 1):
            ip("netns", "add", node)
            ip(
                "link",
                "add",
                f"{mark}-{number}",
                "netns",
                target.far,
                "type",
                "veth",
                "peer",
                "name",
                "uplink",
                "netns",
                node,
            )
            ip("-n", target.far, "address", "add", f"10.41.{number}.1/24", "dev", f"{mark}-{number}")
            ip("-n", node, "address", "add", f"10.41.{number}.2/24", "dev", "uplink")
            for namespace, device in ((target.far, f"{mark}-{number}"), (node, "uplink"), (node, "lo")):
                ip("-n", namespace, "link", "set", device, "up")
            ip("-n", node, "route", "add", "default", "via", f"10.41.{number}.1")
        ip("netns", "exec", target.far, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        balance = f"ip daddr {FAR[0]} tcp dport 1-65535 dnat to numgen inc mod 2 map {{ 0 : 10.41.1.2, 1 : 10.41.2.2 }}"
        target.rules(_table("ip", _chain("prerouting", "nat", "-100", balance)))
        yield nodes
    finally:
        for node in nodes:
            subprocess.run(["ip", "netns", "delete", node], check=False, capture_output=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_balancer_with_two_nodes_alike_is_clean(target: Wire, engine: str) -> None:
    with balanced(target) as nodes, contextlib.ExitStack() as stack:
        for number, node in enumerate(nodes, 1):
            address = f"10.41.{number}.2"
            inside(node, lambda address=address: stack.enter_context(zoo.serving(WEB, address, 80)))  # type: ignore[misc]  # the default binds it
        judgement, _, _ = inspected(target, engine)
    assert not judgement.findings
    assert decide([judgement]).standing is Standing.PASS


@pytest.mark.parametrize("engine", ENGINES)
def test_a_balancer_with_two_different_nodes_is_named(target: Wire, engine: str) -> None:
    """The declared port is open on one of them."""
    with balanced(target) as nodes, contextlib.ExitStack() as stack:
        inside(nodes[0], lambda: stack.enter_context(zoo.serving(WEB, "10.41.1.2", 80)))
        judgement, recorder, _ = inspected(target, engine)
    assert not judgement.findings
    assert "it said open at one time and closed at another" in reasons(judgement)
    assert decide([judgement]).standing is Standing.INCONCLUSIVE
    assert states(recorder)[80].state is State.UNKNOWN


class Flood(threading.Thread):
    """Answers every SYN with resets of its own, besides what the target says."""

    def __init__(self, listener: socket.socket, copies: int) -> None:
        super().__init__(daemon=True)
        self._socket, self._copies = listener, copies

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                packet, sender = self._socket.recvfrom(100)
                start = (packet[0] & 15) * 4
                near, far, sequence = struct.unpack_from(">HHI", packet, start)
                if packet[start + 13] & 0x12 != 2:
                    continue
                for _ in range(self._copies):
                    self._socket.sendto(_reset(far, near, (sequence + 1) & 0xFFFFFFFF, sender[0]), sender)


def _reset(port: int, to: int, acknowledged: int, address: str) -> bytes:
    segment = struct.pack(">HHIIBBHHH", port, to, 0, acknowledged, 0x50, 0x14, 0, 0, 0)
    pseudo = socket.inet_aton(FAR[0]) + socket.inet_aton(address) + struct.pack(">BBH", 0, 6, len(segment))
    total = sum(struct.unpack(f">{(len(pseudo) + len(segment)) // 2}H", pseudo + segment))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return segment[:16] + struct.pack(">H", total ^ 0xFFFF) + segment[18:]


def test_a_flood_of_resets_is_named(target: Wire) -> None:
    listener = inside(target.far, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP))
    flood = Flood(listener, 4)
    flood.start()
    try:
        judgement, _, _ = inspected(target, "half-open")
    finally:
        listener.close()
    assert not judgement.findings
    assert "more answers came than were asked for" in reasons(judgement)
    assert decide([judgement]).standing is Standing.INCONCLUSIVE


@pytest.mark.parametrize(("knocks", "excess", "named"), [(400, 399, False), (400, 400, True), (10, 20, False)])
def test_repeats_now_and_then_are_no_flood(knocks: int, excess: int, named: bool) -> None:
    sweep = SweepSeen(
        address=FAR[0],
        engine="half-open",
        waves=(SweepWave(knocks=knocks, answers=knocks, seconds=1.0),),
        rechecks=0,
        lost=0,
        excess=excess,
        contradicted="",
        round_trip_ms=1.0,
    )
    assert flooded(sweep) is named


def test_the_target_s_count_is_what_is_reported(target: Wire) -> None:
    """All of it: also what is sent to find out services."""
    for engine in ENGINES:
        target.without_rules()
        _, _, dialer = inspected(target, engine)
        assert dialer.tally.connections == target.syns()
    command = ["ip", "netns", "exec", target.far, "nft", "-j", "list", "counters"]
    assert json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
