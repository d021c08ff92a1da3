"""Signatures and thumbs as SET has them: RSA over SHA-1. Both are broken for new use; SET 1.0 knows nothing else. Pure."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_der_public_key

from probes.set import unconfirmed
from probes.set.parts import Certificate, Signed

MOST_KEY_BITS = 8192
"""Longest key that a signature is verified with: longer ones only take time."""


def sha1(data: bytes) -> bytes:
    """Give the SHA-1 digest."""
    return hashlib.sha1(data, usedforsecurity=False).digest()


def thumb(signed: Signed) -> bytes:
    """Give the thumb: SHA-1 over the DER of the unsigned part."""
    return sha1(signed.unsigned)


def made_by(holder: Certificate, data: bytes, algorithm: str, signature: bytes) -> bool:
    """Tell whether `signature` over `data` was made with the key of a certificate."""
    if algorithm not in unconfirmed.SIGNATURES or not 0 < holder.key_bits <= MOST_KEY_BITS:
        return False
    try:
        key = load_der_public_key(holder.public_key)
        if not isinstance(key, RSAPublicKey):
            return False
        key.verify(signature, data, PKCS1v15(), SHA1())  # noqa: S303 - SET 1.0 knows no other digest
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def issued(certificate: Certificate, issuer: Certificate) -> bool:
    """Tell whether `issuer` issued a certificate: name and signature."""
    signed = certificate.signed
    return certificate.issuer.der == issuer.subject.der and made_by(
        issuer, signed.unsigned, signed.algorithm, signed.signature
    )
