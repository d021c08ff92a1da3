"""What a TLS handshake and the server's certificate tell, under the names of the format. The certificate is hostile input."""

from __future__ import annotations

import hashlib
import ipaddress
import warnings
from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID, ObjectIdentifier

from plugins.ask import TlsAnswer
from plugins.template.values import Value

MAX_BYTES = 65_536
"""Largest certificate that is read."""
MAX_NAMES = 500
"""Most alternative names that are taken."""
FIELDS = frozenset(
    {
        *("cipher", "expired", "fingerprint_md5", "fingerprint_sha1", "fingerprint_sha256", "host", "issuer_cn"),
        *("issuer_dn", "issuer_org", "mismatched", "not_after", "not_before", "self_signed", "serial", "sni"),
        *("subject_an", "subject_cn", "subject_dn", "subject_org", "tls_version", "wildcard_certificate"),
    }
)
"""Names of everything that is told."""
ELSEWHERE = {
    "revoked": "it asks others than the server; item tls judges revocation",
    "untrusted": "it depends on a trust store; item tls judges the path to the root",
    "ip": "an answer is about one end point",
    "jarm_hash": "it takes ten handshakes more",
    "ja3_hash": "it is about us and not about the server",
}
"""Names of the format that are not told, and why."""


def told(answer: TlsAnswer) -> dict[str, Value]:
    """Give every field that can be told; a certificate that cannot be read tells nothing but its fingerprint."""
    fields: dict[str, Value] = {
        "tls_version": answer.version.encode(),
        "cipher": answer.cipher.encode("ascii", "replace"),
        "sni": answer.server_name.encode("utf-8", "replace"),
        "host": answer.server_name.encode("utf-8", "replace"),
    }
    if not answer.certificates:
        return fields
    first = answer.certificates[0][:MAX_BYTES]
    for name in ("md5", "sha1", "sha256"):
        fields[f"fingerprint_{name}"] = hashlib.new(name, first, usedforsecurity=False).hexdigest().encode()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities of a hostile certificate are not our warnings
            fields.update(_certificate(x509.load_der_x509_certificate(first), answer))
    except (ValueError, TypeError, OverflowError, x509.UnsupportedGeneralNameType, NotImplementedError):
        pass
    return fields


def _certificate(read: x509.Certificate, answer: TlsAnswer) -> dict[str, Value]:
    names = tuple(_alternatives(read))
    after, before = read.not_valid_after_utc.timestamp(), read.not_valid_before_utc.timestamp()
    common = _attribute(read.subject, NameOID.COMMON_NAME)
    covered = names or ((common,) if common else ())
    return {
        "subject_dn": _distinguished(read.subject),
        "subject_cn": common,
        "subject_org": _attribute(read.subject, NameOID.ORGANIZATION_NAME),
        "subject_an": names,
        "issuer_dn": _distinguished(read.issuer),
        "issuer_cn": _attribute(read.issuer, NameOID.COMMON_NAME),
        "issuer_org": _attribute(read.issuer, NameOID.ORGANIZATION_NAME),
        "serial": read.serial_number.to_bytes((read.serial_number.bit_length() + 7) // 8 or 1)
        .hex(":")
        .upper()
        .encode(),
        "not_before": float(before),
        "not_after": float(after),
        "expired": not before <= answer.at <= after,
        "self_signed": read.subject == read.issuer,
        "wildcard_certificate": any(name.startswith(b"*.") for name in covered),
        "mismatched": not any(_covers(name, answer.server_name) for name in covered),
    }


def _alternatives(read: x509.Certificate) -> Iterator[bytes]:
    try:
        extension = read.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        return
    if isinstance(extension, x509.SubjectAlternativeName):
        for name in list(extension)[:MAX_NAMES]:
            if isinstance(name, x509.DNSName | x509.IPAddress):
                yield str(name.value).encode("utf-8", "replace")


def _attribute(name: x509.Name, kind: ObjectIdentifier) -> bytes:
    found = name.get_attributes_for_oid(kind)
    return str(found[0].value).encode("utf-8", "replace") if found else b""


def _distinguished(name: x509.Name) -> bytes:
    return name.rfc4514_string().encode("utf-8", "replace")


def _covers(pattern: bytes, host: str) -> bool:
    """Tell whether a name of a certificate is the host's (RFC 9525, section 6.3): a star stands for one whole label."""
    try:
        return ipaddress.ip_address(pattern.decode("ascii")) == ipaddress.ip_address(host)
    except (ValueError, UnicodeDecodeError):
        pass
    wanted, name = (
        host.rstrip(".").lower().encode("utf-8", "replace").split(b"."),
        pattern.rstrip(b".").lower().split(b"."),
    )
    if name and name[0] == b"*" and len(name) > 2:
        return len(wanted) == len(name) and wanted[1:] == name[1:]
    return wanted == name
