"""JSON test cases: read strictly, answered in one line."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.tls.chain.case import CaseError, parse, rule
from probes.tls.chain.der import Bones, DerError, parts
from tests.tls.mint import CLIENT, DAY, NOW, CrlWish, Holder, authority, leaf, mint_crl, root

ROOT = root()
MIDDLE = authority(ROOT)


def case(end: Holder | None = None, **changes: object) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": "test::case",
        "features": None,
        "validation_kind": "SERVER",
        "trusted_certs": [ROOT.pem],
        "untrusted_intermediates": [MIDDLE.pem],
        "peer_certificate": (end or leaf(MIDDLE)).pem,
        "peer_certificate_key": None,
        "validation_time": None,
        "signature_algorithms": None,
        "key_usage": None,
        "extended_key_usage": None,
        "expected_peer_name": {"kind": "DNS", "value": "shop.example"},
        "expected_peer_names": None,
        "max_chain_depth": None,
        "crls": None,
    }
    return {**document, **changes}


def answer(document: dict[str, Any]) -> str:
    return str(rule(document, NOW))


def test_a_good_case() -> None:
    assert answer(case()) == "ACCEPT"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"trusted_certs": []}, "missing-issuer"),
        ({"untrusted_intermediates": None}, "missing-issuer"),
        ({"expected_peer_name": {"kind": "DNS", "value": "other.example"}}, "name-mismatch"),
        ({"expected_peer_name": {"kind": "IP", "value": "192.0.2.1"}}, "name-mismatch"),
        ({"expected_peer_names": [{"kind": "RFC822", "value": "a@shop.example"}]}, "name-mismatch"),
        ({"validation_time": (NOW + 91 * DAY).isoformat()}, "expired"),
        ({"validation_time": (NOW - 2 * DAY - timedelta(milliseconds=5)).isoformat()}, "not-yet-valid"),
        ({"validation_kind": "CLIENT"}, "purpose"),
        ({"extended_key_usage": ["emailProtection"]}, "purpose"),
        ({"extended_key_usage": ["1.3.6.1.5.5.7.3.4"]}, "purpose"),
        ({"key_usage": ["keyEncipherment"]}, "leaf-key-usage"),
        ({"max_chain_depth": 0}, "too-deep"),
        ({"signature_algorithms": ["RSA_WITH_SHA256"]}, "weak-signature"),
        ({"peer_certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}, "malformed"),
        ({"crls": ["-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"]}, "crl-malformed"),
    ],
)
def test_what_is_asked_decides(changes: dict[str, Any], code: str) -> None:
    assert answer(case(**changes)).startswith(f"REJECT {code}: ")


def test_features_make_it_stricter() -> None:
    end = leaf(MIDDLE, eku=None)
    assert answer(case(end)) == "ACCEPT"
    assert answer(case(end, features=["pedantic-webpki-eku"])).startswith("REJECT no-purpose")


def test_crls_count() -> None:
    end = leaf(MIDDLE)
    der = mint_crl(CrlWish(revoked=(end.certificate.serial_number,)), MIDDLE)
    pem = x509.load_der_x509_crl(der).public_bytes(Encoding.PEM).decode()
    assert answer(case(end, crls=[pem])).startswith("REJECT revoked: ")


def test_a_client_certificate() -> None:
    end = leaf(MIDDLE, san=("a@shop.example",), eku=(CLIENT,))
    names = [{"kind": "RFC822", "value": "a@shop.example"}]
    asked = case(end, validation_kind="CLIENT", expected_peer_name=None, expected_peer_names=names)
    assert answer(asked) == "ACCEPT"


def test_what_cannot_be_read_beside_the_path_is_no_reason() -> None:
    junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert answer(case(untrusted_intermediates=[junk, MIDDLE.pem], trusted_certs=[ROOT.pem, junk])) == "ACCEPT"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"peer_certificate": None}, "peer_certificate"),
        ({"trusted_certs": "x"}, "trusted_certs"),
        ({"trusted_certs": [1]}, "trusted_certs"),
        ({"validation_time": "yesterday"}, "validation_time"),
        ({"validation_kind": "BOTH"}, "validation_kind"),
        ({"key_usage": ["flying"]}, "key_usage"),
        ({"extended_key_usage": ["flying"]}, "extended_key_usage"),
        ({"expected_peer_name": {"kind": "X", "value": "y"}}, "expected_peer_name"),
        ({"max_chain_depth": True}, "max_chain_depth"),
    ],
)
def test_a_wrong_case_names_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(CaseError) as caught:
        rule(case(**changes), NOW)
    assert caught.value.field == field


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000], ids=["empty", "cut", "list", "deep"])
def test_what_is_no_case(text: str) -> None:
    with pytest.raises(CaseError):
        parse(text)


def test_the_answer_is_one_line() -> None:
    assert "\n" not in answer(case(expected_peer_name={"kind": "DNS", "value": "a\nb\u2028c"}))
    assert json.dumps(answer(case())) == '"ACCEPT"'


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_bytes_are_der_or_an_error(data: bytes) -> None:
    for read in (Bones, lambda raw: list(parts(raw))):
        with contextlib.suppress(DerError):
            read(data)
