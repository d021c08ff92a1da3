"""The port scanner beside nmap and masscan, in namespaces: time, packets, what is found, memory. Needs root.

Equal rate means: nmap is held to it by --min-rate and --max-rate, ours by its pace. Packets are counted by the target's firewall.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from probes.ports.facts import State
from tests.probes.ports.synthetic import differences, hosts, nmap
from tests.probes.ports.wire import FAR, NEAR, Wire, inside, missing, wire

ALL = 65_535
OPEN = sorted(random.Random(20).sample(range(1, ALL), 20))
RATES = (5_000, 20_000)
UNTHROTTLED = 10_000_000
FIRST = tuple(os.environ.get("BENCH_FIRST", "nice -n -10").split())
"""Goes before ours and theirs, so that what else runs here disturbs both as little as may be; on a shared machine `chrt -r 1`."""
HOSTS = int(os.environ.get("BENCH_HOSTS", "100"))
"""Hosts of the memory bench."""
SYNTHETIC = int(os.environ.get("BENCH_SYNTHETIC", "50"))
"""Synthetic hosts that ours and nmap are compared on."""
MASSCAN_LIMIT_S = 60.0
"""It does not always end in a namespace."""
_DROPPING = "tcp dport != {{ {ports} }} drop"
_LOSS = "numgen random mod 100 < 2 drop"


@dataclass(frozen=True)
class Run:
    """One scan."""

    seconds: float
    packets: int
    """TCP segments that came to the target."""
    found: int
    """Of the 20 open ports."""
    false: int
    """Ports that were called open and are not."""
    cpu_s: float = 0.0
    knocks: int = 0


def main() -> None:
    """Print what was measured."""
    if lacking := missing():
        print(f"SKIPPED: {lacking}")
        return
    with wire() as made, made.listening(OPEN):
        print(f"all {ALL:,} TCP ports of one host, {len(OPEN)} of them open; seconds are each program's own count")
        _refusing(made)
        _dropping(made)
        _unthrottled(made)
        _masscan(made)
        _memory(made)
    with wire() as made:
        _synthetic(made)
    _connecting()


def _child(wire_: Wire | None, **wanted: Any) -> dict[str, Any]:
    inner = ["ip", "netns", "exec", wire_.near] if wire_ else []
    command = [*inner, *FIRST, sys.executable, "-m", "tests.bench.sweeping", json.dumps(wanted)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _ours(made: Wire, per_s: float, engine: str = "half-open", rules: str = "") -> Run:
    _walls(made, rules)
    got = _child(made, engine=engine, addresses=[FAR[0]], ports=ALL, per_s=per_s, at_once=10_000_000)
    return _run(made, set(got["open"]), got["seconds"], got["cpu_s"], got["knocks"])


def _theirs(made: Wire, *options: str, rules: str = "") -> Run:
    _walls(made, rules)
    states, seconds = nmap(made, *options, ports=f"1-{ALL}", before=FIRST)
    return _run(made, {port for port, state in states.items() if state is State.OPEN}, seconds)


def _run(made: Wire, found: set[int], seconds: float, cpu_s: float = 0.0, knocks: int = 0) -> Run:
    true = found & set(OPEN)
    return Run(seconds, made.segments(), len(true), len(found - true), cpu_s, knocks)


def _walls(made: Wire, rules: str) -> None:
    made.without_rules()
    if rules:
        table = f"table inet walled {{\n chain in {{\n  type filter hook prerouting priority -300\n  {rules}\n }}\n}}\n"
        made.rules(table)


def _told(name: str, run: Run) -> str:
    return f"{name} {run.seconds:.2f} s, {run.packets:,} packets, {run.found}/20 found, {run.false} false"


def _has_nmap() -> bool:
    if shutil.which("nmap") is None:
        print("  SKIPPED beside nmap: nmap is not installed (apt-get install nmap)")
        return False
    return True


def _beside(made: Wire, rate: int, rules: str = "") -> None:
    ours = _ours(made, rate, rules=rules)
    print(f"  {rate:,}/s: {_told('ours', ours)} ({ours.packets / ALL:.3f} packets per port)")
    if not _has_nmap():
        return
    theirs = _theirs(made, f"--min-rate={rate}", f"--max-rate={rate}", rules=rules)
    print(f"  {'':>{len(f'{rate:,}/s')}}  {_told('nmap', theirs)}")
    ratios = f"time {ours.seconds / theirs.seconds:.2f}, packets {ours.packets / theirs.packets:.3f}"
    print(f"  {'':>{len(f'{rate:,}/s')}}  ours to nmap: {ratios}")


def _refusing(made: Wire) -> None:
    print("a host that refuses (RST):")
    for rate in RATES:
        _beside(made, rate)
    _at_full_speed(made, "")


def _at_full_speed(made: Wire, rules: str) -> None:
    ours = _ours(made, UNTHROTTLED, rules=rules)
    print(f"  no limit: {_told('ours', ours)}")
    if _has_nmap():
        theirs = _theirs(made, "-T4", rules=rules)
        print(f"  -T4:      {_told('nmap', theirs)}; ours to nmap: time {ours.seconds / theirs.seconds:.3f}")


def _dropping(made: Wire) -> None:
    print("a host that drops:")
    rules = _DROPPING.format(ports=", ".join(map(str, OPEN)))
    for rate in RATES:
        _beside(made, rate, rules)
    _at_full_speed(made, rules)


def _unthrottled(made: Wire) -> None:
    print("half-open engine at several rates, packets sent per second of time and of processor time:")
    dropping = _DROPPING.format(ports=", ".join(map(str, OPEN)))
    for name, rules in (
        ("drops", dropping),
        ("drops, 2 % loss", f"{_LOSS}\n  {dropping}"),
        ("refuses, 2 % loss", _LOSS),
    ):
        for rate in (20_000, 50_000, UNTHROTTLED):
            run = _ours(made, rate, rules=rules)
            speed = f"{run.knocks / run.seconds:,.0f}/s, {run.knocks / run.cpu_s:,.0f} per processor second"
            limit = "no limit" if rate == UNTHROTTLED else f"{rate:,}/s"
            print(f"  {name}, {limit}: {speed}; {run.found}/20 found, {run.false} false; sent {run.knocks:,}")


def _masscan(made: Wire) -> None:
    print("masscan:")
    if shutil.which("masscan") is None:
        print("  SKIPPED: masscan is not installed (apt-get install masscan)")
        return
    # It brings its own stack and asks for link addresses itself; it never learns the target's neighbour without a first packet.
    mac = subprocess.run(
        ["ip", "-n", made.far, "-j", "link", "show", "dev", "cable"], check=True, capture_output=True, text=True
    )
    address = json.loads(mac.stdout)[0]["address"].replace(":", "-")
    for rate in (20_000, 100_000):
        _walls(made, "")
        command = [
            "ip",
            "netns",
            "exec",
            made.near,
            "masscan",
            FAR[0],
            f"-p1-{ALL}",
            "--rate",
            str(rate),
            "--wait",
            "2",
        ]
        command += ["--router-mac", address, "-e", "cable", "--source-port", "60000", "-oL", "-"]
        command += ["--adapter-ip", NEAR[0]]
        began = time.perf_counter()
        done = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            output, _ = done.communicate(timeout=MASSCAN_LIMIT_S)
        except subprocess.TimeoutExpired:
            done.kill()
            output, _ = done.communicate()
        seconds = time.perf_counter() - began
        found = {int(line.split()[2]) for line in output.decode().splitlines() if line.startswith("open tcp")}
        ended = "2 s of it waiting" if seconds < MASSCAN_LIMIT_S else "killed: it did not end"
        print(f"  {rate:,}/s: {_told('masscan', _run(made, found, seconds))} ({ended})")


@contextlib.contextmanager
def _many(made: Wire, count: int) -> Iterator[list[str]]:
    addresses = [f"10.41.{100 + number // 200}.{1 + number % 200}" for number in range(count)]

    def add() -> None:
        for address in addresses:
            subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)

    inside(made.far, add)
    route = ["ip", "-n", made.near, "route", "add", "10.41.64.0/18", "via", FAR[0]]
    subprocess.run(route, check=True)
    yield addresses


def _memory(made: Wire) -> None:
    _walls(made, "")
    with _many(made, HOSTS) as addresses:
        got = _child(made, engine="half-open", addresses=addresses, ports=ALL, per_s=UNTHROTTLED, at_once=100_000)
    wrong = sum(count != len(OPEN) for count in got["open_per_address"].values()) + HOSTS - len(got["open_per_address"])
    print(
        f"all ports of {HOSTS} hosts: {got['rss_mb']:.0f} MB, {got['seconds']:.0f} s, {got['knocks']:,} packets sent, "
        f"{got['facts']} facts, {wrong} hosts with other than 20 open ports"
    )


def _synthetic(made: Wire) -> None:
    if not _has_nmap():
        return
    told: list[str] = []
    for number, host in enumerate(hosts(SYNTHETIC, seed=50)):
        told += [f"host {number}: {line}" for line in differences(made, host)]
    print(f"{SYNTHETIC} synthetic hosts, 300 ports each, by both engines and nmap: {len(told)} differences")
    for line in told:
        print(f"  {line}")


def _connecting() -> None:
    got = _child(None, engine="connect", addresses=["127.41.4.1"], ports=30_000, per_s=UNTHROTTLED, at_once=200)
    speed = f"{got['knocks'] / got['seconds']:,.0f} ports/s, {got['knocks'] / got['cpu_s']:,.0f} per processor second"
    print(f"connect engine on loopback, 30,000 ports: {speed}, {got['rss_mb']:.0f} MB")


if __name__ == "__main__":
    main()
