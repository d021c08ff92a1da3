"""Everything about SET 1.0 that could not be confirmed against a public text or a real system, in one place with a version.

Sources and doubts are listed in docs/set.md. Whoever gets hold of the full text of SET 1.0 (its ASN.1 modules and the External
Interface Guide) mends this module, counts `READING` up, and nothing else has to change. Facts carry the reading under which they
were asked for; a judge that reads otherwise says so instead of judging.
"""

from __future__ import annotations

import hashlib

from asn1crypto import algos, cms, core, crl, x509

READING = "1"
"""Version of this module. Count it up with every change that makes other bytes or other opinions of the same bytes."""

# --- Sizes -----------------------------------------------------------------------------------------------------------------------

LOCAL_ID_BYTES = 20
"""Longest LID-C and LID-M; the shortest has one byte."""
XID_BYTES = 20
"""Length of a transaction id."""
RRPID_BYTES = 20
"""Length of a request/response pair id."""
CHALLENGE_BYTES = 20
"""Length of a challenge."""
KEY_BITS = 1024
"""Shortest key of an end entity or of an authority."""
SW_IDENT = "Tenken"
"""What we call ourselves in a message header (1 to 256 characters)."""

# --- Transport and initiation ----------------------------------------------------------------------------------------------------

MESSAGE_TYPE = "application/set-payment"
"""Media type of SET messages; its sub-type follows the registered family."""
INITIATION_TYPE = "application/set-payment-initiation"
"""Media type of the initiation message. This one is registered; what stands in the body is not confirmed."""
INITIATION_FIELDS = ("SET-Initiation-Type", "SET-SET-URL", "SET-Version", "SET-Brand")
"""Fields that an initiation message has to hold."""
INITIATION_KIND = "Payment-Initiation"
"""What SET-Initiation-Type says for a purchase."""
FIELD_URL, FIELD_VERSION, FIELD_BRAND = "SET-SET-URL", "SET-Version", "SET-Brand"
FIELD_LID_M, FIELD_EXTENSIONS = "SET-LID-M", "SET-Ext-OIDs"

# --- Kinds -----------------------------------------------------------------------------------------------------------------------

JAPAN = "2.23.42.10.192"
"""National arc of Japan under SET's own; extensions of the Japanese Payment Option are taken to stand below it."""
MESSAGE_EXTENSIONS = "2.23.42.1"
"""Arc of the message extensions that belong to SET itself."""

# --- Algorithms ------------------------------------------------------------------------------------------------------------------

SIGNATURES = ("1.2.840.113549.1.1.5", "1.2.840.113549.1.1.1")
"""sha1WithRSAEncryption, and rsaEncryption as PKCS #7 often names it. Both mean RSA (PKCS #1 v1.5) over SHA-1."""
SHA1 = "1.3.14.3.2.26"


def root_key_hash(public_key_info: bytes) -> bytes:
    """Give the hash of a root key as hashedRootKey holds it: SHA-1 over the DER SubjectPublicKeyInfo, tag and length included."""
    return hashlib.sha1(public_key_info, usedforsecurity=False).digest()


def brand_of(brand_id: str) -> str:
    """Give the brand of a BrandID, which is `Brand` or `Brand:Product`, in the form in which brands are compared."""
    return brand_id.partition(":")[0].strip().casefold()


# --- PKCS #7 in the form that SET changed: SEQUENCE OF instead of SET OF, attributes [2], certificates [2], CRLs [3] --------------
# An end point may send either form; version numbers are read and not judged.


class DigestAlgorithms(core.SequenceOf):
    """`digestAlgorithms`, in a fixed order."""

    _child_spec = algos.DigestAlgorithm


class Attributes(core.SequenceOf):
    """Authenticated attributes; this encoding is what is signed."""

    _child_spec = cms.CMSAttribute


class AttributeSet(core.SetOf):
    """Authenticated attributes of the plain form; what is signed is this encoding with its own tag."""

    _child_spec = cms.CMSAttribute


class DigestAlgorithmSet(core.SetOf):
    """`digestAlgorithms` of the plain form."""

    _child_spec = algos.DigestAlgorithm


class Certificates(core.SequenceOf):
    """Certificates in any order."""

    _child_spec = x509.Certificate


class CertificateSet(core.SetOf):
    """Certificates of the plain form."""

    _child_spec = x509.Certificate


class Crls(core.SequenceOf):
    """CRLs in any order."""

    _child_spec = crl.CertificateList


class CrlSet(core.SetOf):
    """CRLs of the plain form."""

    _child_spec = crl.CertificateList


class SignedContent(core.Sequence):
    """What is signed: an OCTET STRING that holds the DER."""

    _fields = [
        ("content_type", core.ObjectIdentifier),
        ("content", core.OctetString, {"explicit": 0, "optional": True}),
    ]


