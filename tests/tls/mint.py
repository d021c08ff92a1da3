"""Makes certificates, CRLs and OCSP responses, right or wrong in exactly one way."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtendedKeyUsageOID as Eku
from cryptography.x509.oid import NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey
DAY = dt.timedelta(days=1)
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
SERVER, CLIENT = Eku.SERVER_AUTH, Eku.CLIENT_AUTH
UNKNOWN_OID = x509.ObjectIdentifier("1.3.6.1.4.1.99999.1")
WEAK = {"sha1", "md5"}
Extension = tuple[x509.ExtensionType, bool]


@cache
def key(kind: str = "ec", number: int = 0) -> Key:
    """Give a key; the same words give the same key, because making RSA keys is slow."""
    del number
    match kind:
        case "ec":
            return ec.generate_private_key(ec.SECP256R1())
        case "p192":
            return ec.generate_private_key(ec.SECP192R1())
        case "p384":
            return ec.generate_private_key(ec.SECP384R1())
        case "dsa":
            return dsa.generate_private_key(2048)
        case _:
            return rsa.generate_private_key(65537, int(kind.removeprefix("rsa") or 2048))


def name(common_name: str, *more: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """Give a name of our test organisation; an empty common name gives an empty name."""
    if not common_name:
        return x509.Name([])
    parts = [(NameOID.ORGANIZATION_NAME, "Test"), *more, (NameOID.COMMON_NAME, common_name)]
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


def general(text: str) -> x509.GeneralName:
    """Give the general name that a text is meant as."""
    if "@" in text:
        return x509.RFC822Name(text)
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def usage(*bits: str) -> x509.KeyUsage:
    """Give a key usage with these bits, as the library calls them."""
    every = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign "
        "crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{bit: bit in bits for bit in every.split()})


@dataclass(frozen=True)
class Wish:
    """How a certificate should be."""

    subject: str = "shop.example"
    san: tuple[str, ...] | None = ("shop.example",)
    ca: bool | None = None
    """None: no basicConstraints."""
    pathlen: int | None = None
    bc_critical: bool = True
    start: dt.datetime = NOW - DAY
    end: dt.datetime = NOW + 90 * DAY
    ku: x509.KeyUsage | None = field(default_factory=lambda: usage("digital_signature"))
    ku_critical: bool = True
    eku: tuple[x509.ObjectIdentifier, ...] | None = (SERVER,)
    eku_critical: bool = False
    san_critical: bool = False
    digest: str = "sha256"
    serial: int | None = None
    ski: bool = True
    aki: bool = True
    cdp: tuple[str, ...] = ()
    ocsp: tuple[str, ...] = ()
    caissuers: tuple[str, ...] = ()
    extra: tuple[Extension, ...] = ()
    names: x509.Name | None = None
    """The whole subject, when `subject` is not enough."""
    by: x509.Name | None = None
    """Another issuer name than the issuer's."""
    san_names: tuple[x509.GeneralName, ...] | None = None
    """General names as they are, instead of `san`."""


AUTHORITY = Wish(
    subject="Test Intermediate",
    san=None,
    ca=True,
    end=NOW + 1825 * DAY,
    ku=usage("key_cert_sign", "crl_sign"),
    eku=None,
)


@dataclass(frozen=True)
class Holder:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def subject(self) -> x509.Name:
        return self.certificate.subject


def mint(wish: Wish, own: Key, issuer: Holder | None = None, *, signer: Key | None = None) -> Holder:
    """Make a certificate; without an issuer it signs itself; `signer` signs in the issuer's place."""
    subject = wish.names if wish.names is not None else name(wish.subject)
    by = issuer.subject if issuer else subject
    signing = signer or (issuer.key if issuer else own)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by if wish.by is None else wish.by)
        .public_key(own.public_key())
        .serial_number(wish.serial if wish.serial is not None else x509.random_serial_number())
        .not_valid_before(wish.start)
        .not_valid_after(wish.end)
    )
    for extension, critical in _extensions(wish, own, issuer):
        builder = builder.add_extension(extension, critical)
    return Holder(_signed(builder, signing, wish.digest), own)


def _extensions(wish: Wish, own: Key, issuer: Holder | None) -> list[Extension]:
    found: list[Extension] = []
    if wish.ski:
        found.append((x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False))
    if wish.aki:
        above = issuer.certificate.public_key() if issuer else own.public_key()
        found.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(above), False))  # type: ignore[arg-type]
    if wish.ca is not None:
        found.append((x509.BasicConstraints(wish.ca, wish.pathlen), wish.bc_critical))
    if wish.ku is not None:
        found.append((wish.ku, wish.ku_critical))
    if wish.eku is not None:
        found.append((x509.ExtendedKeyUsage(list(wish.eku)), wish.eku_critical))
    names = wish.san_names or tuple(general(text) for text in wish.san or ())
    if names:
        found.append((x509.SubjectAlternativeName(names), wish.san_critical))
    if wish.cdp:
        found.append((distribution(*wish.cdp), False))
    descriptions = [(Access.OCSP, url) for url in wish.ocsp] + [(Access.CA_ISSUERS, url) for url in wish.caissuers]
    if descriptions:
        access = [x509.AccessDescription(oid, x509.UniformResourceIdentifier(url)) for oid, url in descriptions]
        found.append((x509.AuthorityInformationAccess(access), False))
    return [*found, *wish.extra]


