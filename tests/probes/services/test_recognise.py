"""Services are known by what they say, and only by that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.services.prompts import PROMPTS, prompts_for, recognise_rpc
from probes.services.recognise import GREETING_220, greeting, is_bad_request, is_refusal, is_tls_alert, reply_to_http

GREETINGS = (
    (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "ssh"),
    (b"220 (vsFTPd 3.0.3)\r\n", "ftp"),
    (b"220 ProFTPD Server (Debian) [::ffff:127.0.0.1]\r\n", "ftp"),
    (b"220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\r\n", "ftp"),
    (b"220 mail.example ESMTP Postfix (Debian/GNU)\r\n", "smtp"),
    (b"554 mail.example ESMTP not accepting messages\r\n", "smtp"),
    (b"220 welcome\r\n", GREETING_220),
    (b"+OK Dovecot (Debian) ready.\r\n", "pop3"),
    (b"* OK [CAPABILITY IMAP4rev1 SASL-IR] Dovecot ready.\r\n", "imap"),
    (b"* BYE disconnecting\r\n", "imap"),
    (b"\xff\xfd\x18\xff\xfd\x20", "telnet"),
    (b"Debian GNU/Linux 12\r\n\r\nhost login: ", "telnet"),
    (b"Y\x00\x00\x00\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\x00", "mysql"),
    (b"G\x00\x00\x00\xffj\x04Host '192.0.2.1' is not allowed to connect to this MariaDB server", "mysql"),
    (b"RFB 003.008\n", "rfb"),
    (b"@RSYNCD: 31.0\n", "rsync"),
    (b"", ""),
    (b"hello\r\n", ""),
    (b"2200 not a greeting", ""),
    (b"OK", ""),
    (b"SSH", ""),
)


@pytest.mark.parametrize(("said", "service"), GREETINGS, ids=lambda part: str(part)[:30])
def test_a_greeting_names_the_service(said: bytes, service: str) -> None:
    assert greeting(said) == service


@pytest.mark.parametrize(
    ("said", "service"),
    [
        (b"HTTP/1.1 200 OK\r\n", "http"),
        (b"HTTP/1.0 400 Bad Request\r\n", "http"),
        (b"-ERR unknown command 'HEAD'\r\n", "redis"),
        (b"ERROR\r\n", "memcache"),
        (b"E\x00\x00\x00\x8bSFATAL\x00VFATAL\x00C0A000\x00Munsupported frontend protocol 17736.16708", "postgresql"),
        (b"220 welcome\r\n", ""),
        (b"<html>", ""),
    ],
)
def test_the_answer_to_http_names_the_service(said: bytes, service: str) -> None:
    assert reply_to_http(said) == service


def test_plain_text_on_a_tls_port_is_known_by_its_answer() -> None:
    assert is_bad_request(b"HTTP/1.1 400 Bad Request\r\n")
    assert not is_bad_request(b"HTTP/1.1 404 Not Found\r\n")
    assert is_tls_alert(b"\x15\x03\x01\x00\x02\x02\x46")
    assert not is_tls_alert(b"\x16\x03\x01\x00\x02\x02\x46")


def test_a_busy_server_does_not_turn_us_away() -> None:
    assert is_refusal(b"421 Service not available.\r\n")
    assert not is_refusal(b"421 Too many users, try again later.\r\n")
    assert not is_refusal(b"220 welcome\r\n")


def _rpc_reply(position: int, *, state: int = 0, accept: int = 0) -> bytes:
    words = (0x54454E00 + position, 1, state, 0, 0, accept)
    record = b"".join(word.to_bytes(4, "big") for word in words)
    return (0x8000_0000 | len(record)).to_bytes(4, "big") + record


@pytest.mark.parametrize(
    ("said", "service"),
    [
        (_rpc_reply(0), "sunrpc"),
        (_rpc_reply(0, accept=1) + _rpc_reply(1), "nfs"),
        (_rpc_reply(0, accept=1) + _rpc_reply(1, accept=1) + _rpc_reply(2, accept=2), "nis"),
        (_rpc_reply(0, accept=1) + _rpc_reply(1, accept=1), "sunrpc"),
        (_rpc_reply(0, state=1), "sunrpc"),
        (b"\x80\x00\x00\x18" + b"\x00" * 24, ""),
        (b"\x80\x00\xff\xff", ""),
    ],
)
def test_rpc_is_known_by_our_own_transaction(said: bytes, service: str) -> None:
    assert recognise_rpc(said) == service


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("x11", b"\x00\x16\x0b\x00\x00\x00\x06\x00No protocol specified\n\x00\x00"),
        ("x11", b"\x01\x00\x0b\x00\x00\x00\x3c\x02"),
        ("domain", b"\x00\x0c\x54\x45\x81\x05" + b"\x00" * 8),
        ("postgresql", b"N"),
        ("redis", b"+PONG\r\n"),
        ("redis", b"-NOAUTH Authentication required.\r\n"),
        ("memcache", b"VERSION 1.6.18\r\n"),
        ("ms-wbt-server", bytes.fromhex("030000130ed000001234000209080002000000")),
    ],
)
def test_the_answer_to_a_prompt_names_the_service(service: str, said: bytes) -> None:
    (prompt,) = [prompt for prompt in PROMPTS if prompt.service == service]
    assert prompt.recognise(said) == service
    assert [other.recognise(said) for other in PROMPTS if other is not prompt and other.recognise(said)] == []


def test_a_likely_port_only_changes_the_order() -> None:
    assert prompts_for(6000)[0].service == "x11"
    assert set(prompts_for(6000)) == set(prompts_for(1)) == set(PROMPTS)


@given(st.binary(max_size=512))
def test_garbage_never_breaks_the_recognisers(said: bytes) -> None:
    assert isinstance(greeting(said), str)
    assert isinstance(reply_to_http(said), str)
    assert all(isinstance(prompt.recognise(said), str) for prompt in PROMPTS)
