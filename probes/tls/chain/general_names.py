"""Names in certificates: their form, and whom a certificate stands for (RFC 5280, 4.2.1.6; RFC 9525). Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from enum import StrEnum

import re2
from cryptography import x509
from cryptography.x509.oid import NameOID

from probes.tls.chain.certificate import Certificate

DNS_NAME_CHARACTERS = 253
_LABEL = re2.compile(r"(?i)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LOOKS_LIKE_HOST = re2.compile(r"(?i)[^\s.]+(?:\.[^\s.]+)+")
_IPV4_NUMBER = re2.compile(r"(?i)0x[0-9a-f]{8}|(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+)){3}")


class NameKind(StrEnum):
    """Kinds of names by which a peer is expected."""

    DNS = "DNS"
    IP = "IP"
    EMAIL = "RFC822"


def is_dns_name(text: str, *, wildcard: bool = False) -> bool:
    """Tell whether a text has the preferred name syntax, with a first label `*` when `wildcard` (RFC 5280, 4.2.1.6)."""
    if wildcard and text.startswith("*."):
        text = text[2:]
        if "." not in text:
            return is_dns_name(text)
    if not text or len(text) > DNS_NAME_CHARACTERS:
        return False
    labels = text.split(".")
    return all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()


def is_mailbox(text: str) -> bool:
    """Tell whether a text is a local part and a host (RFC 5280, 4.2.1.6: Mailbox of RFC 2821, without a display name)."""
    local, at, host = text.rpartition("@")
    plain = bool(local) and "@" not in local and all(0x20 < ord(letter) < 0x7F for letter in local)
    return bool(at) and plain and is_dns_name(host)


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Give the address that a text is; None when it is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def bad_names(certificate: Certificate) -> Iterator[str]:
    """Give what is wrong with the form of the names of a leaf."""
    for name in certificate.names or ():
        match name:
            case x509.DNSName() if not is_dns_name(name.value, wildcard=True):
                yield f"DNS name {_ascii(name.value)}"
            case x509.IPAddress() if isinstance(name.value, ipaddress.IPv4Network | ipaddress.IPv6Network):
                yield f"IP range {name.value}"
            case x509.RFC822Name() if not is_mailbox(name.value):
                yield f"mail address {_ascii(name.value)}"
            case _:
                pass


def suffix_wildcards(certificate: Certificate) -> Iterator[str]:
    """Give the wildcards that stand right below a top-level domain."""
    for name in certificate.names or ():
        if isinstance(name, x509.DNSName) and name.value.startswith("*.") and name.value.count(".") == 1:
            yield _ascii(name.value)


def misspelt_common_names(certificate: Certificate) -> Iterator[str]:
    """Give the common names that are an address or a host in a spelling that BR 7.1.4.3 forbids.

    An address has one spelling (RFC 3986, section 3.2.2; RFC 5952), a host is ASCII and the same as in subjectAltName, letter by
    letter.
    """
    held = set(shown_names(certificate))
    folded = {name.lower() for name in held}
    for text in _common_names(certificate):
        address = address_of(text)
        wrong_address = (str(address) != text) if address else bool(_IPV4_NUMBER.fullmatch(text))
        wrong_host = text not in held and text.lower() in folded
        if wrong_address or wrong_host or (not text.isascii() and _LOOKS_LIKE_HOST.fullmatch(text)):
            yield _ascii(text)


def odd_common_names(certificate: Certificate) -> Iterator[str]:
    """Give the common names that claim to be a host or an address which no subjectAltName holds (BR 7.1.4.3)."""
    held = {name.lower() for name in shown_names(certificate)}
    for text in _common_names(certificate):
        if text.lower() not in held and (address_of(text) or (text.isascii() and _LOOKS_LIKE_HOST.fullmatch(text))):
            yield _ascii(text)


def _common_names(certificate: Certificate) -> Iterator[str]:
    for attribute in certificate.subject_name.get_attributes_for_oid(NameOID.COMMON_NAME):
        if isinstance(attribute.value, str):
            yield attribute.value


def shown_names(certificate: Certificate) -> Iterator[str]:
    """Give the DNS names and addresses of a certificate, as text."""
    for name in certificate.names or ():
        if isinstance(name, x509.DNSName):
            yield name.value
        elif isinstance(name, x509.IPAddress):
            yield str(name.value)


def stands_for(names: Sequence[x509.GeneralName], kind: NameKind, wanted: str) -> bool:
    """Tell whether one of `names` stands for `wanted`. The common name never does (RFC 9525, section 2)."""
    if kind is NameKind.IP:
        address = address_of(wanted)
        return address is not None and any(isinstance(name, x509.IPAddress) and name.value == address for name in names)
    if kind is NameKind.EMAIL:
        return any(isinstance(name, x509.RFC822Name) and _same_mailbox(name.value, wanted) for name in names)
    wanted = wanted.removesuffix(".")
    if not is_dns_name(wanted):
        return False
    return any(isinstance(name, x509.DNSName) and host_matches(name.value, wanted) for name in names)


def host_matches(presented: str, wanted: str) -> bool:
    """A wildcard is the whole leftmost label, and stands for exactly one label (RFC 9525, section 6.3)."""
    have, want = presented.lower().split("."), wanted.lower().split(".")
    if not is_dns_name(presented, wildcard=True):
        return False
    if have == want:
        return True
    return len(have) == len(want) > 2 and have[0] == "*" and have[1:] == want[1:]


def _same_mailbox(presented: str, wanted: str) -> bool:
    """The local part is compared as it is, the host without case (RFC 5280, section 7.5)."""
    (local, _, host), (other, _, elsewhere) = presented.rpartition("@"), wanted.rpartition("@")
    return local == other and host.lower() == elsewhere.lower()


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()[:120]
