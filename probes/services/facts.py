"""Facts about services: what answers on a port, and how it lets users in."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from plugins.value import value
from probes.finding import Certainty
from probes.target import Transport


@value
class Build:
    """Which program answers, by its own words."""

    product: str = ""
    """Product as its makers write it: nginx, OpenSSH, ProFTPD; empty: it does not say."""
    version: str = ""
    """Version as the program says it; empty: it does not say."""
    cpe: tuple[str, ...] = ()
    """Names in the Common Platform Enumeration (URI binding of CPE 2.2, NIST IR 7695, section 6.1), the program's own first."""
    distribution: str = ""
    """Distribution whose package it is: Debian, Ubuntu, ...; empty: unknown. Its version number then says little about holes."""
    revision: str = ""
    """Revision of the package, such as 2+deb12u3; empty: unknown."""

    @property
    def hint(self) -> str:
        """Say what the version number hides: distributions mend holes without changing it. Empty: nothing is known of that."""
        return (
            f"{self.distribution} back-port{f' {self.revision}' if self.revision else ''}" if self.distribution else ""
        )

    def __bool__(self) -> bool:
        return bool(self.product or self.distribution)


@value
class ServiceSeen:
    """Which protocol answers on an open port."""

    kind: Literal["service-seen"] = "service-seen"
    """Discriminator among facts."""
    address: str
    """Address that was dialled."""
    port: int
    """Port number."""
    transport: Transport
    """TCP or UDP."""
    service: str
    """Protocol as IANA names it (http, https, ssh, ftp, telnet, smtp, pop3, imap, ...); empty: it said nothing known."""
    tls: bool
    """True: it was seen inside TLS."""
    certainty: Certainty = Certainty.VERIFIED
    """verified: it answered in its own protocol to us; suspected: only nmap's fingerprints say so."""
    build: Build = Build()
    """Product and version, as far as it tells."""
    banner: bytes = b""
    """First bytes that it said, at most 512."""
    password_login: bool | None = None
    """SSH only: whether password authentication is offered; None: not SSH, or it could not be asked."""
    turned_away: bool = False
    """True: the server accepted the connection, then hung up at once or refused us in words, before any service."""
    detail: str = ""
    """Why the service is not known, or which authentication methods an SSH server offers."""


@value
class HostKey:
    """Public key by which an SSH server shows who it is."""

    algorithm: str
    """Key type, such as ssh-ed25519 (RFC 4253, section 6.6)."""
    fingerprint: str
    """SHA-256 fingerprint as OpenSSH writes it: `SHA256:...`."""


@value
class SshAlgorithms:
    """What an SSH server offers in its SSH_MSG_KEXINIT (RFC 4253, section 7.1), in its order."""

    key_exchange: tuple[str, ...] = ()
    """Key exchange methods."""
    host_key: tuple[str, ...] = ()
    """Host key algorithms."""
    cipher: tuple[str, ...] = ()
    """Ciphers, server to client."""
    mac: tuple[str, ...] = ()
    """MAC algorithms, server to client."""


@value
class SshSeen:
    """How an SSH server presents itself and lets users in."""

    kind: Literal["ssh-seen"] = "ssh-seen"
    """Discriminator among facts."""
    address: str
    """Address that was dialled."""
    port: int
    """TCP port."""
    methods: tuple[str, ...] = ()
    """Authentication methods offered to a user that does not exist; none: not known."""
    algorithms: SshAlgorithms = SshAlgorithms()
    """What it offers to encrypt with; empty: not known."""
    host_keys: tuple[HostKey, ...] = ()
    """Its host keys, as far as they were asked for."""
    detail: str = ""
    """What could not be found out, and why."""


class Anonymous(StrEnum):
    """What an FTP server says to the user name `anonymous` (RFC 1635). No password is ever sent."""

    LET_IN = "let-in"
    """230: it needs no password."""
    INVITED = "invited"
    """331, with words that ask for the mail address of a guest."""
    REFUSED = "refused"
    """The name is refused."""
    UNKNOWN = "unknown"
    """It asks for a password as it does for everybody, or says nothing."""


@value
class FtpSeen:
    """How an FTP server lets users in."""

    kind: Literal["ftp-seen"] = "ftp-seen"
    """Discriminator among facts."""
    address: str
    """Address that was dialled."""
    port: int
    """TCP port."""
    anonymous: Anonymous
    """What it says to anonymous users."""
    tls: bool | None
    """Whether it offers AUTH TLS (RFC 4217), so that passwords need not travel in the clear; None: not known."""
    detail: str = ""
    """Why something is not known."""
