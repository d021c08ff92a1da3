"""Ask and answer: one scripted exchange with a server on one connection, and what came back or how it failed.

An `HttpAsk` is the *complete* send policy: two asks that are equal may be sent once and share the answer.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from plugins.value import value

Header = tuple[str, str]
"""Field name and field value as sent or received; bytes outside ASCII as ISO 8859-1 (RFC 9110, section 5.5)."""


@value
class WebEndpoint:
    """Where HTTP asks of one inspection go."""

    address: str
    """IPv4 or IPv6 address, never a name."""
    port: int
    """TCP port."""
    tls: bool
    """True: HTTPS."""
    host: str
    """Host header and TLS server name; a declared host name, or the address when none is declared."""

    @property
    def authority(self) -> str:
        """Host, with the port when it is not the default of the scheme (RFC 9110, section 4.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    @property
    def base_url(self) -> str:
        """`scheme://authority`, without a trailing slash."""
        return f"{'https' if self.tls else 'http'}://{self.authority}"


@value
class HttpAsk:
    """One HTTP/1.1 request."""

    kind: Literal["http"] = "http"
    """Discriminator among asks."""
    method: Literal["GET", "HEAD", "OPTIONS"] = "GET"
    """Only methods that RFC 9110, section 9.2.1 calls safe."""
    path: str
    """Request target in origin form, sent byte for byte (ISO 8859-1), never normalised."""
    headers: tuple[Header, ...] = ()
    """Beyond Host, User-Agent, Accept and Connection, which the dialing side adds."""
    max_bytes: int = 262_144
    """Largest response body that is read; the rest is cut and the answer marked truncated."""
    timeout_s: float = 10.0
    """Seconds from the connection's start to the end of the answer."""


class NoAnswerReason(StrEnum):
    """Why there is no answer. None of these is ever a match (template semantics 15)."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    RESET = "reset"
    TLS = "tls"
    NOT_HTTP = "not-http"
    TOO_LARGE = "too-large"
    OUT_OF_SCOPE = "out-of-scope"
    CUT_OFF = "cut-off"


@value
class HttpAnswer:
    """What an HTTP server sent back."""

    kind: Literal["http"] = "http"
    """Discriminator among answers."""
    status: int
    """Status code."""
    headers: tuple[Header, ...] = ()
    """In the order received; names in lower case."""
    body: bytes = b""
    """Decoded by Content-Encoding, cut at the ask's `max_bytes`."""
    truncated: bool = False
    """True: the server had more to say."""


@value
class NoAnswer:
    """How an exchange failed."""

    kind: Literal["none"] = "none"
    """Discriminator among answers."""
    reason: NoAnswerReason
    """Class of the failure."""
    detail: str = ""
    """The system's words, for the report."""


Ask = HttpAsk
"""Every kind of ask (one, so far)."""
Answer = HttpAnswer | NoAnswer
"""Every kind of answer."""
