"""Here: the same orders in this process. It arms the guard for good, so each test runs in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAD = """
import asyncio, threading
from datetime import timedelta
from grid.brake import Brake
from grid.here import Here
from grid.key import trusted
from grid.report import Report
from grid.seal import SealError, seal
from grid.window import Window
from plugins.cargo import packed
from plugins.clock import SystemClock
from plugins.pack import PackError, pack_of
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from probes.observation import Ending, ItemEnded
from probes.target import DeclaredPort, Item, PortRange, Purpose, Role, Target, Transport
from tests.grid.orders import make_order
from tests.plugins.template.samples import template
from tests.probes.holes.scene import pack_with
from tests.servers import zoo
from dataclasses import replace

KEY, CLOCK, HOST = Ed25519PrivateKey.generate(), SystemClock(), "127.44.3.1"
PACK = pack_with(template())

class Kept:
    def __init__(self): self.reports = []
    def took(self, report): self.reports.append(report)

def serve(connection):
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 404 Not Found\\r\\nContent-Length: 0\\r\\n\\r\\n")

def order(port, seconds=60.0, digest=PACK.digest):
    declared = DeclaredPort(ports=PortRange(first=port, last=port), transport=Transport.TCP, service="http",
                            purpose=Purpose.SHOP)
    target = Target(name="web", role=Role.WEB, addresses=(HOST,), ports=(declared,))
    made = make_order(target=target, pack_digest=digest)
    now = CLOCK.now()
    scope = replace(made.scope, items=(Item.HOLES,), tcp_ports=())
    return seal(replace(made, scope=scope, window=Window(start=now, end=now + timedelta(seconds=seconds))), KEY)
"""


def run(scene: str) -> str:
    """Run a scene; give what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + textwrap.dedent(scene)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_make_order_runs_with_its_pack_and_reports_as_on_the_grid() -> None:
    told = run("""
    kept = Kept()
    with zoo.serving(serve, HOST) as port:
        (record,) = Here(CLOCK).run([order(port)], trusted(KEY), kept, Brake(), None, packed(PACK))
    print([report.last for report in kept.reports], len(record.observations), record.lost, record.node)
    print([o.fact.ending.value for o in record.observations if isinstance(o.fact, ItemEnded)], record.tally.requests)
    """)
    assert told.splitlines() == ["[False, True] 7  here", "['finished'] 5"]


def test_another_pack_another_key_and_a_window_that_is_over_send_nothing() -> None:
    told = run("""
    with zoo.serving(serve, HOST) as port:
        for sealed, keys in ((order(port, digest="0" * 64), trusted(KEY)), (order(port), {}), (order(port, 0.001), trusted(KEY))):
            kept = Kept()
            try:
                Here(CLOCK).run([sealed], keys, kept, Brake(), None, packed(PACK))
            except (PackError, SealError) as error:
                print(type(error).__name__, kept.reports)
    """)
    assert told.splitlines() == ["PackError []", "SealError []", "SealError []"]


def test_a_stop_ends_it_at_once() -> None:
    told = run("""
    kept, brake, entered = Kept(), Brake(), threading.Event()
    def hang(connection):
        entered.set()
        connection.recv(1)
        while connection.recv(1000):
            pass
    def stop():
        entered.wait(20)
        brake.stop("enough")
    threading.Thread(target=stop).start()
    with zoo.serving(hang, HOST) as port:
        (record,) = Here(CLOCK).run([order(port)], trusted(KEY), kept, brake, None, packed(PACK))
    print([(o.fact.ending.value, o.fact.detail) for o in record.observations if isinstance(o.fact, ItemEnded)])
    """)
    assert told.strip() == "[('stopped', 'enough')]"
