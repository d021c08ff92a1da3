"""The gate against a worker that does not keep to it: counted at the target."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from grid.gate.gate import PREFIX, Gate
from grid.gate.kernel import GateError
from plugins.clock import SystemClock
from tests.fakes import FakeClock
from tests.grid.gate.attack import command, send
from tests.grid.gate.scene import (
    CLOCK,
    OTHER,
    OTHER6,
    PORT,
    TARGET,
    TARGET6,
    UDP_PORT,
    Scene,
    make,
    missing,
    permit,
    python_inside,
    receiver,
    say,
    scene,
    worst_second,
)

pytestmark = [pytest.mark.root, pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing")]
WAYS = ("udp", "raw", "packet", "bypass")
CAP = 100.0
BURST = 2
"""What `probes.lease.burst` allows beyond 100 packets per second."""


@pytest.fixture(scope="module")
def made() -> Iterator[Scene]:
    with scene() as one:
        yield one


@pytest.fixture
def gate(made: Scene) -> Iterator[Gate]:
    with Gate(CLOCK, switch=made.switch) as one:
        yield one


@pytest.mark.parametrize("how", [*WAYS, "segments", "header"])
def test_2000_a_second_come_out_as_100(made: Scene, gate: Gate, how: str) -> None:
    gate.open(permit(), CAP)
    with receiver(made) as at_target:
        taken = send(made, gate, how, count=3000)
        times = at_target.times()
    assert taken == 3000
    assert worst_second(times) <= CAP + BURST
    assert len(times) >= 0.95 * 1.5 * CAP
    let = gate.counted().orders["o1"]
    assert let.passed == len(times)
    assert let.passed + let.hasty == taken * (64 if how in ("segments", "header") else 1)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("outside", [{"to": OTHER}, {"port": 5354}], ids=["other address", "other port"])
def test_outside_the_order_nothing_arrives(made: Scene, gate: Gate, how: str, outside: dict[str, Any]) -> None:
    gate.open(permit())
    before = made.arrived()
    assert send(made, gate, how, **outside) == 200
    assert made.arrived() == before
    assert gate.counted().foreign == 200


@pytest.mark.parametrize(
    "outside",
    [{"port": PORT}, {"to": "255.255.255.255"}, {"to": "224.0.0.1"}, {"to": "10.98.1.255"}, {"to": "10.98.1.1"}],
    ids=["declared for TCP only", "broadcast", "multicast", "subnet broadcast", "the switch itself"],
)
def test_nor_at_anything_near_it(made: Scene, gate: Gate, outside: dict[str, Any]) -> None:
    gate.open(permit())
    before = made.arrived()
    assert send(made, gate, "bypass", **outside) == 200
    assert made.arrived() == before
    assert gate.counted().foreign == 200


@pytest.mark.parametrize("how", ["raw", "bypass"])
@pytest.mark.parametrize("source", [TARGET, "192.0.2.7"])
def test_a_forged_source_never_arrives(made: Scene, gate: Gate, how: str, source: str) -> None:
    gate.open(permit())
    before = made.arrived()
    assert send(made, gate, how, **{"from": source}) == 200
    assert made.arrived() == before
    assert gate.counted().forged == 200


@pytest.mark.parametrize("odd", ["options", "first-fragment", "later-fragment", "tag"])
def test_what_could_be_read_in_two_ways_never_arrives(made: Scene, gate: Gate, odd: str) -> None:
    gate.open(permit())
    before = made.arrived()
    assert send(made, gate, "packet", odd=odd) == 200
    assert made.arrived() == before
    assert gate.counted().odd == 200


def test_a_forged_link_address_never_arrives(made: Scene, gate: Gate) -> None:
    gate.open(permit())
    before = made.arrived()
    send(made, gate, "packet", own_mac="02:00:00:00:00:09")
    assert made.arrived() == before
    assert gate.counted().forged == 200


def test_ipv6_is_held_like_ipv4(made: Scene, gate: Gate) -> None:
    gate.open(permit(address=TARGET6), CAP)
    assert send(made, gate, "udp", to=TARGET6, count=1, per_s=1) == 1
    before = made.arrived()
    for more in (
        {"to": OTHER6},
        {"to": TARGET6, "port": 5354},
        {"to": TARGET6, "from": OTHER6},
        {"to": TARGET6, "odd": "options"},
        {"to": "ff02::1"},
        {"to": TARGET},
    ):
        send(made, gate, "packet", **more)
    assert made.arrived() == before
    with receiver(made) as at_target:
        send(made, gate, "packet", to=TARGET6, count=2000)
        times = at_target.times()
    assert len(times) >= 90
    assert worst_second(times) <= CAP + BURST


def test_an_honest_exchange_goes_through(made: Scene, gate: Gate) -> None:
    server = "import socket; s = socket.create_server(('', 8080)); print('ready', flush=True); s.accept()[0].sendall(b'x' * 100000)"
    client = (
        f"import socket; s = socket.create_connection(('{TARGET}', {PORT}), 5); n = 0\n"
        "while d := s.recv(65536): n += len(d)\n"
        "print(n)"
    )
    gate.open(permit())
    with subprocess.Popen(made.at_target(sys.executable, "-S", "-c", server), stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
        assert say(gate, [python_inside(gate), "-S", "-c", client]).stdout == "100000\n"
    let = gate.counted().orders["o1"]
    assert let.hasty == 0
    assert let.passed > 4


def test_new_connections_are_capped_more_tightly_than_packets(gate: Gate) -> None:
    gate.open(permit(connections_per_s=10.0), 1000.0)
    knock = (
        "import socket\nfor _ in range(300):\n    s = socket.socket(); s.setblocking(False)\n"
        f"    s.connect_ex(('{TARGET}', {PORT})); s.close()"
    )
    began = time.monotonic()
    say(gate, [python_inside(gate), "-S", "-c", knock])
    let = gate.counted().orders["o1"]
    assert 1 <= let.passed <= 30 * (time.monotonic() - began) + 1
    assert let.passed + let.hasty >= 300


def _edge(made: Scene, gate: Gate, seconds: float) -> tuple[list[float], int]:
    """Send at 500 a second for a second longer than the window."""
    with receiver(made) as at_target:
        taken = send(made, gate, "bypass", count=int((seconds + 1) * 500), per_s=500)
        return at_target.times(), taken


def test_nothing_arrives_after_the_window(made: Scene, gate: Gate) -> None:
    one = permit(seconds=1.5)
    gate.open(one, 1000.0)
    times, taken = _edge(made, gate, 1.5)
    end = one.order.window.end.timestamp()
    assert taken == 1250
    assert len(times) > 100
    assert end - 2.0 < times[-1] < end, "the wall clock's edge is a whole second, the steady clock's a quarter before"


class _Behind(SystemClock):
    """A wall clock that was set back by an hour before the order was opened."""

    def now(self) -> datetime:
        return super().now() - timedelta(hours=1)


def test_with_our_clock_set_back_the_kernel_s_wall_clock_ends_it(made: Scene) -> None:
    # The permit believes that the window has an hour and a second and a half left, so that the timeouts come too late.
    real = make(seconds=2.5, since=timedelta(hours=2))
    with Gate(_Behind(), switch=made.switch) as gate:
        behind = permit(real, _Behind())
        assert behind.remaining_s() > 3600
        gate.open(behind, 1000.0)
        times, _ = _edge(made, gate, 2.5)
        assert len(times) > 100
        assert times[-1] < real.window.end.timestamp()
        assert gate.counted().orders["o1"].late > 0


def test_with_the_kernel_s_wall_clock_set_back_its_steady_clock_ends_it(made: Scene) -> None:
    # The machine's wall clock may not be set by a test. An order whose end is an hour away, opened by a clock that knows that
    # only a second and a half of it is left, is the same thing to the kernel.
    real = make(seconds=3600.0)
    ahead = FakeClock(real.window.end - timedelta(seconds=1.5))
    with Gate(ahead, switch=made.switch) as gate:
        opened = time.time()
        gate.open(permit(real, ahead), 1000.0)
        times, _ = _edge(made, gate, 1.5)
        assert len(times) > 100
        assert times[-1] - opened < 1.5
        let = gate.counted().orders["o1"]
        assert (let.late, let.passed) == (0, len(times))


HOLDER = """
import sys
from grid.gate.gate import Gate
from plugins.clock import SystemClock
from tests.grid.gate.scene import permit
with Gate(SystemClock(), switch=sys.argv[1]) as gate:
    one = permit(seconds=2.0)
    gate.open(one, 1000.0)
    print(gate.namespace, one.order.window.end.timestamp(), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL], ids=["paused", "killed"])
