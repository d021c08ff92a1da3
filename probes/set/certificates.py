"""Reads certificates and CRLs into plain values. Nothing but `UnreadableError` gets out, whatever the bytes are.

Everything is read at once: asn1crypto decodes late, and a value that breaks later would break a judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from asn1crypto import core, crl, pem, x509

from probes.set import asn1, der
from probes.set.parts import Basic, Certificate, Crl, Extension, Issued, KeyUsage, Kind, MerchantData, Name, Signed
from probes.transcript import printable

T = TypeVar("T")

_TROUBLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
"""What asn1crypto raises for bytes that are not what they should be."""

LONGEST_NUMBER = 64
"""Most bytes of a serial number, a CRL number or a version; X.509 has 20."""
AUTHORITY_KEY = "2.5.29.35"
KEY_USAGE = "2.5.29.15"
KEY_PERIOD = "2.5.29.16"
POLICIES = "2.5.29.32"
BASIC = "2.5.29.19"
SUBJECT_NAMES = "2.5.29.17"
ISSUER_NAMES = "2.5.29.18"
CRL_NUMBER = "2.5.29.20"


class UnreadableError(ValueError):
    """Bytes that are not what they should be."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


def guarded(read: Callable[[], T]) -> T:
    """Run a reader; whatever asn1crypto makes of foreign bytes becomes an `UnreadableError`."""
    try:
        return read()
    except UnreadableError:
        raise
    except _TROUBLE as error:
        first = (str(error).strip().splitlines() or [""])[0] or type(error).__name__
        raise UnreadableError(f"it cannot be decoded: {printable(first.encode('utf-8', 'replace'), 150)}") from None


def checked(data: bytes) -> bytes:
    """Give the bytes back when they are one DER element within bounds; raises `UnreadableError`."""
    try:
        der.check(data)
    except der.DerError as error:
        raise UnreadableError(f"it is not DER: {error}") from None
    return data


def read_certificate(data: bytes) -> Certificate:
    """Read one DER certificate."""
    return guarded(lambda: certificate_of(x509.Certificate.load(checked(data), strict=True)))


def read_pem(text: str) -> Certificate:
    """Read one PEM certificate, such as a configured root."""
    return guarded(lambda: read_certificate(pem.unarmor(text.encode())[2]))


def moment(value: Any) -> datetime:  # noqa: ANN401 - asn1crypto has no types
    """Give a time in UTC."""
    native = value.native
    if not isinstance(native, datetime):
        raise UnreadableError("it has a time in a year that does not exist")
    return native.astimezone(UTC) if native.tzinfo else native.replace(tzinfo=UTC)


def whole(value: Any) -> int:  # noqa: ANN401 - asn1crypto has no types
    """Give a number of bounded size: longer ones cannot even be printed."""
    if len(value.contents) > LONGEST_NUMBER:
        raise UnreadableError(f"it has a number of more than {LONGEST_NUMBER} bytes")
    return int.from_bytes(value.contents, signed=True)


def name_of(value: Any) -> Name:  # noqa: ANN401 - asn1crypto has no types
    """Give a distinguished name."""
    pairs = [(entry["type"].dotted, str(entry["value"].native)) for relative in value.chosen for entry in relative]
    organisation = next((text for oid, text in pairs if oid == "2.5.4.10"), "")
    shown = ", ".join(f"{_SHORT.get(oid, oid)}={text}" for oid, text in pairs)
    return Name(der=value.dump(), shown=printable(shown.encode("utf-8", "replace"), 120), organisation=organisation)


_SHORT = {"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.10": "O", "2.5.4.11": "OU"}


def extensions_of(value: Any) -> tuple[Extension, ...]:  # noqa: ANN401 - asn1crypto has no types
    """Give what stands in a list of extensions; none when there is no list."""
    if isinstance(value, core.Void):
        return ()
    return tuple(Extension(entry["extn_id"].dotted, bool(entry["critical"].native)) for entry in value)


