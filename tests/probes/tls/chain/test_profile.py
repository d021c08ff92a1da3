"""What a certificate has to look like by itself (RFC 5280, section 4; BR 7.1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from probes.tls.chain.build import build
from probes.tls.chain.certificate import Certificate, UnreadableError
from probes.tls.chain.profile import Purpose
from tests.probes.tls.chain.asking import ask, question, reasons
from tests.tls.mint import (
    AUTHORITY,
    CLIENT,
    DAY,
    NOW,
    SERVER,
    UNKNOWN_OID,
    Holder,
    authority,
    key,
    leaf,
    mint,
    name,
    root,
    usage,
)

ROOT = root()
STRANGE = x509.UnrecognizedExtension(UNKNOWN_OID, b"\x05\x00")
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE


def codes(**changes: Any) -> list[str]:
    return reasons(ask(leaf(ROOT, **changes), [], [ROOT]))


def codes_of_key(kind: str) -> list[str]:
    return reasons(ask(leaf(ROOT, key(kind)), [], [ROOT]))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"extra": ((STRANGE, True),)}, "unknown-critical-extension"),
        ({"aki": False}, "key-identifiers"),
        ({"ca": True, "ku": usage("digital_signature")}, "leaf-is-authority"),
        ({"ku": usage("digital_signature", "key_cert_sign")}, "leaf-key-usage"),
        ({"ku": usage("crl_sign")}, "leaf-key-usage"),
        ({"eku": (CLIENT,)}, "purpose"),
        ({"eku": (ANY,)}, "purpose"),
        ({"eku": (ExtendedKeyUsageOID.CODE_SIGNING,)}, "purpose"),
        ({"san": None}, "no-names"),
        ({"san_critical": True}, "criticality"),
        ({"san": ("under_score.example",)}, "malformed-name"),
        ({"san": ("10.0.0.1x",)}, None),
        ({"san_names": (x509.DNSName("10.0.0.1"),)}, "malformed-name"),
        ({"san_names": (x509.DNSName(".shop.example"),)}, "malformed-name"),
        ({"san_names": (x509.DNSName("ba*.shop.example"),)}, "malformed-name"),
        ({"san_names": (x509.DNSName("www.*.example"),)}, "malformed-name"),
        ({"san_names": (x509.DNSName("*"),)}, "malformed-name"),
        ({"san_names": (x509.DNSName("*.example"),)}, "public-suffix-wildcard"),
        ({"san_names": (x509.RFC822Name._init_without_validation("a@b@shop.example"),)}, "malformed-name"),
        ({"extra": ((x509.NameConstraints([x509.DNSName("example")], None), True),)}, "leaf-name-constraints"),
        ({"extra": ((x509.PolicyConstraints(None, 0), False),)}, "criticality"),
        ({"names": name("192.168.001.001"), "san": ("192.168.1.1",)}, "common-name-spelling"),
        ({"names": name("2001:DB8::1"), "san": ("2001:db8::1",)}, "common-name-spelling"),
        ({"names": name("Shop.Example")}, "common-name-spelling"),
    ],
)
def test_a_leaf_with_one_flaw(changes: dict[str, Any], code: str | None) -> None:
    assert codes(**changes) == ([code] if code else [])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ku": None},
        {"eku": None},
        {"eku": (SERVER, ANY)},
        {"ca": False},
        {"eku": (CLIENT, SERVER)},
        {"extra": ((STRANGE, False),)},
        {"san": ("*.shop.example", "192.0.2.1", "2001:db8::1")},
        {"names": x509.Name([]), "san_critical": True},
        {"names": name("Tanaka Books"), "san": ("shop.example",)},
    ],
)
def test_a_leaf_without_a_flaw(changes: dict[str, Any]) -> None:
    assert codes(**changes) == []


def test_an_empty_issuer() -> None:
    assert codes(by=x509.Name([])) == ["empty-issuer", "missing-issuer"]


def test_an_empty_subject_needs_critical_names() -> None:
    assert codes(names=x509.Name([])) == ["criticality"]


@pytest.mark.parametrize(
    ("kind", "weak"),
    [
        ("rsa1024", True),
        ("rsa2052", True),
        ("rsa2048", False),
        ("p192", True),
        ("dsa", True),
        ("p384", False),
        ("ec", False),
    ],
)
def test_keys(kind: str, weak: bool) -> None:
    assert codes_of_key(kind) == (["weak-key"] if weak else [])


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_weak_signatures_of_leaf_and_authority(digest: str) -> None:
    by_rsa = rsa_root()
    assert reasons(ask(leaf(by_rsa, digest=digest), [], [by_rsa])) == ["weak-signature"]
    middle = authority(by_rsa, digest=digest)
    answer = ask(leaf(middle), [middle], [by_rsa])
    assert reasons(answer) == ["weak-signature"]
    assert "Intermediate" in answer.reasons[0].name


def rsa_root(**changes: Any) -> Holder:
    return mint(replace(AUTHORITY, subject="RSA Root", aki=False, **changes), key("rsa2048"))


def test_the_signature_of_an_anchor_on_itself_is_nobody_s_business() -> None:
    by_rsa = rsa_root(digest="sha1")
    assert reasons(ask(leaf(by_rsa), [], [by_rsa])) == []


def test_only_the_algorithms_that_are_asked_for() -> None:
    purpose = Purpose(algorithms=frozenset({"RSA_WITH_SHA256"}))
    assert reasons(ask(leaf(ROOT), [], [ROOT], purpose=purpose)) == ["weak-signature"]


def test_dates_have_both_ends_and_the_last_second_is_whole() -> None:
    end = leaf(ROOT, start=NOW, end=NOW + DAY)
    for at, code in (
        (NOW - timedelta(milliseconds=1), ["not-yet-valid"]),
        (NOW, []),
        (NOW + DAY, []),
        (NOW + DAY + timedelta(milliseconds=5), []),
        (NOW + DAY + timedelta(seconds=1), ["expired"]),
    ):
        assert reasons(ask(end, [], [ROOT], at=at)) == code


def test_each_certificate_of_the_chain_has_dates() -> None:
    for holder in (root("Old Root", end=NOW - DAY), root()):
        middle = authority(holder, "Old", end=NOW - DAY if holder.certificate.not_valid_after_utc > NOW else NOW + DAY)
        answer = ask(leaf(middle), [middle], [holder])
        assert reasons(answer) == ["expired"]
        assert "Old" in answer.reasons[0].name


def test_a_long_validity_is_guidance() -> None:
    answer = ask(leaf(ROOT, end=NOW + 1825 * DAY), [], [ROOT])
    assert answer.accepted
    assert [flaw.kind.code for flaw in answer.flaws] == ["long-validity"]


def test_purposes_and_usages_that_are_asked_for() -> None:
    mail = Purpose(("clientAuth", "emailProtection"))
    assert reasons(ask(leaf(ROOT, eku=(CLIENT,)), [], [ROOT], purpose=mail)) == ["purpose"]
    assert reasons(ask(leaf(ROOT), [], [ROOT], purpose=Purpose(usages=("keyEncipherment",)))) == ["leaf-key-usage"]
    assert reasons(ask(leaf(ROOT), [], [ROOT], purpose=Purpose(usages=("digitalSignature",)))) == []


@pytest.mark.parametrize(
    ("feature", "changes"),
    [
        ("pedantic-webpki-eku", {"eku": None}),
        ("pedantic-webpki-eku", {"eku": (SERVER, ANY)}),
        ("pedantic-webpki-eku", {"eku_critical": True}),
    ],
)
def test_stricter_profiles_reject_more(feature: str, changes: dict[str, Any]) -> None:
    end = leaf(ROOT, **changes)
    assert ask(end, [], [ROOT]).accepted
    assert not ask(end, [], [ROOT], features=frozenset({feature})).accepted


def test_the_root_is_held_to_its_profile() -> None:
    wrong = x509.AuthorityKeyIdentifier(b"\x01" * 20, None, None)
    by_name = x509.AuthorityKeyIdentifier(b"\x01" * 20, [x509.DirectoryName(name("Root"))], 1)
    for changes, code in (
        ({"extra": ((STRANGE, True),)}, "unknown-critical-extension"),
        ({"ca": None}, "not-an-authority"),
        ({"bc_critical": False}, "criticality"),
        ({"ku": usage("digital_signature")}, "may-not-sign"),
        ({"extra": ((wrong, False),)}, "key-identifiers"),
        ({"extra": ((by_name, False),)}, "key-identifiers"),
    ):
        odd = root("Odd Root", number=hash(str(changes)), **changes)
        assert reasons(ask(leaf(odd), [], [odd]))[:1] == [code]


def test_bytes_that_are_no_certificate() -> None:
    good = leaf(ROOT).der
    other_version = good.replace(b"\x02\x01\x02", b"\x02\x01\x07", 1)
    for data in (b"", b"\x30", good[:-1], good + b"\x00", b"<html>", b"\x30\x80" + good, other_version):
        with pytest.raises(UnreadableError):
            Certificate(data)


def test_what_cannot_be_read_inside_is_a_flaw_and_no_traceback() -> None:
    broken = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"shop.example")
    assert codes(san=None, extra=((broken, False),)) == ["malformed"]


@pytest.mark.parametrize("serial", [0, -5, 2**160, 2**159])
def test_serial_numbers(serial: int) -> None:
    outer = asn1.Certificate.load(leaf(ROOT).der)
    outer["tbs_certificate"]["serial_number"] = serial
    signed = outer["tbs_certificate"].dump(force=True)
    assert isinstance(ROOT.key, ec.EllipticCurvePrivateKey)
    outer["signature_value"] = ROOT.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    asked = replace(question(leaf(ROOT), [], [ROOT]), leaf=Certificate(outer.dump(force=True)))
    assert [flaw.kind.code for flaw in build(asked).flaws] == ["serial-number"]


def test_the_same_extension_twice() -> None:
    end = leaf(ROOT)
    outer = asn1.Certificate.load(end.der)
    outer["tbs_certificate"]["extensions"].append(outer["tbs_certificate"]["extensions"][0])
    twice = Certificate(outer.dump(force=True))
    assert "uplicate" in twice.trouble


def test_a_certificate_shows_its_parts() -> None:
    certificate = Certificate(leaf(ROOT, names=name("shop.example", (NameOID.LOCALITY_NAME, "東京"))).der)
    assert certificate.shown.isascii()
    assert certificate.key.shown == "P-256"
    assert certificate.public_key is not None
    spki = key("ec", 1).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert certificate.spki == spki
    assert spki.endswith(certificate.key_bits)
