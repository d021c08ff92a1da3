"""A certificate as the judges see it: read once, every part at hand, and never an exception for what a stranger wrote."""

from __future__ import annotations

import base64
import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar

import re2
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from probes.tls.chain.der import SEQUENCE, Bones, parts

DER_BYTES = 262_144
"""Longest certificate that is read."""
NAME_CHARACTERS = 120
"""Most characters of a name that are shown."""
_PEM = re2.compile(
    r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END (?:X509 |TRUSTED )?CERTIFICATE-----"
)
_PEM_TAG = b"-----BEGIN"

LIBRARY_ERRORS = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for bytes that it cannot read."""

E = TypeVar("E", bound=x509.ExtensionType)
NameKey = tuple[tuple[tuple[str, str], ...], ...]
"""A distinguished name made comparable."""


class UnreadableError(ValueError):
    """Bytes that are no certificate at all."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return f"not a certificate: {self.why}"


@dataclass(frozen=True)
class KeyFacts:
    """What kind of key a certificate holds."""

    kind: str
    """RSA, P-256, secp192r1, DSA, Ed25519, ...; "unreadable" when it cannot be read."""
    bits: int
    """Size in bits; 0 when the kind says it."""
    exponent: int = 0
    """Public exponent of RSA."""

    @property
    def shown(self) -> str:
        """Kind and size for people."""
        return f"{self.kind} {self.bits}" if self.bits else self.kind


_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