def distribution(*urls: str) -> x509.CRLDistributionPoints:
    points = [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in urls]
    return x509.CRLDistributionPoints(points)


def _signed(builder: x509.CertificateBuilder, signing: Key, digest: str) -> x509.Certificate:
    algorithm = getattr(hashes, digest.upper())() if digest not in WEAK else hashes.SHA256()
    made = builder.sign(signing, algorithm)
    if digest not in WEAK:
        return made
    return x509.load_der_x509_certificate(_weakened(made.public_bytes(Encoding.DER), signing, digest, of_crl=False))


def _weakened(der: bytes, signing: Key, digest: str, *, of_crl: bool) -> bytes:
    """Sign again with a hash that the library refuses to sign with."""
    outer = (asn1_crl.CertificateList if of_crl else asn1_x509.Certificate).load(der)
    inner = outer["tbs_cert_list" if of_crl else "tbs_certificate"]
    algorithm = getattr(hashes, digest.upper())()
    kind = "rsa" if isinstance(signing, rsa.RSAPrivateKey) else "ecdsa"
    inner["signature"] = {"algorithm": f"{digest}_{kind}"}
    outer["signature_algorithm"] = {"algorithm": f"{digest}_{kind}"}
    signed = inner.dump(force=True)
    if isinstance(signing, rsa.RSAPrivateKey):
        signature = signing.sign(signed, padding.PKCS1v15(), algorithm)
    else:
        assert isinstance(signing, ec.EllipticCurvePrivateKey)
        signature = signing.sign(signed, ec.ECDSA(algorithm))
    outer["signature" if of_crl else "signature_value"] = signature
    made: bytes = outer.dump(force=True)
    return made


@dataclass(frozen=True)
class CrlWish:
    """How a CRL should be."""

    revoked: tuple[int, ...] = ()
    this: dt.datetime = NOW - DAY
    due: dt.datetime = NOW + 7 * DAY
    number: int | None = 7
    digest: str = "sha256"
    extra: tuple[Extension, ...] = ()
    reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise
    entry_issuer: x509.Name | None = None
    """certificateIssuer of every entry, for indirect CRLs."""


def mint_crl(wish: CrlWish, issuer: Holder, *, signer: Key | None = None) -> bytes:
    """Make a CRL, DER."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(wish.this)
        .next_update(wish.due)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.certificate.public_key()), False)  # type: ignore[arg-type]
    )
    if wish.number is not None:
        builder = builder.add_extension(x509.CRLNumber(wish.number), False)
    for extension, critical in wish.extra:
        builder = builder.add_extension(extension, critical)
    for serial in wish.revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - DAY)
        entry = entry.add_extension(x509.CRLReason(wish.reason), False)
        if wish.entry_issuer is not None:
            entry = entry.add_extension(x509.CertificateIssuer([x509.DirectoryName(wish.entry_issuer)]), True)
        builder = builder.add_revoked_certificate(entry.build())
    signing = signer or issuer.key
    made = builder.sign(signing, hashes.SHA256()).public_bytes(Encoding.DER)
    return _weakened(made, signing, wish.digest, of_crl=True) if wish.digest in WEAK else made


@dataclass(frozen=True)
class OcspWish:
    """How an OCSP response should be."""

    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD
    this: dt.datetime = NOW - DAY
    due: dt.datetime | None = NOW + 7 * DAY
    responder: Holder | None = None
    """Who signs; None: the issuer."""
    send_responder: bool = True
    about: Holder | None = None
    """Another certificate to speak of."""
    about_issuer: Holder | None = None


def mint_ocsp(wish: OcspWish, certificate: Holder, issuer: Holder) -> bytes:
    """Make an OCSP response, DER."""
    revoked = wish.status is ocsp.OCSPCertStatus.REVOKED
    signer = wish.responder or issuer
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=(wish.about or certificate).certificate,
            issuer=(wish.about_issuer or issuer).certificate,
            algorithm=hashes.SHA1(),
            cert_status=wish.status,
            this_update=wish.this,
            next_update=wish.due,
            revocation_time=NOW - DAY if revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    )
    if wish.responder is not None and wish.send_responder:
        builder = builder.certificates([wish.responder.certificate])
    assert not isinstance(signer.key, dsa.DSAPrivateKey)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def refusal(status: ocsp.OCSPResponseStatus) -> bytes:
    """Make an unsuccessful OCSP response."""
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


def root(subject: str = "Test Root", number: int = 0, **changes: Any) -> Holder:
    """Make a root."""
    wish = replace(AUTHORITY, subject=subject, aki=False, start=NOW - 100 * DAY, end=NOW + 3650 * DAY)
    return mint(replace(wish, **changes), key("ec", hash((subject, number))))


def authority(issuer: Holder, subject: str = "Test Intermediate", number: int = 0, **changes: Any) -> Holder:
    """Make an authority under another."""
    return mint(replace(AUTHORITY, subject=subject, **changes), key("ec", hash((subject, number, 1))), issuer)


def leaf(issuer: Holder, own: Key | None = None, **changes: Any) -> Holder:
    """Make a server certificate."""
    return mint(replace(Wish(), **changes), own or key("ec", 1), issuer)


def pems(*holders: Holder | Sequence[Holder]) -> list[str]:
    """Give the PEM of everything."""
    return [holder.pem for one in holders for holder in ([one] if isinstance(one, Holder) else one)]
