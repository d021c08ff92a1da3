"""Every fault that a merchant of the demo can have. Each changes exactly one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from asn1crypto import cms, core

from dashboards.demo.merchant.answer import GOOD, Data, Fault, Reply, Signing
from dashboards.demo.merchant.papers import (
    BRAND_CA,
    DAY,
    GATEWAY,
    GEO_CA,
    MERCHANT,
    MERCHANT_CA,
    NEXT_ROOT,
    PAYMENT_CA,
    ROOT,
    STRANGER,
    Papers,
)
from dashboards.demo.merchant.registry import extension
from probes.set import asn1, unconfirmed
from probes.set.certificates import AUTHORITY_KEY, BASIC, POLICIES
from probes.set.parts import Kind

PRIVATE = "1.3.6.1.4.1.99999.1"
"""An extension that nobody knows."""
JAPANESE = f"{unconfirmed.JAPAN}.1"
"""An extension below Japan's arc."""
_NULL = core.Null().dump()

Change = Callable[[Any], None]


def _paper(holder: str, **changes: object) -> Change:
    """Change fields of one certificate."""

    def change(papers: Papers) -> None:
        papers.certificates[holder] = replace(papers.certificates[holder], **changes)  # type: ignore[arg-type]  # names of fields

    return change


def _dates(holder: str, first: int, last: int) -> Change:
    """Make a certificate valid from day `first` to day `last`, counted from today."""

    def change(papers: Papers) -> None:
        _paper(holder, not_before=papers.now + first * DAY, not_after=papers.now + last * DAY)(papers)

    return change


def _crl(issuer: str, **changes: object) -> Change:
    """Change fields of one CRL."""

    def change(papers: Papers) -> None:
        papers.crls[issuer] = replace(papers.crls[issuer], **changes)  # type: ignore[arg-type]  # names of fields

    return change


def _crl_dates(issuer: str, made: int, next_one: int) -> Change:
    def change(papers: Papers) -> None:
        _crl(issuer, this_update=papers.now + made * DAY, next_update=papers.now + next_one * DAY)(papers)

    return change


def _brand(**changes: object) -> Change:
    """Change fields of the brand's list."""

    def change(papers: Papers) -> None:
        assert papers.brand is not None  # noqa: S101 - the draft has one
        papers.brand = replace(papers.brand, **changes)  # type: ignore[arg-type]  # names of fields

    return change


def _brand_dates(first: int, last: int) -> Change:
    def change(papers: Papers) -> None:
        _brand(not_before=papers.now + first * DAY, not_after=papers.now + last * DAY)(papers)

    return change


def _without_brand_list(papers: Papers) -> None:
    papers.brand = None


def _unsent(holder: str) -> Change:
    def change(papers: Papers) -> None:
        papers.sent.remove(holder)

    return change


def _no_crl(issuer: str) -> Change:
    def change(papers: Papers) -> None:
        del papers.crls[issuer]

    return change


def _fields(**changes: object) -> Change:
    """Change fields of PInitResData."""

    def change(data: Data) -> None:
        data.fields.update(changes)

    return change


def _ids(**changes: object) -> Change:
    """Change fields of TransIDs, and the header's with them."""

    def change(data: Data) -> None:
        data.fields["trans_ids"].update(changes)
        data.header["message_ids"].update({key: value for key, value in changes.items() if key in {"xid"}})

    return change


def _header(**changes: object) -> Change:
    def change(data: Data) -> None:
        data.header.update(changes)

    return change


def _header_ids(**changes: object) -> Change:
    def change(data: Data) -> None:
        data.header["message_ids"].update(changes)

    return change


def _later(field: str, minutes: int) -> Change:
    def change(data: Data) -> None:
        data.header[field] += timedelta(minutes=minutes)

    return change


def _transaction_later(data: Data) -> None:
    data.fields["trans_ids"]["preq_date"] += timedelta(hours=5)


def _flipped(field: str) -> Change:
    """Give back something else than what was sent."""

    def change(data: Data) -> None:
        data.fields[field] = bytes(byte ^ 0xFF for byte in data.fields[field])

    return change


def _no_thumbs(data: Data) -> None:
    data.fields.pop("thumbs", None)


def _message_extension(oid: str, *, critical: bool) -> Change:
    def change(data: Data) -> None:
        data.fields["extensions"] = [extension(oid, critical, _NULL)]

    return change


