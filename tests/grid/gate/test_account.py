"""The fallback: what it holds, and what it is known not to see."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from grid.gate.account import AccountWall
from grid.gate.rules import by_uid
from tests.grid.gate.attack import SENDER, mac
from tests.grid.gate.scene import CLOCK, OTHER, TARGET, UDP_PORT, Scene, missing, permit, receiver, scene, worst_second

pytestmark = [pytest.mark.root, pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing")]
UID = 65_990
CAP = 100.0


@pytest.fixture(scope="module")
def made() -> Iterator[Scene]:
    with scene() as one:
        yield one


@pytest.fixture
def wall(made: Scene) -> Iterator[AccountWall]:
    """The wall stands in the switch's namespace, which here plays the worker's host."""
    with AccountWall(by_uid(UID), CLOCK, namespace=made.switch) as one:
        yield one


def send(made: Scene, how: str, uid: int = UID, **more: Any) -> None:
    """Send as an account that may use raw and packet sockets and has no other right."""
    said = {
        "how": how,
        "to": TARGET,
        "port": UDP_PORT,
        "from": "10.98.1.1",
        "count": 200,
        "per_s": 2000,
        "device": "out",
        "switch_mac": mac(made.target, "cable"),
        "own_mac": mac(made.switch, "out"),
        **more,
    }
    caps = "+net_raw"
    become = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    rights = [f"--inh-caps={caps}", f"--ambient-caps={caps}", "--bounding-set=-all,+net_raw"] if uid else []
    python = sys.executable if not uid else "/usr/bin/python3"
    command = made.at_switch(*(become if uid else []), *rights, python, "-S", "-c", SENDER, json.dumps(said))
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    if "/usr/bin/python3" in done.stderr:
        pytest.skip("no /usr/bin/python3 for an account without a home")
    assert not done.stderr, done.stderr


@pytest.mark.parametrize("how", ["udp", "raw"])
def test_ordinary_and_raw_ip_sockets_are_held(made: Scene, wall: AccountWall, how: str) -> None:
    wall.open(permit(), CAP)
    before = made.arrived()
    send(made, how, to=OTHER)
    send(made, how, port=5354)
    assert made.arrived() == before
    with receiver(made) as at_target:
        send(made, how, count=2000)
        times = at_target.times()
    assert len(times) >= 90
    assert worst_second(times) <= CAP + 2
    assert wall.counted().orders["o1"].passed == len(times)


@pytest.mark.parametrize("how", ["packet", "bypass"])
def test_packet_sockets_are_not_seen(made: Scene, wall: AccountWall, how: str) -> None:
    """A wall's limits are facts, too: the day this fails, docs/walls.md may say more."""
    wall.open(permit(), CAP)
    before = made.arrived()
    send(made, how, to=OTHER)
    assert made.arrived() == before + 200
    assert wall.counted().foreign == 0


def test_others_are_left_alone(made: Scene, wall: AccountWall) -> None:
    before = made.arrived()
    send(made, "udp", uid=0)
    assert made.arrived() == before + 200
    assert wall.counted().foreign == 0


def test_a_closed_order_and_a_wall_that_is_gone(made: Scene) -> None:
    with AccountWall(by_uid(UID), CLOCK, namespace=made.switch) as wall:
        wall.open(permit(), CAP)
        wall.close("o1")
        before = made.arrived()
        send(made, "udp", count=20)
        assert made.arrived() == before
        assert "tenken-" in made.tables()
    assert "tenken-" not in made.tables()
