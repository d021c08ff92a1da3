"""What a certificate has to look like by itself, in its place: leaf, authority, anchor (RFC 5280, section 4; BR 7.1). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from probes.tls.chain import kinds
from probes.tls.chain.certificate import Certificate
from probes.tls.chain.constraints import bad_constraints, constraints_of
from probes.tls.chain.flaw import Flaw, Kind
from probes.tls.chain.general_names import bad_names, misspelt_common_names, odd_common_names, suffix_wildcards
from probes.tls.chain.signatures import weak_key, weak_signature

SERIAL_OCTETS = 20
ANY_PURPOSE = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string
PURPOSES = {
    "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH.dotted_string,
    "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,
    "codeSigning": ExtendedKeyUsageOID.CODE_SIGNING.dotted_string,
    "emailProtection": ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string,
    "timeStamping": ExtendedKeyUsageOID.TIME_STAMPING.dotted_string,
    "OCSPSigning": ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string,
    "anyExtendedKeyUsage": ANY_PURPOSE,
}
"""Extended key usages by the names of RFC 5280, section 4.2.1.12."""
USAGES = {
    "digitalSignature": "digital_signature",
    "contentCommitment": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}
"""Key usages by the names of RFC 5280, section 4.2.1.3 -> attribute of the library."""
_LONGEST_VALIDITY = (
    (datetime.fromisoformat("2029-03-15T00:00:00+00:00"), 47),
    (datetime.fromisoformat("2027-03-15T00:00:00+00:00"), 100),
    (datetime.fromisoformat("2026-03-15T00:00:00+00:00"), 200),
    (datetime.fromisoformat("2020-09-01T00:00:00+00:00"), 398),
    (datetime.fromisoformat("2018-03-01T00:00:00+00:00"), 825),
)
"""Issued on or after -> most days of validity (BR 6.3.2)."""
_NEVER_CRITICAL: tuple[type[x509.ExtensionType], ...] = (
    x509.AuthorityKeyIdentifier,
    x509.SubjectKeyIdentifier,
    x509.AuthorityInformationAccess,
)
_ALWAYS_CRITICAL: tuple[type[x509.ExtensionType], ...] = (x509.PolicyConstraints, x509.InhibitAnyPolicy)


@dataclass(frozen=True)
class Purpose:
    """What the chain is to be used for."""

    purposes: tuple[str, ...] = ("serverAuth",)
    """Extended key usages that the leaf must have, by name or dotted."""
    usages: tuple[str, ...] = ()
    """Key usages that the leaf must have."""
    algorithms: frozenset[str] = frozenset()
    """The only signature algorithms that are acceptable; empty: those of the BR."""


def any_flaws(certificate: Certificate) -> Iterator[Flaw]:
    """Give the flaws that no certificate may have, wherever it stands."""
    if certificate.trouble:
        yield Flaw(kinds.MALFORMED, certificate, {"detail": _plain(certificate.trouble)})
    if certificate.x509.version is not x509.Version.v3:
        yield Flaw(kinds.VERSION, certificate)
    if not certificate.algorithms_agree:
        yield Flaw(kinds.ALGORITHMS_DIFFER, certificate)
    if not certificate.issuer:
        yield Flaw(kinds.EMPTY_ISSUER, certificate)
    if certificate.unknown_critical:
        yield Flaw(kinds.UNKNOWN_CRITICAL, certificate, {"detail": ", ".join(certificate.unknown_critical)[:200]})
    if why := weak_key(certificate.key):
        yield Flaw(kinds.WEAK_KEY, certificate, {"detail": why})
    yield from _criticality(certificate)


def _criticality(certificate: Certificate) -> Iterator[Flaw]:
    for kind in _NEVER_CRITICAL:
        if (found := certificate.extension(kind)) and found.critical:
            yield Flaw(kinds.CRITICALITY, certificate, {"detail": f"{kind.__name__} must not be critical"})
    for kind in _ALWAYS_CRITICAL:
        if (found := certificate.extension(kind)) and not found.critical:
            yield Flaw(kinds.CRITICALITY, certificate, {"detail": f"{kind.__name__} must be critical"})


def issued_flaws(certificate: Certificate, purpose: Purpose) -> Iterator[Flaw]:
    """Give the flaws that matter in every certificate but a trust anchor: somebody's signature on it counts."""
    if why := weak_signature(certificate.x509, purpose.algorithms):
        yield Flaw(kinds.WEAK_SIGNATURE, certificate, {"detail": why})
    octets = certificate.serial_octets
    if certificate.serial <= 0:
        yield Flaw(kinds.SERIAL, certificate, {"detail": "not positive"})
    elif len(octets) > SERIAL_OCTETS:
        yield Flaw(kinds.SERIAL, certificate, {"detail": f"{len(octets)} octets long, more than {SERIAL_OCTETS}"})
    if not certificate.trouble and not certificate.issuer_key_id and not _signs_itself(certificate):
        yield Flaw(kinds.KEY_IDENTIFIERS, certificate, {"detail": "it does not identify its issuer's key"})


