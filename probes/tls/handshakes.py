"""Handshakes with nassl: one per protocol version, and a second one where a client certificate is asked for. Child process only."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from enum import Enum, auto
from typing import Literal

import re2
from nassl._nassl import OpenSSLError
from nassl.ephemeral_key_info import DhEphemeralKeyInfo, OpenSslEcNidEnum, OpenSslEvpPkeyEnum
from nassl.legacy_ssl_client import LegacySslClient
from nassl.ssl_client import (
    ClientCertificateRequested,
    ExtendedMasterSecretSupportEnum,
    OpenSslDigestNidEnum,
    OpenSslVerifyEnum,
    OpenSslVersionEnum,
    SslClient,
)

from plugins.value import value
from probes.target import ClientAuth, StartTls, TlsVersion
from probes.tls.starttls import ASK_INSIDE, Dialogue, StartTlsError
from probes.tls.wall import Lane
from probes.tls.wire import Job
from probes.transcript import printable

CERTIFICATES = 10
"""Most certificates of one chain that are kept."""
CERTIFICATE_CHARACTERS = 65_536
"""Longest PEM that is kept."""
STAPLE_BYTES = 65_536
"""Longest OCSP response that is kept."""
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
_PSS = OpenSslEvpPkeyEnum.RSA_PSS
_SIGNATURES = {
    "RSA": [
        (OpenSslDigestNidEnum.SHA256, _PSS),
        (OpenSslDigestNidEnum.SHA384, _PSS),
        (OpenSslDigestNidEnum.SHA256, OpenSslEvpPkeyEnum.RSA),
    ],
    "ECDSA": [
        (OpenSslDigestNidEnum.SHA256, OpenSslEvpPkeyEnum.EC),
        (OpenSslDigestNidEnum.SHA384, OpenSslEvpPkeyEnum.EC),
    ],
}
_GROUPS = [
    OpenSslEcNidEnum.X25519,
    OpenSslEcNidEnum.SECP256R1,
    OpenSslEcNidEnum.SECP384R1,
    OpenSslEcNidEnum.SECP521R1,
    OpenSslEcNidEnum.SECP224R1,
    OpenSslEcNidEnum.SECP256K1,
    OpenSslEcNidEnum.SECP192R1,
]
"""A server with an odd curve in its certificate speaks only to clients that name the curve (RFC 8422, section 5.1)."""
Demanded = Literal["", "handshake", "application"]
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
class Offer:
    """What one handshake offers."""

    version: TlsVersion
    """The only version."""
    legacy: bool = False
    """True: with the old OpenSSL, also where the new one knows the version."""
    suites: str = ""
    """Suites in OpenSSL's words; empty: everything that the library has."""
    named: bool = True
    """Whether the server's name is sent."""
    signatures: Literal["", "RSA", "ECDSA"] = ""
    """Only signatures of this kind (TLS 1.3, where suites do not choose the kind of certificate)."""
    fallback: bool = False
    """With TLS_FALLBACK_SCSV, as a client that was refused before (RFC 7507)."""

    @property
    def modern(self) -> bool:
        """Whether the newer OpenSSL makes it."""
        return self.version in _MODERN and not self.legacy


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
    suite: str = ""
    """Suite that it chose."""
    staple: bytes = b""
    """OCSP response that it sent."""
    dh_bits: int = 0
    """Size of the Diffie-Hellman group; 0: none was used."""
    extended_master_secret: bool | None = None
    """RFC 7627; None: not known."""
    secure_renegotiation: bool | None = None
    """RFC 5746; None: not known."""
    compression: bool | None = None
    """Whether compression was agreed; None: not known."""


def shake(lane: Lane, job: Job, offer: Offer) -> Shake:
    """Make one handshake; a request for a client certificate is told, not answered."""
    try:
        with _client(lane, job, offer, ignore=False) as client:
            asked = False
            try:
                client.do_handshake()
            except ClientCertificateRequested:
                asked = True
            return _shown(client, offer, asked=asked)
    except UnreachedError as error:
        return Shake(reaction=Reaction.UNREACHED, detail=str(error))
    except StartTlsError as error:
        return Shake(reaction=Reaction.REFUSED, detail=printable(str(error).encode(), 200))
    except (OpenSSLError, OSError) as error:
        return Shake(reaction=_reaction(error), detail=_words(error))


