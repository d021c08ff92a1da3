"""One TLS handshake with what an ask offers: version, suite and chain as they were, and a refusal is the server's alone."""

from __future__ import annotations

import contextlib
import socket
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from plugins.ask import NoAnswer, NoAnswerReason, ServiceEndpoint, TlsAnswer, TlsAsk
from probes import handshake
from probes.handshake import iana_name
from tests.pki import Pki
from tests.probes.holes.web import says, serving
from tests.probes.scene import dialer_for
from tests.servers import zoo

HOST = "127.44.1.3"
LEAF = Pki().leaf(None)


def context(folder: Path, at_most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*LEAF.write(folder, "shop"))
    made.maximum_version = at_most
    return made


async def asked(tmp_path: Path, ask: TlsAsk, at_most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> object:
    async with serving(says(b""), HOST, context(tmp_path, at_most)) as web:
        endpoint = ServiceEndpoint(address=HOST, port=web.endpoint.port, host="shop.example")
        answer, _ = await handshake.exchange(dialer_for(), endpoint, ask)
        return answer


async def test_what_was_agreed_is_told(tmp_path: Path) -> None:
    answer = await asked(tmp_path, TlsAsk())
    assert isinstance(answer, TlsAnswer)
    assert (answer.version, answer.server_name) == ("tls13", "shop.example")
    assert answer.cipher.startswith("TLS_")
    assert answer.certificates[0] == LEAF.certificate.public_bytes(Encoding.DER)
    assert answer.at > 0


async def test_versions_and_suites_are_offered_as_asked(tmp_path: Path) -> None:
    older = await asked(tmp_path, TlsAsk(max_version="tls12"))
    assert isinstance(older, TlsAnswer)
    assert older.version == "tls12"
    suite = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    chosen = await asked(tmp_path, TlsAsk(ciphers=(suite,)))
    assert isinstance(chosen, TlsAnswer)
    assert (chosen.version, chosen.cipher) == ("tls12", suite)


async def test_a_refusal_is_the_servers(tmp_path: Path) -> None:
    server = context(tmp_path, ssl.TLSVersion.TLSv1_2)

    def shake(connection: socket.socket) -> None:
        with contextlib.suppress(ssl.SSLError):
            server.wrap_socket(connection, server_side=True)
        connection.recv(1)  # until the client has heard why

    with zoo.serving(shake, HOST) as port:
        endpoint = ServiceEndpoint(address=HOST, port=port, host="shop.example")
        refused, _ = await handshake.exchange(dialer_for(), endpoint, TlsAsk(min_version="tls13"))
    assert isinstance(refused, NoAnswer)
    assert refused.reason is NoAnswerReason.TLS


@pytest.mark.parametrize("ask", [TlsAsk(max_version="ssl30"), TlsAsk(ciphers=("TLS_RSA_EXPORT_WITH_RC4_40_MD5",))])
async def test_what_we_cannot_offer_is_not_the_servers_refusal(tmp_path: Path, ask: TlsAsk) -> None:
    answer = await asked(tmp_path, ask)
    assert isinstance(answer, NoAnswer)
    assert answer.reason is NoAnswerReason.CUT_OFF
    assert "this machine's TLS library cannot offer" in answer.detail


@pytest.mark.parametrize(
    ("openssl", "iana"),
    [
        ("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
        ("ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
        ("DHE-RSA-AES256-SHA256", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
        ("AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"),
        ("DES-CBC3-SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
        ("RC4-MD5", "TLS_RSA_WITH_RC4_128_MD5"),
        ("ADH-AES128-SHA", "TLS_DH_anon_WITH_AES_128_CBC_SHA"),
        ("NULL-SHA256", "TLS_RSA_WITH_NULL_SHA256"),
        ("CAMELLIA256-SHA", "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA"),
        ("ECDHE-ECDSA-AES128-CCM8", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
        ("ECDHE-RSA-AES128-SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
        ("PSK-AES128-GCM-SHA256", "TLS_PSK_WITH_AES_128_GCM_SHA256"),
        ("", ""),
    ],
)
def test_names_of_suites(openssl: str, iana: str) -> None:
    assert iana_name(openssl) == iana
