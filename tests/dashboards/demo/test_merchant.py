"""The merchant of the demo answers PInitReq and nothing else, and each of its faults changes what it sends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import aiohttp
import pytest

from dashboards.demo.merchant.answer import GOOD, Fault
from dashboards.demo.merchant.faults import FAULTS, RIGHT
from probes.set import unconfirmed
from probes.set.messages import read_answer
from probes.set.parts import ErrorMessage
from probes.set.request import pinit_req
from probes.target import SetEndpoint
from tests.probes.set.scene import merchant_with, selling

NOW = datetime(2026, 3, 1, 2, 0, 5, tzinfo=UTC)


def request(brand: str = "Sakura") -> bytes:
    endpoint = SetEndpoint(url="http://shop.example/set", kind="SET", version="1.0", brand=brand, bin="412345")
    return pinit_req(endpoint, (), None, NOW, bytes)


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", 3), (b"amount=1000", 3), (b"\x30\x80\x00\x00", 3), (request("Kiku"), 2), (request()[:-1], 3)],
)
def test_whatever_is_no_request_for_its_brand_gets_an_error_message(body: bytes, code: int) -> None:
    answer = read_answer(merchant_with().reply(body, NOW).body)
    assert isinstance(answer, ErrorMessage)
    assert answer.code == code


def test_faults_have_names_of_their_own_and_a_sentence_each() -> None:
    assert len(FAULTS) > 100
    assert len({fault.says for fault in FAULTS.values()}) == len(FAULTS)
    assert all(fault.says.endswith(".") for fault in [*FAULTS.values(), *RIGHT])
    assert not set(FAULTS) & {fault.name for fault in RIGHT}


async def test_over_http_it_says_where_its_url_is_and_refuses_long_bodies() -> None:
    async with selling() as endpoint, aiohttp.ClientSession() as session:
        async with session.get(endpoint.initiation_url) as page:
            assert page.headers["Content-Type"] == unconfirmed.INITIATION_TYPE
            assert f"SET-SET-URL: {endpoint.url}\r\n" in await page.text()
        async with session.get(endpoint.url) as wrong:
            assert wrong.status == 405
        async with session.post(endpoint.url, data=request()) as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (200, unconfirmed.MESSAGE_TYPE)
            assert not isinstance(read_answer(await answer.read()), ErrorMessage)


async def test_two_customers_get_answers_of_their_own() -> None:
    async with selling(GOOD) as endpoint, aiohttp.ClientSession() as session:

        async def buy() -> bytes:
            async with session.post(endpoint.url, data=request()) as answer:
                return await answer.read()

        first, second = await asyncio.gather(buy(), buy())
    assert first != second


def test_what_stalls_says_so() -> None:
    fault = Fault("stalls", "It stops.", reply=lambda reply: setattr(reply, "stalls", True))
    assert merchant_with(fault).reply(request(), NOW).stalls
