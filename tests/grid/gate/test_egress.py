"""The way out: what it cannot reach is said before anything is sent, and nothing of the host is changed for good."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from grid.gate.egress import check_uplink, unreachable, way_out
from grid.gate.gate import Gate
from grid.gate.kernel import GateError
from tests.grid.gate.scene import CLOCK, TARGET, Scene, missing, scene

needs_kernel = pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_is_out_of_reach(address: str) -> None:
    assert unreachable([address], "lo") == f"the gate cannot reach loopback ({address}); leave out --gate"


def test_ipv6_has_no_way_out() -> None:
    assert "IPv6" in unreachable(["fd98:1::2"], "out")


@pytest.fixture(scope="module")
def made() -> Iterator[Scene]:
    with scene() as one:
        yield one


@pytest.mark.root
@needs_kernel
def test_an_address_that_leaves_by_another_device_is_named(made: Scene) -> None:
    assert unreachable([TARGET], "out", made.switch) == ""
    assert "leaves by out, not by lo" in unreachable([TARGET], "lo", made.switch)
    assert "leaves by lo, not by out" in unreachable([TARGET, "10.98.1.1"], "out", made.switch)
    assert "unreachable" in unreachable(["10.55.0.1"], "out", made.switch)


@pytest.mark.root
@needs_kernel
def test_a_device_that_is_missing_or_does_not_forward_is_refused(made: Scene) -> None:
    with pytest.raises(GateError, match="one of lo, out"):
        check_uplink("nope", made.switch)
    subprocess.run(made.at_switch("sysctl", "-qw", "net.ipv4.conf.out.forwarding=0"), check=True)
    with pytest.raises(GateError, match="forwarding is off"):
        check_uplink("out", made.switch)
    subprocess.run(made.at_switch("sysctl", "-qw", "net.ipv4.conf.out.forwarding=1"), check=True)
    check_uplink("out", made.switch)


@pytest.mark.root
@needs_kernel
def test_it_is_gone_after_the_block_also_after_an_error(made: Scene) -> None:
    class BoomError(Exception):
        """Something that goes wrong inside."""

    def boom(gate: Gate) -> None:
        with way_out(gate, "out"):
            assert "tenken-out-" in made.tables()
            raise BoomError

    before = made.tables()
    with Gate(CLOCK, switch=made.switch) as gate:
        with pytest.raises(BoomError):
            boom(gate)
        assert "tenken-out-" not in made.tables()
    assert made.tables() == before


def test_a_gate_that_does_not_stand_has_none() -> None:
    with pytest.raises(GateError, match="a gate that stands"), way_out(Gate(CLOCK), "out"):
        pytest.fail("entered")