def _wrapper_extension(data: Data) -> None:
    data.extensions.append(extension(PRIVATE, True, _NULL))


def _signing(**changes: object) -> Change:
    """Change how it is signed."""

    def change(signing: Signing) -> None:
        for name, value in changes.items():
            setattr(signing, name, value)

    return change


def _changed_behind_signature(signing: Signing) -> None:
    data = asn1.PInitResData.load(signing.content)
    data["chall_m"] = bytes(20)
    signing.content = data.dump(force=True)


def _reply(**changes: object) -> Change:
    """Change the HTTP answer."""

    def change(reply: Reply) -> None:
        for name, value in changes.items():
            setattr(reply, name, value)

    return change


def _huge(reply: Reply) -> None:
    reply.body += bytes(10_000_000)


def _indefinite(message: bytes) -> bytes:
    """Write the outer length as BER's indefinite one."""
    header = 2 + (message[1] & 0x7F)
    return b"\x30\x80" + message[header:] + b"\x00\x00"


def _error(code: int) -> Callable[[bytes], bytes]:
    def change(message: bytes) -> bytes:
        header = asn1.MessageWrapper.load(message)["header"]
        error = unconfirmed.Error({"code": unconfirmed.ERRORS[code], "nonce": bytes(20)})
        return bytes(asn1.MessageWrapper({"header": header, "message": asn1.Message("error", error)}).dump())

    return change


def _initiation(**changes: str) -> Change:
    """Change fields of the initiation message; an empty value removes one."""

    def change(fields: dict[str, str]) -> None:
        for name, value in changes.items():
            fields[name.replace("_", "-")] = value
            if not value:
                del fields[name.replace("_", "-")]

    return change


def _other_initiation_type(fields: dict[str, str]) -> None:
    fields[""] = "text/html"


def _new_root(*, announced: bool) -> Change:
    """Put a new root in place of the old one, with the key that the old one announced, or with a stranger's."""

    def change(papers: Papers) -> None:
        key = NEXT_ROOT if announced else STRANGER
        old = papers.certificates[ROOT]
        papers.certificates[ROOT] = replace(old, key_of=key, signed_by=key, serial=11, next_root=GATEWAY)
        papers.certificates[BRAND_CA].signed_by = key
        papers.certificates[BRAND_CA].issuer_serial = 11
        papers.crls[ROOT].signed_by = key
        papers.sent.append(ROOT)

    return change


def _bad_gateway_brand(papers: Papers) -> None:
    """Let the gateway be certified below a brand of its own, whose root is the right one."""
    other = replace(
        papers.certificates[BRAND_CA], holder=STRANGER, common_name="Demo Kiku Brand CA", organisation="Kiku", serial=12
    )
    papers.certificates[STRANGER] = other
    papers.certificates[PAYMENT_CA].issuer = STRANGER
    papers.sent.append(STRANGER)
    papers.crls[STRANGER] = replace(papers.crls[BRAND_CA], issuer=STRANGER)


def _all_of(*changes: Change) -> Change:
    def change(made: Any) -> None:  # noqa: ANN401 - whatever a stage made
        for one in changes:
            one(made)

    return change


_OTHER_REQUEST = _all_of(_flipped("rrpid"), _flipped("chall_c"), _ids(lid_c=b"someone else"))

