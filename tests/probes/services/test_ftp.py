"""How FTP servers let users in: asked in words, never with a password."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from probes.services.facts import Anonymous
from probes.services.ftp import anonymous, look_at
from tests.probes.scene import dialer_for
from tests.servers import zoo

HOST = "127.42.1.1"


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        (b"230 Anonymous user logged in\r\n", Anonymous.LET_IN),
        (b"331 Anonymous login ok, send your complete email address as your password\r\n", Anonymous.INVITED),
        (b"331 Guest login ok\r\n", Anonymous.INVITED),
        (b"331 Password required for anonymous\r\n", Anonymous.UNKNOWN),
        (b"331 Please specify the password.\r\n", Anonymous.UNKNOWN),
        (b"530 This FTP server does not allow anonymous logins.\r\n", Anonymous.REFUSED),
        (b"421 Service not available.\r\n", Anonymous.REFUSED),
        (b"", Anonymous.UNKNOWN),
        (b"what?\r\n", Anonymous.UNKNOWN),
    ],
)
def test_what_a_guest_is_told(reply: bytes, meaning: Anonymous) -> None:
    assert anonymous(reply) is meaning


def speaking(replies: dict[bytes, bytes], heard: list[bytes]) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        connection.sendall(b"220-hello\r\n220 there\r\n")
        for line in connection.makefile("rb"):
            heard.append(line)
            connection.sendall(replies.get(line.strip(), b"500 what?\r\n"))

    return speak


FEATURES = b"211-Features:\r\n SIZE\r\n AUTH TLS\r\n211 End\r\n"


@pytest.mark.parametrize(
    ("replies", "tls"),
    [
        ({b"FEAT": FEATURES}, True),
        ({b"FEAT": b"530 log in first\r\n", b"AUTH TLS": b"234 go on\r\n"}, True),
        ({}, False),
    ],
)
async def test_tls_is_offered_by_feature_or_by_answer(replies: dict[bytes, bytes], tls: bool) -> None:
    heard: list[bytes] = []
    with zoo.serving(speaking({b"USER anonymous": b"530 no\r\n", **replies}, heard), HOST) as port:
        dialer = dialer_for()
        fact, transcripts = await look_at(dialer, HOST, port, 2.0)
    assert (fact.anonymous, fact.tls) == (Anonymous.REFUSED, tls)
    assert not any(line.startswith(b"PASS") for line in heard)
    assert (dialer.tally.connections, len(transcripts)) == (1, 1)


@pytest.mark.parametrize("manner", [zoo.hang, zoo.slam, zoo.reset, zoo.endless, zoo.drip, zoo.garbage])
async def test_a_hostile_server_is_unknown_in_bounded_time(manner: zoo.Manner) -> None:
    started = time.monotonic()
    with zoo.serving(manner, HOST) as port:
        fact, _ = await look_at(dialer_for(), HOST, port, 0.3)
    assert fact.anonymous is Anonymous.UNKNOWN
    assert fact.tls is not True
    assert time.monotonic() - started < 3
