"""Reads product, version and package out of what a service says of itself. Pure: words in, a `Build` out.

A version is what the program says. Where a distribution's mark stands beside it, the number says little about holes: distributions
mend them without changing it. That is the hint.
"""

from __future__ import annotations

import re2

from plugins.value import value
from probes.services.facts import Build
from probes.transcript import printable

_OPTIONS = re2.Options()
_OPTIONS.case_sensitive = False
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_OPTIONS.log_errors = False
_V = rb"(?P<version>\d+(?:\.[0-9a-z]+)*(?:p\d+)?)"


@value
class Product:
    """How one product shows itself."""

    pattern: bytes
    """Pattern over what was said; the group `version`, when it has one, is the version."""
    name: str
    """Product as its makers write it."""
    cpe: str
    """`vendor:product` of its CPE name; empty: none is registered."""


_HTTP = rb"(?m)^server: *"
PRODUCTS: tuple[Product, ...] = (
    Product(pattern=rb"^SSH-[0-9.]+-OpenSSH_" + _V, name="OpenSSH", cpe="openbsd:openssh"),
    Product(pattern=rb"^SSH-[0-9.]+-dropbear_" + _V, name="Dropbear", cpe="matt_johnston:dropbear_ssh_server"),
    Product(pattern=_HTTP + rb"nginx(?:/" + _V + rb")?", name="nginx", cpe="f5:nginx"),
    Product(pattern=_HTTP + rb"openresty(?:/" + _V + rb")?", name="OpenResty", cpe="openresty:openresty"),
    Product(pattern=_HTTP + rb"apache(?:/" + _V + rb")?(?:[ \r\n(]|$)", name="Apache httpd", cpe="apache:http_server"),
    Product(pattern=_HTTP + rb"squid(?:/" + _V + rb")?", name="Squid", cpe="squid-cache:squid"),
    Product(pattern=_HTTP + rb"lighttpd(?:/" + _V + rb")?", name="lighttpd", cpe="lighttpd:lighttpd"),
    Product(pattern=_HTTP + rb"caddy", name="Caddy", cpe="caddyserver:caddy"),
    Product(
        pattern=_HTTP + rb"microsoft-iis(?:/" + _V + rb")?",
        name="Microsoft IIS",
        cpe="microsoft:internet_information_services",
    ),
    Product(pattern=_HTTP + rb"jetty\(" + _V, name="Jetty", cpe="eclipse:jetty"),
    Product(pattern=_HTTP + rb"varnish", name="Varnish", cpe="varnish-software:varnish_cache"),
    Product(
        pattern=rb"(?s)^HTTP/1\.[01] 503 .*No server is available to handle this request",
        name="HAProxy",
        cpe="haproxy:haproxy",
    ),
    Product(pattern=rb"^220[^\n]*vsftpd " + _V, name="vsftpd", cpe="vsftpd_project:vsftpd"),
    Product(pattern=rb"^220[^\n]*proftpd(?: " + _V + rb")?", name="ProFTPD", cpe="proftpd:proftpd"),
    Product(pattern=rb"^220[^\n]*pure-ftpd", name="Pure-FTPd", cpe="pureftpd:pure-ftpd"),
    Product(
        pattern=rb"^220[^\n]*filezilla server(?: " + _V + rb")?",
        name="FileZilla Server",
        cpe="filezilla-project:filezilla_server",
    ),
    Product(pattern=rb"^220[^\n]*\bpostfix\b", name="Postfix", cpe="postfix:postfix"),
    Product(pattern=rb"^220[^\n]*\bexim(?: " + _V + rb")?", name="Exim", cpe="exim:exim"),
    Product(pattern=rb"^220[^\n]*\bsendmail(?: " + _V + rb")?", name="Sendmail", cpe="sendmail:sendmail"),
    Product(pattern=rb"^(?:\+OK|\* OK)[^\n]*\bdovecot\b", name="Dovecot", cpe="dovecot:dovecot"),
    Product(pattern=rb"^(?:\+OK|\* OK)[^\n]*\bcyrus\b[^\n]*?v?" + _V, name="Cyrus IMAP", cpe="cyrus:imap"),
    Product(pattern=rb"^\* OK[^\n]*\bcourier\b", name="Courier", cpe="double_precision_incorporated:courier-imap"),
    Product(pattern=rb"(?s)^...\x00\x0a(?:5\.5\.5-)?" + _V + rb"-mariadb", name="MariaDB", cpe="mariadb:mariadb"),
    Product(pattern=rb"(?s)^...\x00\xff..[^\x00]*mariadb", name="MariaDB", cpe="mariadb:mariadb"),
    Product(pattern=rb"(?s)^...\x00\x0a" + _V, name="MySQL", cpe="oracle:mysql"),
    Product(pattern=rb"redis_version:" + _V, name="Redis", cpe="redis:redis"),
    Product(pattern=rb"^VERSION " + _V, name="memcached", cpe="memcached:memcached"),
    # The answer to version.bind: class CH, type TXT, TTL, lengths, then the text.
    Product(
        pattern=rb"(?s)\x00\x10\x00\x03.{7}(?:bind )?" + _V + rb"[-+a-z0-9~. ]*(?:debian|ubuntu|redhat|deb\d|el\d|$)",
        name="BIND",
        cpe="isc:bind",
    ),
    Product(pattern=rb"(?s)\x00\x10\x00\x03.{7}unbound " + _V, name="Unbound", cpe="nlnetlabs:unbound"),
    Product(pattern=rb"(?s)\x00\x10\x00\x03.{7}dnsmasq-" + _V, name="dnsmasq", cpe="thekelleys:dnsmasq"),
    Product(pattern=rb"(?s)^\x01\x00\x0b\x00.*The X\.Org Foundation", name="X.Org X server", cpe="x.org:x_server"),
    Product(pattern=rb"^@RSYNCD: ", name="rsync", cpe="samba:rsync"),
)
"""Every product. The first that fits speaks."""

