"""Proof of control for the review body: loopback asks nothing, the rest asks the DNS, and a refusal says what to publish."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from dashboards.console.proof import Prover
from probes.control.token import proof_line, token
from scheduler.system import System
from tests.probes.control.name_server import serving
from tests.scheduler.scene import make_system, make_target

SECRET = b"0" * 32


def far(address: str = "8.8.4.4") -> System:
    target = replace(make_target(address=address), host_names=("shop.example",))
    return make_system("far", (target,))


def made(system: System) -> str:
    return proof_line(token(system.name, ["shop.example"], SECRET))


def test_loopback_asks_nothing_and_is_proven() -> None:
    prover = Prover(SECRET, ())
    assert prover.prove(make_system()).addresses == {"127.0.0.1"}
    assert prover.refusal(make_system()) == ""


def test_what_is_not_proven_is_told_with_what_to_publish() -> None:
    refusal = Prover(SECRET, ()).refusal(far())
    assert "8.8.4.4" in refusal
    assert f'_tenken.shop.example. TXT "{made(far())}"' in refusal or made(far()) in refusal


async def test_a_record_of_the_name_that_leads_there_proves_it() -> None:
    zone = {
        ("_tenken.shop.example", "TXT"): [made(far())],
        ("shop.example", "A"): ["8.8.4.4"],
    }
    async with serving(zone) as (server, resolver):
        prover = Prover(SECRET, (resolver,))
        assert (await asyncio.to_thread(prover.prove, far())).addresses == {"8.8.4.4"}
        stolen = await asyncio.to_thread(Prover(b"1" * 32, (resolver,)).prove, far())
        assert stolen.addresses == frozenset()
        assert ("_tenken.shop.example", "TXT") in server.asked


async def test_a_public_name_never_leads_the_inspectors_into_a_private_network() -> None:
    inside = far("10.1.2.3")
    zone = {("_tenken.shop.example", "TXT"): [made(inside)], ("shop.example", "A"): ["10.1.2.3"]}
    async with serving(zone) as (_, resolver):
        assert (await asyncio.to_thread(Prover(SECRET, (resolver,)).prove, inside)).addresses == frozenset()