def test_the_edge_stands_when_we_do_not(made: Scene, how: signal.Signals) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLDER, made.switch], stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdout is not None
        namespace, end = holder.stdout.readline().split()
        os.kill(holder.pid, how)
        loop = (
            "import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); until = time.time() + 3.2\n"
            f"while time.time() < until: s.sendto(b'x', ('{TARGET}', {UDP_PORT})); time.sleep(0.005)"
        )
        with receiver(made) as at_target:
            subprocess.run(["ip", "netns", "exec", namespace, sys.executable, "-S", "-c", loop], check=True)
            times = at_target.times()
        if how is signal.SIGSTOP:
            os.kill(holder.pid, signal.SIGCONT)
            holder.communicate()
    if how is signal.SIGKILL:  # what a killed one leaves holds no right any more; `tenken doctor` names it
        assert namespace in _namespaces()
        subprocess.run(["ip", "netns", "delete", namespace], check=True)
    assert namespace not in _namespaces()
    assert len(times) > 20
    assert times[-1] < float(end)


ESCAPES = {
    "flush the rules": "nft flush ruleset; nft list ruleset",
    "delete the cable": "ip link delete gate",
    "move the cable to the host": "ip link set gate netns 1",
    "a new cable into the host": "ip link add tkescape1 type veth peer name tkescape2 netns 1",
    "enter the host's namespace": "nsenter --net=/proc/1/ns/net ip link add tkescape1 type dummy",
    "a namespace inside": "unshare --net true; unshare --user --net true",
    "another link address": "ip link set gate down; ip link set gate address 02:00:00:00:00:09; ip link set gate up",
    "another address": f"ip address add {OTHER}/24 dev gate; ip address flush dev gate; ip address add 10.98.1.9/24 dev gate",
    "routes": "ip route replace default dev gate; ip route add 10.98.1.3/32 dev gate; sysctl -w net.ipv4.ip_forward=1",
    "another queue": "tc qdisc replace dev gate root pfifo limit 10000",
    "a macvlan": "ip link add link gate name mv0 type macvlan mode private; ip link set mv0 up",
    "unplug the switch's program": "ip link set dev gate xdp off",
    "write to the host": "echo x > /etc/tenken-escape; mount -t tmpfs none /mnt; kill -9 1",
}


