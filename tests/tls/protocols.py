"""Protocol defects: servers that speak TLS in one wrong way, by tlslite-ng, which speaks what OpenSSL no longer does."""

from __future__ import annotations

import contextlib
import socket
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from probes.target import TlsVersion as V
from tests.tls.mint import Holder
from tests.tls.serving import PAGE, Answer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports asyncore, which it does not use here
    from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey

# RFC 2409, group 2: 1024 bits.
GROUP_1024 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)
OLD = (V.TLS_1_0, V.TLS_1_1, V.TLS_1_2)


@dataclass(frozen=True)
class Protocol:
    """One server, what it really speaks, and what has to be said of it when it was declared so."""

    name: str
    speaks: tuple[V, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    weak: tuple[str, ...] = ()
    """Pieces of the titles of `tls.weak-session`."""
    anonymous: bool = False


PROTOCOLS = (
    Protocol("sslv3-only", (V.SSL_3_0,), {"minVersion": (3, 0), "maxVersion": (3, 0)}),
    Protocol("tls10-only", (V.TLS_1_0,), {"minVersion": (3, 1), "maxVersion": (3, 1)}),
    Protocol("tls11-only", (V.TLS_1_1,), {"minVersion": (3, 2), "maxVersion": (3, 2)}),
    Protocol("tls12-only", (V.TLS_1_2,), {"minVersion": (3, 3), "maxVersion": (3, 3)}),
    Protocol("tls13-only", (V.TLS_1_3,), {"minVersion": (3, 4), "maxVersion": (3, 4)}),
    Protocol("sslv3-to-tls12", (V.SSL_3_0, *OLD), {"minVersion": (3, 0), "maxVersion": (3, 3)}),
    Protocol("rc4", OLD, {"cipherNames": ["rc4"], "macNames": ["sha", "md5"]}, ("RC4",)),
    Protocol("3des", OLD, {"cipherNames": ["3des"]}, ("DES",)),
    Protocol("null", OLD, {"cipherNames": ["null"], "macNames": ["sha", "md5"]}, ("NULL",)),
    Protocol("dh1024", OLD, {"keyExchangeNames": ["dhe_rsa"], "dhParams": (2, GROUP_1024)}, ("1024 bits",)),
    Protocol("no-forward-secrecy", OLD, {"keyExchangeNames": ["rsa"]}, ("forward secrecy",)),
    Protocol("no-master-secret", OLD, {"useExtendedMasterSecret": False}, ("extended master secret",)),
    Protocol("anonymous", OLD, {}, ("ADH",), anonymous=True),
)
ALL_VERSIONS = ((3, 3), (3, 2), (3, 1), (3, 0))
MODERN_SUITES = {"aes256gcm", "aes128gcm", "aes256", "aes128"}


def settings_of(protocol: Protocol) -> HandshakeSettings:
    """Give tlslite's settings: everything modern but what the defect changes."""
    settings = HandshakeSettings()
    settings.minKeySize = 512
    settings.minVersion, settings.maxVersion = (3, 1), (3, 3)
    settings.cipherNames = ["aes256gcm", "aes128gcm", "aes256", "aes128"]
    for name, setting in protocol.settings.items():
        setattr(settings, name, setting)
    # Clients that send supported_versions would get any version of this list (RFC 8446, section 4.2.1).
    if settings.maxVersion < (3, 4):
        settings.versions = [one for one in ALL_VERSIONS if settings.minVersion <= one <= settings.maxVersion]
    return settings


def speaking(protocol: Protocol, leaf: Holder, chain: list[Holder]) -> Answer:
    """Make a server of one protocol defect."""
    certificates = X509CertChain()
    certificates.parsePemList("".join(holder.pem for holder in chain))
    key = parsePEMKey(leaf.key_pem.decode(), private=True)

    def answer(connection: socket.socket) -> None:
        with contextlib.suppress(Exception):
            session = TLSConnection(connection)
            if protocol.anonymous:
                session.handshakeServer(anon=True, settings=settings_of(protocol))
            else:
                session.handshakeServer(certChain=certificates, privateKey=key, settings=settings_of(protocol))
            session.recv(1000)
            session.sendall(PAGE)
            session.close()

    return answer


def plain_http(connection: socket.socket) -> None:
    """A web server without TLS on the port."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def silent_close(connection: socket.socket) -> None:
    """Hang up without a word."""
    connection.recv(4096)


def stalled(connection: socket.socket) -> None:
    """Take the hello and say nothing."""
    connection.recv(4096)
    time.sleep(4)  # stalling is what is tested


def sslv2(connection: socket.socket) -> None:
    """Answer an SSLv2 ClientHello with an SSLv2 ServerHello that has no certificate worth the name; refuse everything else."""
    hello = connection.recv(4096)
    if len(hello) > 4 and hello[0] & 0x80 and hello[2] == 1:
        suites = bytes.fromhex("010080")
        body = (
            b"\x04\x00\x01\x00\x02" + (0).to_bytes(2, "big") + len(suites).to_bytes(2, "big") + (16).to_bytes(2, "big")
        )
        body += suites + b"\x00" * 16
        connection.sendall((0x8000 | len(body)).to_bytes(2, "big") + body)
        connection.recv(4096)
    else:
        connection.sendall(bytes.fromhex("15030100020228"))


RAW: dict[str, Callable[[socket.socket], None]] = {
    "plain-http": plain_http,
    "silent-close": silent_close,
    "stalled": stalled,
    "sslv2": sslv2,
}
