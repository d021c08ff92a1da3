"""Certificate chains as pictures: who signed whom, what is wrong where, how many days are left. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from plugins.text import Text
from plugins.value import value
from probes.observation import Observation
from probes.target import Scope, TlsEndpoint
from probes.tls.anchors import MOZILLA
from probes.tls.certificates import CertificateJudge
from probes.tls.chain.build import Way
from probes.tls.chain.certificate import Certificate, shown_name
from probes.tls.chain.flaw import Flaw
from probes.tls.facts import SourceSeen, TlsSeen
from probes.tls.revocation import sent_certificates
from probes.tls.statuses import Known

MOST_CHAINS = 40
"""Most chains of one server that are pictured."""


class Place(StrEnum):
    """Where in a chain a certificate stands."""

    LEAF = "leaf"
    AUTHORITY = "authority"
    ANCHOR = "anchor"


@value
class Link:
    """One certificate of a chain."""

    place: Place
    """Where it stands."""
    subject: str
    """Its holder, printable ASCII."""
    issuer: str
    """Who signed it."""
    sha256: str
    """Fingerprint, hex."""
    not_after: datetime
    """End of its validity."""
    days_left: int
    """Days until then, at the moment at which it was seen; negative when they are over."""
    wrong: tuple[Text, ...]
    """What is wrong with it; empty: nothing."""


@value
class ChainPicture:
    """One chain of one end point."""

    endpoint: str
    """`address:port/tcp`."""
    links: tuple[Link, ...]
    """Server certificate first, each signed by the next."""
    complete: bool
    """Whether it leads to a trust anchor."""
    wrong: tuple[Text, ...]
    """What is wrong with the chain as a whole."""
    anchors: str
    """Which set of trust anchors it was held against."""


def pictures(scope: Scope, observations: Sequence[Observation]) -> tuple[ChainPicture, ...]:
    """Give a picture of every chain that was seen; the same observations always give the same pictures."""
    known = Known((entry.at, entry.fact) for entry in observations if isinstance(entry.fact, SourceSeen))
    found = [
        picture
        for entry in observations
        if isinstance(entry.fact, TlsSeen)
        for picture in _of(scope, entry.fact, entry.at, known)
    ]
    return tuple(dict.fromkeys(found))[:MOST_CHAINS]


def _of(scope: Scope, seen: TlsSeen, at: datetime, known: Known) -> Iterator[ChainPicture]:
    declared = [end for end in scope.target.tls if (end.port, end.server_name) == (seen.port, seen.server_name)]
    for endpoint in declared[:1]:
        judge = CertificateJudge(scope, endpoint, at, known)
        for number, chain in enumerate(seen.chains):
            if sent := sent_certificates(chain):
                way, flaws, _ = judge.examined(sent, number, seen)
                yield _picture(scope, endpoint, seen, way, flaws, at)


def _picture(
    scope: Scope, endpoint: TlsEndpoint, seen: TlsSeen, way: Way, flaws: Sequence[Flaw], at: datetime
) -> ChainPicture:
    address = f"[{seen.address}]" if ":" in seen.address else seen.address
    elsewhere = tuple(flaw.text for flaw in flaws if flaw.certificate not in way.path)
    more = f" + {len(scope.anchors)}" if scope.anchors else ""
    return ChainPicture(
        endpoint=f"{address}:{endpoint.port}/tcp",
        links=tuple(_link(certificate, number, way, flaws, at) for number, certificate in enumerate(way.path)),
        complete=way.complete,
        wrong=elsewhere,
        anchors=MOZILLA + more,
    )


def _link(certificate: Certificate, number: int, way: Way, flaws: Sequence[Flaw], at: datetime) -> Link:
    last = way.complete and number == len(way.path) - 1
    return Link(
        place=Place.LEAF if number == 0 else Place.ANCHOR if last else Place.AUTHORITY,
        subject=certificate.shown,
        issuer=shown_name(certificate.issuer_name),
        sha256=certificate.fingerprint,
        not_after=certificate.not_after,
        days_left=(certificate.not_after - at) // timedelta(days=1),
        wrong=tuple(flaw.text for flaw in flaws if flaw.certificate == certificate),
    )
