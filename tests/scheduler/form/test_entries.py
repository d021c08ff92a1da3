"""What one entry may hold: addresses, names, blocks, ports and times, right and wrong."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.target import PortRange
from scheduler.form import entries


@pytest.mark.parametrize(
    ("take", "text", "taken"),
    [
        (entries.address, "192.0.2.10", "192.0.2.10"),
        (entries.address, "2001:DB8:0::0010", "2001:db8::10"),
        (entries.address, "127.0.1.5", "127.0.1.5"),
        (entries.address, "::1", "::1"),
        (entries.address, "10.1.2.3", "10.1.2.3"),
        (entries.host_name, "shop.example", "shop.example"),
        (entries.host_name, "xn--4dkua4c.shop.example", "xn--4dkua4c.shop.example"),
        (entries.host_name, "r3---a.shop.example", "r3---a.shop.example"),
        (entries.host_name, "3.shop.example", "3.shop.example"),
        (entries.host_name, f"{'a' * 63}.example", f"{'a' * 63}.example"),
        (entries.network, "198.51.100.0/28", "198.51.100.0/28"),
        (entries.network, "198.51.100.1/32", "198.51.100.1/32"),
        (entries.network, "2001:DB8::/48", "2001:db8::/48"),
        (entries.email, "security+inspection@shop.example", "security+inspection@shop.example"),
        (entries.email, "a@Shop.Example", "a@Shop.Example"),
        (entries.phone, "+81-3-1234-5678", "+81-3-1234-5678"),
        (entries.phone, "", ""),
        (entries.service, "https", "https"),
        (entries.service, "x-own-service", "x-own-service"),
        (entries.clock, "00:00", "00:00"),
        (entries.clock, "23:59", "23:59"),
        (entries.day, "2028-02-29", "2028-02-29"),
        (entries.time_zone, "Asia/Tokyo", "Asia/Tokyo"),
        (entries.time_zone, "UTC", "UTC"),
        (entries.system_name, "shop-1.example", "shop-1.example"),
        (entries.server_name, "web-1", "web-1"),
        (entries.line_of_text, "  見本商店 Shop  ", "見本商店 Shop"),
        (entries.set_url, "https://shop.example:8443/set", "https://shop.example:8443/set"),
    ],
)
def test_what_is_taken(take: Callable[[str], str], text: str, taken: str) -> None:
    assert take(text) == taken


@pytest.mark.parametrize(
    ("take", "text", "word"),
    [
        (entries.address, "2002:c000:20a::1", "IPv6 form of an IPv4 address"),
        (entries.address, "64:ff9b::192.0.2.10", "IPv6 form of an IPv4 address"),
        (entries.address, "2001:0:1::1", "IPv6 form of an IPv4 address"),
        (entries.address, "::192.0.2.10", "IPv6 form of an IPv4 address"),
        (entries.address, "fec0::1", "site-local"),
        (entries.address, "2001:db8::", "network address"),
        (entries.address, "240.1.2.3", "reserved"),
        (entries.address, "0.1.2.3", "reserved"),
        (entries.address, "127.1", "expected one IPv4"),
        (entries.address, "２.2.2.2", "expected one IPv4"),
        (entries.address, "", "expected one IPv4"),
        (entries.host_name, "", "expected a DNS name"),
        (entries.host_name, ".", "without the dot"),
        (entries.host_name, "localhost", "full DNS name"),
        (entries.host_name, "-a.example", "expected a DNS name"),
        (entries.host_name, f"{'a' * 64}.example", "expected a DNS name"),
        (entries.host_name, "shop.example\n", "expected a DNS name"),
        (entries.host_name, "xn--.example", "expected a DNS name"),
        (entries.host_name, "xn--abc-.example", "expected a DNS name"),
        (entries.host_name, "xn--a.example", "Punycode"),
        (entries.host_name, "店" * 80 + ".example", "xn--"),
        (entries.network, "198.51.100.0", "expected a block"),
        (entries.network, "198.51.100.0/", "expected a block"),
        (entries.network, "::/0", "everybody"),
        (entries.network, "fe80::%eth0/64", "zone id"),
        (entries.network, "198.51.100.0/255.255.255.240x", "expected a block"),
        (entries.email, "a@b@shop.example", "expected a mail address"),
        (entries.email, "a b@shop.example", "expected a mail address"),
        (entries.email, "@shop.example", "expected a mail address"),
        (entries.email, "a@192.0.2.1", "expected a mail address"),
        (entries.phone, "110", "expected an international number"),
        (entries.phone, "+81-3-1234-5678; rm", "expected an international number"),
        (entries.service, "htps", "did you mean https?"),
        (entries.service, "443", "IANA name"),
        (entries.service, "a" * 16, "IANA name"),
        (entries.clock, "2:00", "expected a time"),
        (entries.clock, "02:00:00", "expected a time"),
        (entries.day, "2027-02-29", "expected a date"),
        (entries.day, "20261231", "expected a date"),
        (entries.day, "2026-W01-1", "expected a date"),
        (entries.time_zone, "right/Asia/Tokyo", "expected an IANA time zone"),
        (entries.time_zone, "/etc/passwd", "expected an IANA time zone"),
        (entries.time_zone, "", "expected an IANA time zone"),
        (entries.time_zone, "a\0b", "expected an IANA time zone"),
        (entries.system_name, "a..b", "expected up to 64"),
        (entries.system_name, "a" * 65, "expected up to 64"),
        (entries.server_name, "a.b", "expected up to 63"),
        (entries.line_of_text, "\u3000", "nothing but blanks"),
        (entries.set_url, "ftp://shop.example/", "expected a URL"),
        (entries.set_url, "https://", "expected a URL"),
        (entries.set_url, "https://a@shop.example/", "expected a URL"),
        (entries.set_url, "https://shop.example:99999/", "expected a URL"),
        (entries.set_url, "https://[::1/", "expected a URL"),
    ],
)
def test_what_is_refused(take: Callable[[str], str], text: str, word: str) -> None:
    with pytest.raises(ValueError, match=re.escape(word)) as caught:
        take(text)
    assert str(caught.value).isprintable()


_TEXT_ENTRIES = (
    entries.address, entries.host_name, entries.network, entries.email, entries.phone, entries.service, entries.clock, entries.day,
    entries.time_zone, entries.system_name, entries.server_name, entries.line_of_text, entries.set_url,
)  # fmt: skip


@given(st.sampled_from(_TEXT_ENTRIES), st.one_of(st.text(), st.text(alphabet="a1.-:/@%[]+x n", max_size=20)))
def test_any_text_is_taken_in_its_one_form_or_refused(take: Callable[[str], str], text: str) -> None:
    try:
        taken = take(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - both outcomes are right; anything but ValueError is not
        return
    assert take(taken) == taken


@given(st.ip_addresses())
def test_an_address_that_is_taken_means_one_host(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    try:
        taken = entries.address(str(address))
    except ValueError:
        return
    assert taken == str(address)
    assert not any((address.is_multicast, address.is_unspecified, address.is_link_local))


@pytest.mark.parametrize(
    ("entry", "first", "last"), [(443, 443, 443), ("8000-8010", 8000, 8010), ("1-1", 1, 1), (65535, 65535, 65535)]
)
def test_ports(entry: object, first: int, last: int) -> None:
    assert entries.port_range(entry) == PortRange(first=first, last=last)


@pytest.mark.parametrize(
    "entry", [0, 65536, -1, True, 1.0, None, "80", "", "1-", "2-1", "1-65536", "0-5", "1-2-3", "１-２", [], {}]
)
def test_what_is_no_port(entry: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        entries.port_range(entry)


def test_a_declared_range_is_bounded() -> None:
    assert entries.declared_ports("1-1000").last == 1000
    with pytest.raises(ValueError, match="at most 1000 ports"):
        entries.declared_ports("1-1001")
