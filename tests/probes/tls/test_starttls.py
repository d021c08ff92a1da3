"""STARTTLS over real sockets: each protocol's dialogue leads to TLS, and what is no go-ahead is told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.observation import Ending, ItemEnded, Observation
from probes.target import ClientAuth, Item, Role, Scope, StartTls, Target, TlsEndpoint, TlsVersion
from probes.tls.facts import TlsSeen
from probes.tls.judge import judge
from probes.tls.look import look
from probes.tls.starttls import ANSWER_BYTES, Dialogue, StartTlsError
from tests.probes.scene import dialer_for, recorder
from tests.tls.mint import DAY, NOW, authority, leaf, root
from tests.tls.serving import Listeners

HOST = "127.45.0.6"
ROOT = root()
MIDDLE = authority(ROOT, end=NOW + 5 * DAY)
LEAF = leaf(MIDDLE, end=NOW + 5 * DAY)
Step = tuple[bytes, bytes]
"""What is awaited (a piece of it), and what is answered."""
SCRIPTS: dict[StartTls, tuple[bytes, tuple[Step, ...]]] = {
    StartTls.SMTP: (
        b"220-mail.shop.example\r\n220 ESMTP\r\n",
        ((b"EHLO", b"250-mail\r\n250-SIZE 1\r\n250 STARTTLS\r\n"), (b"STARTTLS", b"220 go ahead\r\n")),
    ),
    StartTls.IMAP: (b"* OK IMAP4rev1\r\n", ((b"STARTTLS", b"* OK more\r\na1 OK begin\r\n"),)),
    StartTls.POP3: (b"+OK POP3\r\n", ((b"STLS", b"+OK begin\r\n"),)),
    StartTls.FTP: (b"220 FTP\r\n", ((b"AUTH TLS", b"234 go\r\n"),)),
    StartTls.XMPP: (
        b"",
        (
            (
                b"to='shop.example'>",
                b"<stream:stream><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>",
            ),
            (b"<starttls", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        ),
    ),
    StartTls.POSTGRES: (b"", ((b"\x04\xd2\x16\x2f", b"S"),)),
    StartTls.LDAP: (b"", ((b"1.3.6.1.4.1.1466.20037", bytes.fromhex("300c02010178070a010004000400")),)),
}
INSIDE = {
    StartTls.SMTP: b"250 ok\r\n",
    StartTls.IMAP: b"a2 OK\r\n",
    StartTls.POP3: b"+OK\r\n",
    StartTls.FTP: b"200 ok\r\n",
}


def serving(protocol: StartTls, context: ssl.SSLContext) -> Callable[[socket.socket], None]:
    greeting, steps = SCRIPTS[protocol]

    def answer(connection: socket.socket) -> None:
        connection.sendall(greeting)
        for awaited, said in steps:
            heard = b""
            while awaited not in heard:
                data = connection.recv(4096)
                if not data:
                    return
                heard += data
            connection.sendall(said)
        with context.wrap_socket(connection, server_side=True) as inside:
            inside.recv(4096)
            inside.sendall(INSIDE.get(protocol, b"ok\r\n"))

    return answer


def endpoint(port: int, protocol: StartTls) -> TlsEndpoint:
    return TlsEndpoint(
        port=port,
        server_name="shop.example",
        versions=(TlsVersion.TLS_1_2, TlsVersion.TLS_1_3),
        client_auth=ClientAuth.NONE,
        names=("shop.example",),
        starttls=protocol,
    )


def scope(ends: tuple[TlsEndpoint, ...]) -> Scope:
    target = Target(name="mail", role=Role.MAIL, addresses=(HOST,), tls=ends)
    return Scope(target=target, items=(Item.TLS,), tcp_ports=(), anchors=(ROOT.pem,))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, TlsEndpoint], list[Observation]]]:
    folder: Path = tmp_path_factory.mktemp("starttls")
    (folder / "chain.pem").write_text(LEAF.pem + MIDDLE.pem)
    (folder / "key.pem").write_bytes(LEAF.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    listeners = Listeners()
    ends = {one.value: endpoint(listeners.listen(HOST, serving(one, context)), one) for one in SCRIPTS}
    wrong = listeners.listen(HOST, lambda connection: connection.sendall(b"554 no\r\n"))
    ends["refusing"] = endpoint(wrong, StartTls.SMTP)
    listeners.start()
    notes = recorder()
    asyncio.run(look(scope(tuple(ends.values())), dialer_for(), notes, None))
    notes.saw(Item.TLS, ItemEnded(ending=Ending.FINISHED))
    yield ends, notes.observations
    listeners.close()


@pytest.mark.parametrize("protocol", SCRIPTS, ids=str)
def test_tls_is_reached_and_judged(protocol: StartTls, scene: tuple[dict[str, TlsEndpoint], list[Observation]]) -> None:
    ends, observations = scene
    end = ends[protocol.value]
    (seen,) = [e.fact for e in observations if isinstance(e.fact, TlsSeen) and e.fact.port == end.port]
    assert [len(chain) for chain in seen.chains] == [2]
    assert [finding.title.en for finding in judge(scope((end,)), observations, None).findings] == []


def test_a_refusal_before_tls_is_a_protocol_that_does_not_work(
    scene: tuple[dict[str, TlsEndpoint], list[Observation]],
) -> None:
    ends, observations = scene
    (finding,) = judge(scope((ends["refusing"],)), observations, None).findings
    assert finding.rule == "tls.protocol-fails"
    assert "554 no" in finding.seen


class Script:
    """A server that says what it was told to, in pieces."""

    def __init__(self, said: bytes, piece: int) -> None:
        self._said, self._piece = said, piece
        self.heard = b""

    def send(self, data: bytes) -> int:
        self.heard += data
        return len(data)

    def recv(self, size: int) -> bytes:
        taken, self._said = self._said[: min(size, self._piece)], self._said[min(size, self._piece) :]
        return taken


@settings(max_examples=300)
@given(
    st.sampled_from([one for one in StartTls if one is not StartTls.NONE]), st.binary(max_size=200), st.integers(1, 50)
)
def test_whatever_a_server_says_it_ends(protocol: StartTls, said: bytes, piece: int) -> None:
    server = Script(said, piece)
    with contextlib.suppress(StartTlsError):
        Dialogue(protocol, server, "shop.example").begin()
    assert b"AUTH PLAIN" not in server.heard


def test_an_endless_greeting_is_cut_off() -> None:
    server = Script(b"220-more\r\n" * 10_000, 4096)
    with pytest.raises(StartTlsError):
        Dialogue(StartTls.SMTP, server, "shop.example").begin()
    assert ANSWER_BYTES < 50_000


def test_bytes_behind_the_go_ahead_are_not_taken_for_tls() -> None:
    server = Script(b"S\x15\x03\x01", 100)
    with pytest.raises(StartTlsError):
        Dialogue(StartTls.POSTGRES, server, "shop.example").begin()
