"""nmap through our own dialler: real nmap, real servers, and nothing that the order's leave, pace and count do not see."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from probes.dial import CutOffError
from probes.pace import Pace
from probes.services import enclosure
from probes.services.version_scan import LIMITS, Asked, Limits, parallel, scan
from probes.services.wire import Job, Wanted
from tests.fakes import LoopbackLeave
from tests.pki import Pki
from tests.probes.scene import FAST, dialer_for
from tests.servers import nginx, sshd, zoo
from tests.servers.process import free_port
from tests.target import counting

HOST = "127.42.1.2"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not enclosure.program(), reason="nmap is not installed"),
]
needs_servers = pytest.mark.skipif(
    not (nginx.PROGRAM and sshd.PROGRAM), reason="nginx or openssh-server is not installed"
)


def asked(port: int, service: str = "", *, quiet: bool = False, tls_name: str | None = None) -> Asked:
    return Asked(address=HOST, port=port, tls_name=tls_name, service=service, quiet=quiet)


@needs_servers
async def test_products_and_versions_on_odd_ports_also_inside_tls(tmp_path: Path) -> None:
    web, inside, ssh = (free_port(HOST) for _ in range(3))
    pki = Pki()
    leaf = pki.leaf(pki.authority(pki.root())).write(tmp_path, "leaf")
    dialer = dialer_for()
    with (
        nginx.nginx(tmp_path / "nginx", HOST, (web,), {inside: nginx.TlsSettings((leaf,))}),
        sshd.sshd(tmp_path / "sshd", HOST, ssh, passwords=False),
    ):
        wanted = [
            asked(web, "http", quiet=True),
            asked(inside, "http", quiet=True, tls_name="shop.example"),
            asked(ssh, "ssh"),
        ]
        found = await scan(dialer, wanted)
    products = {port: (one.fingerprint.service, one.fingerprint.product) for port, one in found.items()}
    assert products == {web: ("http", "nginx"), inside: ("http", "nginx"), ssh: ("ssh", "OpenSSH")}
    assert all(len(one.transcripts) == 1 for one in found.values())
    assert dialer.tally.connections == dialer.tally.requests == 3


async def test_the_target_counts_what_the_tally_says() -> None:
    port = free_port(HOST)
    dialer = dialer_for()
    with counting(HOST, range(port, port + 1)) as target:
        found = await scan(dialer, [asked(port)])
    assert port in found
    assert 1 <= len(target.times) == dialer.tally.connections <= LIMITS.unknown_connections


@pytest.mark.parametrize("manner", [zoo.endless, zoo.garbage, zoo.slam], ids=lambda manner: manner.__name__)
async def test_a_hostile_server_is_left_after_a_few_connections(manner: zoo.Manner) -> None:
    dialer = dialer_for()
    with zoo.serving(manner, HOST) as port:
        await scan(dialer, [asked(port, "http")], Limits(seconds=4))
    assert dialer.tally.connections <= LIMITS.connections
    assert dialer.tally.bytes_received <= LIMITS.connections * (LIMITS.connection_bytes + 65_536)


async def test_a_server_that_keeps_silent_is_left_in_time() -> None:
    started = time.monotonic()
    with zoo.serving(zoo.hang, HOST) as port:
        await scan(dialer_for(), [asked(port, quiet=True)], Limits(seconds=3))
    assert time.monotonic() - started < 15


async def test_a_stop_ends_it_at_once_and_nothing_stays_behind() -> None:
    leave = LoopbackLeave()
    dialer = dialer_for(leave)
    with zoo.serving(zoo.hang, HOST) as port:
        scanning = asyncio.create_task(scan(dialer, [asked(port)]))
        while not dialer.tally.connections:  # noqa: ASYNC110 - the tally of the product has no event to wait for
            await asyncio.sleep(0.01)
        leave.stop()
        started = time.monotonic()
        with pytest.raises(CutOffError):
            await scanning
    assert time.monotonic() - started < 1


async def test_what_the_order_does_not_name_is_not_dialled() -> None:
    with counting(HOST, range(40_201, 40_202)) as target:
        leave = LoopbackLeave(allowed={(HOST, 40_202)})
        dialer = dialer_for(leave)
        with contextlib.suppress(Exception):
            await scan(dialer, [asked(40_201)])
    assert target.times == []
    assert dialer.tally.connections == 0


async def test_the_agreed_pace_holds() -> None:
    pace = Pace(connections_per_s=8, requests_per_s=8, concurrent_connections=4)
    dialer = dialer_for(pace=pace)
    with zoo.serving(zoo.close_after_request, HOST) as first, zoo.serving(zoo.close_after_request, HOST) as second:
        await scan(dialer, [asked(first, quiet=True), asked(second, quiet=True)])
    assert dialer.tally.connections >= 10
    assert dialer.tally.peak_connections_per_s <= 9


@pytest.mark.parametrize(
    ("per_s", "concurrent", "at_once"),
    [(1.0, 10, 0), (1.9, 10, 0), (2.0, 10, 1), (5.0, 10, 2), (20.0, 1, 1), (2000.0, 20, 4)],
)
def test_a_slow_pace_leaves_nmap_out(per_s: float, concurrent: int, at_once: int) -> None:
    assert parallel(Pace(connections_per_s=per_s, requests_per_s=per_s, concurrent_connections=concurrent)) == at_once


async def test_where_the_pace_cannot_hold_it_nothing_is_sent() -> None:
    slow = Pace(connections_per_s=1, requests_per_s=1, concurrent_connections=1)
    dialer = dialer_for(pace=slow)
    assert await scan(dialer, [asked(1)]) == {}
    assert await scan(dialer_for(pace=FAST), []) == {}
    assert dialer.tally.connections == 0


JOB = Job(
    wanted=(Wanted(port=80, shown_as=8080, quiet=True, most_connections=3),),
    parallel=2,
    connections_per_s=12.5,
    seconds=20,
)


def test_nmap_s_arguments_are_exactly_these() -> None:
    (version, look) = sorted(enclosure.commands(JOB, [("127.1.2.3", 8080)]), key=len)
    assert version == (enclosure.program(), "-V")
    assert look == (
        *(enclosure.program(), "-oX", "-", "127.1.2.3", "-p", "8080", "-sT", "-sV", "-Pn", "-n", "--unprivileged"),
        *("--datadir", str(enclosure.NO_SCRIPTS), "--max-retries", "0", "--max-parallelism", "1", "--max-rate", "12.5"),
        *("--version-intensity", "7", "--host-timeout", "20s"),
    )


def test_nmap_runs_no_scripts() -> None:
    """With the arguments of the product nmap loads none of its scripts, although `-sV` asks for a category of them."""
    with zoo.serving(zoo.says(b"SSH-2.0-OpenSSH_9.2p1\r\n"), HOST) as port:
        command = [enclosure.program(), "-d", HOST, "-p", str(port), *enclosure.arguments(JOB).split(" ")]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "NSE: Loaded" not in said or "NSE: Loaded 0 scripts" in said
    assert "Starting runlevel" not in said


@pytest.fixture(scope="module")
def behind() -> str:
    """Code that builds the wall of the child."""
    allowed = "frozenset({('/usr/bin/true', '-x'), ('/usr/bin/id', '-u')})"
    return f"from probes.services import enclosure\nenclosure.build({allowed})\n"


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9), 1)",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
        "import socket; socket.socket().bind(('127.0.0.1', 0))",
        "import socket; socket.getaddrinfo('shop.example', 443)",
        "import subprocess; subprocess.run(['/usr/bin/true'])",
        "import subprocess; subprocess.run(['/usr/bin/true', '-x', '-y'])",
        "import subprocess; subprocess.run(['/usr/bin/true', '-x'], executable='/bin/sh')",
        "import subprocess; subprocess.run('/usr/bin/true -x', shell=True)",
        "import os; os.system('true')",
        "import os; os.execv('/bin/true', ['true'])",
    ],
)
def test_there_is_no_way_out_of_the_child(behind: str, code: str) -> None:
    run = subprocess.run([sys.executable, "-c", behind + code], capture_output=True, text=True, timeout=30, check=False)
    assert "EnclosureError" in run.stderr


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_the_child_gives_up_root_where_nmap_can_still_see_that_it_has_no_scripts(behind: str) -> None:
    code = "import subprocess; print(subprocess.run(['/usr/bin/id', '-u'], capture_output=True, text=True).stdout)"
    run = subprocess.run([sys.executable, "-c", behind + code], capture_output=True, text=True, timeout=30, check=True)
    open_to_all = all(
        enclosure._open_to_all(path) for path in (enclosure.NO_SCRIPTS / "scripts", *enclosure.NO_SCRIPTS.parents)
    )
    assert run.stdout.strip() == (str(enclosure.NOBODY) if open_to_all else "0")
