"""SET 1.0's messages and certificate extensions as asn1crypto types, as far as public sources confirm them (docs/set.md).

Shapes only. What is not confirmed comes from `unconfirmed.py`; what bytes mean is said by `read.py`.
"""

from __future__ import annotations

from asn1crypto import algos, core, x509

from probes.set import unconfirmed

SIGNED_DATA = "1.2.840.113549.1.7.2"
PINIT_RES_DATA = "2.23.42.0.12"
ROOT_KEY_THUMB = "2.23.42.3.0.0"
HASHED_ROOT_KEY = "2.23.42.7.0"
CERTIFICATE_TYPE = "2.23.42.7.1"
MERCHANT_DATA = "2.23.42.7.2"
CARD_CERT_REQUIRED = "2.23.42.7.3"
TUNNELING = "2.23.42.7.4"
SET_EXTENSIONS = "2.23.42.7.5"


class MessageIds(core.Sequence):
    """Ids of a transaction, as far as they are known."""

    _fields = [
        ("lid_c", core.OctetString, {"implicit": 0, "optional": True}),
        ("lid_m", core.OctetString, {"implicit": 1, "optional": True}),
        ("xid", core.OctetString, {"implicit": 2, "optional": True}),
    ]


class MessageHeader(core.Sequence):
    """Header in the clear."""

    _fields = [
        ("version", core.Integer),
        ("revision", core.Integer, {"default": 0}),
        ("date", core.GeneralizedTime),
        ("message_ids", MessageIds, {"implicit": 0, "optional": True}),
        ("rrpid", core.OctetString, {"implicit": 1, "optional": True}),
        ("sw_ident", core.VisibleString),
    ]


class PInitReq(core.Sequence):
    """Purchase initialization request: neither signed nor encrypted; it opens no purchase."""

    _fields = [
        ("rrpid", core.OctetString),
        ("language", core.VisibleString),
        ("lid_c", core.OctetString),
        ("lid_m", core.OctetString, {"implicit": 0, "optional": True}),
        ("chall_c", core.OctetString),
        ("brand_id", core.VisibleString),
        ("bin", core.NumericString),
        ("thumbs", unconfirmed.Thumbs, {"explicit": 1, "optional": True}),
        ("extensions", x509.Extensions, {"implicit": 2, "optional": True}),
    ]


class BrandCrlIdentifier(core.Sequence):
    """The list of CRLs that must be held for a brand, signed by the brand's authority."""

    _fields = [
        ("unsigned", unconfirmed.UnsignedBrandCrlIdentifier),
        ("algorithm", algos.SignedDigestAlgorithm),
        ("signature", core.OctetBitString),
    ]


class PInitResData(core.Sequence):
    """What the merchant signs."""

    _fields = [
        ("trans_ids", unconfirmed.TransIds),
        ("rrpid", core.OctetString),
        ("chall_c", core.OctetString),
        ("chall_m", core.OctetString),
        ("brand_crl_identifier", BrandCrlIdentifier, {"explicit": 0, "optional": True}),
        ("pe_thumb", unconfirmed.CertThumb, {"explicit": 1}),
        ("thumbs", unconfirmed.Thumbs, {"explicit": 2, "optional": True}),
        ("extensions", x509.Extensions, {"implicit": 3, "optional": True}),
    ]


class ContentInfo(core.Sequence):
    """PKCS #7 ContentInfo around SignedData of the SET form."""

    _fields = [("content_type", core.ObjectIdentifier), ("content", unconfirmed.SignedData, {"explicit": 0})]


class PlainContentInfo(core.Sequence):
    """PKCS #7 ContentInfo around SignedData of the plain form."""

    _fields = [("content_type", core.ObjectIdentifier), ("content", unconfirmed.PlainSignedData, {"explicit": 0})]


class Message(core.Choice):
    """The messages that matter here, with the SET form of PKCS #7."""

    _alternatives = [
        ("pinit_req", PInitReq, {"explicit": 0}),
        ("pinit_res", ContentInfo, {"explicit": 1}),
        ("error", unconfirmed.Error, {"explicit": unconfirmed.ERROR_TAG}),
    ]


class PlainMessage(core.Choice):
    """The same with the plain form of PKCS #7."""

    _alternatives = [
        ("pinit_req", PInitReq, {"explicit": 0}),
        ("pinit_res", PlainContentInfo, {"explicit": 1}),
        ("error", unconfirmed.Error, {"explicit": unconfirmed.ERROR_TAG}),
    ]


class MessageWrapper(core.Sequence):
    """What one HTTP body holds."""

    _fields = [
        ("header", MessageHeader),
        ("message", Message, {"explicit": 0}),
        ("extensions", x509.Extensions, {"implicit": 1, "optional": True}),
    ]


class PlainMessageWrapper(core.Sequence):
    """The same with the plain form of PKCS #7."""

    _fields = [
        ("header", MessageHeader),
        ("message", PlainMessage, {"explicit": 0}),
        ("extensions", x509.Extensions, {"implicit": 1, "optional": True}),
    ]


# --- Certificate extensions ------------------------------------------------------------------------------------------------------


class ThumbContent(core.Sequence):
    """Says that the digest is of a root key."""

    _fields = [("content_type", core.ObjectIdentifier)]


class DigestedData(core.Sequence):
    """PKCS #7 DigestedData without its content."""

    _fields = [
        ("version", core.Integer),
        ("digest_algorithm", algos.DigestAlgorithm),
        ("content_info", ThumbContent),
        ("digest", core.OctetString),
    ]


class HashedRootKey(core.Sequence):
    """In a root only: the hash of the next root's key."""

    _fields = [("thumbprint", DigestedData)]


class MerchantNames(core.Sequence):
    """Name and place of a merchant in one language."""

    _fields = [
        ("language", core.VisibleString, {"implicit": 0}),
        ("name", unconfirmed.SetString, {"explicit": 1}),
        ("city", unconfirmed.SetString, {"explicit": 2}),
        ("state_province", unconfirmed.SetString, {"explicit": 3, "optional": True}),
        ("postal_code", unconfirmed.SetString, {"explicit": 4, "optional": True}),
        ("country", unconfirmed.SetString, {"explicit": 5}),
    ]


class MerchantNameList(core.SequenceOf):
    """Names in every language of the merchant."""

    _child_spec = MerchantNames


class MerchantData(core.Sequence):
    """Who the merchant is."""

    _fields = [
        ("merchant_id", unconfirmed.SetString),
        ("acquirer_bin", core.NumericString),
        ("names", MerchantNameList),
        ("country", core.Integer),
        ("authorizes", core.Boolean, {"default": True}),
    ]


class KeyPeriod(core.Sequence):
    """privateKeyUsagePeriod (RFC 2459, section 4.2.1.4)."""

    _fields = [
        ("not_before", core.GeneralizedTime, {"implicit": 0, "optional": True}),
        ("not_after", core.GeneralizedTime, {"implicit": 1, "optional": True}),
    ]


class ExtensionIds(core.SequenceOf):
    """setExtensions: message extensions that an end entity understands."""

    _child_spec = core.ObjectIdentifier
