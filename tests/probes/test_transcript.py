"""Transcripts: the same bytes, the same digest; server bytes are shown safely."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from plugins import canonical
from probes.transcript import Direction, Passage, Transcript, printable

ONE = Transcript(
    server="web-1", address="127.0.0.1", port=80, tls=False, started=datetime(2026, 1, 1, tzinfo=UTC), passages=()
)


@given(data=st.binary(max_size=300))
def test_a_transcript_comes_back_with_its_digest(data: bytes) -> None:
    made = replace(ONE, passages=(Passage(direction=Direction.RECEIVED, data=data),))
    again = canonical.loads(Transcript, canonical.dumps(made))
    assert again == made
    assert again.digest == made.digest


@given(first=st.binary(max_size=50), second=st.binary(max_size=50))
def test_other_bytes_have_another_digest(first: bytes, second: bytes) -> None:
    one, two = (replace(ONE, passages=(Passage(direction=Direction.SENT, data=data),)) for data in (first, second))
    assert (one.digest == two.digest) == (first == second)


@given(data=st.binary(max_size=300), limit=st.integers(0, 300))
def test_what_is_shown_is_printable_ascii_and_short(data: bytes, limit: int) -> None:
    shown = printable(data, limit)
    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) <= 4 * limit + 3


def test_escapes_cannot_be_faked() -> None:
    assert printable(rb"\x00") == r"\x5cx00"
    assert printable(b"\x00\x1b[31m\r\n") == r"\x00\x1b[31m\x0d\x0a"
