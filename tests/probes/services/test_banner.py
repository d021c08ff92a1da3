"""What a service says of itself: product, version, and the mark of a distribution."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.services.banner import PRODUCTS, build


def web(server: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nDate: x\r\nServer: " + server + b"\r\nX-Y: z\r\n\r\n"


def named(text: bytes) -> bytes:
    """An answer to version.bind."""
    rdata = bytes([len(text)]) + text
    return (
        b"\x00\x40TE\x84\x00"
        + b"\x00" * 8
        + b"\xc0\x0c\x00\x10\x00\x03\x00\x00\x00\x00\x00"
        + bytes([len(rdata)])
        + rdata
    )


@pytest.mark.parametrize(
    ("said", "product", "version", "cpe", "hint"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", "OpenSSH", "9.2p1", "openbsd:openssh", "Debian back-port 2+deb12u3"),
        (b"SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10\r\n", "OpenSSH", "8.9p1", "openbsd:openssh", "Ubuntu back-port 3ubuntu0.10"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "OpenSSH", "9.9", "openbsd:openssh", ""),
        (web(b"Apache/2.4.62 (Debian)"), "Apache httpd", "2.4.62", "apache:http_server", "Debian back-port"),
        (web(b"Apache/2.4.37 (Red Hat Enterprise Linux) OpenSSL/1.1.1k"), "Apache httpd", "2.4.37", "apache:http_server",
         "Red Hat Enterprise Linux back-port"),
        (web(b"Apache"), "Apache httpd", "", "apache:http_server", ""),
        (web(b"Apache-Coyote/1.1"), "", "", "", ""),
        (web(b"nginx/1.22.1"), "nginx", "1.22.1", "f5:nginx", ""),
        (web(b"squid/5.7"), "Squid", "5.7", "squid-cache:squid", ""),
        (b"220 (vsFTPd 3.0.3)\r\n", "vsftpd", "3.0.3", "vsftpd_project:vsftpd", ""),
        (b"220 ProFTPD 1.3.8 Server (Debian) [::1]\r\n", "ProFTPD", "1.3.8", "proftpd:proftpd", "Debian back-port"),
        (b"220 mx ESMTP Postfix (Debian/GNU)\r\n", "Postfix", "", "postfix:postfix", "Debian back-port"),
        (b"220 mx ESMTP Exim 4.96 Mon, 1 Jan\r\n", "Exim", "4.96", "exim:exim", ""),
        (b"+OK Dovecot (Debian) ready.\r\n", "Dovecot", "", "dovecot:dovecot", "Debian back-port"),
        (b"J\x00\x00\x00\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\x00", "MariaDB", "10.11.6", "mariadb:mariadb",
         "Debian back-port 0+deb12u1"),
        (b"J\x00\x00\x00\x0a8.0.36-0ubuntu0.22.04.1\x00", "MySQL", "8.0.36", "oracle:mysql", "Ubuntu back-port 0ubuntu0.22.04.1"),
        (named(b"9.18.28-1~deb12u2-Debian"), "BIND", "9.18.28", "isc:bind", "Debian back-port 1~deb12u2"),
        (named(b"9.11.36-RedHat-9.11.36-11.el8_9"), "BIND", "9.11.36", "isc:bind", "Red Hat Enterprise Linux back-port 11.el8_9"),
        (b"+PONG\r\n$99\r\n# Server\r\nredis_version:7.0.15\r\n", "Redis", "7.0.15", "redis:redis", ""),
        (b"VERSION 1.6.18\r\n", "memcached", "1.6.18", "memcached:memcached", ""),
        (b"220 files here\r\n", "", "", "", ""),
    ],
)  # fmt: skip
def test_a_build_is_read_from_its_own_words(said: bytes, product: str, version: str, cpe: str, hint: str) -> None:
    seen = build(said)
    assert (seen.product, seen.version, seen.hint) == (product, version, hint)
    assert seen.cpe == ((f"cpe:/a:{cpe}{f':{version}' if version else ''}",) if cpe else ())


def test_a_page_does_not_speak_for_its_server() -> None:
    page = b"HTTP/1.1 404 Not Found\r\nServer: x\r\n\r\n<address>Apache/2.4.62 (Debian)</address>"
    assert not build(page)


def test_no_product_is_named_twice_for_one_pattern() -> None:
    assert len({product.pattern for product in PRODUCTS}) == len(PRODUCTS)


@given(st.binary(max_size=512))
def test_garbage_never_breaks_it_and_comes_out_printable(said: bytes) -> None:
    seen = build(said)
    assert (seen.product + seen.version + seen.distribution + seen.revision + "".join(seen.cpe)).isprintable()
