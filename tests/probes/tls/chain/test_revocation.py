"""CRLs (RFC 5280, section 6.3) and OCSP responses (RFC 6960), each judged by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from asn1crypto import crl as asn1_crl
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.tls.chain.certificate import Certificate
from probes.tls.chain.crl import Crl, CrlError
from probes.tls.chain.ocsp import judge_ocsp, request
from probes.tls.chain.status import Says
from probes.tls.chain.verify import revoked
from tests.probes.tls.chain.asking import ask, reasons
from tests.tls.mint import (
    AUTHORITY,
    DAY,
    NOW,
    SERVER,
    UNKNOWN_OID,
    CrlWish,
    Holder,
    OcspWish,
    Wish,
    authority,
    key,
    leaf,
    mint,
    mint_crl,
    mint_ocsp,
    name,
    refusal,
    root,
    usage,
)

ROOT = root()
MIDDLE = authority(ROOT)
END = leaf(MIDDLE)
ROOT_CRL = mint_crl(CrlWish(), ROOT)
GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
STRANGE = x509.UnrecognizedExtension(UNKNOWN_OID, b"\x05\x00")
CHANGED = [END.certificate.serial_number]


def told_by(*crls: bytes, end: Holder = END, middle: Holder = MIDDLE) -> list[str]:
    return reasons(ask(end, [middle], [ROOT], crls=crls))


def scope(**changes: Any) -> tuple[x509.IssuingDistributionPoint, bool]:
    fields: dict[str, Any] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**fields, **changes}), True


class TestCrl:
    def test_a_good_one_for_each_certificate(self) -> None:
        answer = ask(END, [MIDDLE], [ROOT], crls=[mint_crl(CrlWish(), MIDDLE), ROOT_CRL])
        assert answer.accepted
        assert [status.says for status in answer.statuses] == [Says.GOOD, Says.GOOD]

    @pytest.mark.parametrize(
        ("wish", "code"),
        [
            (CrlWish(revoked=(END.certificate.serial_number,)), "revoked"),
            (CrlWish(this=NOW - 30 * DAY, due=NOW - DAY), "crl-stale"),
            (CrlWish(this=NOW + DAY), "crl-future"),
            (CrlWish(number=None), "crl-number"),
            (CrlWish(number=None, extra=((x509.CRLNumber(3), True),)), "crl-number"),
            (CrlWish(extra=((STRANGE, True),)), "crl-critical-extension"),
            (CrlWish(extra=(scope(only_contains_ca_certs=True),)), "crl-scope"),
            (CrlWish(extra=(scope(only_contains_attribute_certs=True),)), "crl-scope"),
            (CrlWish(extra=(scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})),)), "crl-scope"),
            (CrlWish(extra=((x509.DeltaCRLIndicator(3), True),)), "crl-delta"),
            (CrlWish(digest="sha1"), "crl-weak-signature"),
        ],
    )
    def test_one_flaw(self, wish: CrlWish, code: str) -> None:
        assert told_by(mint_crl(wish, MIDDLE)) == [code]

    def test_scope_that_holds_the_leaf(self) -> None:
        assert told_by(mint_crl(CrlWish(extra=(scope(only_contains_user_certs=True),)), MIDDLE)) == []

    def test_another_distribution_point(self) -> None:
        end = leaf(MIDDLE, cdp=("http://crl.example/a.crl",))
        for url, found in (("http://crl.example/a.crl", []), ("http://crl.example/b.crl", ["crl-scope"])):
            where = scope(full_name=[x509.UniformResourceIdentifier(url)])
            assert told_by(mint_crl(CrlWish(extra=(where,)), MIDDLE), end=end) == found

    def test_by_another_key_or_another_name(self) -> None:
        assert told_by(mint_crl(CrlWish(), MIDDLE, signer=key("ec", 99))) == ["crl-signature"]
        assert told_by(mint_crl(CrlWish(revoked=tuple(CHANGED)), authority(ROOT, "Stranger"))) == []

    def test_an_issuer_that_may_not_sign_crls(self) -> None:
        middle = authority(ROOT, "Mute", ku=usage("key_cert_sign"))
        assert told_by(mint_crl(CrlWish(), middle), end=leaf(middle), middle=middle) == ["crl-signer"]

    def test_a_revoked_intermediate(self) -> None:
        answer = ask(END, [MIDDLE], [ROOT], crls=[mint_crl(CrlWish(revoked=(MIDDLE.certificate.serial_number,)), ROOT)])
        assert reasons(answer) == ["revoked"]
        assert "Intermediate" in answer.reasons[0].name

    def test_an_entry_on_a_stale_crl_still_counts(self) -> None:
        wish = CrlWish(revoked=tuple(CHANGED), this=NOW - 9 * DAY, due=NOW - DAY)
        assert told_by(mint_crl(wish, MIDDLE)) == ["crl-stale", "revoked"]

    def test_deltas(self) -> None:
        base = mint_crl(CrlWish(number=5), MIDDLE)
        held = mint_crl(CrlWish(number=5, revoked=tuple(CHANGED), reason=x509.ReasonFlags.certificate_hold), MIDDLE)
        delta = CrlWish(number=6, extra=((x509.DeltaCRLIndicator(5), True),))
        taken_off = replace(delta, revoked=tuple(CHANGED), reason=x509.ReasonFlags.remove_from_crl)
        assert told_by(base, mint_crl(delta, MIDDLE)) == []
        assert told_by(base, mint_crl(replace(delta, revoked=tuple(CHANGED)), MIDDLE)) == ["revoked"]
        assert told_by(held, mint_crl(taken_off, MIDDLE)) == []
        newer = replace(delta, extra=((x509.DeltaCRLIndicator(6), True),))
        assert told_by(base, mint_crl(newer, MIDDLE)) == ["crl-delta"]

    def test_an_indirect_crl_by_whom_the_certificate_names(self) -> None:
        signer = mint(replace(AUTHORITY, subject="CRL Signer", ca=False, ku=usage("crl_sign")), key("ec", 31), MIDDLE)
        point = x509.DistributionPoint(None, None, None, [x509.DirectoryName(signer.subject)])
        end = leaf(MIDDLE, extra=((x509.CRLDistributionPoints([point]), False),))
        wish = CrlWish(extra=(scope(indirect_crl=True),), entry_issuer=MIDDLE.subject)
        for serials, found in (((), []), ((end.certificate.serial_number,), ["revoked"])):
            crl = mint_crl(replace(wish, revoked=serials), signer)
            assert reasons(ask(end, [MIDDLE, signer], [ROOT], crls=[crl])) == found
        foreign = mint_crl(replace(wish, revoked=(end.certificate.serial_number,), entry_issuer=name("Other")), signer)
        assert reasons(ask(end, [MIDDLE, signer], [ROOT], crls=[foreign])) == []

    def test_without_a_next_update(self) -> None:
        outer = asn1_crl.CertificateList.load(mint_crl(CrlWish(), MIDDLE))
        del outer["tbs_cert_list"]["next_update"]
        assert isinstance(MIDDLE.key, ec.EllipticCurvePrivateKey)
        signed = outer["tbs_cert_list"].dump(force=True)
        outer["signature"] = MIDDLE.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        assert told_by(outer.dump(force=True)) == ["crl-no-next-update"]

    @settings(max_examples=100)
    @given(st.binary(max_size=300))
    def test_bytes_that_are_no_crl(self, data: bytes) -> None:
        with pytest.raises(CrlError):
            Crl(data)


def answered(wish: OcspWish, end: Holder = END) -> list[str]:
    return reasons(ask(end, [MIDDLE], [ROOT], responses=[mint_ocsp(wish, end, MIDDLE)]))


def responder(**changes: Any) -> Holder:
    wish = Wish(subject="Responder", san=None, eku=(ExtendedKeyUsageOID.OCSP_SIGNING,))
    return mint(replace(wish, **changes), key("ec", 41), MIDDLE)


class TestOcsp:
    @pytest.mark.parametrize(
        ("wish", "code"),
        [
            (OcspWish(), ""),
            (OcspWish(due=None), ""),
            (OcspWish(responder=responder()), ""),
            (OcspWish(status=REVOKED), "revoked"),
            (OcspWish(status=ocsp.OCSPCertStatus.UNKNOWN), "ocsp-unknown"),
            (OcspWish(this=NOW - 9 * DAY, due=NOW - DAY), "ocsp-stale"),
            (OcspWish(this=NOW + DAY), "ocsp-future"),
            (OcspWish(responder=responder(eku=(SERVER,))), "ocsp-signer"),
            (OcspWish(responder=responder(start=NOW - 9 * DAY, end=NOW - DAY)), "ocsp-signer"),
            (OcspWish(responder=responder(), send_responder=False), "ocsp-signer"),
            (
                OcspWish(responder=mint(Wish(eku=(ExtendedKeyUsageOID.OCSP_SIGNING,)), key("ec", 42), ROOT)),
                "ocsp-signer",
            ),
        ],
    )
    def test_one_response(self, wish: OcspWish, code: str) -> None:
        assert answered(wish) == ([code] if code else [])

    def test_about_another_certificate(self) -> None:
        other = leaf(MIDDLE, names=name("other"))
        status = judge_ocsp(
            Certificate(END.der), Certificate(MIDDLE.der), mint_ocsp(OcspWish(), other, MIDDLE), "here", NOW
        )
        assert status.says is Says.NOTHING
        assert [flaw.kind.code for flaw in status.flaws] == ["ocsp-other-certificate"]

    def test_a_changed_byte(self) -> None:
        der = bytearray(mint_ocsp(OcspWish(), END, MIDDLE))
        der[-3] ^= 1
        status = judge_ocsp(Certificate(END.der), Certificate(MIDDLE.der), bytes(der), "here", NOW)
        assert [flaw.kind.code for flaw in status.flaws] == ["ocsp-signature"]

    @pytest.mark.parametrize(
        "refused", [s for s in ocsp.OCSPResponseStatus if s is not ocsp.OCSPResponseStatus.SUCCESSFUL]
    )
    def test_refusals(self, refused: ocsp.OCSPResponseStatus) -> None:
        status = judge_ocsp(Certificate(END.der), Certificate(MIDDLE.der), refusal(refused), "here", NOW)
        assert [flaw.kind.code for flaw in status.flaws] == ["ocsp-refused"]

    @settings(max_examples=100)
    @given(st.binary(max_size=300))
    def test_bytes_that_are_no_response(self, data: bytes) -> None:
        status = judge_ocsp(Certificate(END.der), Certificate(MIDDLE.der), data, "here", NOW)
        assert status.says is Says.NOTHING

    def test_the_question_is_what_a_responder_expects(self) -> None:
        asked = ocsp.load_der_ocsp_request(request(Certificate(END.der), Certificate(MIDDLE.der)))
        by_library = ocsp.OCSPRequestBuilder().add_certificate(END.certificate, MIDDLE.certificate, hashes.SHA1())
        assert asked.public_bytes(Encoding.DER) == by_library.build().public_bytes(Encoding.DER)


def test_a_good_word_elsewhere_never_hides_a_revocation() -> None:
    crl = mint_crl(CrlWish(revoked=tuple(CHANGED)), MIDDLE)
    answer = ask(END, [MIDDLE], [ROOT], crls=[crl], responses=[mint_ocsp(OcspWish(), END, MIDDLE)])
    assert reasons(answer) == ["revoked"]
    assert revoked(answer.statuses)
    assert {status.says for status in answer.statuses} == {Says.GOOD, Says.REVOKED}