@pytest.mark.parametrize("attempt", ESCAPES.values(), ids=list(ESCAPES))
def test_root_inside_cannot_pass_or_remove_it(made: Scene, attempt: str) -> None:
    with Gate(CLOCK, switch=made.switch) as gate:
        gate.open(permit(), CAP)
        rules = _chain(made, gate)
        said = say(gate, ["sh", "-c", f"id -u; {attempt}"])
        assert said.stdout.startswith("0\n"), "it is root inside"
        if "delete the cable" not in attempt and "link delete" not in attempt:
            assert _chain(made, gate) == rules
        before = made.arrived()
        _try(made, gate, "udp", {"to": OTHER})
        for more in ({"to": OTHER}, {"from": "10.98.1.9"}, {"port": 5354}):
            _try(made, gate, "bypass", more)
        assert made.arrived() == before
        links = subprocess.run(["ip", "-j", "link"], check=True, capture_output=True, text=True).stdout
        assert "tkescape" not in links
    assert not Path("/etc/tenken-escape").exists()
    _nothing_left(made, gate)


def _try(made: Scene, gate: Gate, how: str, more: dict[str, Any]) -> None:
    """Send; the attempt may have left nothing to send on."""
    assert gate.link is not None
    if gate.link.device in made.links():
        subprocess.run(command(made, gate, how, **more), check=False, capture_output=True, timeout=60)


def _chain(made: Scene, gate: Gate) -> str:
    out = subprocess.run(
        made.at_switch("nft", "-s", "list", "chain", "netdev", gate._table.name, "switch"),
        capture_output=True,
        text=True,
        check=True,
    )
    return out.stdout


SWITCH_ON = """
import ctypes, fcntl, socket, struct
box = socket.socket()
for command in (0x1F, 0x24):  # ETHTOOL_STSO, ETHTOOL_SGSO
    asked = ctypes.create_string_buffer(struct.pack("II", command, 1), 8)
    try:
        fcntl.ioctl(box, 0x8946, struct.pack("16sP16x", b"gate", ctypes.addressof(asked)))  # SIOCETHTOOL
    except OSError as error:
        print(error.errno)
"""


@pytest.mark.parametrize("how", ["segments", "header"])
def test_segmentation_cannot_be_switched_on_again(made: Scene, gate: Gate, how: str) -> None:
    gate.open(permit(), CAP)
    said = say(gate, [python_inside(gate), "-S", "-c", SWITCH_ON])
    assert not said.stderr
    assert send(made, gate, how, count=10) == 10
    let = gate.counted().orders["o1"]
    assert let.passed + let.hasty == 640


@pytest.mark.parametrize("how", ["segments", "header"])
def test_without_the_switch_s_program_64_packets_would_count_as_one(made: Scene, gate: Gate, how: str) -> None:
    assert gate.link is not None
    subprocess.run(["ip", "-n", made.switch, "link", "set", "dev", gate.link.device, "xdp", "off"], check=True)
    gate.open(permit(), CAP)
    assert not say(gate, [python_inside(gate), "-S", "-c", SWITCH_ON]).stdout
    before = made.arrived()
    assert send(made, gate, how, count=10) == 10
    let = gate.counted().orders["o1"]
    assert let.passed + let.hasty == 10
    assert made.arrived() > before


