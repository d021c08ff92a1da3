"""Tokens: only the hash is kept, and rubbish is nobody's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scheduler.store.token import matches, new_token, split


def test_a_token_opens_its_own_hash_only() -> None:
    mine, other = new_token(), new_token()
    assert split(mine.text) == (mine.token_id, mine.secret)
    assert matches(mine.secret, mine.digest)
    assert not matches(other.secret, mine.digest)
    assert mine.secret not in mine.digest


@given(st.text(max_size=200))
def test_rubbish_splits_without_an_error_and_matches_nothing(text: str) -> None:
    _, secret = split(text)
    assert not matches(secret, new_token().digest)
