"""Every fault that a merchant of the demo can have. Each changes exactly one thing."""

from __future__ import annotations

from asn1crypto import cms, core

from dashboards.demo.merchant.answer import GOOD, Fault
from dashboards.demo.merchant.changes import (
    JAPANESE,
    NULL,
    PRIVATE,
    all_of,
    bad_gateway_brand,
    brand,
    brand_dates,
    changed_behind_signature,
    crl,
    crl_dates,
    dates,
    error_message,
    fields,
    flipped,
    header,
    header_ids,
    huge,
    ids,
    indefinite,
    initiation,
    key_ended,
    later,
    message_extension,
    new_root,
    no_crl,
    no_thumbs,
    other_initiation_type,
    paper,
    replying,
    short_challenge,
    short_xid,
    signing,
    transaction_later,
    unsent,
    without_brand_list,
    wrapper_extension,
)
from dashboards.demo.merchant.papers import BRAND_CA, GATEWAY, MERCHANT, MERCHANT_CA, PAYMENT_CA, ROOT, STRANGER
from probes.set import asn1
from probes.set.certificates import AUTHORITY_KEY, BASIC, POLICIES
from probes.set.parts import Kind

OTHER_REQUEST = all_of(flipped("rrpid"), flipped("chall_c"), ids(lid_c=b"someone else"))

