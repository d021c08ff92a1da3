"""Which signature algorithms and keys the web allows (BR 6.1.5, 6.1.6, 7.1.3). Pure."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import SignatureAlgorithmOID as Oid

from probes.tls.chain.certificate import KeyFacts

LEAST_RSA = 2048
"""Fewest bits of an RSA key (BR 6.1.5)."""
MOST_RSA = 16_384
"""Most bits: more only make checking slow."""
CURVES = frozenset({"P-256", "P-384", "P-521"})
"""Curves that are allowed (BR 6.1.5)."""
_HASHES = {"sha256", "sha384", "sha512"}
_ALLOWED = frozenset(
    {
        Oid.RSA_WITH_SHA256,
        Oid.RSA_WITH_SHA384,
        Oid.RSA_WITH_SHA512,
        Oid.ECDSA_WITH_SHA256,
        Oid.ECDSA_WITH_SHA384,
        Oid.ECDSA_WITH_SHA512,
        Oid.RSASSA_PSS,
    }
)
NAMES = {getattr(Oid, name): name for name in vars(Oid) if name.isupper()}
"""Object identifier -> name, as `signature_algorithms` of a test case spells it."""
Signed = x509.Certificate | x509.CertificateRevocationList


def weak_key(key: KeyFacts) -> str:
    """Say why a key may not be used; empty when it may."""
    if key.kind == "RSA":
        return _weak_rsa(key)
    if key.kind in CURVES:
        return ""
    return "it cannot be read, or its curve has no name" if key.kind == "unreadable" else key.shown


def _weak_rsa(key: KeyFacts) -> str:
    if not LEAST_RSA <= key.bits <= MOST_RSA:
        return f"{key.shown} (allowed: {LEAST_RSA} to {MOST_RSA} bits)"
    if key.bits % 8:
        return f"{key.shown} (not a multiple of 8)"
    if key.exponent < 3 or key.exponent % 2 == 0:
        return f"{key.shown} (public exponent {key.exponent})"
    return ""


def weak_signature(thing: Signed, only: frozenset[str] = frozenset()) -> str:
    """Say why a signature algorithm may not be used; empty when it may. `only`: names of the only ones that are acceptable."""
    oid = thing.signature_algorithm_oid
    name = NAMES.get(oid, oid.dotted_string)
    if only:
        return "" if name in only else name
    if oid not in _ALLOWED:
        return name
    return _weak_pss(thing) if oid == Oid.RSASSA_PSS else ""


def _weak_pss(thing: Signed) -> str:
    """Only the three forms that BR 7.1.3.2.1 lists: SHA-256, 384 or 512, the same in MGF1, salt as long as the hash."""
    try:
        parameters, algorithm = thing.signature_algorithm_parameters, thing.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return "RSASSA-PSS with odd parameters"
    if algorithm is None or algorithm.name not in _HASHES or not isinstance(parameters, padding.PSS):
        return "RSASSA-PSS with odd parameters"
    same = parameters._mgf._algorithm.name == algorithm.name  # noqa: SLF001 - the library has no other way to ask
    return "" if same and parameters._salt_length == algorithm.digest_size else "RSASSA-PSS with odd parameters"  # noqa: SLF001 - same
