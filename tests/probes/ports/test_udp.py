"""UDP ports of a target in a namespace: real servers, refusals, firewalls, silence, and the limit on ICMP errors."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from plugins.clock import SystemClock
from probes.dial import CutOffError, Dialer, OutOfScopeError
from probes.pace import Pace
from probes.ports.facts import PortState, State
from probes.ports.questions import QUESTIONS
from probes.ports.udp import MOST_PORTS, TRIES, UdpLook
from probes.recorder import Recorder
from probes.services.facts import ServiceSeen
from probes.target import DeclaredPort, PortRange, Role, Scope, Target, Transport
from tests.probes.ports.test_questions import ANSWERS
from tests.probes.ports.wire import FAR, Anywhere, Wire, inside, missing, wire
from tests.probes.scene import declared
from tests.target import wait_for

pytestmark = [pytest.mark.root, pytest.mark.skipif(bool(missing()), reason=missing())]
BRISK = Pace(connections_per_s=1000, requests_per_s=1000, concurrent_connections=50)


@pytest.fixture(scope="module")
def cable() -> Iterator[Wire]:
    with wire() as made:
        yield made


@pytest.fixture
def target(cable: Wire) -> Wire:
    """The wire, with no rules, and with its tokens for ICMP errors filled up again."""
    cable.without_rules()
    # Every test of its own: how often the target may refuse is a state of the target that outlives a test.
    for setting in ("net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0"):
        _at_target(cable, "sysctl", "-qw", setting)
    return cable


def _at_target(target: Wire, *command: str) -> None:
    subprocess.run(["ip", "netns", "exec", target.far, *command], check=True, capture_output=True)


class Looked:
    """What a look at UDP ports brought."""

    def __init__(self, recorder: Recorder, dialer: Dialer, seconds: float) -> None:
        facts = [entry.fact for entry in recorder.observations]
        self.states = {fact.port: fact.state for fact in facts if isinstance(fact, PortState)}
        self.details = {fact.port: fact.detail for fact in facts if isinstance(fact, PortState)}
        self.services = {fact.port: fact.service for fact in facts if isinstance(fact, ServiceSeen)}
        self.evidence = [entry.evidence for entry in recorder.observations if isinstance(entry.fact, ServiceSeen)]
        self.tally, self.seconds = dialer.tally, seconds


def look(
    target: Wire,
    *ports: DeclaredPort,
    undeclared: tuple[int, ...] = (),
    address: str = FAR[0],
    per_s: float = 1.0,
    leave: Anywhere | None = None,
) -> Looked:
    """Look at UDP ports of the target."""
    ranges = tuple(PortRange(first=port, last=port) for port in undeclared)
    server = Target(name="web", role=Role.WEB, addresses=(address,), ports=ports)
    scope = Scope(target=server, items=(), tcp_ports=(), udp_ports=ranges)

    async def run() -> Looked:
        clock = SystemClock()
        recorder, dialer = Recorder("web", clock), Dialer("web", leave or Anywhere(), BRISK, clock)
        began = clock.monotonic()
        await UdpLook(scope, dialer, recorder, per_s=per_s).run()
        return Looked(recorder, dialer, clock.monotonic() - began)

    return inside(target.near, lambda: asyncio.run(run()))


def both(target: Wire, *, undeclared: tuple[int, ...], per_s: float) -> list[Looked]:
    """Look at both addresses of the target at the same time."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda address: look(target, undeclared=undeclared, address=address, per_s=per_s), FAR))


@contextlib.contextmanager
def answering(target: Wire, answers: dict[int, bytes], *, other_port: bool = False) -> Iterator[None]:
    """Let the target answer on UDP ports with fixed words; `other_port`: from another port than was asked."""
    made = inside(target.far, lambda: [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in answers])
    speakers = inside(target.far, lambda: [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in answers])

    def serve(listener: socket.socket, speaker: socket.socket, answer: bytes) -> None:
        with contextlib.suppress(OSError):
            while True:
                _, sender = listener.recvfrom(4096)
                if not sender:  # it was shut down
                    return
                (speaker if other_port else listener).sendto(answer, sender)

    threads = []
    for listener, speaker, (port, answer) in zip(made, speakers, answers.items(), strict=True):
        listener.bind((FAR[0], port))
        threads.append(threading.Thread(target=serve, args=(listener, speaker, answer), daemon=True))
        threads[-1].start()
    try:
        yield
    finally:
        for one in (*made, *speakers):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def test_every_protocol_is_known_by_its_answer(target: Wire) -> None:
    moving = {69: ANSWERS[69]}
    staying = {port: answer for port, answer in ANSWERS.items() if port != 69}
    with answering(target, staying), answering(target, moving, other_port=True):
        looked = look(target, undeclared=tuple(QUESTIONS), per_s=100)
    assert looked.services == {port: asked.service for port, asked in QUESTIONS.items()}
    assert set(looked.states.values()) == {State.OPEN}
    assert looked.tally.requests == len(QUESTIONS)
    assert all(looked.evidence)


def test_on_odd_ports_the_declared_service_is_asked(target: Wire) -> None:
    with answering(target, {1053: ANSWERS[53], 7: b"nonsense"}):
        ports = [declared(port, "domain", transport=Transport.UDP) for port in (7, 1053)]
        looked = look(target, *ports)
    assert looked.services == {1053: "domain", 7: ""}


def test_an_answer_from_elsewhere_is_none(target: Wire) -> None:
    """Only TFTP may answer from a port of its own."""
    with answering(target, {53: ANSWERS[53]}, other_port=True):
        looked = look(target, undeclared=(53,), per_s=100)
    assert looked.states == {53: State.OPEN_OR_FILTERED}
    assert looked.tally.requests == TRIES


