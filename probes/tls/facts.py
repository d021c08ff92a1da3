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
    failure: str = ""
    """Why the end point could not be looked at; empty when it could."""