_DISTRIBUTIONS: tuple[tuple[str, bytes], ...] = (
    ("Debian", rb"debian[- ](?P<revision>[0-9][0-9a-z.+~]*)"),
    ("Ubuntu", rb"ubuntu[- ](?P<revision>[0-9][0-9a-z.+~]*)"),
    ("Debian", rb"-(?P<revision>[0-9][0-9a-z.+~]*deb[0-9]+u?[0-9]*)"),
    ("Ubuntu", rb"-(?P<revision>[0-9][0-9a-z.+~]*ubuntu[0-9.]+)"),
    ("Debian", rb"-(?P<revision>[0-9][0-9a-z.+~]*)-debian"),
    ("Red Hat Enterprise Linux", rb"-(?P<revision>[0-9][0-9a-z_.]*\.el[0-9][0-9a-z_.]*)"),
    ("Ubuntu", rb"[( /-]ubuntu\b"),
    ("Debian", rb"[( /-]debian\b"),
    ("Red Hat Enterprise Linux", rb"\((?:red hat|rhel)|-redhat\b"),
    ("CentOS", rb"\(centos"),
    ("AlmaLinux", rb"\(almalinux"),
    ("Rocky Linux", rb"\(rocky"),
    ("Fedora", rb"\(fedora"),
    ("Amazon Linux", rb"\(amazon|\.amzn[0-9]"),
    ("SUSE", rb"\((?:suse|sles|opensuse)|linux/suse"),
    ("FreeBSD", rb"\(freebsd\)|freebsd-[0-9]{8}"),
    ("Raspbian", rb"raspbian-(?P<revision>[0-9][0-9a-z.+~]*)"),
)


def _compiled(pattern: bytes) -> re2._Regexp:
    return re2.compile(pattern, _OPTIONS)


_KNOWN = tuple((product, _compiled(product.pattern)) for product in PRODUCTS)
_SERVER = _compiled(_HTTP + rb"[^\r\n]*")
_PACKAGES = tuple((name, _compiled(pattern)) for name, pattern in _DISTRIBUTIONS)


def build(said: bytes) -> Build:
    """Read which build says `said`; an empty `Build` when it does not tell."""
    package, revision = distribution(_own_words(said))
    for product, pattern in _KNOWN:
        match = pattern.search(said)
        if match:
            version = _group(match, b"version")
            return Build(
                product=product.name,
                version=version,
                cpe=_cpe(product.cpe, version),
                distribution=package,
                revision=revision,
            )
    return Build(distribution=package, revision=revision)


def _own_words(said: bytes) -> bytes:
    """Leave out what others wrote: of a web server only its own header field speaks for it, never the page."""
    if not said.startswith(b"HTTP/"):
        return said
    match = _SERVER.search(said)
    return bytes(match.group(0)) if match else b""


def distribution(said: bytes) -> tuple[str, str]:
    """Name the distribution whose package speaks, and the package's revision; empty what it does not tell."""
    for name, pattern in _PACKAGES:
        match = pattern.search(said)
        if match:
            return name, _group(match, b"revision")
    return "", ""


def _group(match: re2._Match, name: bytes) -> str:
    number = match.re.groupindex.get(name)  # keyed by bytes, as the pattern is
    found = match.group(number) if number else None
    return printable(found, 40) if found else ""


def _cpe(name: str, version: str) -> tuple[str, ...]:
    return (f"cpe:/a:{name}{f':{version}' if version else ''}",) if name else ()
