"""An encoder of other people (asn1tools, from its own ASN.1 text) agrees with ours byte for byte, in both directions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import asn1tools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.demo.merchant.answer import GOOD, Fault
from dashboards.demo.merchant.changes import signing
from dashboards.demo.merchant.faults import FAULTS
from dashboards.demo.merchant.papers import BRAND_ID, MERCHANT_ID, MERCHANT_NAME
from probes.set import asn1
from probes.set.certificates import KEY_PERIOD, read_certificate, read_pem
from probes.set.messages import read_answer, read_request
from probes.set.parts import Answer, ErrorMessage, Kind
from probes.set.request import pinit_req
from probes.set.signing import sha1, thumb
from probes.target import RequestExtension, SetEndpoint, SetProfile
from tests.probes.set.scene import merchant_with

NOW = datetime(2026, 3, 1, 2, 0, 5, tzinfo=UTC)
SHA1 = {"algorithm": "1.3.14.3.2.26", "parameters": b"\x05\x00"}
PLAIN = Fault("plain", "Plain PKCS #7.", signing=signing(plain=True))
FORMS = pytest.mark.parametrize("fault", [GOOD, PLAIN], ids=["form of SET", "plain form"])


@cache
def other() -> Any:
    """The other encoder."""
    return asn1tools.compile_files(str(Path(__file__).with_name("set_1_0.asn")), "der")


def agreed(kind: str, data: bytes) -> Any:
    """Let the other encoder read bytes and write them again; give what it read."""
    value = other().decode(kind, data)
    assert other().encode(kind, value) == data
    return value


@cache
def root_pem() -> str:
    return merchant_with().root_pem


class Drawn:
    """Gives 1, 2, 3... as random bytes, and remembers what it gave."""

    def __init__(self) -> None:
        self.given: list[bytes] = []

    def __call__(self, size: int) -> bytes:
        self.given.append(bytes([len(self.given) + 1]) * size)
        return self.given[-1]


def endpoint(**changes: Any) -> SetEndpoint:
    plain = SetEndpoint(
        url="http://shop.example/set", kind="SET", version="1.0", brand=BRAND_ID, bin="412345", roots=(root_pem(),)
    )
    return replace(plain, **changes)


TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=35)


@settings(max_examples=60, deadline=None)
@given(
    brand=TEXT,
    language=TEXT,
    digits=st.text("0123456789", min_size=6, max_size=6),
    lid_m=st.none() | st.binary(min_size=1, max_size=20),
    extension=st.none() | st.booleans(),
    known=st.booleans(),
)
def test_a_request_is_what_the_other_encoder_makes_of_the_same_values(
    brand: str, language: str, digits: str, lid_m: bytes | None, extension: bool | None, known: bool
) -> None:
    carried = () if extension is None else (RequestExtension(oid="2.23.42.1.8", critical=extension, der=b"\x05\x00"),)
    asked = endpoint(brand=brand, language=language, bin=digits, profile=SetProfile(request_extensions=carried))
    roots = [read_pem(root_pem())] if known else []
    drawn = Drawn()
    data = pinit_req(asked, roots, lid_m, NOW, drawn)
    rrpid, lid_c, challenge = drawn.given
    with_lid = {} if lid_m is None else {"lidM": lid_m}
    body: dict[str, Any] = {"rrpid": rrpid, "language": language, "lidC": lid_c, **with_lid, "challC": challenge}
    body |= {"brandId": brand, "bin": digits}
    if known:
        body["thumbs"] = {"digestAlgorithm": SHA1, "certificates": [thumb(roots[0].signed)]}
    if extension is not None:
        body["extensions"] = [{"id": "2.23.42.1.8", "critical": extension, "value": b"\x05\x00"}]
    header = {"version": 1, "date": NOW, "messageIds": {"lidC": lid_c, **with_lid}, "rrpid": rrpid, "swIdent": "Tenken"}
    assert data == other().encode("MessageWrapper", {"header": header, "message": ("pinitReq", body)})
    read = read_request(data)
    assert (read.rrpid, read.lid_c, read.lid_m, read.chall_c) == (rrpid, lid_c, lid_m, challenge)
    assert (read.brand_id, read.language, read.header.date) == (brand, language, NOW)


def answered(fault: Fault) -> bytes:
    request = pinit_req(endpoint(), [read_pem(root_pem())], b"order 7", NOW, Drawn())
    return merchant_with(fault).reply(request, NOW).body


@FORMS
def test_an_answer_is_read_and_written_again_byte_for_byte(fault: Fault) -> None:
    data = answered(fault)
    kind = "PlainMessageWrapper" if fault is PLAIN else "MessageWrapper"
    name, outer = agreed(kind, data)["message"]
    assert (name, outer["contentType"]) == ("pinitRes", asn1.SIGNED_DATA)
    signed = outer["content"]
    content = agreed("PInitResData", signed["contentInfo"]["content"])
    read = read_answer(data)
    assert isinstance(read, Answer)
    assert read.signature.plain == (fault is PLAIN)
    assert (read.rrpid, read.chall_c, read.chall_m) == (content["rrpid"], content["challC"], content["challM"])
    assert (read.xid, read.lid_c, read.lid_m) == tuple(content["transIds"][key] for key in ("xid", "lidC", "lidM"))
    listed = content["brandCrlIdentifier"]["unsigned"]
    assert read.brand_crls is not None
    assert (read.brand_crls.sequence, read.brand_crls.brand_id) == (listed["sequence"], listed["brandId"])
    assert [held.number for held in read.brand_crls.crls] == [entry["crlNumber"] for entry in listed["crls"]]
    assert [one.serial for one in read.certificates] == [
        one["unsigned"]["serialNumber"] for one in signed["certificates"]
    ]
    (signer,) = signed["signerInfos"]
    assert (read.signature.signature, read.signature.by.serial) == (
        signer["signature"],
        signer["issuerAndSerial"]["serialNumber"],
    )


@FORMS
def test_what_is_under_the_signature_is_what_the_other_encoder_would_sign(fault: Fault) -> None:
    data = answered(fault)
    kind = "PlainMessageWrapper" if fault is PLAIN else "MessageWrapper"
    signer = other().decode(kind, data)["message"][1]["content"]["signerInfos"][0]
    attributes = [other().encode("Attribute", attribute) for attribute in signer["attributes"]]
    body = b"".join(sorted(attributes) if fault is PLAIN else attributes)
    read = read_answer(data)
    assert isinstance(read, Answer)
    assert read.signature.attributes == (b"\x31" if fault is PLAIN else b"\x30") + bytes([len(body)]) + body


@FORMS
def test_every_certificate_and_list_is_read_and_written_again(fault: Fault) -> None:
    kind = "PlainMessageWrapper" if fault is PLAIN else "MessageWrapper"
    signed = other().decode(kind, answered(fault))["message"][1]["content"]
    for value in signed["certificates"]:
        der = other().encode("Certificate", value)
        read = read_certificate(der)
        assert read.signed.unsigned == other().encode("UnsignedCertificate", value["unsigned"])
        assert thumb(read.signed) == sha1(other().encode("UnsignedCertificate", value["unsigned"]))
        assert read.public_key == other().encode("PublicKeyInfo", value["unsigned"]["publicKeyInfo"])
        assert [one.oid for one in read.extensions] == [one["id"] for one in value["unsigned"]["extensions"]]
    assert len(signed["certificates"]) == 5
    assert len(signed["crls"]) == 4


def values_of(holder: str, fault: Fault = GOOD) -> dict[str, bytes]:
    """Give the extensions of one certificate: object identifier to DER."""
    made = merchant_with(fault)._registry.certificate(holder).dump()
    return {one["id"]: one["value"] for one in agreed("Certificate", made)["unsigned"]["extensions"]}


def test_the_private_extensions() -> None:
    merchant = agreed("MerchantData", values_of("merchant")[asn1.MERCHANT_DATA])
    assert merchant["merchantId"] == ("visible", MERCHANT_ID)
    assert merchant["names"][0]["name"] == ("visible", MERCHANT_NAME)
    kinds = agreed("CertificateType", values_of("merchant")[asn1.CERTIFICATE_TYPE])
    assert kinds == (b"\x40", 2)  # bit 1, and no zero bit behind it
    root = values_of("root")
    assert agreed("CertificateType", root[asn1.CERTIFICATE_TYPE]) == (b"\x00\x80", 9)
    hashed = agreed("HashedRootKey", root[asn1.HASHED_ROOT_KEY])["thumbprint"]
    assert hashed["contentInfo"]["contentType"] == asn1.ROOT_KEY_THUMB
    # The constant beginning that other implementations of SET look for (docs/set.md).
    assert root[asn1.HASHED_ROOT_KEY].startswith(
        bytes.fromhex("302f302d020100300906052b0e03021a05003007060567" + "2a0300000414")
    )
    period = agreed("KeyPeriod", values_of("merchant", FAULTS["merchant-key-ended"])[KEY_PERIOD])
    assert set(period) == {"notAfter"}


def test_what_the_other_encoder_writes_is_read() -> None:
    """Japanese names come as BMPString, and the kinds of a certificate may be several."""
    names = [
        {"language": "ja", "name": ("bmp", "青葉商店"), "city": ("bmp", "仙台"), "country": ("visible", "Japan")},
        {"language": "en", "name": ("visible", "Aoba"), "city": ("visible", "Sendai"), "country": ("visible", "Japan")},
    ]
    merchant = {"merchantId": ("visible", "M-9"), "acquirerBin": "000001", "names": names, "country": 392}
    made = other().decode("Certificate", merchant_with()._registry.certificate("merchant").dump())
    written = {
        asn1.MERCHANT_DATA: other().encode("MerchantData", merchant),
        asn1.CERTIFICATE_TYPE: other().encode("CertificateType", (b"\x50\x40", 10)),
    }
    for one in made["unsigned"]["extensions"]:
        one["value"] = written.get(one["id"], one["value"])
    read = read_certificate(other().encode("Certificate", made))
    assert read.merchant is not None
    assert (read.merchant.merchant_id, read.merchant.acquirer_bin) == ("M-9", "000001")
    assert read.merchant.names == ("青葉商店", "Aoba")
    assert read.kinds == {Kind.MERCHANT, Kind.CARDHOLDER_CA, Kind.ACQUIRER}


@pytest.mark.parametrize(("code", "name"), [(2, "unspecifiedFailure"), (12, "versionTooOld")])
def test_an_error_message_is_read(code: int, name: str) -> None:
    header = {"version": 1, "revision": 2, "date": NOW, "swIdent": "other"}
    data = other().encode(
        "MessageWrapper", {"header": header, "message": ("error", {"code": name, "nonce": bytes(20)})}
    )
    read = read_answer(data)
    assert isinstance(read, ErrorMessage)
    assert (read.code, read.header.version, read.header.software) == (code, "1.2", "other")
