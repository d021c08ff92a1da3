"""Whether a certificate holds a name (RFC 9525, section 6). Pure."""

from __future__ import annotations

import ipaddress

from cryptography import x509


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Give the DNS names and addresses of the subjectAltName; raises `ValueError` when the extensions cannot be read."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = extension.get_values_for_type(x509.IPAddress)
    return (*extension.get_values_for_type(x509.DNSName), *(str(address) for address in addresses))


def holds(presented: tuple[str, ...], wanted: str) -> bool:
    """Tell whether one of the presented names stands for `wanted`. The common name never does (RFC 9525, section 2)."""
    if (address := _address(wanted)) is not None:
        return any(_address(name) == address for name in presented)
    return any(_stands_for(name, wanted) for name in presented)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _stands_for(presented: str, wanted: str) -> bool:
    """A wildcard is the whole leftmost label, and stands for exactly one label (RFC 9525, section 6.3)."""
    have, want = _labels(presented), _labels(wanted)
    if have == want:
        return True
    return len(have) == len(want) > 2 and have[0] == "*" and want[0] not in {"", "*"} and have[1:] == want[1:]


def _labels(name: str) -> list[str]:
    return name.lower().removesuffix(".").split(".")