def _shown(client: SslClient | LegacySslClient, offer: Offer, *, asked: bool) -> Shake:
    key = client.get_ephemeral_key() if not asked else None
    old = client if isinstance(client, LegacySslClient) and not asked else None
    old = None if offer.version is TlsVersion.SSL_2_0 else old
    return Shake(
        reaction=Reaction.ACCEPTED,
        asked=asked,
        chain=_chain(client),
        suite=str(client.get_current_cipher_name() or "") if not asked else "",
        staple=_staple(client),
        dh_bits=key.size if isinstance(key, DhEphemeralKeyInfo) else 0,
        extended_master_secret=_master_secret(client, offer) if not asked else None,
        secure_renegotiation=bool(old.get_secure_renegotiation_support()) if old else None,
        compression=bool(old.get_current_compression_method()) if old else None,
    )


def _staple(client: SslClient | LegacySslClient) -> bytes:
    if not isinstance(client, SslClient):
        return b""
    try:
        response = client.get_tlsext_status_ocsp_resp()
        der: bytes = response.as_der_bytes() if response is not None else b""
    except (OpenSSLError, ValueError, TypeError, AttributeError):
        return b""
    return der if len(der) <= STAPLE_BYTES else b""


def _master_secret(client: SslClient | LegacySslClient, offer: Offer) -> bool | None:
    if not isinstance(client, SslClient) or offer.version is not TlsVersion.TLS_1_2:
        return None
    support = client.get_extended_master_secret_support()
    if support is ExtendedMasterSecretSupportEnum.UNKNOWN:
        return None
    return support is ExtendedMasterSecretSupportEnum.USED_IN_CURRENT_SESSION


def demand(lane: Lane, job: Job, offer: Offer) -> tuple[ClientAuth | None, Demanded]:
    """Tell whether a client certificate that was asked for is required, and where: go without one, and ask for a page."""
    try:
        with _client(lane, job, offer, ignore=True) as client:
            try:
                client.do_handshake()
                if not (question := _request(job)):
                    return None, ""
                client.write(question)
                return _demand_by_answer(job, _answer(client))
            except ClientCertificateRequested:
                return ClientAuth.REQUIRED, "handshake"
    except (UnreachedError, StartTlsError):
        return None, ""
    except (OpenSSLError, OSError) as error:
        refused = _reaction(error) in {Reaction.REFUSED, Reaction.DROPPED}
        return (ClientAuth.REQUIRED, "handshake") if refused else (None, "")


class UnreachedError(Exception):
    """No connection was made."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


@contextlib.contextmanager
def _client(lane: Lane, job: Job, offer: Offer, *, ignore: bool) -> Iterator[SslClient | LegacySslClient]:
    client = (SslClient if offer.modern else LegacySslClient)(
        ssl_version=OPENSSL_VERSIONS[offer.version],
        ssl_verify=OpenSslVerifyEnum.NONE,
        ignore_client_authentication_requests=ignore,
    )
    _offer(client, job, offer)
    try:
        connection = lane.connect(job.address, job.port)
    except OSError as error:
        raise UnreachedError(_words(error)) from None
    try:
        Dialogue(job.starttls, connection, job.server_name).begin()
        client.set_underlying_socket(connection)  # type: ignore[arg-type]  # nassl calls send, recv and close only
        yield client
    finally:
        connection.close()


def _offer(client: SslClient | LegacySslClient, job: Job, offer: Offer) -> None:
    if offer.version is not TlsVersion.TLS_1_3:
        weakest = ":@SECLEVEL=0" if offer.modern else ""
        suites = "SSLv2" if offer.version is TlsVersion.SSL_2_0 else offer.suites or "ALL:COMPLEMENTOFALL"
        client.set_cipher_list(f"{suites}{weakest}")
    if offer.named and offer.version is not TlsVersion.SSL_2_0 and not is_address(job.server_name):
        client.set_tlsext_host_name(job.server_name)
    if isinstance(client, SslClient):
        client.set_tlsext_status_ocsp()
        if offer.version is TlsVersion.TLS_1_2:
            client.set_groups(_GROUPS)
        if offer.signatures:
            client.set_signature_algorithms(_SIGNATURES[offer.signatures])
    elif offer.fallback:
        client.enable_fallback_scsv()


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
    """Give the one harmless question that is asked inside of TLS; empty where there is none."""
    if job.starttls is not StartTls.NONE:
        return ASK_INSIDE.get(job.starttls, b"")
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


def _demand_by_answer(job: Job, answer: bytes) -> tuple[ClientAuth | None, Demanded]:
    """Read the answer: 495 and 496 are nginx's own, the others say in words that a certificate is missing."""
    if job.starttls is not StartTls.NONE:
        return (ClientAuth.OPTIONAL if answer else None), ""
    match = _STATUS.search(answer)
    if not match:
        return None, ""
    status = int(match[1])
    missing = status in {400, 401, 403} and b"certificate" in answer.lower()
    if missing or status in {495, 496}:
        return ClientAuth.REQUIRED, "application"
    return ClientAuth.OPTIONAL, ""