def _signs_itself(certificate: Certificate) -> bool:
    return certificate.self_issued and certificate.signed_by(certificate)


def authority_flaws(certificate: Certificate, *, anchor: bool) -> Iterator[Flaw]:
    """Give the flaws of an authority, whatever it issued."""
    if not certificate.subject:
        yield Flaw(kinds.EMPTY_SUBJECT, certificate)
    if certificate.trouble:
        return
    yield from _basic_constraints(certificate)
    yield from _authority_usage(certificate, anchor=anchor)
    if not certificate.key_id:
        yield Flaw(kinds.KEY_IDENTIFIERS, certificate, {"detail": "it has no subjectKeyIdentifier"})
    if (constraints := constraints_of(certificate)) is not None:
        if why := bad_constraints(constraints):
            yield Flaw(kinds.BAD_CONSTRAINTS, certificate, {"detail": why})
        found = certificate.extension(x509.NameConstraints)
        if found and not found.critical:
            yield Flaw(kinds.CONSTRAINTS_NOT_CRITICAL, certificate)
    if anchor:
        yield from _anchor(certificate)


def _basic_constraints(certificate: Certificate) -> Iterator[Flaw]:
    found = certificate.extension(x509.BasicConstraints)
    if found is None:
        yield Flaw(kinds.NOT_AN_AUTHORITY, certificate, {"detail": "it has no basicConstraints"})
    elif not found.value.ca:
        yield Flaw(kinds.NOT_AN_AUTHORITY, certificate, {"detail": "its basicConstraints say so"})
    elif not found.critical:
        yield Flaw(kinds.CRITICALITY, certificate, {"detail": "BasicConstraints must be critical"})


def _authority_usage(certificate: Certificate, *, anchor: bool) -> Iterator[Flaw]:
    usage = certificate.usage
    if usage is None:
        yield Flaw(kinds.NO_KEY_USAGE_ANCHOR if anchor else kinds.NO_KEY_USAGE, certificate)
    elif not usage.key_cert_sign:
        yield Flaw(kinds.MAY_NOT_SIGN, certificate)


def _anchor(certificate: Certificate) -> Iterator[Flaw]:
    if certificate.purposes is not None:
        yield Flaw(kinds.ANCHOR_PURPOSES, certificate)
    found = certificate.extension(x509.AuthorityKeyIdentifier)
    if found is None:
        if not _signs_itself(certificate):
            yield Flaw(kinds.CROSS_SIGNED_ANCHOR, certificate)
        return
    if not _signs_itself(certificate):
        return
    if found.value.key_identifier is None:
        yield Flaw(kinds.KEY_IDENTIFIERS, certificate, {"detail": "its authorityKeyIdentifier has no key identifier"})
    elif found.value.key_identifier != certificate.key_id:
        yield Flaw(kinds.KEY_IDENTIFIERS, certificate, {"detail": "it says that another key signed it"})
    if found.value.authority_cert_issuer is not None or found.value.authority_cert_serial_number is not None:
        yield Flaw(kinds.KEY_IDENTIFIERS, certificate, {"detail": "it names its issuer by name or serial number"})


def leaf_flaws(certificate: Certificate, purpose: Purpose) -> Iterator[Flaw]:
    """Give the flaws of an end-entity certificate for a purpose."""
    if certificate.trouble:
        return
    if certificate.is_authority:
        yield Flaw(kinds.LEAF_IS_AUTHORITY, certificate)
    if constraints_of(certificate) is not None:
        yield Flaw(kinds.LEAF_CONSTRAINTS, certificate)
    yield from _leaf_usage(certificate, purpose)
    yield from _leaf_purposes(certificate, purpose)
    yield from _leaf_names(certificate)
    yield from _leaf_validity(certificate)