EXCHANGE = (
    Fault(
        "redirect",
        "It redirects to another host.",
        reply=replying(status=302, headers={"Location": "http://192.0.2.1/"}),
    ),
    Fault("not-found", "Nothing is at the declared URL.", reply=replying(status=404, media_type="text/html")),
    Fault("server-error", "The SET software has crashed.", reply=replying(status=500, media_type="text/plain")),
    Fault("wrong-type", "The answer is sent as text/html.", reply=replying(media_type="text/html")),
    Fault("no-type", "The answer has no Content-Type.", reply=replying(media_type="application/octet-stream")),
    Fault("empty", "The answer is empty.", reply=replying(body=b"")),
    Fault("huge", "The answer has 10 MB.", reply=huge),
    Fault("web-page", "The answer is a page.", reply=replying(body=b"<html>Welcome</html>")),
    Fault("truncated", "The answer is cut in the middle.", der=lambda message: message[: len(message) // 2]),
    Fault("ber", "The answer is BER with an indefinite length.", der=indefinite),
    Fault("trailing", "There are bytes behind the answer.", der=lambda message: message + b"\x00"),
    Fault("error-message", "It answers with an Error message.", der=error_message(2)),
    Fault("version-refused", "It says that the version is too old.", der=error_message(12)),
)
"""Faults of the exchange."""
IDS = (
    Fault("rrpid", "RRPID is another one.", data=flipped("rrpid")),
    Fault("rrpid-header", "RRPID in the header is another one.", data=header(rrpid=bytes(20))),
    Fault("challenge", "Chall-C is another one.", data=flipped("chall_c")),
    Fault("lid-c", "LID-C is another one.", data=ids(lid_c=b"other")),
    Fault("lid-c-header", "LID-C in the header is another one.", data=header_ids(lid_c=b"other")),
    Fault("language", "The language is another one.", data=ids(language="fr")),
    Fault("thumbs", "The thumbs do not come back.", data=no_thumbs),
    Fault("other-request", "It answers another request.", data=OTHER_REQUEST),
    Fault("replay", "It sends the same answer to everybody.", replays=True),
    Fault("xid-short", "XID has 8 bytes.", data=short_xid),
    Fault("xid-same", "XID is always the same.", data=ids(xid=bytes(20))),
    Fault("xid-header", "Header and message have different XIDs.", data=header_ids(xid=b"x" * 20)),
    Fault("challenge-m-short", "Chall-M has 4 bytes.", data=short_challenge),
    Fault("challenge-m-same", "Chall-M is always the same.", data=fields(chall_m=bytes(20))),
    Fault("clock", "The merchant's clock is five hours ahead.", data=later("date", 300)),
    Fault("transaction-clock", "PReqDate is five hours ahead.", data=transaction_later),
    Fault("version", "The header says version 2.", data=header(version=2)),
    Fault(
        "extension-critical",
        "The message has an unknown critical extension.",
        data=message_extension(PRIVATE, critical=True),
    ),
    Fault("extension-wrapper", "The wrapper has an unknown critical extension.", data=wrapper_extension),
    Fault(
        "extension-unknown", "The message has an unknown extension.", data=message_extension(PRIVATE, critical=False)
    ),
    Fault("japanese", "The message has an extension of SET(JPO).", data=message_extension(JAPANESE, critical=False)),
)
"""Faults of ids, dates and extensions."""
SIGNATURES = (
    Fault("signature-key", "Another key signed.", signing=signing(key=STRANGER)),
    Fault(
        "signature-flipped",
        "The signature is damaged.",
        signing=signing(signature=lambda made: made[:-1] + bytes([made[-1] ^ 1])),
    ),
    Fault("digest", "What was sent was changed after signing.", signing=changed_behind_signature),
    Fault("two-signers", "There are two signers.", signing=signing(signers=2)),
    Fault("signed-type", "It signs a PResData.", signing=signing(content_type="2.23.42.0.14")),
    Fault("attribute-type", "The attribute names another content.", signing=signing(attribute_type="2.23.42.0.14")),
    Fault(
        "attribute-more",
        "There is a third attribute.",
        signing=signing(
            added=[
                cms.CMSAttribute(
                    {"type": "1.2.840.113549.1.9.5", "values": [cms.Time("utc_time", core.UTCTime("260101000000Z"))]}
                )
            ]
        ),
    ),
    Fault("signed-by-gateway-name", "The signer is said to be somebody who was not sent.", papers=unsent(MERCHANT)),
)
"""Faults of the signature."""
CERTIFICATES = (
    Fault("merchant-expired", "The merchant's certificate has expired.", papers=dates(MERCHANT, -400, -2)),
    Fault("merchant-future", "The merchant's certificate is not valid yet.", papers=dates(MERCHANT, 2, 400)),
    Fault("merchant-key-ended", "The merchant's key may no longer sign.", papers=key_ended(MERCHANT)),
    Fault("merchant-soon", "The merchant's certificate ends in ten days.", papers=dates(MERCHANT, -300, 10)),
    Fault(
        "merchant-kind",
        "The merchant's certificate is that of a cardholder.",
        papers=paper(MERCHANT, kinds={Kind.CARDHOLDER}),
    ),
    Fault(
        "merchant-usage",
        "The merchant's key is for encryption only.",
        papers=paper(MERCHANT, uses={"key_encipherment"}),
    ),
    Fault(
        "merchant-authority", "The merchant's certificate is an authority's.", papers=paper(MERCHANT, authority=True)
    ),
    Fault("merchant-data", "The merchant's certificate has no merchantData.", papers=paper(MERCHANT, merchant=None)),
    Fault("merchant-v1", "The merchant's certificate is of X.509 version 1.", papers=paper(MERCHANT, version=1)),
    Fault(
        "merchant-critical",
        "The merchant's certificate has an unknown critical extension.",
        papers=paper(MERCHANT, added=[(PRIVATE, True, NULL)]),
    ),
    Fault(
        "merchant-broken",
        "merchantData cannot be read.",
        papers=paper(MERCHANT, merchant=None, added=[(asn1.MERCHANT_DATA, False, NULL)]),
    ),
    Fault(
        "merchant-policy", "The merchant's certificate names no policy.", papers=paper(MERCHANT, left_out={POLICIES})
    ),
    Fault(
        "merchant-type-uncritical",
        "certificateType is not critical.",
        papers=paper(MERCHANT, uncritical={asn1.CERTIFICATE_TYPE}),
    ),
    Fault(
        "merchant-authority-key",
        "The merchant's certificate does not name its issuer's.",
        papers=paper(MERCHANT, left_out={AUTHORITY_KEY}),
    ),
    Fault(
        "merchant-issuer-serial",
        "The merchant's certificate names another issuer's certificate.",
        papers=paper(MERCHANT, issuer_serial=77),
    ),
    Fault("merchant-ca-expired", "The merchant CA's certificate has expired.", papers=dates(MERCHANT_CA, -800, -3)),
    Fault(
        "merchant-ca-kind",
        "The merchant CA's certificate is that of a cardholder CA.",
        papers=paper(MERCHANT_CA, kinds={Kind.CARDHOLDER_CA}),
    ),
    Fault("merchant-ca-no-authority", "The merchant CA is no authority.", papers=paper(MERCHANT_CA, authority=False)),
    Fault(
        "merchant-ca-no-basic", "The merchant CA has no basicConstraints.", papers=paper(MERCHANT_CA, left_out={BASIC})
    ),
    Fault(
        "merchant-ca-usage",
        "The merchant CA's key may not sign certificates.",
        papers=paper(MERCHANT_CA, uses={"digital_signature", "crl_sign"}),
    ),
    Fault("brand-expired", "The brand CA's certificate has expired.", papers=dates(BRAND_CA, -800, -3)),
    Fault("brand-future", "The brand CA's certificate is not valid yet.", papers=dates(BRAND_CA, 3, 800)),
    Fault("brand-path-length", "The brand CA allows no authority below.", papers=paper(BRAND_CA, path_length=0)),
    Fault("brand-other", "The certificates are of another brand.", papers=paper(BRAND_CA, organisation="Kiku")),
    Fault(
        "merchant-bad-signature",
        "Somebody else signed the merchant's certificate.",
        papers=paper(MERCHANT, signed_by=STRANGER),
    ),
    Fault(
        "merchant-ca-bad-signature",
        "Somebody else signed the merchant CA's certificate.",
        papers=paper(MERCHANT_CA, signed_by=STRANGER),
    ),
    Fault("merchant-ca-unsent", "The merchant CA's certificate is not sent.", papers=unsent(MERCHANT_CA)),
    Fault("brand-unsent", "The brand CA's certificate is not sent.", papers=unsent(BRAND_CA)),
    Fault("root-stranger", "The root is one that nobody declared.", papers=new_root(announced=False), old_root=True),
    Fault("root-expired", "The root has expired.", papers=dates(ROOT, -900, -3)),
    Fault("root-kind", "The root is the certificate of a brand CA.", papers=paper(ROOT, kinds={Kind.BRAND_CA})),
    Fault("root-no-next", "The root announces no successor.", papers=paper(ROOT, next_root="")),
    Fault("root-self-signature", "The root is not signed by itself.", papers=paper(ROOT, signed_by=STRANGER)),
    Fault("gateway-unsent", "The payment gateway's certificate is not sent.", papers=unsent(GATEWAY)),
    Fault("gateway-expired", "The payment gateway's certificate has expired.", papers=dates(GATEWAY, -400, -2)),
    Fault(
        "gateway-kind",
        "The payment gateway's certificate is that of a merchant.",
        papers=paper(GATEWAY, kinds={Kind.MERCHANT}),
    ),
    Fault(
        "gateway-thumb",
        "PEThumb is of another certificate.",
        data=fields(pe_thumb={"digest_algorithm": {"algorithm": "sha1"}, "thumbprint": bytes(20)}),
    ),
    Fault("gateway-brand", "The payment gateway is of another brand.", papers=bad_gateway_brand),
    Fault("payment-ca-expired", "The payment CA's certificate has expired.", papers=dates(PAYMENT_CA, -800, -3)),
    Fault("payment-ca-unsent", "The payment CA's certificate is not sent.", papers=unsent(PAYMENT_CA)),
)
"""Faults of certificates."""
REVOCATION = (
    Fault("merchant-revoked", "The merchant's certificate is revoked.", papers=crl(MERCHANT_CA, revoked={5, 100})),
    Fault("merchant-ca-revoked", "The merchant CA's certificate is revoked.", papers=crl(BRAND_CA, revoked={4})),
    Fault("brand-revoked", "The brand CA's certificate is revoked.", papers=crl(ROOT, revoked={2})),
    Fault("gateway-revoked", "The payment gateway's certificate is revoked.", papers=crl(PAYMENT_CA, revoked={200})),
    Fault("crl-missing", "The merchant CA's CRL is not sent.", papers=no_crl(MERCHANT_CA)),
    Fault("crl-root-missing", "The root's CRL is not sent.", papers=no_crl(ROOT)),
    Fault("crl-stale", "The merchant CA's CRL is out of date.", papers=crl_dates(MERCHANT_CA, -20, -2)),
    Fault("crl-future", "The merchant CA's CRL is dated tomorrow.", papers=crl_dates(MERCHANT_CA, 1, 9)),
    Fault("crl-endless", "The merchant CA's CRL has no end.", papers=crl(MERCHANT_CA, next_update=None)),
    Fault("crl-signature", "Somebody else signed the merchant CA's CRL.", papers=crl(MERCHANT_CA, signed_by=STRANGER)),
    Fault("crl-no-number", "The merchant CA's CRL has no number.", papers=crl(MERCHANT_CA, number=None)),
    Fault("crl-old", "The merchant CA's CRL is older than the brand asks for.", papers=crl(MERCHANT_CA, number=6)),
    Fault(
        "crl-critical",
        "The merchant CA's CRL has an unknown critical extension.",
        papers=crl(MERCHANT_CA, added=[(PRIVATE, True, NULL)]),
    ),
    Fault("brand-list-missing", "There is no BrandCRLIdentifier.", papers=without_brand_list),
    Fault("brand-list-signature", "Somebody else signed the BrandCRLIdentifier.", papers=brand(signed_by=STRANGER)),
    Fault("brand-list-stale", "The BrandCRLIdentifier is out of date.", papers=brand_dates(-20, -2)),
    Fault("brand-list-future", "The BrandCRLIdentifier is not valid yet.", papers=brand_dates(2, 9)),
    Fault("brand-list-other", "The BrandCRLIdentifier is of another brand.", papers=brand(brand_id="Kiku")),
)
"""Faults of revocation lists."""
INITIATIONS = (
    Fault("initiation-type", "The initiation page is a web page.", initiation=other_initiation_type),
    Fault(
        "initiation-url",
        "The initiation message names another SET URL.",
        initiation=initiation(SET_SET_URL="http://192.0.2.1/set"),
    ),
    Fault("initiation-no-url", "The initiation message names no SET URL.", initiation=initiation(SET_SET_URL="")),
    Fault("initiation-version", "The initiation message says version 2.0.", initiation=initiation(SET_Version="2.0")),
    Fault("initiation-brand", "The initiation message offers another brand.", initiation=initiation(SET_Brand="Kiku")),
    Fault(
        "initiation-kind",
        "The initiation message is for something else.",
        initiation=initiation(SET_Initiation_Type="Inquiry"),
    ),
    Fault(
        "initiation-japanese",
        "The initiation message names an extension of SET(JPO).",
        initiation=initiation(SET_Ext_OIDs=JAPANESE),
    ),
)
"""Faults of the initiation message."""
RIGHT = (
    GOOD,
    Fault("plain-pkcs7", "SignedData comes in the plain form of PKCS #7.", signing=signing(plain=True)),
    Fault("geopolitical", "There is a geopolitical authority.", geopolitical=True),
    Fault(
        "next-root",
        "The root has been replaced by the one that the old root announced.",
        papers=new_root(announced=True),
        old_root=True,
    ),
    Fault(
        "own-extension",
        "The message has an extension that belongs to SET.",
        data=message_extension("2.23.42.1.8", critical=True),
    ),
)
"""What is unusual and right all the same."""
FAULTS: dict[str, Fault] = {
    fault.name: fault for fault in (*EXCHANGE, *IDS, *SIGNATURES, *CERTIFICATES, *REVOCATION, *INITIATIONS)
}
"""Every fault by its name."""
