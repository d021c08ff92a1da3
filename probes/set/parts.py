"""What an answer is made of, as plain values: certificates, CRLs, the signed message. No ASN.1 from here on."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from plugins.value import value


class Kind(StrEnum):
    """certificateType; the order is the order of its bits."""

    CARDHOLDER = "cardholder"
    MERCHANT = "merchant"
    GATEWAY = "payment gateway"
    CARDHOLDER_CA = "cardholder CA"
    MERCHANT_CA = "merchant CA"
    PAYMENT_CA = "payment CA"
    GEOPOLITICAL_CA = "geopolitical CA"
    BRAND_CA = "brand CA"
    ROOT_CA = "root CA"
    ACQUIRER = "acquirer"


class Issued(NamedTuple):
    """Who issued something, under which number."""

    issuer: bytes
    """DER name."""
    serial: int
    """Serial number."""


class Extension(NamedTuple):
    """An extension that stands somewhere."""

    oid: str
    """Its object identifier, dotted."""
    critical: bool
    """Whether who does not know it must stop."""


@value
class Name:
    """A distinguished name."""

    der: bytes
    """DER; names are equal when these are."""
    shown: str
    """For people; a stranger's words, made printable."""
    organisation: str
    """organizationName; empty without one."""


@value
class Signed:
    """Something with a signature: the bytes under it, the algorithm, the value."""

    unsigned: bytes
    """DER of the part that is signed; its SHA-1 is the thumb."""
    algorithm: str
    """Object identifier."""
    signature: bytes
    """The signature."""


@value
class Basic:
    """basicConstraints."""

    authority: bool
    """Whether it may issue certificates."""
    path_length: int | None
    """How many authorities may follow below; None: any number."""
    critical: bool
    """Whether it is critical."""


@value
class KeyUsage:
    """keyUsage."""

    uses: frozenset[str]
    """digital_signature, key_encipherment, data_encipherment, key_cert_sign, crl_sign, ..."""
    critical: bool
    """Whether it is critical."""


@value
class MerchantData:
    """Who the merchant is, by its certificate."""

    merchant_id: str
    """merID."""
    acquirer_bin: str
    """merAcquirerBIN."""
    names: tuple[str, ...]
    """Its name in every language."""


@value
class Certificate:
    """One certificate, as far as SET looks into it."""

    signed: Signed
    """Its signature."""
    version: int
    """1 to 3."""
    serial: int
    """Serial number."""
    issuer: Name
    """Who issued it."""
    subject: Name
    """Whose it is."""
    not_before: datetime
    """Valid from, UTC."""
    not_after: datetime
    """Valid to, UTC, included."""
    public_key: bytes
    """DER SubjectPublicKeyInfo."""
    key_bits: int
    """Length of the RSA modulus; 0: no RSA key."""
    extensions: tuple[Extension, ...]
    """Every extension."""
    unreadable: tuple[str, ...]
    """Object identifiers of extensions that SET knows and that could not be read, or stand twice."""
    kinds: frozenset[Kind] = frozenset()
    """certificateType; empty without one."""
    basic: Basic | None = None
    """basicConstraints."""
    usage: KeyUsage | None = None
    """keyUsage."""
    issued_by: Issued | None = None
    """authorityKeyIdentifier's issuer and serial number."""
    policies: tuple[str, ...] = ()
    """certificatePolicies."""
    next_root: bytes = b""
    """hashedRootKey: SHA-1 of the next root's key; empty without one."""
    merchant: MerchantData | None = None
    """merchantData."""
    message_extensions: tuple[str, ...] = ()
    """setExtensions."""
    key_from: datetime | None = None
    """privateKeyUsagePeriod: the key may sign from here on."""
    key_to: datetime | None = None
    """privateKeyUsagePeriod: the key may sign up to here."""

    def extension(self, oid: str) -> Extension | None:
        """Give an extension by its object identifier."""
        return next((entry for entry in self.extensions if entry.oid == oid), None)


@value
class Crl:
    """One CRL."""

    signed: Signed
    """Its signature."""
    issuer: Name
    """Who issued it."""
    number: int | None
    """cRLNumber."""
    this_update: datetime
    """Made, UTC."""
    next_update: datetime | None
    """The next one is made by then, UTC."""
    revoked: frozenset[int]
    """Serial numbers."""
    extensions: tuple[Extension, ...]
    """Every extension of the CRL and of its entries."""


