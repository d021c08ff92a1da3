"""Whatever bytes a merchant sends, reading them ends in a message or in one clear error, within bounds."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cache

import pytest
from asn1crypto import core
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.demo.merchant.answer import GOOD, Fault
from dashboards.demo.merchant.changes import header, paper, signing
from dashboards.demo.merchant.papers import Papers
from plugins.ask import HttpAnswer
from probes.set import asn1, causes, rules, unconfirmed
from probes.set.certificates import UnreadableError, read_certificate, read_crl, read_pem
from probes.set.chain import chains_of
from probes.set.heard import answer_of
from probes.set.messages import MOST, read_answer, read_request
from probes.set.opinion import Breach, Case
from probes.set.parts import Answer
from probes.set.protocol import kind, protocol, shows
from probes.set.request import pinit_req
from probes.set.revocation import revocation
from probes.set.signature import signature
from probes.set.unconfirmed import MESSAGE_TYPE
from probes.target import SetEndpoint
from tests.probes.set.scene import merchant_with
from tests.probes.set.test_other_encoder import PLAIN

TYPE = "content-type"
NOW = datetime(2026, 3, 1, 2, 0, 5, tzinfo=UTC)


@cache
def exchanged() -> tuple[SetEndpoint, bytes, tuple[bytes, ...]]:
    """Give an end point, a request, and a right answer to it in either form."""
    merchant = merchant_with()
    endpoint = SetEndpoint(
        url="http://shop.example/set",
        kind="SET",
        version="1.0",
        brand="Sakura",
        bin="412345",
        roots=(merchant.root_pem,),
    )
    request = pinit_req(endpoint, [read_pem(merchant.root_pem)], None, NOW, lambda size: bytes(range(size)))
    return endpoint, request, tuple(merchant_with(fault).reply(request, NOW).body for fault in (GOOD, PLAIN))


def judged(body: bytes) -> str:
    """Read and judge a body, as the judge does; give what kind of thing came out."""
    endpoint, request, _ = exchanged()
    heard = answer_of(endpoint, HttpAnswer(status=200, headers=((TYPE, MESSAGE_TYPE),), body=body))
    if isinstance(heard, Breach):
        assert heard.rule in {rules.PROTOCOL, rules.VERSION_DIFFERS}
        assert 0 < len(heard.seen) < 400
        assert heard.seen.isprintable()
        return "unreadable" if heard.why == causes.UNREADABLE else "error"
    assert isinstance(heard, Answer)
    roots = tuple(read_pem(pem) for pem in endpoint.roots)
    case = Case(endpoint=endpoint, roots=roots, request=read_request(request), answer=heard, at=NOW)
    chains, opinions = chains_of(case)
    every = [*protocol(case), *signature(heard), *opinions, *revocation(case, chains)]
    every += kind(endpoint, shows(heard))
    for opinion in every:
        if isinstance(opinion, Breach):
            assert opinion.why.ja
            assert opinion.seen.isprintable()
            assert len(opinion.seen) < 2000
    return "judged"


@pytest.mark.parametrize("form", [0, 1], ids=["form of SET", "plain form"])
def test_a_right_answer_is_judged(form: int) -> None:
    assert judged(exchanged()[2][form]) == "judged"


@settings(max_examples=250, deadline=None)
@given(
    form=st.integers(0, 1),
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=4),
)
def test_an_answer_with_flipped_bytes_breaks_nothing(form: int, flips: list[tuple[int, int]]) -> None:
    body = bytearray(exchanged()[2][form])
    for position, mask in flips:
        body[position % len(body)] ^= mask
    judged(bytes(body))


@settings(max_examples=150, deadline=None)
@given(
    form=st.integers(0, 1),
    start=st.integers(0, 10_000),
    length=st.integers(0, 300),
    other=st.binary(max_size=60),
)
def test_an_answer_with_a_piece_replaced_breaks_nothing(form: int, start: int, length: int, other: bytes) -> None:
    body = exchanged()[2][form]
    at = start % len(body)
    judged(body[:at] + other + body[at + length :])


@given(st.binary(max_size=400))
def test_random_bytes_are_unreadable(data: bytes) -> None:
    assert judged(data) == "unreadable"
    for read in (read_request, read_certificate, read_crl):
        with pytest.raises(UnreadableError):
            read(data)


@given(st.text(max_size=300))
def test_a_root_that_is_no_certificate_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableError):
        read_pem(text)


@st.composite
def shaped(draw: st.DrawFn) -> bytes:
    """DER with the outer shape of a message and anything inside."""
    leaf = st.one_of(
        st.binary(max_size=30).map(lambda data: core.OctetString(data).dump()),
        st.integers(-(2**40), 2**40).map(lambda number: core.Integer(number).dump()),
        st.sampled_from(["2.23.42.0.12", "1.2.840.113549.1.7.2", "1.3.14.3.2.26"]).map(
            lambda oid: core.ObjectIdentifier(oid).dump()
        ),
        st.just(core.GeneralizedTime(NOW).dump()),
        st.text("abc", max_size=5).map(lambda text: core.VisibleString(text).dump()),
    )
    tags = st.sampled_from([0x30, 0x31, 0xA0, 0xA1, 0xA2, 0xA3])

    def inside(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
        return st.tuples(tags, st.lists(inner, max_size=6)).map(lambda pair: _tlv(pair[0], b"".join(sorted(pair[1]))))

    return draw(st.recursive(leaf, inside, max_leaves=40))


def _tlv(tag: int, body: bytes) -> bytes:
    digits = len(body).to_bytes(2) if len(body) > 0xFF else len(body).to_bytes(1)
    return bytes([tag]) + (digits if len(body) < 0x80 else bytes([0x80 | len(digits)]) + digits) + body


@settings(max_examples=80, deadline=None)
@given(shaped())
def test_der_of_another_shape_breaks_nothing(data: bytes) -> None:
    head = asn1.MessageHeader({"version": 1, "date": NOW, "sw_ident": "x"}).dump()
    assert judged(_tlv(0x30, head + _tlv(0xA0, _tlv(0xA1, data)))) in {"unreadable", "error"}
    assert judged(_tlv(0x30, head + _tlv(0xA0, data))) in {"unreadable", "error"}


def test_a_crowd_of_certificates_is_refused() -> None:
    _, request, _ = exchanged()
    merchant = merchant_with()
    merchant._sent *= MOST // len(merchant._sent) + 1
    with pytest.raises(UnreadableError, match="more than 24 certificates"):
        read_answer(merchant.reply(request, NOW).body)


def test_nobody_signed() -> None:
    _, request, _ = exchanged()
    unsigned = Fault("unsigned", "Nobody signed.", signing=signing(signers=0))
    with pytest.raises(UnreadableError, match="nobody signed it"):
        read_answer(merchant_with(unsigned).reply(request, NOW).body)


def test_a_long_crl_is_read_in_bounded_time() -> None:
    """As many revoked certificates as fit into the largest answer."""
    merchant = merchant_with()
    merchant.papers.crls["merchant-ca"].revoked = set(range(1000, 8000))
    data = merchant._registry.crl(merchant.papers.crls["merchant-ca"]).dump()
    assert len(data) < 262_144
    began = time.monotonic()
    assert len(read_crl(data).revoked) == 7000
    assert time.monotonic() - began < 30


def test_our_request_is_not_taken_for_an_answer_nor_an_answer_for_a_request() -> None:
    _, request, answers = exchanged()
    with pytest.raises(UnreadableError, match="pinit_req"):
        read_answer(request)
    for answer in answers:
        with pytest.raises(UnreadableError):
            read_request(answer)


def test_a_name_that_a_merchant_writes_is_made_printable() -> None:
    merchant = merchant_with()
    merchant.papers.certificates["merchant"].common_name = "Shop\x1b[31m{evil}\n<b>"
    shown = read_certificate(merchant._registry.certificate("merchant").dump()).subject.shown
    assert shown.isprintable()
    assert "\\x1b" in shown


def test_thumbs_are_over_the_unsigned_part() -> None:
    _, _, (answer, _) = exchanged()
    read = read_answer(answer)
    assert isinstance(read, Answer)
    assert read.gateway_thumb == unconfirmed.root_key_hash(read.certificates[-1].signed.unsigned)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x18\x0f20260301020005Z", b"\x18\x0f00000301020005Z"),
        (b"\x18\x0f20260301020005Z", b"\x18\x0f20261301020005Z"),
        (b"\x18\x0f20260301020005Z", b"\x18\x0f00010101000000Z"),
        (b"\x18\x0f20260301020005Z", b"\x18\x0f99991231235959Z"),
    ],
)
def test_times_at_the_edge_of_the_calendar_break_nothing(old: bytes, new: bytes) -> None:
    for body in exchanged()[2]:
        assert old in body
        assert judged(body.replace(old, new)) in {"unreadable", "judged"}


def test_lists_at_the_edge_of_the_calendar_are_judged() -> None:
    """An authority may write any time, and sign it."""
    _, request, _ = exchanged()

    def old(papers: Papers) -> None:
        assert papers.brand is not None
        papers.brand.not_before = datetime(1000, 1, 1, tzinfo=UTC)
        papers.brand.not_after = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

    fault = Fault("calendar", "Valid for ever.", papers=old)
    assert judged(merchant_with(fault).reply(request, NOW).body) == "judged"


def test_numbers_without_end_are_unreadable() -> None:
    _, request, _ = exchanged()
    fault = Fault("number", "A serial number of 100 bytes.", papers=paper("merchant", serial=1 << 800))
    assert judged(merchant_with(fault).reply(request, NOW).body) == "unreadable"
    fault = Fault("version", "A version of 100 bytes.", data=header(version=1 << 800))
    assert judged(merchant_with(fault).reply(request, NOW).body) == "unreadable"
