"""Masking: no shape of a secret is shown, and versions and paths are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.masking import MASK, masked

WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=12, max_size=60)


@given(WORDS, st.sampled_from(["password=", "DB_PASSWORD=", '"secret": ', "api_key: ", "token=", "'pwd' => "]))
def test_what_follows_the_name_of_a_secret_is_not_shown(secret: str, name: str) -> None:
    assert secret.encode() not in masked(f"user=shop\n{name}{secret}\nnext=1".encode())


@given(WORDS)
def test_credentials_of_urls_are_not_shown_and_hosts_are(secret: str) -> None:
    shown = masked(f"DATABASE_URL=mysql://root:{secret}@db.shop.example/shop".encode())
    assert secret.encode() not in shown
    assert b"@db.shop.example/shop" in shown


@given(st.emails())
def test_mail_addresses_are_not_shown(address: str) -> None:
    name = address.split("@", maxsplit=1)[0]
    if all(letter.isalnum() or letter in "._%+-" for letter in name) and address.isascii():
        assert address.encode() not in masked(f"to {address} now".encode())


@given(st.binary(max_size=300))
def test_any_bytes_come_out_bounded_and_masking_twice_changes_nothing(data: bytes) -> None:
    once = masked(data)
    assert len(once) <= len(data) + len(MASK) * (len(data) // 8 + 1)
    assert masked(once) == once


@pytest.mark.parametrize(
    "secret",
    [
        b"-----BEGIN RSA PRIVATE KEY-----\nMIIEow",
        b"$apr1$x8PzQ0aB$abcdefghijk",
        b"4111 1111 1111 1111",
        b"AKIAIOSFODNN7EXAMPLE",
        b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        b"0123456789abcdef0123456789abcdef01234567",
    ],
)
def test_keys_hashes_and_numbers_of_cards_are_not_shown(secret: bytes) -> None:
    assert masked(b"x " + secret) == b"x " + MASK


@pytest.mark.parametrize(
    "public",
    [
        b"5.8.1",
        b"2.4.52 (Ubuntu)",
        b"9.4.37.v20210219",
        b"ref: refs/heads/main",
        b"/etc/os-release",
        b"2026-11-23 04:05:06",
        b"15.1.2507.9",
    ],
)
def test_versions_paths_and_dates_are_shown(public: bytes) -> None:
    assert masked(public) == public
