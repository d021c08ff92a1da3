"""The handshakes beyond one per version: other certificates, no name, weak suites, key exchange, downgrades. Child process only.

They come in the order of their worth, and end when the end point has had its connections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from plugins.value import value
from probes.target import TlsVersion
from probes.tls.facts import SessionSeen
from probes.tls.handshakes import Offer, Reaction, Shake, is_address, shake
from probes.tls.wall import Lane
from probes.tls.wire import Job

CONNECTIONS = 16
"""Most connections for one end point; what they do not suffice for stays not found out."""
_ORDER = list(TlsVersion)
_WITH_SUITES = {TlsVersion.SSL_3_0, TlsVersion.TLS_1_0, TlsVersion.TLS_1_1, TlsVersion.TLS_1_2}
"""Versions whose suites choose the kind of key and of key exchange (in TLS 1.3 they do not: RFC 8446, section 4.1.1)."""
_WEAK = "NULL:aNULL:EXPORT:RC4:DES:3DES:LOW"
_DHE = "kEDH:!aNULL:!eNULL"
_ECDHE = "kEECDH:!aNULL:!eNULL"


class Tried(Protocol):
    """A version that was accepted."""

    @property
    def offer(self) -> Offer:
        """What was offered."""

    @property
    def shake(self) -> Shake:
        """What came of it."""


@value
class More:
    """What the further handshakes showed."""

    shakes: tuple[Shake, ...] = ()
    """Those that showed a chain."""
    unnamed: tuple[str, ...] | None = None
    """Chain for clients that name no server; empty: they are refused; None: not tried."""
    session: SessionSeen = SessionSeen()
    """What the sessions showed."""


class _Further:
    def __init__(self, lane: Lane, job: Job, accepted: Sequence[Tried]) -> None:
        self._lane, self._job = lane, job
        self._accepted = sorted(accepted, key=lambda tried: _ORDER.index(tried.offer.version))
        self._suited = [tried for tried in self._accepted if tried.offer.version in _WITH_SUITES]
        self._shakes: list[Shake] = []
        self._unnamed: tuple[str, ...] | None = None
        self._session = SessionSeen(
            extended_master_secret=_first(tried.shake.extended_master_secret for tried in accepted),
            secure_renegotiation=_first(tried.shake.secure_renegotiation for tried in accepted),
            compression=_first(tried.shake.compression for tried in accepted),
            forward_secrecy=True if any(_is_secret(tried.shake.suite) for tried in self._suited) else None,
        )

    def run(self) -> More:
        steps: tuple[Callable[[], None], ...] = (
            self._other_key,
            self._without_name,
            self._weak_suites,
            self._key_exchange,
            self._forward_secrecy,
            self._downgrade,
        )
        for step in steps:
            if self._lane.opened >= CONNECTIONS:
                break
            step()
        return More(shakes=tuple(self._shakes), unnamed=self._unnamed, session=self._session)

    def _shake(self, offer: Offer) -> Shake:
        return shake(self._lane, self._job, offer)

    def _learn(self, **facts: object) -> None:
        self._session = replace(self._session, **facts)  # type: ignore[arg-type]  # named like the fields

    def _other_key(self) -> None:
        """Servers may hold an RSA and an ECDSA chain; browsers get the one that they can use."""
        if self._suited:
            base = self._suited[-1]
            have_ecdsa = "ECDSA" in base.shake.suite
            suites = "aRSA" if have_ecdsa else "aECDSA"
            self._keep(self._shake(replace(base.offer, suites=f"{suites}:!aNULL:!eNULL")))
        else:
            base = self._accepted[-1]
            if base.offer.version is TlsVersion.TLS_1_3:
                # Its suites say nothing of the certificate; ECDSA is what a server with both prefers.
                self._keep(self._shake(replace(base.offer, signatures="RSA")))

    def _keep(self, seen: Shake) -> None:
        if seen.reaction is Reaction.ACCEPTED and seen.chain:
            self._shakes.append(seen)

    def _without_name(self) -> None:
        if is_address(self._job.server_name):
            return
        seen = self._shake(replace(self._accepted[-1].offer, named=False))
        if seen.reaction is Reaction.ACCEPTED:
            self._unnamed = seen.chain
        elif seen.reaction is Reaction.REFUSED:
            self._unnamed = ()

    def _weak_suites(self) -> None:
        if not self._suited:
            return
        seen = self._shake(Offer(version=self._suited[-1].offer.version, legacy=True, suites=_WEAK))
        self._learn(
            weak_suite=seen.suite if seen.reaction is Reaction.ACCEPTED else "",
            weak_tried=seen.reaction in {Reaction.ACCEPTED, Reaction.REFUSED, Reaction.DROPPED},
        )
        if seen.reaction is Reaction.ACCEPTED and self._session.secure_renegotiation is None:
            self._learn(secure_renegotiation=seen.secure_renegotiation, compression=seen.compression)

    def _key_exchange(self) -> None:
        if not self._suited:
            return
        seen = self._shake(Offer(version=self._suited[-1].offer.version, legacy=True, suites=_DHE))
        if seen.reaction is Reaction.ACCEPTED:
            self._learn(dh_bits=seen.dh_bits or None, forward_secrecy=True)
            if self._session.secure_renegotiation is None:
                self._learn(secure_renegotiation=seen.secure_renegotiation, compression=seen.compression)
        elif seen.reaction is Reaction.REFUSED:
            self._learn(dh_bits=0)

    def _forward_secrecy(self) -> None:
        if not self._suited or self._session.forward_secrecy:
            return
        seen = self._shake(Offer(version=self._suited[-1].offer.version, suites=_ECDHE))
        if seen.reaction in {Reaction.ACCEPTED, Reaction.REFUSED}:
            self._learn(forward_secrecy=seen.reaction is Reaction.ACCEPTED)

    def _downgrade(self) -> None:
        """Offer the second highest version as a client does that was refused before: it has to be sent away (RFC 7507)."""
        lower = [tried for tried in self._accepted[:-1] if tried.offer.version in _WITH_SUITES]
        if not lower:
            return
        seen = self._shake(Offer(version=lower[-1].offer.version, legacy=True, fallback=True))
        if seen.reaction in {Reaction.ACCEPTED, Reaction.REFUSED}:
            self._learn(downgrade_protected=seen.reaction is Reaction.REFUSED)


def _first(facts: Iterable[bool | None]) -> bool | None:
    return next((fact for fact in facts if fact is not None), None)


def _is_secret(suite: str) -> bool:
    return suite.startswith(("ECDHE-", "DHE-", "EDH-", "EECDH-", "ADH-", "AECDH-"))


def further(lane: Lane, job: Job, accepted: Sequence[Tried]) -> More:
    """Make the further handshakes with a server that accepted at least one version."""
    return _Further(lane, job, accepted).run()
