"""DER is one way of writing: every other way is refused, within bounds, by whoever's bytes they are."""

from __future__ import annotations

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from probes.set import der
from probes.set.der import DerError, check


@pytest.mark.parametrize(
    "data",
    [
        "0500",
        "0101ff",
        "020100",
        "02020080",
        "0201ff",
        "030100",
        "03020780",
        "0603550403",
        "0c00",
        "170d3236303130313030303030305a",
        "180f32303236303130313030303030305a",
        "181132303236303130313030303030302e355a",
        "3000",
        "3100",
        "3106020101020102",
        "a0020500",
        "bf87670430020500",
        "8003010203",
    ],
)
def test_der_is_taken(data: str) -> None:
    check(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "nothing"),
        ("05", "it ends in the middle"),
        ("0501", "longer than what holds it"),
        ("050000", "more bytes behind the end"),
        ("30800000", "indefinite"),
        ("3080020101 0000", "indefinite"),
        ("30810100", "more bytes than it needs"),
        ("3082000100", "more bytes than it needs"),
        ("30820001", "more bytes than it needs"),
        ("01017f", "a truth value"),
        ("0200", "a number"),
        ("02020001", "a number"),
        ("0202ff80", "a number"),
        ("0a020001", "an enumerated number"),
        ("0300", "a bit string"),
        ("030108", "a bit string"),
        ("03020701", "a bit string"),
        ("050100", "a null"),
        ("0600", "an object identifier"),
        ("06028001", "an object identifier"),
        ("060181", "an object identifier"),
        (b"\x17\x0b2601010000Z".hex(), "a time"),
        (b"\x17\x0d260101000000+".hex(), "a time"),
        (b"\x18\x1320260101000000+0900".hex(), "a time"),
        (b"\x18\x1120260101000000.0Z".hex(), "a time"),
        (b"\x18\x0e20260101000000".hex(), "a time"),
        ("24060401410401 42", "in pieces"),
        ("3106020102020101", "not in order"),
        ("0000", "stands for nothing"),
        ("1000", "stands for nothing"),
        ("3003020500", "longer than what holds it"),
        ("1f05 00", "more bytes than it needs"),
        ("bf8000 00", "too long"),
        ("bf8787878787 00", "too long"),
        ("3084ffffffff00", "longer than what holds it"),
        ("30ff" + "ff" * 127, "longer than what holds it"),
    ],
)
def test_everything_else_is_refused_with_the_reason(data: str, why: str) -> None:
    with pytest.raises(DerError, match=why):
        check(bytes.fromhex(data))


def _nested(depth: int) -> bytes:
    made = b"\x05\x00"
    for _ in range(depth):
        made = b"\x30" + _length(len(made)) + made
    return made


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([0x80 | len(digits)]) + digits


def test_depth_is_bounded() -> None:
    check(_nested(der.MAX_DEPTH))
    with pytest.raises(DerError, match="nested more than"):
        check(_nested(der.MAX_DEPTH + 1))
    with pytest.raises(DerError, match="nested more than"):
        check(_nested(50_000))


def test_size_and_number_of_elements_are_bounded() -> None:
    with pytest.raises(DerError, match="more than 262144 bytes"):
        check(b"\x04\x83\x04\x00\x00" + bytes(der.MAX_BYTES))
    crowd = b"\x05\x00" * der.MAX_ELEMENTS
    with pytest.raises(DerError, match="more than 60000 elements"):
        check(b"\x30" + _length(len(crowd)) + crowd)


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes) -> None:
    offset = 0
    try:
        check(data)
    except DerError as error:
        offset = error.offset
    assert 0 <= offset <= len(data)


def _wrapped(parts: list[bytes]) -> bytes:
    body = b"".join(parts)
    return b"\x30" + _length(len(body)) + body


_LEAVES = st.one_of(
    st.booleans().map(core.Boolean),
    st.integers(-(2**70), 2**70).map(core.Integer),
    st.binary(max_size=20).map(core.OctetString),
    st.text(max_size=10).map(core.UTF8String),
    st.just(core.Null()),
)


@given(
    st.recursive(
        _LEAVES.map(lambda one: one.dump()), lambda inner: st.lists(inner, max_size=4).map(_wrapped), max_leaves=20
    )
)
def test_what_a_der_encoder_writes_is_taken(data: bytes) -> None:
    check(data)
    with pytest.raises(DerError):
        check(data[:-1])