class Certificate:
    """One certificate. Two are equal when their bytes are."""

    def __init__(self, der: bytes) -> None:
        if len(der) > DER_BYTES:
            raise UnreadableError(f"longer than {DER_BYTES} bytes")
        self.der = der
        self.fingerprint = hashlib.sha256(der).hexdigest()
        """SHA-256 of the bytes, hex: its name in results and evidence."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore"
                )  # serial numbers that RFC 5280 does not allow are judged, not warned about
                self.x509 = x509.load_der_x509_certificate(der)
                self._bones = Bones(der)
                self.serial = self.x509.serial_number
                self.subject_name, self.issuer_name = self.x509.subject, self.x509.issuer
                self.not_before, self.not_after = self.x509.not_valid_before_utc, self.x509.not_valid_after_utc
        except LIBRARY_ERRORS as error:
            raise UnreadableError(library_words(error)) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and other.der == self.der

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @property
    def pem(self) -> str:
        """The certificate for people and for evidence."""
        return self.x509.public_bytes(Encoding.PEM).decode()

    @property
    def serial_octets(self) -> bytes:
        """The serial number as it was encoded."""
        return self._bones.serial

    @property
    def algorithms_agree(self) -> bool:
        """Whether the signature algorithm is the same inside and outside of what is signed."""
        return self._bones.algorithms_agree

    @cached_property
    def trouble(self) -> str:
        """Why its extensions cannot be read; empty when they can."""
        try:
            _ = self.x509.extensions
        except LIBRARY_ERRORS as error:
            return library_words(error)
        return ""

    @cached_property
    def _extensions(self) -> dict[type[x509.ExtensionType], x509.Extension[x509.ExtensionType]]:
        if self.trouble:
            return {}
        return {type(extension.value): extension for extension in self.x509.extensions}

    def extension(self, kind: type[E]) -> x509.Extension[E] | None:
        """Give an extension; None when it is not there or nothing can be read."""
        return self._extensions.get(kind)  # type: ignore[return-value]  # the table is keyed by the kind

    def raw_extension(self, oid: str) -> bytes:
        """Give the value of an extension that the library does not know; empty when it is not there."""
        if self.trouble:
            return b""
        for extension in self.x509.extensions:
            if extension.oid.dotted_string == oid and isinstance(extension.value, x509.UnrecognizedExtension):
                return extension.value.value
        return b""

    @cached_property
    def unknown_critical(self) -> tuple[str, ...]:
        """Object identifiers of critical extensions that no judge here processes (RFC 5280, section 4.2)."""
        if self.trouble:
            return ()
        return tuple(
            extension.oid.dotted_string
            for extension in self.x509.extensions
            if extension.critical
            and not isinstance(extension.value, _PROCESSED)
            and extension.oid.dotted_string != _POLICY_MAPPINGS
        )

    @cached_property
    def subject(self) -> NameKey:
        """The subject, comparable."""
        return name_key(self.subject_name)

    @cached_property
    def issuer(self) -> NameKey:
        """The issuer, comparable."""
        return name_key(self.issuer_name)

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are one name (RFC 5280, section 3.2)."""
        return self.subject == self.issuer

    @cached_property
    def key(self) -> KeyFacts:
        """What kind of key it holds."""
        return _facts_of(self._key)

    @cached_property
    def _key(self) -> object:
        try:
            return self.x509.public_key()
        except LIBRARY_ERRORS:
            return None

    @property
    def public_key(self) -> object:
        """The key itself, of whatever kind; None when it cannot be read."""
        return self._key

    @cached_property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER, as it was sent."""
        sequences = [whole for tag, _, whole in self._bones.inside if tag == SEQUENCE]
        # signature, issuer, validity, subject, subjectPublicKeyInfo
        return sequences[4] if len(sequences) > 4 else b""

    @cached_property
    def key_bits(self) -> bytes:
        """The content of the subjectPublicKey BIT STRING: what OCSP hashes (RFC 6960, section 4.1.1)."""
        key = self._key
        if key is None:
            return b""
        return list(parts(self.spki))[1][1][1:]

    @cached_property
    def ca(self) -> x509.BasicConstraints | None:
        """basicConstraints; None when there are none."""
        found = self.extension(x509.BasicConstraints)
        return found.value if found else None

    @property
    def is_authority(self) -> bool:
        """Whether it says that it is an authority."""
        return bool(self.ca and self.ca.ca)

    @cached_property
    def usage(self) -> x509.KeyUsage | None:
        """keyUsage; None when there is none."""
        found = self.extension(x509.KeyUsage)
        return found.value if found else None

    @cached_property
    def purposes(self) -> tuple[str, ...] | None:
        """Extended key usages, dotted; None when there is no such extension."""
        found = self.extension(x509.ExtendedKeyUsage)
        return tuple(oid.dotted_string for oid in found.value) if found else None

    @cached_property
    def names(self) -> tuple[x509.GeneralName, ...] | None:
        """subjectAltName; None when there is none."""
        found = self.extension(x509.SubjectAlternativeName)
        return tuple(found.value) if found else None

    @cached_property
    def key_id(self) -> bytes:
        """subjectKeyIdentifier; empty when there is none."""
        found = self.extension(x509.SubjectKeyIdentifier)
        return found.value.digest if found else b""

    @cached_property
    def issuer_key_id(self) -> bytes:
        """Key identifier of the issuer; empty when there is none."""
        found = self.extension(x509.AuthorityKeyIdentifier)
        return (found.value.key_identifier or b"") if found else b""

    def valid_at(self, at: datetime) -> bool:
        """Tell whether `at` is inside the validity; both ends belong to it, the last second as a whole (section 4.1.2.5)."""
        return self.not_before <= at and at.replace(microsecond=0) <= self.not_after

    def signed_by(self, issuer: Certificate) -> bool:
        """Tell whether the key of `issuer` made the signature; names are not looked at."""
        key = issuer.public_key
        if key is None:
            return False
        try:
            verify(key, self.x509.signature, self.x509.tbs_certificate_bytes, self.x509)
        except (*LIBRARY_ERRORS, InvalidSignature, AttributeError):
            return False
        return True

    @property
    def shown(self) -> str:
        """Its subject for people, safely."""
        return shown_name(self.subject_name)


def _facts_of(key: object) -> KeyFacts:
    match key:
        case rsa.RSAPublicKey():
            return KeyFacts("RSA", key.key_size, key.public_numbers().e)
        case ec.EllipticCurvePublicKey():
            return KeyFacts(_CURVES.get(key.curve.name, key.curve.name), 0)
        case dsa.DSAPublicKey():
            return KeyFacts("DSA", key.key_size)
        case ed25519.Ed25519PublicKey():
            return KeyFacts("Ed25519", 0)
        case _:
            return KeyFacts("Ed448" if isinstance(key, ed448.Ed448PublicKey) else "unreadable", 0)


_POLICY_MAPPINGS = "2.5.29.33"
_PROCESSED = (
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.SubjectAlternativeName,
    x509.NameConstraints,
    x509.CertificatePolicies,
    x509.PolicyConstraints,
    x509.InhibitAnyPolicy,
    x509.AuthorityKeyIdentifier,
    x509.SubjectKeyIdentifier,
    x509.AuthorityInformationAccess,
    x509.CRLDistributionPoints,
    x509.TLSFeature,
)
"""Extensions that are processed, so that they may be critical; for some of these being critical is a flaw of its own."""


def verify(
    key: object, signature: bytes, signed: bytes, thing: x509.Certificate | x509.CertificateRevocationList
) -> None:
    """Check a signature with a key of any kind; raises `InvalidSignature` and what the library raises for odd parameters."""
    parameters, algorithm = thing.signature_algorithm_parameters, thing.signature_hash_algorithm
    match key:
        case rsa.RSAPublicKey():
            assert algorithm is not None  # noqa: S101 - an AssertionError cannot come: RSA signatures have a hash
            # Old algorithms without their NULL are read as they were meant (RFC 3279, section 2.2.1).
            key.verify(signature, signed, parameters or padding.PKCS1v15(), algorithm)  # type: ignore[arg-type]  # the library checks the kind
        case ec.EllipticCurvePublicKey():
            assert algorithm is not None  # noqa: S101 - see above
            key.verify(signature, signed, parameters or ec.ECDSA(algorithm))  # type: ignore[arg-type]  # the library checks the kind
        case dsa.DSAPublicKey():
            key.verify(signature, signed, algorithm)  # type: ignore[arg-type]  # the library checks the kind
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            key.verify(signature, signed)
        case _:
            raise UnsupportedAlgorithm("no key that signs")


def name_key(name: x509.Name) -> NameKey:
    """Make a name comparable: case and runs of spaces do not count (RFC 5280, section 7.1)."""
    return tuple(tuple(sorted((part.oid.dotted_string, _folded(part.value)) for part in rdn)) for rdn in name.rdns)


def _folded(text: str | bytes) -> str:
    return " ".join(text.casefold().split()) if isinstance(text, str) else text.hex()


def shown_name(name: x509.Name) -> str:
    """Write a name of a certificate, which is a stranger's bytes, safely."""
    text = name.rfc4514_string().encode()
    shown = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte != 0x5C else f"\\x{byte:02x}" for byte in text[:NAME_CHARACTERS]
    )
    return shown + ("..." if len(text) > NAME_CHARACTERS else "") or "(no name)"


