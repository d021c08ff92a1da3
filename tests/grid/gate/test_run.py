"""The porter of a gate: what it lets out, and what it says when the gate does not hold. The whole run: test_inspect_gate.py."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import timedelta

import pytest

from grid.gate.gate import Gate
from grid.gate.run import Porter
from grid.key import trusted
from grid.seal import seal
from tests.grid.gate.scene import CLOCK, KEY, Scene, make, missing, scene

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing"),
]
KEYS = trusted(KEY)


@pytest.fixture(scope="module")
def made() -> Iterator[Scene]:
    with scene() as one:
        yield one


def test_it_opens_orders_once_and_closes_them(made: Scene) -> None:
    with Gate(CLOCK, switch=made.switch) as gate:
        porter = Porter(gate, "out", CLOCK)
        sealed = seal(make(), KEY)
        assert porter.open(sealed, KEYS) == ""
        assert "never opened" in porter.open(sealed, KEYS)
        assert porter.close("o1") == ""
        assert porter.close("o1") == ""


def test_what_it_cannot_let_out_is_said(made: Scene) -> None:
    with Gate(CLOCK, switch=made.switch) as gate:
        porter = Porter(gate, "out", CLOCK)
        over = make(since=timedelta(seconds=20), seconds=-10)
        assert "does not hold" in porter.open(seal(over, KEY), KEYS)
        assert "not trusted" in porter.open(seal(make(), KEY), {})
        assert "cannot reach loopback" in porter.open(seal(make(address="127.0.0.1"), KEY), KEYS)
        assert "leaves by out, not by lo" in Porter(gate, "lo", CLOCK).open(seal(make(), KEY), KEYS)
        assert gate.counted().orders == {}


def test_a_gate_that_fell_meanwhile_is_told_at_the_order_s_end(made: Scene) -> None:
    with Gate(CLOCK, switch=made.switch) as gate:
        porter = Porter(gate, "out", CLOCK)
        assert porter.open(seal(make(), KEY), KEYS) == ""
        subprocess.run(made.at_switch("nft", "flush", "ruleset"), check=True)
        assert "did not stand to the end" in porter.close("o1")
