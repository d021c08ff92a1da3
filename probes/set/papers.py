"""Judges single certificates by SET's profile, which is not that of the web: what each level must and must not hold. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from plugins.text import Text
from plugins.value import value
from probes.set import asn1, causes, unconfirmed
from probes.set.certificates import BASIC, KEY_USAGE, KNOWN, POLICIES
from probes.set.opinion import day, say
from probes.set.parts import Certificate, Issued, Kind

Faults = Iterator[tuple[Text, str]]
"""Causes, and what was seen."""


@value
class Level:
    """What a certificate of one level has to be."""

    kind: Kind
    """certificateType."""
    uses: frozenset[str]
    """What its key has to be for."""
    authority: bool = True
    """Whether it issues certificates."""


_CA_USES = frozenset({"key_cert_sign", "crl_sign"})
ROOT = Level(kind=Kind.ROOT_CA, uses=_CA_USES)
BRAND = Level(kind=Kind.BRAND_CA, uses=_CA_USES)
GEOPOLITICAL = Level(kind=Kind.GEOPOLITICAL_CA, uses=_CA_USES)
MERCHANT_CA = Level(kind=Kind.MERCHANT_CA, uses=_CA_USES)
PAYMENT_CA = Level(kind=Kind.PAYMENT_CA, uses=_CA_USES)
MERCHANT = Level(kind=Kind.MERCHANT, uses=frozenset({"digital_signature"}), authority=False)
GATEWAY = Level(kind=Kind.GATEWAY, uses=frozenset({"key_encipherment"}), authority=False)


def levels(end: Level, issuer: Level, count: int) -> tuple[Level, ...] | None:
    """Give the levels of a path of so many certificates; None when SET knows no such path."""
    return {4: (end, issuer, BRAND, ROOT), 5: (end, issuer, GEOPOLITICAL, BRAND, ROOT)}.get(count)


def faults(
    certificate: Certificate, level: Level, issuer: Certificate, below: int, at: datetime, known: frozenset[str]
) -> Faults:
    """Give everything that is wrong with one certificate.

    `below`: authorities between it and the end entity; `known`: further extensions that belong to the profile.
    """
    name = certificate.subject.shown
    for cause, seen in (
        *_dates(certificate, at),
        *_form(certificate, known),
        *_key(certificate),
        *_issuer(certificate, issuer),
        *_kind(certificate, level),
        *(_authority(certificate, below) if level.authority else _end_entity(certificate)),
    ):
        yield say(cause, name=name), seen


def _dates(certificate: Certificate, at: datetime) -> Faults:
    shown = f"valid {day(certificate.not_before)}..{day(certificate.not_after)}"
    if at < certificate.not_before:
        yield say(causes.NOT_YET, name="{name}", day=day(certificate.not_before)), shown
    elif at > certificate.not_after:
        yield say(causes.EXPIRED, name="{name}", day=day(certificate.not_after)), shown
    else:
        early = certificate.key_from is not None and at < certificate.key_from
        late = certificate.key_to is not None and at > certificate.key_to
        if early or late:
            edges = (certificate.key_from, certificate.key_to)
            yield causes.KEY_ENDED, "key in use " + "..".join("" if edge is None else day(edge) for edge in edges)


def _form(certificate: Certificate, known: frozenset[str]) -> Faults:
    if certificate.version != 3:
        yield causes.NOT_V3, f"version {certificate.version}"
        return
    if certificate.unreadable:
        yield causes.EXTENSION_UNREADABLE, ", ".join(certificate.unreadable)
    strange = [one.oid for one in certificate.extensions if one.critical and one.oid not in KNOWN | known]
    if strange:
        yield causes.EXTENSION_CRITICAL, ", ".join(strange)
    present = (BASIC, KEY_USAGE, POLICIES, asn1.CERTIFICATE_TYPE, asn1.HASHED_ROOT_KEY)
    extensions = [certificate.extension(oid) for oid in present]
    plain = [one.oid for one in extensions if one is not None and not one.critical]
    if plain:
        yield causes.NOT_CRITICAL, ", ".join(plain)
    if not certificate.policies and POLICIES not in certificate.unreadable:
        yield causes.POLICY, "no certificatePolicies"


def _key(certificate: Certificate) -> Faults:
    if certificate.key_bits < unconfirmed.KEY_BITS:
        bits = str(unconfirmed.KEY_BITS)
        yield say(causes.KEY_SIZE, name="{name}", bits=bits), f"{certificate.key_bits} bits"
    if certificate.signed.algorithm not in unconfirmed.SIGNATURES:
        yield causes.ALGORITHM, certificate.signed.algorithm


def _issuer(certificate: Certificate, issuer: Certificate) -> Faults:
    """The issuer's certificate is named by its own issuer and serial number; a root need not name itself."""
    wanted = Issued(issuer.issuer.der, issuer.serial)
    named = certificate.issued_by
    if named != wanted and not (named is None and certificate == issuer) and certificate.version == 3:
        yield causes.ISSUER_KEY, "no issuer and serial number" if named is None else f"serial number {named.serial}"


def _kind(certificate: Certificate, level: Level) -> Faults:
    if certificate.version != 3:
        return
    if level.kind not in certificate.kinds:
        seen = ", ".join(sorted(certificate.kinds)) or "no certificateType"
        yield say(causes.KIND, name="{name}", kind=causes.KINDS[level.kind]), seen
    uses = certificate.usage.uses if certificate.usage else frozenset()
    if not level.uses <= uses:
        yield causes.USAGE, ", ".join(sorted(uses)) or "no keyUsage"
    if level is ROOT and not certificate.next_root:
        yield causes.NO_NEXT_ROOT, "no hashedRootKey"
    if level is MERCHANT and certificate.merchant is None and asn1.MERCHANT_DATA not in certificate.unreadable:
        yield causes.NO_MERCHANT_DATA, "no merchantData"


def _authority(certificate: Certificate, below: int) -> Faults:
    basic = certificate.basic
    if certificate.version != 3:
        return
    if basic is None or not basic.authority:
        yield causes.NOT_AUTHORITY, "no basicConstraints" if basic is None else "cA false"
    elif basic.path_length is not None and basic.path_length < below:
        yield causes.PATH_LENGTH, f"pathLenConstraint {basic.path_length}, {below} below"


def _end_entity(certificate: Certificate) -> Faults:
    if certificate.basic is not None and certificate.basic.authority:
        yield causes.AUTHORITY, "cA true"