def _signer(attributes: type, tagging: str, number: int) -> list[tuple[object, ...]]:
    return [
        ("version", core.Integer),
        ("issuer_and_serial", cms.IssuerAndSerialNumber),
        ("digest_algorithm", algos.DigestAlgorithm),
        ("attributes", attributes, {tagging: number, "optional": True}),
        ("signature_algorithm", algos.SignedDigestAlgorithm),
        ("signature", core.OctetString),
    ]


class SignerInfo(core.Sequence):
    """SignerInfo of the SET form."""

    _fields = _signer(Attributes, "explicit", 2)


class PlainSignerInfo(core.Sequence):
    """SignerInfo of the plain form (RFC 2315, section 9.2)."""

    _fields = _signer(AttributeSet, "implicit", 0)


class SignerInfos(core.SequenceOf):
    """Signers of the SET form."""

    _child_spec = SignerInfo


class PlainSignerInfos(core.SetOf):
    """Signers of the plain form."""

    _child_spec = PlainSignerInfo


class SignedData(core.Sequence):
    """SignedData of the SET form."""

    _fields = [
        ("version", core.Integer),
        ("digest_algorithms", DigestAlgorithms),
        ("content_info", SignedContent),
        ("certificates", Certificates, {"implicit": 2, "optional": True}),
        ("crls", Crls, {"implicit": 3, "optional": True}),
        ("signer_infos", SignerInfos),
    ]


class PlainSignedData(core.Sequence):
    """SignedData of the plain form (RFC 2315, section 9.1)."""

    _fields = [
        ("version", core.Integer),
        ("digest_algorithms", DigestAlgorithmSet),
        ("content_info", SignedContent),
        ("certificates", CertificateSet, {"implicit": 0, "optional": True}),
        ("crls", CrlSet, {"implicit": 1, "optional": True}),
        ("signer_infos", PlainSignerInfos),
    ]


# --- Messages --------------------------------------------------------------------------------------------------------------------


class Digests(core.SequenceOf):
    """Thumbs of one kind."""

    _child_spec = core.OctetString


class Thumbs(core.Sequence):
    """What the asking side holds already, as SHA-1 over the unsigned part of each."""

    _fields = [
        ("digest_algorithm", algos.DigestAlgorithm),
        ("certificates", Digests, {"explicit": 0, "optional": True}),
        ("crls", Digests, {"explicit": 1, "optional": True}),
        ("brand_crl_identifiers", Digests, {"explicit": 2, "optional": True}),
    ]


class CertThumb(core.Sequence):
    """Thumb of one certificate."""

    _fields = [("digest_algorithm", algos.DigestAlgorithm), ("thumbprint", core.OctetString)]


class TransIds(core.Sequence):
    """TransIDs; the fields are confirmed, the tags are not."""

    _fields = [
        ("lid_c", core.OctetString),
        ("lid_m", core.OctetString, {"implicit": 0, "optional": True}),
        ("xid", core.OctetString),
        ("preq_date", core.GeneralizedTime),
        ("pay_sys_id", core.VisibleString, {"implicit": 1, "optional": True}),
        ("language", core.VisibleString),
    ]


class CrlIdentifier(core.Sequence):
    """A CRL that must be held: who issued it, and its number."""

    _fields = [("issuer", x509.Name), ("crl_number", core.Integer)]


class CrlIdentifiers(core.SequenceOf):
    """Every CRL that must be held."""

    _child_spec = CrlIdentifier


class UnsignedBrandCrlIdentifier(core.Sequence):
    """What a brand signs about its CRLs; field list and order."""

    _fields = [
        ("version", core.Integer),
        ("sequence", core.Integer),
        ("brand_id", core.VisibleString),
        ("not_before", core.GeneralizedTime),
        ("not_after", core.GeneralizedTime),
        ("crls", CrlIdentifiers, {"implicit": 0, "optional": True}),
        ("extensions", x509.Extensions, {"implicit": 1, "optional": True}),
    ]


ERROR_TAG = 999
"""Tag of the error alternative of Message."""
ERRORS = {
    1: "unrecognizedExtension",
    2: "unspecifiedFailure",
    3: "messageNotSupported",
    4: "decodingFailure",
    5: "invalidCertificate",
    6: "expiredCertificate",
    7: "revokedCertificate",
    8: "missingCertificate",
    9: "signatureFailure",
    10: "badMessageHeader",
    11: "wrapperMsgMismatch",
    12: "versionTooOld",
    13: "versionTooNew",
    14: "unrecognizedField",
    15: "messageTooOld",
    16: "messageTooNew",
    17: "thumbsMismatch",
    18: "unknownRRPID",
    19: "unknownXID",
    20: "unknownLID",
    21: "challengeMismatch",
}
"""Names of error codes."""
VERSION_ERRORS = (12, 13)
"""Errors that mean: not this version."""


class ErrorCode(core.Enumerated):
    """What was wrong with a request."""

    _map = ERRORS


class Error(core.Sequence):
    """Error message; only its beginning is read."""

    _fields = [("code", ErrorCode), ("nonce", core.OctetString)]


class SetString(core.Choice):
    """Text of names in certificates."""

    _alternatives = [("visible", core.VisibleString), ("bmp", core.BMPString)]
