"""Judges the merchant's signature on its answer (SignedData). Pure."""

from __future__ import annotations

from probes.set import asn1, causes, rules, unconfirmed
from probes.set.messages import CONTENT_TYPE, MESSAGE_DIGEST
from probes.set.opinion import Breach, Opinions, say
from probes.set.parts import Answer, Certificate
from probes.set.signing import made_by, sha1


def signer_of(answer: Answer) -> Certificate | None:
    """Give the certificate that the signer names; None when it was not sent."""
    wanted = answer.signature.by
    found = (one for one in answer.certificates if (one.issuer.der, one.serial) == (wanted.issuer, wanted.serial))
    return next(found, None)


def signature(answer: Answer) -> Opinions:
    """Judge a signature; the first thing that is wrong is the cause of what comes behind it."""
    breach = _form(answer) or _proof(answer)
    if breach is not None:
        yield breach


def _form(answer: Answer) -> Breach | None:
    signed = answer.signature
    if signed.signers != 1:
        return Breach(rules.SIGNATURE, say(causes.SIGNERS, count=str(signed.signers)), f"{signed.signers} signers")
    if {signed.content_type, signed.attribute_content_type} != {asn1.PINIT_RES_DATA}:
        seen = f"content {signed.content_type}, attribute {signed.attribute_content_type or 'missing'}"
        return Breach(rules.SIGNATURE, causes.CONTENT_TYPE, seen)
    if sorted(signed.attribute_types) != sorted((CONTENT_TYPE, MESSAGE_DIGEST)):
        return Breach(rules.SIGNATURE, causes.ATTRIBUTES, ", ".join(signed.attribute_types))
    if signed.digest_algorithm != unconfirmed.SHA1:
        return Breach(rules.SIGNATURE, causes.DIGEST_ALGORITHM, signed.digest_algorithm)
    return None


def _proof(answer: Answer) -> Breach | None:
    signed, signer = answer.signature, signer_of(answer)
    if signed.digest != sha1(signed.content):
        return Breach(rules.SIGNATURE, causes.DIGEST, f"messageDigest {signed.digest.hex()[:40]}")
    if signer is None:
        return Breach(rules.SIGNATURE, causes.SIGNER_UNKNOWN, f"serial number {signed.by.serial}")
    if not made_by(signer, signed.attributes, signed.algorithm, signed.signature):
        return Breach(rules.SIGNATURE, causes.NOT_BY_KEY, f"certificate {signer.subject.shown}")
    return None
