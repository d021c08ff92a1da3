"""Whether a chain leads to a trust anchor, by `cryptography.x509.verification`, and if not why, in plain words. Pure.

Dates are somebody else's question: when a certificate is out of date, the path is looked for at a moment at which it was not,
so that one cause gives one finding.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from plugins.text import Text
from probes.rule import filled
from probes.tls import rules
from probes.tls.names import names_of
from probes.transcript import printable

MOST_SENT = 8
"""Most certificates above the leaf that are used; more serve no honest chain and make path building slow."""
SAME_HOLDER = 2
"""Most certificates of one holder and key: two for a cross-signed authority. This bounds path building."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Path:
    """A path that leads to an anchor."""

    certificates: tuple[x509.Certificate, ...]
    """Leaf first, anchor last."""
    checked: bool = True
    """False: names and signatures lead to the anchor, but the certificates were never valid together, so that the other rules for
    a path could not be applied."""


@dataclass(frozen=True)
class NoPath:
    """There is none."""

    why: Text
    """The cause."""


def find_path(
    chain: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], at: datetime
) -> Path | NoPath | None:
    """Look for a path from `chain[0]` to an anchor; None when the leaf names nobody, so that it cannot be looked for."""
    leaf, sent = chain[0], _used(chain[1:])
    if leaf in anchors:
        return Path((leaf,))
    builder = PolicyBuilder().store(Store(list(anchors)))
    subject = _some_name(leaf, builder)
    if subject is None:
        return None
    errors: dict[datetime, str] = {}
    for moment in _moments([leaf, *sent], anchors, at):
        verifier = builder.time(moment).build_server_verifier(subject)
        try:
            return Path(tuple(verifier.verify(leaf, sent)))
        except VerificationError as error:
            errors[moment] = str(error)
    walk = _walk(leaf, sent, anchors)
    if isinstance(walk, NoPath):
        return walk
    together = [error for moment, error in errors.items() if all(valid_at(part, moment) for part in walk)]
    if not together:
        return Path(walk, checked=False)
    return NoPath(filled(rules.NOT_ACCEPTABLE, {"words": printable(together[0].encode(), 200)}))


def _used(sent: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Drop copies and crowds of the same holder: path builders try every one of them at every step."""
    used: list[x509.Certificate] = []
    for certificate in sent:
        same = [other for other in used if _holder(other) == _holder(certificate)]
        if certificate not in used and len(same) < SAME_HOLDER and len(used) < MOST_SENT:
            used.append(certificate)
    return used


def _holder(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return certificate.subject.public_bytes(), key


def _some_name(leaf: x509.Certificate, builder: PolicyBuilder) -> x509.DNSName | x509.IPAddress | None:
    """Give a name that the leaf holds and a verifier takes: whether it is the right one is judged elsewhere."""
    for name in names_of(leaf):
        with contextlib.suppress(ValueError):
            subject = _subject(name)
            builder.build_server_verifier(subject)
            return subject
    return None


def _subject(name: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(f"a.{name[2:]}" if name.startswith("*.") else name)


def _moments(sent: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], at: datetime) -> Iterator[datetime]:
    """Give `at`, then the edges of all validities that matter, the nearest first."""
    yield at
    issuers = {certificate.issuer for certificate in sent}
    matter = [*sent, *(anchor for anchor in anchors if anchor.subject in issuers)]
    if all(valid_at(certificate, at) for certificate in matter):
        return
    edges = {certificate.not_valid_before_utc + _SECOND for certificate in matter}
    edges |= {certificate.not_valid_after_utc - _SECOND for certificate in matter}
    yield from sorted(edges, key=lambda edge: abs(edge - at))


def valid_at(certificate: x509.Certificate, at: datetime) -> bool:
    """Tell whether `at` is inside the certificate's validity (RFC 5280, section 4.1.2.5: both ends included)."""
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _walk(
    leaf: x509.Certificate, sent: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...] | NoPath:
    """Walk up from the leaf to an anchor by names and signatures alone, or tell where the way ends."""
    here, way, left = leaf, [leaf], list(sent)
    while (anchor := next((anchor for anchor in anchors if _issued(here, anchor)), None)) is None:
        if _issued(here, here):
            own = rules.SELF_SIGNED if here is leaf else filled(rules.UNTRUSTED_ROOT, {"name": shown(here.subject)})
            return NoPath(own)
        named = [certificate for certificate in left if certificate.subject == here.issuer]
        above = next((certificate for certificate in named if _issued(here, certificate)), None)
        if above is None:
            template = rules.BAD_SIGNATURE if named else rules.MISSING
            return NoPath(filled(template, {"name": shown(here.issuer), "below": shown(here.subject)}))
        left.remove(above)
        way.append(above)
        here = above
    return (*way, anchor)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def shown(name: x509.Name) -> str:
    """Write a name of a certificate, which is a stranger's bytes, safely."""
    return printable(name.rfc4514_string().encode(), 120)