def signed_of(unsigned: Any, algorithm: Any, signature: Any) -> Signed:  # noqa: ANN401 - asn1crypto has no types
    """Give the signature over something."""
    return Signed(unsigned=unsigned.dump(), algorithm=algorithm["algorithm"].dotted, signature=signature.native)


def certificate_of(value: Any) -> Certificate:  # noqa: ANN401 - asn1crypto has no types
    """Read a certificate that asn1crypto has taken apart."""
    part = value["tbs_certificate"]
    validity = part["validity"]
    public_key = part["subject_public_key_info"].dump()
    found: dict[str, Any] = {}
    unreadable: list[str] = []
    for oid, contents in _contents(part["extensions"]):
        _into(found, unreadable, oid, contents)
    return Certificate(
        signed=signed_of(part, value["signature_algorithm"], value["signature_value"]),
        version=whole(part["version"]) + 1,
        serial=whole(part["serial_number"]),
        issuer=name_of(part["issuer"]),
        subject=name_of(part["subject"]),
        not_before=moment(validity["not_before"]),
        not_after=moment(validity["not_after"]),
        public_key=public_key,
        key_bits=_key_bits(part["subject_public_key_info"]),
        extensions=extensions_of(part["extensions"]),
        unreadable=tuple(unreadable),
        **_with_criticality(found, part["extensions"]),
    )


def _key_bits(info: Any) -> int:  # noqa: ANN401 - asn1crypto has no types
    if info["algorithm"]["algorithm"].native != "rsa":
        return 0
    return int(info["public_key"].parsed["modulus"].native).bit_length()


def _contents(extensions: Any) -> Iterable[tuple[str, bytes]]:  # noqa: ANN401 - asn1crypto has no types
    if isinstance(extensions, core.Void):
        return ()
    return [(entry["extn_id"].dotted, entry["extn_value"].contents) for entry in extensions]


def _into(found: dict[str, Any], unreadable: list[str], oid: str, contents: bytes) -> None:
    """Read one extension; one that cannot be read, or stands twice, is noted and the certificate goes on."""
    reader = _READERS.get(oid)
    if reader is None:
        return
    try:
        read = guarded(lambda: reader(checked(contents)))
    except UnreadableError:
        unreadable.append(oid)
        return
    if set(read) & set(found):
        unreadable.append(oid)
    found.update(read)


def _with_criticality(found: dict[str, Any], extensions: Any) -> dict[str, Any]:  # noqa: ANN401 - asn1crypto has no types
    critical = {entry.oid for entry in extensions_of(extensions) if entry.critical}
    if "basic" in found:
        authority, path_length = found["basic"]
        found["basic"] = Basic(authority=authority, path_length=path_length, critical=BASIC in critical)
    if "usage" in found:
        found["usage"] = KeyUsage(uses=found["usage"], critical=KEY_USAGE in critical)
    return found


def _basic(contents: bytes) -> dict[str, Any]:
    read = x509.BasicConstraints.load(contents, strict=True)
    length = read["path_len_constraint"]
    return {"basic": (bool(read["ca"].native), None if isinstance(length, core.Void) else whole(length))}


def _usage(contents: bytes) -> dict[str, Any]:
    return {"usage": frozenset(str(use) for use in x509.KeyUsage.load(contents, strict=True).native)}


def _authority(contents: bytes) -> dict[str, Any]:
    read = x509.AuthorityKeyIdentifier.load(contents, strict=True)
    names = read["authority_cert_issuer"]
    serial = read["authority_cert_serial_number"]
    if (
        isinstance(names, core.Void)
        or isinstance(serial, core.Void)
        or len(names) != 1
        or names[0].name != "directory_name"
    ):
        return {"issued_by": None}
    return {"issued_by": Issued(names[0].chosen.untag().dump(), whole(serial))}


def _policies(contents: bytes) -> dict[str, Any]:
    read = x509.CertificatePolicies.load(contents, strict=True)
    return {"policies": tuple(entry["policy_identifier"].dotted for entry in read)}


