"""The token stays the same, differs with everything it is made of, and cannot be made without the secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.control.token import LEAST_SECRET, WeakSecretError, page_path, proof_line, token

SECRET = b"0123456789abcdef0123456789abcdef"


def test_the_token_stays_the_same() -> None:
    made = token("shop.example", ["www.shop.example", "shop.example"], SECRET)
    assert made == token("shop.example", ("shop.example", "www.shop.example", "shop.example"), SECRET)
    assert made == "d3bb38739d377c5afd315a3276831630876a53975d6836973a435eed98e8a86c"
    assert proof_line(made) == f"tenken-control={made}"
    assert page_path(made) == f"/.well-known/tenken/{made}"


_parts = st.tuples(
    st.text(max_size=5), st.frozensets(st.text(max_size=5), max_size=3), st.binary(min_size=16, max_size=18)
)


@given(_parts, _parts)
def test_different_systems_or_secrets_have_different_tokens(
    one: tuple[str, frozenset[str], bytes], other: tuple[str, frozenset[str], bytes]
) -> None:
    assert (token(*one) == token(*other)) is (one == other)


def test_a_secret_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(WeakSecretError, match=f"at least {LEAST_SECRET} bytes, seen 3"):
        token("shop.example", [], b"abc")
