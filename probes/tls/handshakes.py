"""Handshakes with nassl: one per protocol version, and a second one where a client certificate is asked for. Child process only."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from enum import Enum, auto

import re2
from nassl._nassl import OpenSSLError
from nassl.legacy_ssl_client import LegacySslClient
from nassl.ssl_client import ClientCertificateRequested, OpenSslVerifyEnum, OpenSslVersionEnum, SslClient

from plugins.value import value
from probes.target import ClientAuth, TlsVersion
from probes.tls.wall import Lane
from probes.tls.wire import Job
from probes.transcript import printable

CERTIFICATES = 10
"""Most certificates of one chain that are kept."""
CERTIFICATE_CHARACTERS = 65_536
"""Longest PEM that is kept."""
ANSWER_BYTES = 4096
"""Most bytes of an HTTP answer that are read."""

OPENSSL_VERSIONS = {
    TlsVersion.SSL_2_0: OpenSslVersionEnum.SSLV2,
    TlsVersion.SSL_3_0: OpenSslVersionEnum.SSLV3,
    TlsVersion.TLS_1_0: OpenSslVersionEnum.TLSV1,
    TlsVersion.TLS_1_1: OpenSslVersionEnum.TLSV1_1,
    TlsVersion.TLS_1_2: OpenSslVersionEnum.TLSV1_2,
    TlsVersion.TLS_1_3: OpenSslVersionEnum.TLSV1_3,
}
_MODERN = {TlsVersion.TLS_1_2, TlsVersion.TLS_1_3}
_REFUSALS = (
    "alert",
    "wrong version number",
    "wrong ssl version",
    "unsupported protocol",
    "unknown protocol",
    "http request",
    "https proxy request",
)
_STATUS = re2.compile(rb"^HTTP/1\.[01] (\d\d\d)")


class Reaction(Enum):
    """What a server did with a handshake."""

    ACCEPTED = auto()
    REFUSED = auto()
    """It said no, or something that is not TLS."""
    DROPPED = auto()
    """It closed or reset the connection without a word."""
    SILENT = auto()
    """It did not answer in time."""
    UNREACHED = auto()
    """No connection was made."""
    UNCLEAR = auto()
    """Our own library gave up for a reason that says nothing about the server."""


@value
class Shake:
    """One handshake."""

    reaction: Reaction
    """What the server did."""
    asked: bool = False
    """True: it asked for a client certificate."""
    chain: tuple[str, ...] = ()
    """Certificates that it sent, PEM, leaf first."""
    detail: str = ""
    """Why it was not accepted."""


def shake(lane: Lane, job: Job, version: TlsVersion, *, legacy: bool = False) -> Shake:
    """Offer one version, alone; a request for a client certificate is told, not answered."""
    try:
        with _client(lane, job, version, legacy=legacy, ignore=False) as client:
            asked = False
            try:
                client.do_handshake()
            except ClientCertificateRequested:
                asked = True
            return Shake(reaction=Reaction.ACCEPTED, asked=asked, chain=_chain(client))
    except UnreachedError as error:
        return Shake(reaction=Reaction.UNREACHED, detail=str(error))
    except (OpenSSLError, OSError) as error:
        return Shake(reaction=_reaction(error), detail=_words(error))


def demand(lane: Lane, job: Job, version: TlsVersion, *, legacy: bool = False) -> ClientAuth | None:
    """Tell whether a client certificate that was asked for is required: go without one, and ask for a page."""
    try:
        with _client(lane, job, version, legacy=legacy, ignore=True) as client:
            try:
                client.do_handshake()
                client.write(_request(job))
                return _demand_by_answer(_answer(client))
            except ClientCertificateRequested:
                return ClientAuth.REQUIRED
    except UnreachedError:
        return None
    except (OpenSSLError, OSError) as error:
        refused = _reaction(error) in {Reaction.REFUSED, Reaction.DROPPED}
        return ClientAuth.REQUIRED if refused else None


class UnreachedError(Exception):
    """No connection was made."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


@contextlib.contextmanager
def _client(
    lane: Lane, job: Job, version: TlsVersion, *, legacy: bool, ignore: bool
) -> Iterator[SslClient | LegacySslClient]:
    kind = SslClient if version in _MODERN and not legacy else LegacySslClient
    client = kind(
        ssl_version=OPENSSL_VERSIONS[version],
        ssl_verify=OpenSslVerifyEnum.NONE,
        ignore_client_authentication_requests=ignore,
    )
    if version is not TlsVersion.TLS_1_3:
        weakest = ":@SECLEVEL=0" if kind is SslClient else ""
        client.set_cipher_list("SSLv2" if version is TlsVersion.SSL_2_0 else f"ALL:COMPLEMENTOFALL{weakest}")
    if version is not TlsVersion.SSL_2_0 and not is_address(job.server_name):
        client.set_tlsext_host_name(job.server_name)
    try:
        connection = lane.connect(job.address, job.port)
    except OSError as error:
        raise UnreachedError(_words(error)) from None
    client.set_underlying_socket(connection)  # type: ignore[arg-type]  # nassl calls send, recv and close only
    try:
        yield client
    finally:
        connection.close()


def is_address(name: str) -> bool:
    """Tell whether a server name is an address, which SNI cannot carry (RFC 6066, section 3)."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _reaction(error: Exception) -> Reaction:
    if isinstance(error, TimeoutError):
        return Reaction.SILENT
    if isinstance(error, ConnectionError) or "peer did not send data back" in str(error) or "peer closed" in str(error):
        return Reaction.DROPPED
    said_no = isinstance(error, OpenSSLError) and any(word in str(error).lower() for word in _REFUSALS)
    return Reaction.REFUSED if said_no else Reaction.UNCLEAR


def _words(error: Exception) -> str:
    return printable(f"{type(error).__name__}: {error}".encode(), 200)


def _chain(client: SslClient | LegacySslClient) -> tuple[str, ...]:
    """Give the certificates that were sent; anonymous suites send none."""
    try:
        received = client.get_received_chain()
    except (ValueError, TypeError, OpenSSLError):
        return ()
    return kept_chain(received)


def kept_chain(received: list[str]) -> tuple[str, ...]:
    """Cut a chain to what is kept."""
    return tuple(pem for pem in received[:CERTIFICATES] if len(pem) <= CERTIFICATE_CHARACTERS)


def _request(job: Job) -> bytes:
    host = f"[{job.server_name}]" if ":" in job.server_name else job.server_name
    lines = ("GET / HTTP/1.1", f"Host: {host}:{job.port}", f"User-Agent: {job.agent}", "Connection: close", "", "")
    return "\r\n".join(lines).encode("ascii", "replace")


def _answer(client: SslClient | LegacySslClient) -> bytes:
    """Read the answer; what came before a failure counts, a failure before anything came is the answer."""
    answer = b""
    while len(answer) < ANSWER_BYTES:
        try:
            answer += client.read(ANSWER_BYTES)
        except (OpenSSLError, OSError):
            if answer:
                break
            raise
    return answer


def _demand_by_answer(answer: bytes) -> ClientAuth | None:
    """Read the page: 495 and 496 are nginx's own, the others say in words that a certificate is missing."""
    match = _STATUS.search(answer)
    if not match:
        return None
    status = int(match[1])
    missing = status in {400, 401, 403} and b"certificate" in answer.lower()
    return ClientAuth.REQUIRED if missing or status in {495, 496} else ClientAuth.OPTIONAL