def test_refused_filtered_and_silent_are_told_apart(target: Wire) -> None:
    def rejecting(version: str) -> str:
        rules = (
            f"  meta nfproto ipv{4 if version == 'icmp' else 6} udp dport 500 reject with {version} type admin-prohibited",
            f"  meta nfproto ipv{4 if version == 'icmp' else 6} udp dport 501 reject with {version} type port-unreachable",
        )
        return "\n".join(rules)

    text = "\n".join((rejecting("icmp"), rejecting("icmpv6"), "  udp dport 502 drop"))
    target.rules(f"table inet walled {{\n chain input {{\n  type filter hook input priority 0\n{text}\n }}\n}}\n")
    expected = {499: State.CLOSED, 500: State.FILTERED, 501: State.CLOSED, 502: State.OPEN_OR_FILTERED}
    for looked in both(target, undeclared=(499, 500, 501, 502), per_s=100):
        assert looked.states == expected


def test_a_router_s_refusal_is_not_the_server_s(target: Wire) -> None:
    """The target is asked at an address behind it, for which it is the router."""
    _at_target(target, "ip", "address", "add", "10.41.9.1/32", "dev", "lo")
    text = "  ip daddr 10.41.9.9 reject with icmp type port-unreachable"
    target.rules(f"table inet walled {{\n chain input {{\n  type filter hook prerouting priority 0\n{text}\n }}\n}}\n")
    subprocess.run(
        ["ip", "-n", target.near, "route", "add", "10.41.9.9/32", "via", FAR[0]], check=False, capture_output=True
    )
    looked = look(target, undeclared=(161,), address="10.41.9.9")
    assert looked.states == {161: State.FILTERED}


def test_the_limit_on_icmp_errors_makes_no_closed_port_open(target: Wire) -> None:
    """Linux's own limit: six at once, then one per second."""
    _at_target(target, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=1000")

    def use_up() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as box:
            for port in range(600, 610):
                box.sendto(b"", (FAR[0], port))

    inside(target.near, use_up)
    ports = tuple(range(700, 704))
    looked = look(target, undeclared=ports)
    assert looked.states == dict.fromkeys(ports, State.CLOSED)
    assert looked.tally.requests > len(ports)


def test_long_ranges_are_looked_at_in_part_and_that_is_said(target: Wire) -> None:
    wide = DeclaredPort(
        ports=PortRange(first=10_000, last=10_000 + MOST_PORTS),
        transport=Transport.UDP,
        service="rtp",
        purpose=declared(1, "x").purpose,
    )
    looked = look(target, wide, per_s=1000)
    assert looked.states[10_000 + MOST_PORTS] is State.UNKNOWN
    assert "64" in looked.details[10_000 + MOST_PORTS]
    assert list(looked.states.values()).count(State.CLOSED) == MOST_PORTS


def test_nothing_leaves_for_a_port_that_the_leave_does_not_name(target: Wire) -> None:
    class Narrow(Anywhere):
        def check(self, address: str, port: int, transport: Transport) -> None:
            if transport is not Transport.UDP or port != 161:
                raise OutOfScopeError(address, port, transport)

    looked = look(target, undeclared=(161, 162), leave=Narrow())
    assert looked.states == {161: State.CLOSED, 162: State.UNKNOWN}
    assert (looked.tally.requests, looked.tally.refused) == (1, 1)


def test_a_stop_comes_through(target: Wire) -> None:
    class Stopped(Anywhere):
        def check(self, *_: object) -> None:
            raise CutOffError("stop")

    with pytest.raises(CutOffError):
        look(target, undeclared=(161,), leave=Stopped())


def _snmpd(folder: Path) -> list[str]:
    (folder / "snmpd.conf").write_text("rocommunity not-public\n", encoding="ascii")
    return [
        "snmpd",
        "-f",
        "-Lo",
        "-C",
        "-c",
        str(folder / "snmpd.conf"),
        "-p",
        str(folder / "pid"),
        f"udp:{FAR[0]}:161",
    ]


def _named(folder: Path) -> list[str]:
    text = f'options {{ directory "{folder}"; listen-on {{ {FAR[0]}; }}; listen-on-v6 {{ none; }}; recursion no; pid-file none; }};'
    (folder / "named.conf").write_text(text + "\ncontrols { };\n", encoding="ascii")
    return ["named", "-f", "-c", str(folder / "named.conf")]


def _memcached(_: Path) -> list[str]:
    return ["memcached", "-u", "nobody", "-l", FAR[0], "-U", "11211", "-p", "11211"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("command", "port", "service"), [(_snmpd, 161, "snmp"), (_named, 53, "domain"), (_memcached, 11211, "memcache")]
)
def test_real_servers(
    target: Wire, tmp_path: Path, command: Callable[[Path], list[str]], port: int, service: str
) -> None:
    argv = command(tmp_path)
    if shutil.which(argv[0]) is None:
        pytest.skip(f"{argv[0]} is not installed")
    running = subprocess.Popen(
        ["ip", "netns", "exec", target.far, *argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        table = ["ip", "netns", "exec", target.far, "ss", "-Hlun", f"sport = :{port}"]
        wait_for(lambda: bool(subprocess.run(table, check=True, capture_output=True).stdout), 20)
        looked = look(target, undeclared=(port,))
    finally:
        running.kill()
        running.wait()
    assert looked.services == {port: service}