class HeldCrl(NamedTuple):
    """A CRL that has to be held."""

    issuer: Name
    """Who issues it."""
    number: int
    """The lowest number that will do."""


@value
class BrandCrls:
    """BrandCRLIdentifier."""

    signed: Signed
    """Its signature."""
    sequence: int
    """Counted up with every new one."""
    brand_id: str
    """For which brand."""
    not_before: datetime
    """Valid from, UTC."""
    not_after: datetime
    """Valid to, UTC."""
    crls: tuple[HeldCrl, ...]
    """Every CRL that has to be held."""
    extensions: tuple[Extension, ...] = ()
    """Its extensions."""


@value
class Signature:
    """How a message is signed."""

    content_type: str
    """Object identifier of what is signed."""
    content: bytes
    """What is signed; the digest is over these bytes."""
    signers: int
    """How many signers there are. The fields below are of the first."""
    by: Issued
    """The signer's certificate."""
    digest_algorithm: str
    """Object identifier."""
    attributes: bytes
    """The bytes under the signature."""
    attribute_types: tuple[str, ...]
    """Object identifiers of the authenticated attributes, in order."""
    attribute_content_type: str
    """The attribute contentType."""
    digest: bytes
    """The attribute messageDigest."""
    algorithm: str
    """Object identifier."""
    signature: bytes
    """The signature."""
    plain: bool
    """True: plain PKCS #7; False: the form of SET."""


@value
class ThumbsSeen:
    """Thumbs as they stand in a message."""

    certificates: tuple[bytes, ...] = ()
    """Of certificates."""
    crls: tuple[bytes, ...] = ()
    """Of CRLs."""
    brand_crls: tuple[bytes, ...] = ()
    """Of BrandCRLIdentifiers."""


@value
class Header:
    """MessageHeader."""

    version: str
    """`version.revision`, such as 1.0."""
    date: datetime
    """When it was sent, UTC."""
    lid_c: bytes | None
    """The asking side's transaction id."""
    lid_m: bytes | None
    """The merchant's transaction id."""
    xid: bytes | None
    """The transaction id."""
    rrpid: bytes | None
    """Which request it belongs to."""
    software: str
    """swIdent, made printable."""
    extensions: tuple[Extension, ...]
    """Extensions of the wrapper."""


@value
class Request:
    """PInitReq, with its header."""

    header: Header
    """Header."""
    rrpid: bytes
    """Which request it is."""
    language: str
    """Wanted language."""
    lid_c: bytes
    """Our transaction id."""
    lid_m: bytes | None
    """The merchant's transaction id, from the initiation message."""
    chall_c: bytes
    """Our challenge."""
    brand_id: str
    """Wanted brand."""
    thumbs: ThumbsSeen | None
    """What we hold already."""


@value
class Answer:
    """PInitRes, with its header."""

    header: Header
    """Header."""
    signature: Signature
    """How it is signed."""
    certificates: tuple[Certificate, ...]
    """As sent."""
    crls: tuple[Crl, ...]
    """As sent."""
    lid_c: bytes
    """TransIDs: our transaction id."""
    lid_m: bytes | None
    """TransIDs: the merchant's."""
    xid: bytes
    """TransIDs: made by the merchant."""
    preq_date: datetime
    """TransIDs: when the transaction was begun, UTC."""
    language: str
    """TransIDs: language."""
    rrpid: bytes
    """Copied from the request."""
    chall_c: bytes
    """Copied from the request."""
    chall_m: bytes
    """The merchant's challenge."""
    brand_crls: BrandCrls | None
    """BrandCRLIdentifier."""
    gateway_thumb: bytes
    """PEThumb: SHA-1 of the payment gateway's certificate."""
    thumbs: ThumbsSeen | None
    """Copied from the request."""
    extensions: tuple[Extension, ...]
    """Extensions of the signed part."""


@value
class ErrorMessage:
    """The merchant says that something was wrong with the request."""

    header: Header
    """Header."""
    code: int
    """Error code."""
