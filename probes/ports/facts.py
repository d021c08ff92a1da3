"""Facts about ports and the services behind them."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from plugins.value import value
from probes.target import Transport


class State(StrEnum):
    """What a port does when it is dialled."""

    OPEN = "open"
    """The connection was made."""
    CLOSED = "closed"
    """It was refused (RST)."""
    FILTERED = "filtered"
    """Nothing, or an ICMP error, came back."""
    UNKNOWN = "unknown"
    """It could not be found out; never counted as closed."""


@value
class PortState:
    """One port of one address."""

    kind: Literal["port-state"] = "port-state"
    """Discriminator among facts."""
    address: str
    """Address that was dialled."""
    port: int
    """Port number."""
    transport: Transport
    """TCP or UDP."""
    state: State
    """What it did."""
    detail: str = ""
    """The system's words when it was not open."""


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
    banner: bytes = b""
    """First bytes that it said, at most 512."""
    password_login: bool | None = None
    """SSH only: whether password authentication is offered; None: not SSH, or it could not be asked."""
    turned_away: bool = False
    """True: the server accepted the connection, then hung up at once or refused us in words, before any service."""
    detail: str = ""
    """Why the service is not known, or which authentication methods an SSH server offers."""
