"""Ask and answer: one scripted exchange with a server on one connection, and what came back or how it failed.

An ask is the *complete* send policy: two asks that are equal may be sent once to an end point and share the answer. Nothing
that is not in it may decide what is sent, so following a redirect or returning a cookie is a new ask, made by the program.
Asks and answers are values with a canonical JSON both ways (`plugins.canonical`); `AnyAsk`, `AnyAnswer` and `AnyEndpoint` are
the unions that stored facts are read with.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Tag

from plugins.value import value

Header = tuple[str, str]
"""Field name and field value as sent or received; bytes outside ASCII as ISO 8859-1 (RFC 9110, section 5.5)."""
Method: TypeAlias = Literal["GET", "HEAD", "OPTIONS", "POST"]
"""Methods that an ask may have. POST is not safe by itself (RFC 9110, section 9.2.1) and needs `HttpAsk.reviewed`."""
TlsVersion: TypeAlias = Literal["", "ssl30", "tls10", "tls11", "tls12", "tls13"]
"""Protocol version as the format writes it; empty: whatever is offered by default."""
DnsType: TypeAlias = Literal[
    "A", "AAAA", "CAA", "CNAME", "DNSKEY", "DS", "MX", "NS", "NSEC", "NSEC3", "PTR", "SOA", "SRV", "TLSA", "TXT"
]
"""Record types that are asked for. Zone transfers and ANY, which lend themselves to amplification, are not among them."""


@value
class WebEndpoint:
    """Where HTTP asks of one inspection go."""

    kind: Literal["web"] = "web"
    """Discriminator among end points."""
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
class ServiceEndpoint:
    """Where TCP and TLS asks of one inspection go: one declared port that need not be a web server."""

    kind: Literal["service"] = "service"
    """Discriminator among end points."""
    address: str
    """IPv4 or IPv6 address, never a name."""
    port: int
    """TCP port."""
    host: str
    """TLS server name; a declared host name, or the address when none is declared."""
    service: str = ""
    """Declared service, such as `ssh`; empty: not told."""


@value
class DnsEndpoint:
    """Where DNS asks of one inspection go: a declared name server, never a resolver of our own."""

    kind: Literal["dns"] = "dns"
    """Discriminator among end points."""
    address: str
    """IPv4 or IPv6 address of the name server, never a name."""
    port: int
    """UDP and TCP port."""
    domain: str
    """Declared domain name that the asks are about, without a trailing dot."""


@value
class HttpAsk:
    """One HTTP/1.1 request, sent on a connection of its own. Never follows a redirect, never keeps a cookie by itself.

    There are no raw bytes in it: the dialing side writes request line, Host, User-Agent, Connection, and Content-Length when
    there is a body or the method is POST. So no ask can be malformed or smuggle a second request.
    """

    kind: Literal["http"] = "http"
    """Discriminator among asks."""
    method: Method = "GET"
    """Method."""
    path: str
    """Request target in origin form, sent byte for byte (ISO 8859-1), never normalised."""
    headers: tuple[Header, ...] = ()
    """Beyond Host, User-Agent, Connection and Content-Length, which the dialing side adds; also `Accept: */*` unless it stands
    here. Cookies that the program returns stand here as one `Cookie` field."""
    body: bytes = b""
    """Request content, sent as it is."""
    reviewed: str = ""
    """Why a reviewer is sure that this POST changes nothing; a POST without it must not be sent."""
    max_bytes: int = 262_144
    """Largest response body that is read; the rest is cut and the answer marked truncated."""
    timeout_s: float = 10.0
    """Seconds from the connection's start to the end of the answer."""


@value
class TcpStep:
    """One step of a scripted TCP exchange: send, then read."""

    send: bytes = b""
    """Bytes to send; empty: nothing is sent."""
    read: int = 0
    """Most bytes to read afterwards; 0: go on at once."""


@value
class TcpAsk:
    """One scripted exchange on one TCP connection.

    A read is over when its bytes are there, the server closes, or nothing new comes for `quiet_s`; a read without any byte is
    an empty read and no failure. When the server closes in the middle, the remaining steps are left out.
    """

    kind: Literal["tcp"] = "tcp"
    """Discriminator among asks."""
    tls: bool = False
    """True: inside TLS, with the end point's host as server name; the certificate is not checked."""
    steps: tuple[TcpStep, ...] = ()
    """In order; empty: the server speaks first."""
    read: int = 1024
    """Most bytes of the last read, which follows the steps."""
    read_all: bool = False
    """True: the last read goes on to the server's close or silence, up to `max_bytes`."""
    max_bytes: int = 65_536
    """Most bytes that are read altogether."""
    quiet_s: float = 2.0
    """Seconds of silence that end a read."""
    timeout_s: float = 10.0
    """Seconds from the connection's start to the end of the exchange."""


@value
class DnsAsk:
    """One DNS query (RFC 1035), sent to the end point and to nobody else."""

    kind: Literal["dns"] = "dns"
    """Discriminator among asks."""
    name: str
    """Domain name, ASCII, without a trailing dot; at most 253 characters."""
    type: DnsType = "A"
    """Record type."""
    dns_class: Literal["IN", "CH"] = "IN"
    """Record class; CH serves names such as version.bind."""
    recursion: bool = True
    """RD bit."""
    transport: Literal["udp", "tcp"] = "udp"
    """How it is sent. A truncated UDP answer is an answer; asking again over TCP is another ask."""
    tries: int = 1
    """How often it is sent at most before there is no answer."""
    timeout_s: float = 5.0
    """Seconds that one try waits."""


