"""Where a certificate or a CRL says that CRLs, OCSP responses and authorities' certificates are. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

from probes.tls.chain.certificate import Certificate
from probes.tls.chain.crl import Crl

MOST_URLS = 4
"""Most addresses of one kind that one certificate is followed for."""
URL_CHARACTERS = 512


@dataclass(frozen=True)
class Location:
    """An HTTP address, taken apart."""

    host: str
    """Lower case; an address without brackets."""
    port: int
    """TCP port."""
    path: str
    """Path and query, in origin form."""


class NotFollowedError(ValueError):
    """An address that is not followed."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return self.why


def parsed(url: str) -> Location:
    """Take an address apart; raises `NotFollowedError`."""
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError:
        raise NotFollowedError("it cannot be read") from None
    if parts.scheme.lower() != "http" or not parts.hostname or parts.username or not url.isascii():
        raise NotFollowedError("only plain http addresses are followed")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Location(parts.hostname.lower(), port, path)


def crl_urls(certificate: Certificate) -> tuple[str, ...]:
    """Give where its CRLs are (RFC 5280, section 4.2.1.13)."""
    found = certificate.extension(x509.CRLDistributionPoints)
    return _first(_points(found.value)) if found else ()


def delta_urls(holder: Certificate | Crl) -> tuple[str, ...]:
    """Give where delta CRLs are (RFC 5280, sections 4.2.1.15 and 5.2.6)."""
    found = holder.extension(x509.FreshestCRL)
    return _first(_points(found.value)) if found else ()


def ocsp_urls(certificate: Certificate) -> tuple[str, ...]:
    """Give its OCSP responders (RFC 5280, section 4.2.2.1)."""
    return _first(_access(certificate, Access.OCSP))


def issuer_urls(certificate: Certificate) -> tuple[str, ...]:
    """Give where its issuer's certificate is (RFC 5280, section 4.2.2.1)."""
    return _first(_access(certificate, Access.CA_ISSUERS))


def _access(certificate: Certificate, method: x509.ObjectIdentifier) -> Iterator[str]:
    found = certificate.extension(x509.AuthorityInformationAccess)
    for description in found.value if found else ():
        if description.access_method == method and isinstance(
            description.access_location, x509.UniformResourceIdentifier
        ):
            yield description.access_location.value


def _points(points: Iterable[x509.DistributionPoint]) -> Iterator[str]:
    for point in points:
        for name in point.full_name or ():
            if isinstance(name, x509.UniformResourceIdentifier):
                yield name.value


def _first(urls: Iterable[str]) -> tuple[str, ...]:
    """Give the addresses over http, each once; when there is none, the others: they are named as not followed."""
    every = tuple(dict.fromkeys(url for url in urls if len(url) <= URL_CHARACTERS))
    over_http = tuple(url for url in every if url.lower().startswith("http://"))
    return (over_http or every)[:MOST_URLS]
