"""Ray inside the gate: the whole road, and what else the management cable lets through."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grid.gate.cable import Cable, RayPorts, cable_table
from grid.gate.gate import Gate
from grid.gate.passage import PassageError
from grid.key import raw_public, trusted
from grid.order import Order
from grid.seal import SealedOrder, open_order, seal
from plugins import canonical
from plugins.pack import load_pack
from probes.target import PortRange
from tests.grid.gate.scene import CLOCK, KEY, PORT, TARGET, Scene, make, missing, say, scene
from tests.target import wait_for

needs_kernel = pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing")


def test_ports_do_not_collide_and_stay_inside() -> None:
    ports = RayPorts(first=30_000, count=50)
    numbers = [int(option.split("=")[1]) for option in ports.options()]
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) > ports.first
    assert max(numbers) == ports.last == 30_049


@pytest.mark.parametrize(("first", "count"), [(80, 100), (65_500, 100), (20_000, 5), (20_000, 0)])
def test_a_range_that_is_none_is_refused(first: int, count: int) -> None:
    with pytest.raises(ValueError, match="Ray's ports"):
        RayPorts(first=first, count=count)


def test_names_are_checked() -> None:
    with pytest.raises(PassageError):
        cable_table('x"; flush', "ray", "10.214.0.2", "10.214.0.1", RayPorts())


@pytest.fixture(scope="module")
def made() -> Iterator[Scene]:
    with scene() as one:
        yield one


@pytest.mark.root
@needs_kernel
def test_the_cable_leads_to_the_head_s_ray_ports_only(made: Scene) -> None:
    with Gate(CLOCK, switch=made.switch) as gate, Cable(gate) as cable:
        knock = textwrap.dedent(f"""
            import socket
            for to, port in [("{cable.head}", 20000), ("{cable.head}", 22), ("{TARGET}", 20000), ("10.98.1.1", 20000)]:
                s = socket.socket(); s.settimeout(1)
                print(s.connect_ex((to, port)))
        """)
        say(gate, ["ip", "route", "replace", "default", "via", cable.head, "dev", "ray"])
        before = made.arrived()
        answers = say(gate, ["/usr/bin/python3", "-S", "-c", knock]).stdout.split()
        assert made.arrived() == before
    if not answers:
        pytest.skip("no /usr/bin/python3 for an account without a home")
    refused, *silent = map(int, answers)
    assert refused == 111, "the head's port is reached; nobody listens"
    assert all(each == 11 for each in silent), "nothing else answers"
    assert "tenken-" not in made.tables()


DRIVER = """
import json, sys
from pathlib import Path
from grid.brake import Brake
from grid.run import Grid
from grid.seal import SealedOrder
from plugins import canonical
class Kept:
    def took(self, report): pass
address, sealed, key = sys.argv[1:]
keys = {name: bytes.fromhex(public) for name, public in json.loads(key).items()}
order = canonical.loads(SealedOrder, Path(sealed).read_bytes())
with Grid.join(address) as grid:
    (record,) = grid.run([order], keys, Kept(), Brake())
facts = [o.fact for o in record.observations if o.fact.kind in {"port-state", "port-block"} and o.fact.transport == "tcp"]
states = {str(getattr(fact, "port", "")) or fact.ports: fact.state for fact in facts}
print(json.dumps({"lost": record.lost, "states": states, "node": record.node}))
"""


@contextlib.contextmanager
def started(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, env=environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(20)


def _order() -> Order:
    order = make(seconds=90.0, connections_per_s=40.0)
    scope = replace(order.scope, tcp_ports=(PortRange(first=PORT, last=PORT + 9),))
    return replace(order, scope=scope, pack_digest=load_pack().digest)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short name: Ray's sockets lie in it, and their paths may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="tk-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.mark.root
@needs_kernel
def test_an_order_runs_on_a_ray_node_inside_the_gate(made: Scene, short: Path) -> None:
    sealed: SealedOrder = seal(_order(), KEY)
    file = short / "order.json"
    file.write_bytes(canonical.dumps(sealed))
    public = json.dumps({name: key.hex() for name, key in trusted(KEY).items()})
    assert raw_public(KEY.public_key()).hex() in public
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")]),
    }
    ray = [str(Path(sys.executable).parent / "ray")]
    server = made.at_target(sys.executable, "-S", "-m", "http.server", str(PORT))
    # Account 0: the interpreter may lie in a home folder that no other account can read. Only files are concerned.
    with (
        Gate(CLOCK, switch=made.switch, uid=0) as gate,
        Cable(gate) as cable,
        started(server, environment, short / "server.log"),
        started(cable.head_command(ray), {**environment, "RAY_TMPDIR": str(short)}, short / "head.log"),
    ):
        wait_for(lambda: "Ray runtime started" in (short / "head.log").read_text(errors="replace"))
        with started(
            cable.node_command(ray, {"inspector": 4}),
            {**environment, "RAY_TMPDIR": str(short)},
            short / "node.log",
        ):
            wait_for(lambda: "Ray runtime started" in (short / "node.log").read_text(errors="replace"))
            gate.open(open_order(sealed, trusted(KEY), CLOCK))
            done = subprocess.run(
                made.at_switch(sys.executable, "-c", DRIVER, f"{cable.head}:{cable.ports.first}", str(file), public),
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            counted = gate.counted()
    answer = json.loads(done.stdout)
    assert answer["lost"] == ""
    assert answer["states"] == {str(PORT): "open", f"{PORT + 1}-{PORT + 9}": "closed"}
    assert counted.orders["o1"].passed >= 10, "it went through the gate"
    assert (counted.forged, counted.orders["o1"].hasty) == (0, 0)
