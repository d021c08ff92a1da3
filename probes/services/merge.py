"""Puts together what our own questions and nmap's fingerprints say of one port. Pure.

Our own questions come first: what they recognised has answered in its own protocol. nmap adds product and version, and names what
they do not know; that name is `suspected`, because its many patterns were made to be helpful, not to fail anybody.
"""

from __future__ import annotations

from dataclasses import replace

from probes.finding import Certainty
from probes.services.banner import distribution
from probes.services.facts import Build, ServiceSeen
from probes.services.fingerprint import Fingerprint
from probes.services.names import canonical, inside_tls


def merged(seen: ServiceSeen, found: Fingerprint) -> ServiceSeen:
    """Give the fact about a port with what nmap adds; the same fact when it adds nothing, or contradicts."""
    if not found.service:
        return seen
    name = canonical(found.service)
    spoken = inside_tls(name) if seen.tls else name
    if not seen.service:
        detail = "only nmap's fingerprints recognise it"
        return replace(seen, service=spoken, certainty=Certainty.SUSPECTED, build=_build(found), detail=detail)
    if spoken != canonical(seen.service):
        return seen
    return replace(seen, build=_added(seen.build, _build(found)))


def _build(found: Fingerprint) -> Build:
    package, revision = distribution(f"{found.version} ({found.extra})".encode(errors="replace"))
    return Build(
        product=found.product,
        version=found.version.partition(" ")[0],
        cpe=found.cpe,
        distribution=package,
        revision=revision,
    )


def _added(own: Build, more: Build) -> Build:
    """Fill in what the service did not say itself, never from another product."""
    same = not own.product or _same_product(own.product, more.product)
    if not same:
        return own
    return Build(
        product=own.product or more.product,
        version=own.version or more.version,
        cpe=own.cpe if own.version or not more.cpe else more.cpe,
        distribution=own.distribution or more.distribution,
        revision=own.revision or more.revision,
    )


def _same_product(one: str, other: str) -> bool:
    """Tell whether two names mean one product: nmap writes `Apache httpd`, `Dovecot imapd`, `ISC BIND`."""
    words = set(other.casefold().replace("-", " ").split())
    return bool(words & set(one.casefold().replace("-", " ").split()))