def _leaf_usage(certificate: Certificate, purpose: Purpose) -> Iterator[Flaw]:
    usage = certificate.usage
    if usage is None:
        return
    if usage.key_cert_sign and not certificate.is_authority:
        yield Flaw(kinds.LEAF_KEY_USAGE, certificate, {"detail": "keyCertSign is for authorities"})
    elif not (usage.digital_signature or usage.key_encipherment or usage.key_agreement or certificate.is_authority):
        yield Flaw(kinds.LEAF_KEY_USAGE, certificate, {"detail": "neither signature nor key exchange"})
    for name in purpose.usages:
        if not _has_usage(usage, USAGES[name]):
            yield Flaw(kinds.LEAF_KEY_USAGE, certificate, {"detail": f"it lacks {name}"})


def _has_usage(usage: x509.KeyUsage, attribute: str) -> bool:
    if attribute in {"encipher_only", "decipher_only"} and not usage.key_agreement:
        return False
    return bool(getattr(usage, attribute))


def _leaf_purposes(certificate: Certificate, purpose: Purpose) -> Iterator[Flaw]:
    found = certificate.extension(x509.ExtendedKeyUsage)
    if found is None or certificate.purposes is None:
        if not certificate.is_authority:
            yield Flaw(kinds.PURPOSE_MISSING, certificate)
        return
    if missing := lacking(certificate, purpose, any_is_enough=False):
        yield Flaw(kinds.LEAF_PURPOSE, certificate, {"detail": missing})
    if ANY_PURPOSE in certificate.purposes:
        yield Flaw(kinds.PURPOSE_ANY, certificate)
    if found.critical:
        yield Flaw(kinds.PURPOSE_CRITICAL, certificate)


def lacking(certificate: Certificate, purpose: Purpose, *, any_is_enough: bool = True) -> str:
    """Name the purposes that a certificate excludes; empty when it is for all of them.

    "Any purpose" is enough in an authority; a leaf has to name the one that is needed (RFC 5280, 4.2.1.12; BR 7.1.2.7.10).
    """
    held = certificate.purposes
    if held is None or (any_is_enough and ANY_PURPOSE in held):
        return ""
    return ", ".join(name for name in purpose.purposes if PURPOSES.get(name, name) not in held)


def _leaf_names(certificate: Certificate) -> Iterator[Flaw]:
    found = certificate.extension(x509.SubjectAlternativeName)
    if found is None:
        yield Flaw(kinds.NO_NAMES, certificate)
        return
    if found.critical and certificate.subject:
        yield Flaw(kinds.CRITICALITY, certificate, {"detail": "SubjectAlternativeName must not be critical"})
    if not found.critical and not certificate.subject:
        yield Flaw(
            kinds.CRITICALITY, certificate, {"detail": "SubjectAlternativeName must be critical without a subject"}
        )
    yield from _each(kinds.BAD_NAME, certificate, bad_names(certificate))
    yield from _each(kinds.SUFFIX_WILDCARD, certificate, suffix_wildcards(certificate))
    yield from _each(kinds.COMMON_NAME_SPELLING, certificate, misspelt_common_names(certificate))
    yield from _each(kinds.COMMON_NAME, certificate, odd_common_names(certificate))


def _each(kind: Kind, certificate: Certificate, details: Iterator[str]) -> Iterator[Flaw]:
    found = list(dict.fromkeys(details))
    if found:
        yield Flaw(kind, certificate, {"detail": ", ".join(found)[:200]})


def _leaf_validity(certificate: Certificate) -> Iterator[Flaw]:
    issued = certificate.not_before
    length = certificate.not_after - issued + timedelta(seconds=1)
    most = next((days for since, days in _LONGEST_VALIDITY if issued >= since), None)
    if most is not None and length > timedelta(days=most):
        yield Flaw(kinds.LONG_VALIDITY, certificate, {"days": str(-(-length // timedelta(days=1))), "most": str(most)})


def date_flaws(certificate: Certificate, at: datetime) -> Iterator[Flaw]:
    """Give what is wrong with the validity at a moment."""
    if at < certificate.not_before:
        yield Flaw(kinds.NOT_YET_VALID, certificate, {"day": f"{certificate.not_before:%Y-%m-%d}"})
    elif not certificate.valid_at(at):
        yield Flaw(kinds.EXPIRED, certificate, {"day": f"{certificate.not_after:%Y-%m-%d}"})


def _plain(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()[:200]
