"""Facts about a TLS end point."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from plugins.value import value
from probes.target import ClientAuth, TlsVersion


class Handshake(StrEnum):
    """How the handshake of one protocol version ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Timeout, reset or our own trouble: it is not known whether the version is implemented."""


@value
class VersionSeen:
    """One protocol version."""

    version: TlsVersion
    """Version that was offered, alone."""
    handshake: Handshake
    """How it ended."""
    client_auth: ClientAuth | None = None
    """Client authentication in this version; None: no handshake, or it could not be told."""
    detail: str = ""
    """The library's words when it was not accepted."""
    suite: str = ""
    """Cipher suite that the server chose, as OpenSSL names it; empty: not known."""
    demanded: Literal["", "handshake", "application"] = ""
    """Where a required client certificate is demanded: in the handshake, or by the application's answer (HTTP 400, 495, 496)."""


@value
class SessionSeen:
    """What the sessions showed, beyond versions and certificates. None: not found out."""

    weak_suite: str = ""
    """Suite that was chosen when only weak ones (NULL, anonymous, EXPORT, RC4, DES, 3DES) were offered; empty: none was."""
    weak_tried: bool = False
    """Whether weak suites were offered."""
    dh_bits: int | None = None
    """Size of the Diffie-Hellman group when only DHE was offered; 0: DHE is not offered by the server."""
    forward_secrecy: bool | None = None
    """Whether a suite with forward secrecy is accepted in TLS 1.2 or older."""
    extended_master_secret: bool | None = None
    """RFC 7627, in TLS 1.2."""
    secure_renegotiation: bool | None = None
    """RFC 5746, in TLS 1.1 or older, or in the offer of weak suites."""
    compression: bool | None = None
    """Whether TLS compression was agreed (CRIME)."""
    downgrade_protected: bool | None = None
    """Whether a version below the highest one is refused with TLS_FALLBACK_SCSV (RFC 7507)."""


@value
class Staple:
    """An OCSP response that the server sent in the handshake (RFC 6066, section 8)."""

    chain: int
    """Which of the chains it came with."""
    der: bytes
    """The response."""


@value
class Opinion:
    """What a library of its own thinks of a path."""

    chain: int
    """Which of the chains."""
    by: str
    """Library and version."""
    accepts: bool | None
    """None: it gave no answer in time."""
    words: str = ""
    """Its words when it does not accept."""


@value
class SourceSeen:
    """What came of fetching one CRL, OCSP response or certificate of an authority."""

    kind: Literal["tls-source"] = "tls-source"
    """Discriminator among facts."""
    what: Literal["crl", "ocsp", "issuer"]
    """What was asked for."""
    url: str
    """From where, as the certificate writes it."""
    about: str
    """SHA-256 (hex) of the certificate that names it."""
    body: bytes = b""
    """What came; empty when nothing came."""
    failure: str = ""
    """Why nothing came; empty when something did."""
    whose: Literal["", "server", "ours"] = ""
    """Whose doing the failure is: the server's, or our bounds, window or order."""
    seconds: float = 0.0
    """How long it took."""


@value
class TlsSeen:
    """Everything that was seen at one TLS end point of one address."""

    kind: Literal["tls-seen"] = "tls-seen"
    """Discriminator among facts."""
    address: str
    """Address that was dialled."""
    port: int
    """TCP port."""
    server_name: str
    """TLS server name that was sent."""
    versions: tuple[VersionSeen, ...]
    """One entry per version that was tried."""
    chains: tuple[tuple[str, ...], ...] = ()
    """Certificate chains as sent, leaf first, PEM; one per deployment (key type)."""
    unnamed: tuple[str, ...] | None = None
    """Chain that is sent to clients that name no server; empty: such clients are refused; None: not tried."""
    staples: tuple[Staple, ...] = ()
    """OCSP responses that were sent in handshakes."""
    session: SessionSeen = SessionSeen()
    """What else the sessions showed."""
    opinions: tuple[Opinion, ...] = ()
    """What other libraries think of the paths."""
    failure: str = ""
    """Why the end point could not be looked at; empty when it could."""
