"""The one POST of the item `set` carries a PInitReq, byte for byte, and nothing else ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from typing import get_args

import pytest
from asn1crypto import core

from plugins.ask import Ask, HttpAnswer, NoAnswer, NoAnswerReason, WebEndpoint
from probes.dial import CutOffError
from probes.set import asn1, unconfirmed
from probes.set.post import MAX_REQUEST_BYTES, InitiationAsk, initiate, request_bytes
from probes.set.request import pinit_req
from probes.target import SetEndpoint
from tests.fakes import LoopbackLeave
from tests.house.rooms import ROOT, sources
from tests.probes.holes.web import response, says, serving
from tests.probes.scene import dialer_for
from tests.probes.set.scene import ADDRESS, merchant_with

NOW = datetime(2026, 3, 1, 2, 0, 5, tzinfo=UTC)
ENDPOINT = SetEndpoint(url="http://shop.example/set", kind="SET", version="1.0", brand="Sakura", bin="412345")
BODY = pinit_req(ENDPOINT, (), None, NOW, lambda size: bytes(range(size)))
ASK = InitiationAsk(path="/set/payment?x=1", media_type="application/set-payment", body=BODY, timeout_s=5.0)
WEB = WebEndpoint(address=ADDRESS, port=8080, tls=False, host="shop.example")


def test_the_request_is_exactly_these_bytes() -> None:
    assert request_bytes(WEB, ASK, "mailto:body@example.org") == (
        b"POST /set/payment?x=1 HTTP/1.1\r\n"
        b"Host: shop.example:8080\r\n"
        + f"User-Agent: Tenken/{metadata.version('tenken')} (+mailto:body@example.org)\r\n".encode()
        + b"Accept: application/set-payment\r\n"
        b"Content-Type: application/set-payment\r\n"
        + f"Content-Length: {len(BODY)}\r\n".encode()
        + b"Connection: close\r\n\r\n"
        + BODY
    )


def _message(name: str, value: object) -> bytes:
    header = {"version": 1, "date": NOW, "sw_ident": "x"}
    return bytes(asn1.MessageWrapper({"header": header, "message": asn1.Message(name, value)}).dump())


ERROR = unconfirmed.Error({"code": "unspecifiedFailure", "nonce": bytes(20)})
LONG = pinit_req(replace(ENDPOINT, brand="B" * MAX_REQUEST_BYTES), (), None, NOW, bytes)


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        (replace(ASK, body=b""), "no PInitReq"),
        (replace(ASK, body=b"name=value"), "no PInitReq"),
        (replace(ASK, body=BODY[:-1]), "no PInitReq"),
        (replace(ASK, body=BODY + b"\r\nGET / HTTP/1.1\r\n\r\n"), "no PInitReq"),
        (replace(ASK, body=_message("error", ERROR)), "it is a error message"),
        (replace(ASK, body=b"\xa2" + BODY[1:]), "no PInitReq"),
        (replace(ASK, body=LONG), "longer than a PInitReq"),
        (replace(ASK, path="/a b"), "not a request target"),
        (replace(ASK, path="/a\r\nX: y"), "not a request target"),
        (replace(ASK, path="set"), "not a request target"),
        (replace(ASK, path="http://192.0.2.1/"), "not a request target"),
        (replace(ASK, media_type="a/b\r\nX: y"), "a media type"),
        (replace(ASK, media_type=""), "a media type"),
    ],
)
async def test_anything_else_is_not_sent(ask: InitiationAsk, why: str) -> None:
    async with serving(says(response(b"hi"))) as web:
        with pytest.raises(ValueError, match=why):
            await initiate(dialer_for(), web.endpoint, ask, "")
    assert web.requests == []


@pytest.mark.parametrize("host", ["shop.example\r\nX: y", "shop example", "ショップ.example"])
def test_a_host_that_would_end_its_line_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="not a host"):
        request_bytes(replace(WEB, host=host), ASK, "")


def test_a_purchase_can_not_be_written_at_all() -> None:
    """Of all messages of SET only these three have a type here; the next step of a purchase, PReq [2], is none of them."""
    assert [name for name, *_ in asn1.Message._alternatives] == ["pinit_req", "pinit_res", "error"]
    with pytest.raises(ValueError, match="no PInitReq"):
        request_bytes(WEB, replace(ASK, body=_retagged(2)), "")


def _retagged(tag: int) -> bytes:
    """Our request under the tag of another message."""
    wrapper = asn1.MessageWrapper.load(BODY)
    header, inner = wrapper["header"].dump(), wrapper["message"].chosen.untag().dump()
    tagged = bytes([0xA0 | tag]) + _length(inner) + inner
    body = header + b"\xa0" + _length(tagged) + tagged
    return bytes(b"\x30" + _length(body) + body)


def _length(data: bytes) -> bytes:
    return bytes([len(data)]) if len(data) < 0x80 else bytes([0x81, len(data)])


def test_the_same_bytes_under_the_right_tag_are_sent() -> None:
    assert _retagged(0) == BODY


async def test_an_answer_is_read_and_counted_and_transcribed() -> None:
    async with serving(says(response(b"hi"))) as web:
        dialer = dialer_for()
        answer, transcript = await initiate(dialer, web.endpoint, ASK, "")
    assert isinstance(answer, HttpAnswer)
    assert answer.body == b"hi"
    assert (dialer.tally.requests, dialer.tally.connections) == (1, 1)
    assert transcript is not None
    assert transcript.passages[0].data == request_bytes(web.endpoint, ASK, "")
    assert transcript.passages[0].data == web.requests[0] + BODY


async def test_out_of_scope_and_stop_hold_here_too() -> None:
    async with serving(says(response(b"hi"))) as web:
        answer, _ = await initiate(dialer_for(LoopbackLeave(set())), web.endpoint, ASK, "")
        assert isinstance(answer, NoAnswer)
        assert answer.reason is NoAnswerReason.OUT_OF_SCOPE
        leave = LoopbackLeave()
        leave.stop()
        with pytest.raises(CutOffError):
            await initiate(dialer_for(leave), web.endpoint, ASK, "")
    assert web.requests == []


def test_two_checked_callers_and_no_third_send_requests() -> None:
    """`send_checked` sends bytes that somebody has checked: who names it has to check them."""
    callers = {str(path) for path in sources() if "send_checked" in (ROOT / path).read_text("utf-8")}
    assert callers == {"probes/http.py", "probes/set/post.py"}


def test_no_signature_can_make_one() -> None:
    """The asks of the signature language are a closed set, and this is none of them; only the SET probe makes one."""
    assert InitiationAsk not in get_args(Ask)
    makers = {str(path) for path in sources() if "InitiationAsk" in (ROOT / path).read_text("utf-8")}
    assert makers == {"probes/set/look.py", "probes/set/post.py"}


def test_a_real_merchant_takes_it() -> None:
    assert core.load(merchant_with().reply(BODY, NOW).body) is not None