EXCHANGE = (
    Fault(
        "redirect", "It redirects to another host.", reply=_reply(status=302, headers={"Location": "http://192.0.2.1/"})
    ),
    Fault("not-found", "Nothing is at the declared URL.", reply=_reply(status=404, media_type="text/html")),
    Fault("server-error", "The SET software has crashed.", reply=_reply(status=500, media_type="text/plain")),
    Fault("wrong-type", "The answer is sent as text/html.", reply=_reply(media_type="text/html")),
    Fault("no-type", "The answer has no Content-Type.", reply=_reply(media_type="application/octet-stream")),
    Fault("empty", "The answer is empty.", reply=_reply(body=b"")),
    Fault("huge", "The answer has 10 MB.", reply=_huge),
    Fault("web-page", "The answer is a page.", reply=_reply(body=b"<html>Welcome</html>")),
    Fault("truncated", "The answer is cut in the middle.", der=lambda message: message[: len(message) // 2]),
    Fault("ber", "The answer is BER with an indefinite length.", der=_indefinite),
    Fault("trailing", "There are bytes behind the answer.", der=lambda message: message + b"\x00"),
    Fault("error-message", "It answers with an Error message.", der=_error(2)),
    Fault("version-refused", "It says that the version is too old.", der=_error(12)),
)
"""Faults of the exchange."""
IDS = (
    Fault("rrpid", "RRPID is another one.", data=_flipped("rrpid")),
    Fault("rrpid-header", "RRPID in the header is another one.", data=_header(rrpid=bytes(20))),
    Fault("challenge", "Chall-C is another one.", data=_flipped("chall_c")),
    Fault("lid-c", "LID-C is another one.", data=_ids(lid_c=b"other")),
    Fault("lid-c-header", "LID-C in the header is another one.", data=_header_ids(lid_c=b"other")),
    Fault("language", "The language is another one.", data=_ids(language="fr")),
    Fault("thumbs", "The thumbs do not come back.", data=_no_thumbs),
    Fault("other-request", "It answers another request.", data=_OTHER_REQUEST),
    Fault("replay", "It sends the same answer to everybody.", replays=True),
    Fault("xid-short", "XID has 8 bytes.", data=_ids(xid=bytes(8))),
    Fault("xid-same", "XID is always the same.", data=_ids(xid=bytes(20))),
    Fault("xid-header", "Header and message have different XIDs.", data=_header_ids(xid=b"x" * 20)),
    Fault("challenge-m-short", "Chall-M has 4 bytes.", data=_fields(chall_m=bytes(4))),
    Fault("challenge-m-same", "Chall-M is always the same.", data=_fields(chall_m=bytes(20))),
    Fault("clock", "The merchant's clock is five hours ahead.", data=_later("date", 300)),
    Fault("transaction-clock", "PReqDate is five hours ahead.", data=_transaction_later),
    Fault("version", "The header says version 2.", data=_header(version=2)),
    Fault(
        "extension-critical",
        "The message has an unknown critical extension.",
        data=_message_extension(PRIVATE, critical=True),
    ),
    Fault("extension-wrapper", "The wrapper has an unknown critical extension.", data=_wrapper_extension),
    Fault(
        "extension-unknown", "The message has an unknown extension.", data=_message_extension(PRIVATE, critical=False)
    ),
    Fault("japanese", "The message has an extension of SET(JPO).", data=_message_extension(JAPANESE, critical=False)),
)
"""Faults of ids, dates and extensions."""
SIGNATURES = (
    Fault("signature-key", "Another key signed.", signing=_signing(key=STRANGER)),
    Fault(
        "signature-flipped",
        "The signature is damaged.",
        signing=_signing(signature=lambda made: made[:-1] + bytes([made[-1] ^ 1])),
    ),
    Fault("digest", "What was sent was changed after signing.", signing=_changed_behind_signature),
    Fault("two-signers", "There are two signers.", signing=_signing(signers=2)),
    Fault("signed-type", "It signs a PResData.", signing=_signing(content_type="2.23.42.0.14")),
    Fault("attribute-type", "The attribute names another content.", signing=_signing(attribute_type="2.23.42.0.14")),
    Fault(
        "attribute-more",
        "There is a third attribute.",
        signing=_signing(
            added=[
                cms.CMSAttribute(
                    {"type": "1.2.840.113549.1.9.5", "values": [cms.Time("utc_time", core.UTCTime("260101000000Z"))]}
                )
            ]
        ),
    ),
    Fault("signed-by-gateway-name", "The signer is said to be somebody who was not sent.", papers=_unsent(MERCHANT)),
)
"""Faults of the signature."""
CERTIFICATES = (
    Fault("merchant-expired", "The merchant's certificate has expired.", papers=_dates(MERCHANT, -400, -2)),
    Fault("merchant-future", "The merchant's certificate is not valid yet.", papers=_dates(MERCHANT, 2, 400)),
    Fault("merchant-soon", "The merchant's certificate ends in ten days.", papers=_dates(MERCHANT, -300, 10)),
    Fault(
        "merchant-kind",
        "The merchant's certificate is that of a cardholder.",
        papers=_paper(MERCHANT, kinds={Kind.CARDHOLDER}),
    ),
    Fault(
        "merchant-usage",
        "The merchant's key is for encryption only.",
        papers=_paper(MERCHANT, uses={"key_encipherment"}),
    ),
    Fault(
        "merchant-authority", "The merchant's certificate is an authority's.", papers=_paper(MERCHANT, authority=True)
    ),
    Fault("merchant-data", "The merchant's certificate has no merchantData.", papers=_paper(MERCHANT, merchant=None)),
    Fault("merchant-v1", "The merchant's certificate is of X.509 version 1.", papers=_paper(MERCHANT, version=1)),
    Fault(
        "merchant-critical",
        "The merchant's certificate has an unknown critical extension.",
        papers=_paper(MERCHANT, added=[(PRIVATE, True, _NULL)]),
    ),
    Fault(
        "merchant-broken",
        "merchantData cannot be read.",
        papers=_paper(MERCHANT, merchant=None, added=[(asn1.MERCHANT_DATA, False, _NULL)]),
    ),
    Fault(
        "merchant-policy", "The merchant's certificate names no policy.", papers=_paper(MERCHANT, left_out={POLICIES})
    ),
    Fault(
        "merchant-type-uncritical",
        "certificateType is not critical.",
        papers=_paper(MERCHANT, uncritical={asn1.CERTIFICATE_TYPE}),
    ),
    Fault(
        "merchant-authority-key",
        "The merchant's certificate does not name its issuer's.",
        papers=_paper(MERCHANT, left_out={AUTHORITY_KEY}),
    ),
    Fault(
        "merchant-issuer-serial",
        "The merchant's certificate names another issuer's certificate.",
        papers=_paper(MERCHANT, issuer_serial=77),
    ),
    Fault("merchant-ca-expired", "The merchant CA's certificate has expired.", papers=_dates(MERCHANT_CA, -800, -3)),
    Fault(
        "merchant-ca-kind",
        "The merchant CA's certificate is that of a cardholder CA.",
        papers=_paper(MERCHANT_CA, kinds={Kind.CARDHOLDER_CA}),
    ),
    Fault("merchant-ca-no-authority", "The merchant CA is no authority.", papers=_paper(MERCHANT_CA, authority=False)),
    Fault(
        "merchant-ca-no-basic", "The merchant CA has no basicConstraints.", papers=_paper(MERCHANT_CA, left_out={BASIC})
    ),
    Fault(
        "merchant-ca-usage",
        "The merchant CA's key may not sign certificates.",
        papers=_paper(MERCHANT_CA, uses={"digital_signature", "crl_sign"}),
    ),
    Fault("brand-expired", "The brand CA's certificate has expired.", papers=_dates(BRAND_CA, -800, -3)),
    Fault("brand-future", "The brand CA's certificate is not valid yet.", papers=_dates(BRAND_CA, 3, 800)),
    Fault("brand-path-length", "The brand CA allows no authority below.", papers=_paper(BRAND_CA, path_length=0)),
    Fault("brand-other", "The certificates are of another brand.", papers=_paper(BRAND_CA, organisation="Kiku")),
    Fault(
        "merchant-bad-signature",
        "Somebody else signed the merchant's certificate.",
        papers=_paper(MERCHANT, signed_by=STRANGER),
    ),
    Fault(
        "merchant-ca-bad-signature",
        "Somebody else signed the merchant CA's certificate.",
        papers=_paper(MERCHANT_CA, signed_by=STRANGER),
    ),
    Fault("merchant-ca-unsent", "The merchant CA's certificate is not sent.", papers=_unsent(MERCHANT_CA)),
    Fault("brand-unsent", "The brand CA's certificate is not sent.", papers=_unsent(BRAND_CA)),
    Fault("root-stranger", "The root is one that nobody declared.", papers=_new_root(announced=False)),
    Fault("gateway-unsent", "The payment gateway's certificate is not sent.", papers=_unsent(GATEWAY)),
    Fault("gateway-expired", "The payment gateway's certificate has expired.", papers=_dates(GATEWAY, -400, -2)),
    Fault(
        "gateway-kind",
        "The payment gateway's certificate is that of a merchant.",
        papers=_paper(GATEWAY, kinds={Kind.MERCHANT}),
    ),
    Fault(
        "gateway-thumb",
        "PEThumb is of another certificate.",
        data=_fields(pe_thumb={"digest_algorithm": {"algorithm": "sha1"}, "thumbprint": bytes(20)}),
    ),
    Fault("gateway-brand", "The payment gateway is of another brand.", papers=_bad_gateway_brand),
    Fault("payment-ca-expired", "The payment CA's certificate has expired.", papers=_dates(PAYMENT_CA, -800, -3)),
    Fault("payment-ca-unsent", "The payment CA's certificate is not sent.", papers=_unsent(PAYMENT_CA)),
)
"""Faults of certificates."""
REVOCATION = (
    Fault("merchant-revoked", "The merchant's certificate is revoked.", papers=_crl(MERCHANT_CA, revoked={5, 100})),
    Fault("merchant-ca-revoked", "The merchant CA's certificate is revoked.", papers=_crl(BRAND_CA, revoked={4})),
    Fault("brand-revoked", "The brand CA's certificate is revoked.", papers=_crl(ROOT, revoked={2})),
    Fault("gateway-revoked", "The payment gateway's certificate is revoked.", papers=_crl(PAYMENT_CA, revoked={200})),
    Fault("crl-missing", "The merchant CA's CRL is not sent.", papers=_no_crl(MERCHANT_CA)),
    Fault("crl-root-missing", "The root's CRL is not sent.", papers=_no_crl(ROOT)),
    Fault("crl-stale", "The merchant CA's CRL is out of date.", papers=_crl_dates(MERCHANT_CA, -20, -2)),
    Fault("crl-future", "The merchant CA's CRL is dated tomorrow.", papers=_crl_dates(MERCHANT_CA, 1, 9)),
    Fault("crl-endless", "The merchant CA's CRL has no end.", papers=_crl(MERCHANT_CA, next_update=None)),
    Fault("crl-signature", "Somebody else signed the merchant CA's CRL.", papers=_crl(MERCHANT_CA, signed_by=STRANGER)),
    Fault("crl-no-number", "The merchant CA's CRL has no number.", papers=_crl(MERCHANT_CA, number=None)),
    Fault("crl-old", "The merchant CA's CRL is older than the brand asks for.", papers=_crl(MERCHANT_CA, number=6)),
    Fault(
        "crl-critical",
        "The merchant CA's CRL has an unknown critical extension.",
        papers=_crl(MERCHANT_CA, added=[(PRIVATE, True, _NULL)]),
    ),
    Fault("brand-list-missing", "There is no BrandCRLIdentifier.", papers=_without_brand_list),
    Fault("brand-list-signature", "Somebody else signed the BrandCRLIdentifier.", papers=_brand(signed_by=STRANGER)),
    Fault("brand-list-stale", "The BrandCRLIdentifier is out of date.", papers=_brand_dates(-20, -2)),
    Fault("brand-list-future", "The BrandCRLIdentifier is not valid yet.", papers=_brand_dates(2, 9)),
    Fault("brand-list-other", "The BrandCRLIdentifier is of another brand.", papers=_brand(brand_id="Kiku")),
)
"""Faults of revocation lists."""
INITIATIONS = (
    Fault("initiation-type", "The initiation page is a web page.", initiation=_other_initiation_type),
    Fault(
        "initiation-url",
        "The initiation message names another SET URL.",
        initiation=_initiation(SET_SET_URL="http://192.0.2.1/set"),
    ),
    Fault("initiation-no-url", "The initiation message names no SET URL.", initiation=_initiation(SET_SET_URL="")),
    Fault("initiation-version", "The initiation message says version 2.0.", initiation=_initiation(SET_Version="2.0")),
    Fault("initiation-brand", "The initiation message offers another brand.", initiation=_initiation(SET_Brand="Kiku")),
    Fault(
        "initiation-kind",
        "The initiation message is for something else.",
        initiation=_initiation(SET_Initiation_Type="Inquiry"),
    ),
    Fault(
        "initiation-japanese",
        "The initiation message names an extension of SET(JPO).",
        initiation=_initiation(SET_Ext_OIDs=JAPANESE),
    ),
)
"""Faults of the initiation message."""
RIGHT = (
    GOOD,
    Fault("plain-pkcs7", "SignedData comes in the plain form of PKCS #7.", signing=_signing(plain=True)),
    Fault("geopolitical", "There is a geopolitical authority.", geopolitical=True),
    Fault(
        "next-root",
        "The root has been replaced by the one that the old root announced.",
        papers=_new_root(announced=True),
    ),
    Fault(
        "own-extension",
        "The message has an extension that belongs to SET.",
        data=_message_extension("2.23.42.1.8", critical=True),
    ),
)
"""What is unusual and right all the same."""
FAULTS: dict[str, Fault] = {
    fault.name: fault for fault in (*EXCHANGE, *IDS, *SIGNATURES, *CERTIFICATES, *REVOCATION, *INITIATIONS)
}
"""Every fault by its name."""