def library_words(error: Exception) -> str:
    """Give a library's words for bytes that it cannot read, in plain ASCII; its parser's own state says nothing to people."""
    text = str(error) or type(error).__name__
    if "ParseError" in text:
        text = "it is not the ASN.1 that it should be"
    return text.encode("ascii", "backslashreplace").decode()[:200]


def read(data: bytes) -> list[Certificate]:
    """Read certificates from PEM or DER; raises `UnreadableError` when one of them is none."""
    if _PEM_TAG in data:
        return [Certificate(der) for der in pem_bodies(data)]
    return [Certificate(data)] if data else []


def pem_bodies(data: bytes) -> list[bytes]:
    """Give the DER of every certificate in PEM text; raises `UnreadableError`."""
    found = []
    for match in _PEM.finditer(data.decode("latin-1")):
        try:
            found.append(base64.b64decode("".join(match[1].split()), validate=True))
        except ValueError:
            raise UnreadableError("its PEM is not base64") from None
    if not found:
        raise UnreadableError("no PEM certificate in it")
    return found


def readable(ders: Iterable[bytes]) -> tuple[list[Certificate], int]:
    """Read what can be read; give it and how many could not."""
    found, broken = [], 0
    for der in ders:
        try:
            found.append(Certificate(der))
        except UnreadableError:
            broken += 1
    return found, broken