def _namespaces() -> str:
    return subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True).stdout


def _nothing_left(made: Scene, gate: Gate) -> None:
    assert gate.namespace not in _namespaces()
    assert gate._table.name not in made.tables()
    device = f"tk{gate.namespace.removeprefix(PREFIX)}"
    assert device not in made.links()
    for version in ("-4", "-6"):
        routing = subprocess.run(
            made.at_switch("ip", version, "rule"), check=True, capture_output=True, text=True
        ).stdout
        assert device not in routing


def test_nothing_is_left_after_an_exception(made: Scene) -> None:
    gate = Gate(CLOCK, switch=made.switch)

    def break_down() -> None:
        with gate:
            gate.open(permit())
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        break_down()
    _nothing_left(made, gate)


def test_nothing_is_left_when_it_cannot_be_made(made: Scene) -> None:
    with Gate(CLOCK, switch=made.switch, number=7):
        second = Gate(CLOCK, switch="tenken-no-such-switch", number=8)
        with pytest.raises(GateError, match="tenken-no-such-switch"):
            second.__enter__()
    assert second.namespace not in _namespaces()


def test_when_the_host_s_firewall_is_reloaded_nothing_is_forwarded_any_more(made: Scene) -> None:
    with Gate(CLOCK, switch=made.switch) as gate:
        gate.open(permit(), CAP)
        gate.open(permit(order_id="o6", address=TARGET6), CAP)
        before = made.arrived()
        for to in (TARGET, TARGET6):
            assert send(made, gate, "udp", to=to, count=5, per_s=50) == 5
        assert made.arrived() == before + 10
        subprocess.run(made.at_switch("nft", "flush", "ruleset"), check=True)
        for to in (TARGET, OTHER, TARGET6, OTHER6):
            send(made, gate, "udp", to=to, count=50)
        assert made.arrived() == before + 10
        with pytest.raises(GateError, match="nft"):
            gate.counted()
    _nothing_left(made, gate)


def test_orders_are_opened_and_closed_without_touching_each_other(made: Scene, gate: Gate) -> None:
    gate.open(permit(), CAP)
    gate.open(permit(order_id="o2", address=OTHER), CAP)
    for address in (TARGET, OTHER):
        assert send(made, gate, "udp", to=address, count=5, per_s=50) == 5
    gate.close("o1")
    before = made.arrived()
    send(made, gate, "udp", count=50)
    assert made.arrived() == before
    send(made, gate, "udp", to=OTHER, count=5, per_s=50)
    assert made.arrived() == before + 5
    orders = gate.counted().orders
    assert (orders["o1"].passed, orders["o2"].passed) == (5, 10)
    with pytest.raises(GateError, match="never opened"):
        gate.open(permit(), CAP)
    gate.close("o1")


def test_all_orders_together_keep_the_total(made: Scene) -> None:
    with Gate(CLOCK, switch=made.switch, total_packets_per_s=CAP) as gate:
        gate.open(permit(), CAP)
        gate.open(permit(order_id="o2", address=OTHER), CAP)
        with receiver(made) as at_target:
            runs = [
                threading.Thread(target=send, args=(made, gate, "udp"), kwargs={"to": to, "count": 1500, "per_s": 1000})
                for to in (TARGET, OTHER)
            ]
            for each in runs:
                each.start()
            for each in runs:
                each.join()
            times = at_target.times()
    assert worst_second(times) <= CAP + BURST
    assert len(times) > CAP


def test_a_window_that_is_nearly_over_is_not_opened(gate: Gate) -> None:
    with pytest.raises(GateError, match="over, or nearly"):
        gate.open(permit(seconds=0.2))


def test_a_host_that_is_too_slow_opens_nothing(made: Scene) -> None:
    class Slow(SystemClock):
        """A clock by which every look takes a second."""

        looks = 0

        def monotonic(self) -> float:
            self.looks += 1
            return super().monotonic() + self.looks

    with Gate(Slow(), switch=made.switch) as gate:
        with pytest.raises(GateError, match="too slow"):
            gate.open(permit())
        before = made.arrived()
        send(made, gate, "udp", count=20)
        assert made.arrived() == before
        assert gate.counted().foreign == 20


def test_the_receiver_is_told_apart_from_the_gate(made: Scene) -> None:
    """The target does get what is sent without a gate: the zeros above are the gate's doing."""
    before = made.arrived()
    box = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
    ask = f"{box}; [s.sendto(b'x', ('{OTHER}', 5354)) for _ in range(50)]"
    subprocess.run(made.at_switch(sys.executable, "-S", "-c", ask), check=True)
    assert made.arrived() == before + 50