@value
class TlsAsk:
    """One TLS handshake, after which the connection is closed. Nothing is verified; the certificates are only taken."""

    kind: Literal["tls"] = "tls"
    """Discriminator among asks."""
    server_name: str = ""
    """Server name that is sent (RFC 6066, section 3); empty: the end point's host, and none when that is an address."""
    min_version: TlsVersion = ""
    """Lowest version that is offered."""
    max_version: TlsVersion = ""
    """Highest version that is offered."""
    ciphers: tuple[str, ...] = ()
    """Cipher suites that are offered, by their IANA names; empty: those of the library."""
    timeout_s: float = 10.0
    """Seconds from the connection's start to the end of the handshake."""


class NoAnswerReason(StrEnum):
    """Why there is no answer. None of these is ever a match (template semantics 15)."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    RESET = "reset"
    TLS = "tls"
    NOT_HTTP = "not-http"
    NOT_DNS = "not-dns"
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
class TcpAnswer:
    """What a TCP server said. A connection that was made is an answer, also when nothing was said."""

    kind: Literal["tcp"] = "tcp"
    """Discriminator among answers."""
    reads: tuple[bytes, ...] = ()
    """What each step read, in order, empty for steps that read nothing; shorter than the steps when the server closed early."""
    data: bytes = b""
    """What the last read brought."""
    truncated: bool = False
    """True: the server was still speaking when the last read had all its bytes."""


@value
class DnsRecord:
    """One resource record in presentation form (RFC 1035, section 5)."""

    name: str
    """Owner name, without the trailing dot of the root."""
    ttl: int
    """Seconds."""
    dns_class: str
    """Class, such as IN."""
    type: str
    """Type, such as A or TYPE65280."""
    data: str
    """Presentation form of the record's data, at most 4,096 characters."""


@value
class DnsAnswer:
    """What a name server sent back."""

    kind: Literal["dns"] = "dns"
    """Discriminator among answers."""
    rcode: int
    """Response code (RFC 6895, section 2.3): 0 NOERROR, 3 NXDOMAIN, 5 REFUSED."""
    flags: tuple[str, ...] = ()
    """Names of the bits that are set, lower case: qr aa tc rd ra ad cd."""
    question: tuple[str, ...] = ()
    """Question section as `name class type`, as the server repeated it."""
    answer: tuple[DnsRecord, ...] = ()
    """Answer section, at most 100 records."""
    authority: tuple[DnsRecord, ...] = ()
    """Authority section, at most 100 records."""
    additional: tuple[DnsRecord, ...] = ()
    """Additional section, at most 100 records, without OPT."""
    truncated: bool = False
    """True: the server had more to say (TC bit, or a section was cut)."""


@value
class TlsAnswer:
    """What a completed handshake showed."""

    kind: Literal["tls"] = "tls"
    """Discriminator among answers."""
    version: TlsVersion
    """Version that was agreed."""
    cipher: str
    """Cipher suite that was agreed, by its IANA name."""
    certificates: tuple[bytes, ...] = ()
    """Certificates in DER as sent, the server's own first; at most 10."""
    server_name: str = ""
    """Server name that was sent; empty: none."""
    at: int
    """When, in seconds since 1970: whether a certificate had expired is judged by this and not by the judge's clock."""


@value
class NoAnswer:
    """How an exchange failed."""

    kind: Literal["none"] = "none"
    """Discriminator among answers."""
    reason: NoAnswerReason
    """Class of the failure."""
    detail: str = ""
    """The system's words, for the report."""


WebAnswer: TypeAlias = HttpAnswer | NoAnswer
"""What can become of an `HttpAsk`."""
Ask: TypeAlias = HttpAsk | TcpAsk | DnsAsk | TlsAsk
"""Every kind of ask."""
Answer: TypeAlias = HttpAnswer | TcpAnswer | DnsAnswer | TlsAnswer | NoAnswer
"""Every kind of answer."""
Endpoint: TypeAlias = WebEndpoint | ServiceEndpoint | DnsEndpoint
"""Every kind of end point."""


def _endpoint_kind(data: object) -> str:
    """Records from before there were several kinds of end points name none; they are about web servers."""
    return str(data.get("kind", "web") if isinstance(data, Mapping) else getattr(data, "kind", "web"))


AnyAsk: TypeAlias = Annotated[Ask, Discriminator("kind")]
"""Type by which a stored ask is read."""
AnyAnswer: TypeAlias = Annotated[Answer, Discriminator("kind")]
"""Type by which a stored answer is read."""
AnyEndpoint: TypeAlias = Annotated[
    Annotated[WebEndpoint, Tag("web")]
    | Annotated[ServiceEndpoint, Tag("service")]
    | Annotated[DnsEndpoint, Tag("dns")],
    Discriminator(_endpoint_kind),
]
"""Type by which a stored end point is read."""
