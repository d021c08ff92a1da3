"""What a CRL says of a certificate (RFC 5280, section 6.3.3). Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar

import re2
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from probes.tls.chain import revocation_kinds as kinds
from probes.tls.chain.certificate import LIBRARY_ERRORS, Certificate, library_words, name_key, shown_name, verify
from probes.tls.chain.der import INTEGER, Bones
from probes.tls.chain.signatures import weak_signature
from probes.tls.chain.status import Says, Sheet, Status, day

_PEM = re2.compile(r"-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]*)-----END X509 CRL-----")
_KNOWN = (
    x509.CRLNumber,
    x509.AuthorityKeyIdentifier,
    x509.IssuingDistributionPoint,
    x509.DeltaCRLIndicator,
    x509.FreshestCRL,
    x509.IssuerAlternativeName,
)
E = TypeVar("E", bound=x509.ExtensionType)


class CrlError(ValueError):
    """Bytes that are no CRL."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return self.why


class Crl:
    """One CRL, read once."""

    def __init__(self, der: bytes, source: str = "given") -> None:
        self.der, self.source = der, source
        self.fingerprint = hashlib.sha256(der).hexdigest()
        try:
            self.x509 = x509.load_der_x509_crl(der)
            self._bones = Bones(der)
            self.issuer_name = self.x509.issuer
            self.issuer = name_key(self.issuer_name)
            self.this_update = self.x509.last_update_utc
            self.next_update = self.x509.next_update_utc
            _ = self.x509.extensions
        except LIBRARY_ERRORS as error:
            raise CrlError(library_words(error)) from None

    def extension(self, kind: type[E]) -> x509.Extension[E] | None:
        """Give an extension; None when it is not there."""
        try:
            return self.x509.extensions.get_extension_for_class(kind)
        except x509.ExtensionNotFound:
            return None

    @cached_property
    def is_delta(self) -> bool:
        """Whether it only says what changed since another one."""
        return self.extension(x509.DeltaCRLIndicator) is not None

    @cached_property
    def scope(self) -> x509.IssuingDistributionPoint | None:
        """issuingDistributionPoint; None when it has none."""
        found = self.extension(x509.IssuingDistributionPoint)
        return found.value if found else None

    @property
    def is_indirect(self) -> bool:
        """Whether it speaks of certificates of other issuers."""
        return bool(self.scope and self.scope.indirect_crl)

    @property
    def number(self) -> int | None:
        """CRLNumber; None when it has none."""
        found = self.extension(x509.CRLNumber)
        return found.value.crl_number if found else None

    @property
    def version_2(self) -> bool:
        """Whether it says that it is of version 2."""
        tag, content, _ = self._bones.inside[0]
        return tag == INTEGER and content == b"\x01"

    def signed_by(self, issuer: Certificate) -> bool:
        """Tell whether the key of `issuer` made the signature."""
        try:
            verify(issuer.public_key, self.x509.signature, self.x509.tbs_certlist_bytes, self.x509)
        except (*LIBRARY_ERRORS, InvalidSignature, AttributeError):
            return False
        return self._bones.algorithms_agree

    def entry(self, certificate: Certificate) -> x509.RevokedCertificate | None:
        """Give the entry of a certificate; None when there is none."""
        if not self.is_indirect:
            return self.x509.get_revoked_certificate_by_serial_number(certificate.serial)
        holder = self.issuer
        for entry in self.x509:
            try:
                named = entry.extensions.get_extension_for_class(x509.CertificateIssuer).value
                holder = next((name_key(name) for name in named.get_values_for_type(x509.DirectoryName)), holder)
            except x509.ExtensionNotFound:
                pass  # it is by the same issuer as the entry before (section 5.3.3)
            if entry.serial_number == certificate.serial and holder == certificate.issuer:
                return entry
        return None


@dataclass(frozen=True)
class Surroundings:
    """What is known around the certificate whose status is asked."""

    issuer: Certificate
    """Its issuer in the path."""
    others: tuple[Certificate, ...]
    """Certificates that might have signed an indirect CRL."""
    at: datetime
    """The moment."""


def read(data: bytes, source: str = "given") -> list[Crl]:
    """Read CRLs from PEM or DER; raises `CrlError`."""
    if b"-----BEGIN" not in data[:4096]:
        return [Crl(data, source)]
    found = []
    for match in _PEM.finditer(data.decode("latin-1")):
        try:
            found.append(Crl(base64.b64decode("".join(match[1].split()), validate=True), source))
        except ValueError as error:
            raise CrlError(str(error)[:200]) from None
    if not found:
        raise CrlError("no PEM CRL in it")
    return found


def judge_crl(certificate: Certificate, crl: Crl, around: Surroundings, deltas: Sequence[Crl] = ()) -> Status:
    """Say what a CRL, with its deltas, says of a certificate, and everything that is wrong with it."""
    sheet = Sheet(certificate, crl.source)
    signer = _signer(certificate, crl, around)
    if signer is None:
        return sheet.nothing(kinds.CRL_ISSUER, detail=shown_name(crl.issuer_name))
    if not crl.signed_by(signer):
        return sheet.nothing(kinds.CRL_SIGNATURE)
    _form(crl, sheet)
    if signer.usage is not None and not signer.usage.crl_sign:
        sheet.note(kinds.CRL_SIGNER)
    _dates(crl, around.at, sheet)
    if why := _outside(certificate, crl):
        sheet.note(kinds.CRL_SCOPE, detail=why)
    entry = crl.entry(certificate)
    for delta in deltas:
        if _fits(delta, crl, signer, around.at, sheet):
            entry = delta.entry(certificate) or entry
    return _said(sheet, crl, entry)