def _key_period(contents: bytes) -> dict[str, Any]:
    read = asn1.KeyPeriod.load(contents, strict=True)
    edges = [None if isinstance(edge, core.Void) else moment(edge) for edge in (read["not_before"], read["not_after"])]
    return {"key_from": edges[0], "key_to": edges[1]}


def _kinds(contents: bytes) -> dict[str, Any]:
    bits = core.BitString.load(contents, strict=True).native
    return {"kinds": frozenset(kind for kind, bit in zip(Kind, bits, strict=False) if bit)}


def _next_root(contents: bytes) -> dict[str, Any]:
    read = asn1.HashedRootKey.load(contents, strict=True)["thumbprint"]
    right = read["content_info"]["content_type"].dotted == asn1.ROOT_KEY_THUMB
    if not right or read["digest_algorithm"]["algorithm"].native != "sha1" or len(read["digest"].native) != 20:
        raise UnreadableError("it is not the SHA-1 thumb of a root key")
    return {"next_root": read["digest"].native}


def _merchant(contents: bytes) -> dict[str, Any]:
    read = asn1.MerchantData.load(contents, strict=True)
    names = tuple(str(entry["name"].native) for entry in read["names"])
    merchant = MerchantData(
        merchant_id=str(read["merchant_id"].native), acquirer_bin=str(read["acquirer_bin"].native), names=names
    )
    return {"merchant": merchant}


def _message_extensions(contents: bytes) -> dict[str, Any]:
    return {"message_extensions": tuple(entry.dotted for entry in asn1.ExtensionIds.load(contents, strict=True))}


_READERS: dict[str, Callable[[bytes], dict[str, Any]]] = {
    BASIC: _basic,
    KEY_USAGE: _usage,
    AUTHORITY_KEY: _authority,
    POLICIES: _policies,
    KEY_PERIOD: _key_period,
    asn1.CERTIFICATE_TYPE: _kinds,
    asn1.HASHED_ROOT_KEY: _next_root,
    asn1.MERCHANT_DATA: _merchant,
    asn1.SET_EXTENSIONS: _message_extensions,
}

KNOWN = frozenset({*_READERS, SUBJECT_NAMES, ISSUER_NAMES, asn1.CARD_CERT_REQUIRED, asn1.TUNNELING})
"""Extensions that SET gives a meaning in certificates."""
KNOWN_IN_CRL = frozenset({CRL_NUMBER, AUTHORITY_KEY})
"""Extensions that SET gives a meaning in CRLs."""


def crl_of(value: Any) -> Crl:  # noqa: ANN401 - asn1crypto has no types
    """Read a CRL that asn1crypto has taken apart."""
    part = value["tbs_cert_list"]
    extensions = list(extensions_of(part["crl_extensions"]))
    revoked: set[int] = set()
    for entry in [] if isinstance(part["revoked_certificates"], core.Void) else part["revoked_certificates"]:
        revoked.add(whole(entry["user_certificate"]))
        extensions += [one for one in extensions_of(entry["crl_entry_extensions"]) if one.critical]
    return Crl(
        signed=signed_of(part, value["signature_algorithm"], value["signature"]),
        issuer=name_of(part["issuer"]),
        number=_crl_number(part["crl_extensions"]),
        this_update=moment(part["this_update"]),
        next_update=None if isinstance(part["next_update"], core.Void) else moment(part["next_update"]),
        revoked=frozenset(revoked),
        extensions=tuple(extensions),
    )


def _crl_number(extensions: Any) -> int | None:  # noqa: ANN401 - asn1crypto has no types
    for oid, contents in _contents(extensions):
        if oid == CRL_NUMBER:
            return whole(core.Integer.load(checked(contents), strict=True))
    return None


def read_crl(data: bytes) -> Crl:
    """Read one DER CRL."""
    return guarded(lambda: crl_of(crl.CertificateList.load(checked(data), strict=True)))
