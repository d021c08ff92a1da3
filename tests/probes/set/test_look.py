"""What is asked of a SET end point: at most three exchanges per address, inside the permit, and none where nobody answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from dashboards.demo.merchant.answer import GOOD, Fault
from dashboards.demo.merchant.changes import replying
from plugins.ask import HttpAnswer, NoAnswer, NoAnswerReason
from probes.dial import CutOffError
from probes.observation import Observation
from probes.set.facts import SetExchange, Step
from probes.set.judge import judge
from probes.set.look import look
from probes.set.messages import read_request
from probes.target import RequestExtension, SetEndpoint, SetProfile
from probes.verdict import Outcome, Standing, decide
from tests.fakes import LoopbackLeave
from tests.probes.scene import dialer_for, recorder
from tests.probes.set.scene import ADDRESS, looked, outcomes, scope_of, selling
from tests.servers import zoo


def exchanges(observations: list[Observation]) -> list[SetExchange]:
    return [one.fact for one in observations if isinstance(one.fact, SetExchange)]


async def test_three_exchanges_and_what_is_in_them() -> None:
    async with selling() as endpoint:
        found = exchanges(await looked(scope_of(endpoint)))
    assert [one.step for one in found] == [Step.INITIATION, Step.FIRST, Step.AGAIN]
    first, again = (read_request(one.sent) for one in found[1:])
    assert (first.brand_id, first.language, first.header.version) == ("Sakura:Gold", "ja", "1.0")
    assert {len(first.rrpid), len(first.lid_c), len(first.chall_c)} == {20}
    assert not {first.rrpid, first.lid_c, first.chall_c} & {again.rrpid, again.lid_c, again.chall_c}
    page = found[0].answer
    assert isinstance(page, HttpAnswer)
    # The merchant's order number goes from the page into the request.
    assert first.lid_m is not None
    assert first.lid_m in page.body
    assert first.header.lid_m == first.lid_m


async def test_the_same_draw_gives_the_same_requests() -> None:
    async with selling() as endpoint:
        sent = []
        for _ in range(2):
            record = recorder()
            await look(scope_of(replace(endpoint, initiation_url="")), dialer_for(), record, None, draw=bytes)
            sent.append([read_request(one.sent).rrpid for one in exchanges(record.observations)])
    assert sent[0] == sent[1] == [bytes(20), bytes(20)]


async def test_an_extension_that_a_profile_asks_for_goes_along() -> None:
    carried = RequestExtension(oid="2.23.42.10.192.9", critical=True, der=b"\x05\x00")
    async with selling() as endpoint:
        asked = replace(endpoint, profile=SetProfile(request_extensions=(carried,)))
        found = exchanges(await looked(scope_of(asked)))
    assert all(b"\x06\x06\x67\x2a\x0a\x81\x40\x09\x01\x01\xff\x04\x02\x05\x00" in one.sent for one in found[1:])
    assert isinstance(found[1].answer, HttpAnswer)


async def test_every_address_is_looked_at_and_a_url_with_an_address_only_there() -> None:
    other = "127.46.0.2"
    async with selling() as endpoint:
        both = scope_of(endpoint, addresses=(ADDRESS, other))
        assert {one.address for one in exchanges(await looked(both))} == {ADDRESS}
        named = replace(
            endpoint,
            url=endpoint.url.replace(ADDRESS, "shop.example"),
            initiation_url=endpoint.initiation_url.replace(ADDRESS, "shop.example"),
        )
        found = exchanges(await looked(scope_of(named, addresses=(ADDRESS, other))))
    assert [(one.address, one.step) for one in found] == [
        (ADDRESS, Step.INITIATION),
        (ADDRESS, Step.FIRST),
        (ADDRESS, Step.AGAIN),
        (other, Step.INITIATION),
    ]
    assert isinstance(found[3].answer, NoAnswer)


@pytest.mark.parametrize("manner", [zoo.hang, zoo.reset, zoo.slam, zoo.endless, zoo.drip, zoo.garbage])
async def test_whatever_listens_there_ends_in_bounded_time(manner: zoo.Manner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.set.look.TIMEOUT_S", 0.5)
    with zoo.serving(manner, ADDRESS) as port:
        asked = SetEndpoint(
            url=f"http://{ADDRESS}:{port}/set", kind="SET", version="1.0", brand="B", bin="412345", roots=("x",)
        )
        seen = await looked(scope_of(asked))
    judgement = judge(scope_of(asked), seen, None)
    assert decide([judgement]).standing is not Standing.PASS
    assert len(exchanges(seen)) <= 2
    assert "set.signature" in outcomes(judgement, Outcome.NOT_TESTED)


async def test_a_body_that_stops_half_way_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.set.look.TIMEOUT_S", 0.5)
    fault = Fault("stalls", "The answer stops half-way.", reply=replying(stalls=True))
    async with selling(fault) as endpoint:
        scope = scope_of(endpoint)
        seen = await looked(scope)
    assert [one.step for one in exchanges(seen)] == [Step.INITIATION, Step.FIRST]
    verdict = decide([judge(scope, seen, None)])
    assert (verdict.standing, verdict.findings) == (Standing.INCONCLUSIVE, ())
    assert "timeout: no complete answer" in verdict.gaps[0].reason


@pytest.mark.parametrize("status", [429, 503])
async def test_an_end_point_that_asks_to_be_left_alone_is_left_alone(status: int) -> None:
    fault = Fault("busy", "It is busy.", reply=replying(status=status, headers={"Retry-After": "120"}))
    async with selling(fault) as endpoint:
        scope = scope_of(endpoint)
        seen = await looked(scope)
    assert [one.step for one in exchanges(seen)] == [Step.INITIATION, Step.FIRST]
    verdict = decide([judge(scope, seen, None)])
    assert (verdict.standing, verdict.findings) == (Standing.INCONCLUSIVE, ())
    assert f"asked to be left alone (status {status})" in verdict.gaps[0].reason


async def test_an_address_outside_the_order_is_not_asked() -> None:
    async with selling() as endpoint:
        scope = scope_of(endpoint)
        (page,) = exchanges(await looked(scope, LoopbackLeave(set())))
    assert isinstance(page.answer, NoAnswer)
    assert page.answer.reason is NoAnswerReason.OUT_OF_SCOPE


async def test_a_redirect_is_not_followed() -> None:
    async with selling() as other:
        fault = Fault("redirect", "To another.", reply=replying(status=307, headers={"Location": other.url}))
        async with selling(fault, "127.46.0.3") as endpoint:
            leave = LoopbackLeave()
            found = exchanges(await looked(scope_of(endpoint, addresses=("127.46.0.3",)), leave))
    assert {one.address for one in found} == {"127.46.0.3"}
    assert len(found) == 3


async def test_a_stop_is_obeyed() -> None:
    leave = LoopbackLeave()
    leave.stop()
    async with selling(GOOD) as endpoint:
        with pytest.raises(CutOffError):
            await asyncio.wait_for(looked(scope_of(endpoint), leave), 5)


async def test_without_a_brand_nothing_is_sent() -> None:
    async with selling() as endpoint:
        scope = scope_of(replace(endpoint, brand="", roots=()))
        seen = await looked(scope)
    assert exchanges(seen) == []
    gaps = decide([judge(scope, seen, None)]).gaps
    assert {gap.reason for gap in gaps} == {"the declaration names no brand, no root certificate"}
