"""Our own questions come first; nmap adds."""

from __future__ import annotations

from probes.finding import Certainty
from probes.services.facts import Build, ServiceSeen
from probes.services.fingerprint import Fingerprint
from probes.services.merge import merged
from probes.target import Transport


def seen(service: str, *, tls: bool = False, build: Build = Build()) -> ServiceSeen:  # noqa: B008 - frozen
    return ServiceSeen(address="127.0.0.1", port=1, transport=Transport.TCP, service=service, tls=tls, build=build)


OPENSSH = Fingerprint(
    service="ssh",
    product="OpenSSH",
    version="9.2p1 Debian 2+deb12u3",
    extra="protocol 2.0",
    cpe=("cpe:/a:openbsd:openssh:9.2p1",),
)


def test_nothing_found_changes_nothing() -> None:
    assert merged(seen("ssh"), Fingerprint()) == seen("ssh")
    assert merged(seen(""), Fingerprint()) == seen("")


def test_product_version_and_package_are_added() -> None:
    more = merged(seen("ssh"), OPENSSH)
    assert (more.service, more.certainty) == ("ssh", Certainty.VERIFIED)
    assert (more.build.product, more.build.version, more.build.hint) == (
        "OpenSSH",
        "9.2p1",
        "Debian back-port 2+deb12u3",
    )


def test_a_name_of_nmap_alone_is_suspected() -> None:
    more = merged(seen(""), Fingerprint(service="zabbix-agent", product="Zabbix"))
    assert (more.service, more.certainty, more.detail) == (
        "zabbix-agent",
        Certainty.SUSPECTED,
        "only nmap's fingerprints recognise it",
    )


def test_inside_tls_the_name_is_that_of_the_tls_form() -> None:
    assert merged(seen("", tls=True), Fingerprint(service="pop3")).service == "pop3s"
    more = merged(seen("https", tls=True), Fingerprint(service="http", product="nginx", version="1.2"))
    assert (more.service, more.build.product) == ("https", "nginx")


def test_a_contradiction_leaves_our_own_answer() -> None:
    assert merged(seen("http"), OPENSSH) == seen("http")


def test_an_alias_of_nmap_is_the_same_service() -> None:
    for own, other in (
        ("sunrpc", "rpcbind"),
        ("x11", "X11"),
        ("memcache", "memcached"),
        ("http", "http-proxy"),
        ("rfb", "vnc"),
    ):
        assert merged(seen(own), Fingerprint(service=other, product="x")).build.product == "x"


def test_another_product_than_it_says_itself_is_not_mixed_in() -> None:
    own = Build(product="Dovecot", cpe=("cpe:/a:dovecot:dovecot",), distribution="Debian")
    assert merged(seen("imap", build=own), Fingerprint(service="imap", product="Cyrus imapd", version="3")).build == own
    added = merged(
        seen("imap", build=own),
        Fingerprint(service="imap", product="Dovecot imapd", version="2.3", cpe=("cpe:/a:dovecot:dovecot:2.3",)),
    )
    assert (added.build.version, added.build.cpe, added.build.distribution) == (
        "2.3",
        ("cpe:/a:dovecot:dovecot:2.3",),
        "Debian",
    )