def _said(sheet: Sheet, crl: Crl, entry: x509.RevokedCertificate | None) -> Status:
    usable = not any(flaw.rejects() for flaw in sheet.flaws)
    reason = _reason(entry) if entry else ""
    if entry and reason != "removeFromCRL":
        # An entry counts even on a CRL that is out of date or otherwise flawed: it was signed by the issuer.
        sheet.note(kinds.REVOKED, day=day(entry.revocation_date_utc), reason=reason)
        return sheet.status(Says.REVOKED, crl.this_update, crl.next_update)
    return sheet.status(Says.GOOD if usable else Says.NOTHING, crl.this_update, crl.next_update)


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        return "unspecified"
    except LIBRARY_ERRORS:
        return "unreadable"


def _signer(certificate: Certificate, crl: Crl, around: Surroundings) -> Certificate | None:
    """Give who should have signed: the issuer itself, or for an indirect CRL whom the certificate names."""
    if crl.issuer == around.issuer.subject:
        return around.issuer
    if not crl.is_indirect or crl.issuer not in _crl_issuers(certificate):
        return None
    candidates = (other for other in around.others if other.subject == crl.issuer and other.valid_at(around.at))
    return next((one for one in candidates if one.signed_by(around.issuer) or _anchored(one, around)), None)


def _anchored(signer: Certificate, around: Surroundings) -> bool:
    return any(
        signer.issuer == other.subject and other.is_authority and signer.signed_by(other) for other in around.others
    )


def _crl_issuers(certificate: Certificate) -> set[object]:
    found = certificate.extension(x509.CRLDistributionPoints)
    points = list(found.value) if found else []
    return {
        name_key(name.value)
        for point in points
        for name in point.crl_issuer or ()
        if isinstance(name, x509.DirectoryName)
    }


def _form(crl: Crl, sheet: Sheet) -> None:
    if not crl.version_2:
        sheet.note(kinds.CRL_VERSION)
    if why := weak_signature(crl.x509):
        sheet.note(kinds.CRL_WEAK, detail=why)
    number = crl.extension(x509.CRLNumber)
    if number is None:
        sheet.note(kinds.CRL_NUMBER, detail="has no CRL number")
    elif number.critical:
        sheet.note(kinds.CRL_NUMBER, detail="has a CRL number that is marked critical")
    unknown = [
        one.oid.dotted_string for one in crl.x509.extensions if one.critical and not isinstance(one.value, _KNOWN)
    ]
    if unknown:
        sheet.note(kinds.CRL_EXTENSION, detail=", ".join(unknown)[:200])
    if crl.is_delta:
        sheet.note(kinds.CRL_DELTA, detail="it stands where a complete one is expected")


def _dates(crl: Crl, at: datetime, sheet: Sheet) -> None:
    if crl.this_update > at:
        sheet.note(kinds.CRL_FUTURE, day=day(crl.this_update))
    if crl.next_update is None:
        sheet.note(kinds.CRL_NO_NEXT)
    elif crl.next_update < at:
        sheet.note(kinds.CRL_STALE, day=day(crl.next_update))


def _outside(certificate: Certificate, crl: Crl) -> str:
    """Say why a certificate is not in the scope of a CRL; empty when it is (section 6.3.3 (b)(2))."""
    scope = crl.scope
    if scope is None:
        return ""
    if scope.only_contains_attribute_certs:
        return "it is for attribute certificates only"
    if scope.only_contains_user_certs and certificate.is_authority:
        return "it is for certificates of end entities only"
    if scope.only_contains_ca_certs and not certificate.is_authority:
        return "it is for certificates of authorities only"
    if scope.only_some_reasons:
        return "it is for some reasons only"
    return (
        ""
        if not scope.full_name or _same_point(certificate, scope.full_name)
        else "it is for another distribution point"
    )


def _same_point(certificate: Certificate, names: Iterable[x509.GeneralName]) -> bool:
    found = certificate.extension(x509.CRLDistributionPoints)
    if found is None:
        return True
    own = {name for point in found.value for name in (*(point.full_name or ()), *(point.crl_issuer or ()))}
    return not own or bool(own & set(names))


def _fits(delta: Crl, base: Crl, signer: Certificate, at: datetime, sheet: Sheet) -> bool:
    """Tell whether a delta CRL may be laid over a complete one (section 6.3.3 (c))."""
    indicator = delta.extension(x509.DeltaCRLIndicator)
    if indicator is None or base.number is None or delta.issuer != base.issuer:
        sheet.note(kinds.CRL_DELTA, detail="it is no delta CRL of this one")
        return False
    problems = (
        (indicator.value.crl_number > base.number, "it needs a newer complete one"),
        ((delta.number or 0) < base.number, "it is older than the complete one"),
        (not delta.signed_by(signer), "its signature does not hold"),
        (delta.this_update > at, "it is from the future"),
        (delta.next_update is None or delta.next_update < at, "it is out of date"),
        (delta.scope != base.scope, "it has another scope"),
    )
    why = next((words for wrong, words in problems if wrong), "")
    if why:
        sheet.note(kinds.CRL_DELTA, detail=why)
    return not why
