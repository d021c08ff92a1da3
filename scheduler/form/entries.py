"""What one entry of a declaration may hold. Each function gives the entry in its one form, or raises `ValueError` with the cure."""

from __future__ import annotations

import difflib
import ipaddress
from datetime import date, time
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import re2

from plugins.plain_words import clip, explain
from probes.set import der
from probes.target import PortRange
from scheduler.form.services import KNOWN

MAX_DECLARED_RANGE = 1000
"""Most ports of one declared range: every one of them is said to be open."""

_SYSTEM_NAME = re2.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_SERVER_NAME = re2.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LABEL = re2.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SERVICE = re2.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LOCAL_PART = re2.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_PHONE = re2.compile(r"\+[0-9][0-9 ()-]{4,30}[0-9]")
_RANGE = re2.compile(r"([0-9]{1,5})-([0-9]{1,5})")
_PATH = re2.compile(r"/[\x21\x24-\x7e]*")
_CLOCK = re2.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_DATE = re2.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# IPv6 addresses that stand for an IPv4 address elsewhere: what is declared would not be what is reached.
_TRANSITION = tuple(
    IPv6Network(block) for block in ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
_OID = re2.compile(r"[0-2]\.[0-9]{1,9}(\.[0-9]{1,9}){0,20}")
_MEDIA_TYPE = re2.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}")
_BIN = re2.compile(r"[0-9]{6}")
_NO_ZONE = ("localtime", "posixrules", "Factory", "posix/", "right/")


def line_of_text(text: str) -> str:
    """Take one line of text for people."""
    if not text.strip():
        raise ValueError("expected text, saw nothing but blanks; write something")
    if not text.isprintable():
        raise ValueError(
            f"expected one line of printable text, saw {explain(text)}; remove line breaks and control characters"
        )
    return text.strip()


def system_name(text: str) -> str:
    """Take the stable name of a system."""
    if not _SYSTEM_NAME.fullmatch(text) or len(text) > 64:
        raise ValueError(f"expected up to 64 lower-case letters, digits, single dots and hyphens, saw {explain(text)}")
    return text


def server_name(text: str) -> str:
    """Take the name of a server inside its system."""
    if not _SERVER_NAME.fullmatch(text) or len(text) > 63:
        raise ValueError(
            f"expected up to 63 lower-case letters, digits and single hyphens (web-1), saw {explain(text)}"
        )
    return text


def address(text: str) -> str:
    """Take the address of one host, in canonical form (RFC 5952)."""
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        cure = "write an address; names belong into host_names, and a block (/24) is not a server"
        raise ValueError(f"expected one IPv4 or IPv6 address such as 192.0.2.10, saw {explain(text)}; {cure}") from None
    if isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
        raise ValueError(
            f"{clip(text)}: a zone id (%) means something on one machine only; write the address without it"
        )
    if reason := _no_host(parsed):
        raise ValueError(f"{clip(text)} is {reason}; write the address of the server itself")
    return str(parsed)


def _no_host(parsed: IPv4Address | IPv6Address) -> str:
    """Say why an address is not that of one host on the Internet (or loopback); empty when it is."""
    kinds = {
        "an unspecified address": parsed.is_unspecified,
        "a multicast address": parsed.is_multicast,
        "a link-local address": parsed.is_link_local,
    }
    kinds |= _no_host_v4(parsed) if isinstance(parsed, IPv4Address) else _no_host_v6(parsed)
    return next((kind for kind, holds in kinds.items() if holds), "")


def _no_host_v4(parsed: IPv4Address) -> dict[str, bool]:
    last = int(parsed) & 0xFF
    return {
        "the limited broadcast address": int(parsed) == 0xFFFFFFFF,
        "a reserved address": parsed.is_reserved or int(parsed) >> 24 == 0,
        "a broadcast address (it ends in .255)": last == 255,
        "a network address (it ends in .0)": last == 0,
    }


def _no_host_v6(parsed: IPv6Address) -> dict[str, bool]:
    embedded = any(parsed in block for block in _TRANSITION) or (1 < int(parsed) < 1 << 32)
    return {
        "an IPv6 form of an IPv4 address": embedded,
        "a site-local address": parsed.is_site_local,
        "a network address (its last 64 bits are zero)": int(parsed) & ((1 << 64) - 1) == 0,
    }


def host_name(text: str) -> str:
    """Take a DNS name: lower case, A-labels, at least two labels (RFC 1123, RFC 5890)."""
    if not text.isascii():
        raise ValueError(f"{clip(text)}: expected a name in ASCII; write it with A-labels{_a_label(text)}")
    if text != text.lower():
        raise ValueError(f"{clip(text)}: expected lower case; write {clip(text.lower())}")
    if text.endswith("."):
        raise ValueError(f"{clip(text)}: expected a name without the dot at its end; remove it")
    if text.startswith("*."):
        raise ValueError(f"{clip(text)}: a wildcard is not a host; write the names that the server really answers to")
    labels = text.split(".")
    if len(text) > 253 or any(not _LABEL.fullmatch(label) for label in labels):
        form = "labels of letters, digits and hyphens with dots between them, 63 characters each and 253 together"
        raise ValueError(f"expected a DNS name ({form}), saw {explain(text)}")
    if len(labels) < 2 or labels[-1].isdecimal():
        raise ValueError(f"expected a full DNS name such as www.shop.example, saw {explain(text)}")
    if any(not _decodable(label) for label in labels):
        raise ValueError(
            f"{clip(text)}: a label that begins with xn-- is not valid Punycode (RFC 5891); check its spelling"
        )
    return text


def _a_label(text: str) -> str:
    try:
        return f": {text.encode('idna').decode('ascii').lower()}"
    except UnicodeError:
        return " (xn--...)"


def _decodable(label: str) -> bool:
    if not label.startswith("xn--"):
        return True
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return False
    return not decoded.isascii() and decoded.isprintable()


def email(text: str) -> str:
    """Take a mail address."""
    local, at, domain = text.rpartition("@")
    try:
        host_name(domain.lower())
    except ValueError:
        at = ""
    if not at or len(text) > 254 or not _LOCAL_PART.fullmatch(local):
        raise ValueError(f"expected a mail address such as security@shop.example, saw {explain(text)}")
    return text


def phone(text: str) -> str:
    """Take a telephone number in international form, or nothing."""
    if text and not _PHONE.fullmatch(text):
        raise ValueError(f'expected an international number such as "+81-3-1234-5678", saw {explain(text)}')
    return text


def service(text: str) -> str:
    """Take the name of a service as IANA writes it (RFC 6335); a near miss of a well-known one is taken for a slip."""
    if not _SERVICE.fullmatch(text) or len(text) > 15 or text.isdecimal():
        raise ValueError(
            f"expected the IANA name of a service in lower case (http, https, smtp, ssh), saw {explain(text)}"
        )
    if text in KNOWN:
        return text
    if near := difflib.get_close_matches(text, KNOWN, n=1, cutoff=0.75):
        raise ValueError(f"{clip(text)}: not a well-known service; did you mean {near[0]}?")
    return text


def network(text: str) -> str:
    """Take a block of addresses with its prefix length and no host bits."""
    if "/" not in text:
        raise ValueError(
            f"expected a block such as 198.51.100.0/24, saw {explain(text)}; one address is /32, or /128 for IPv6"
        )
    try:
        parsed: IPv4Network | IPv6Network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"expected a block of addresses such as 198.51.100.0/24, saw {explain(text)}") from None
    if "%" in text:
        raise ValueError(f"{clip(text)}: a zone id (%) means something on one machine only; write the block without it")
    if ipaddress.ip_address(text.partition("/")[0]) != parsed.network_address:
        raise ValueError(f"{clip(text)}: the address has bits beyond the prefix; write {parsed}")
    if parsed.prefixlen == 0:
        raise ValueError(f"{clip(text)} is everybody, which is no restriction; leave restricted_to out")
    return str(parsed)


def port(number: object) -> int:
    """Take a TCP or UDP port."""
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 65535:
        raise ValueError(f"expected a port from 1 to 65535, saw {explain(number)}")
    return number


def port_range(entry: object) -> PortRange:
    """Take a port (443) or a range (8000-8010)."""
    if not isinstance(entry, str):
        number = port(entry)
        return PortRange(first=number, last=number)
    match = _RANGE.fullmatch(entry)
    if match is None:
        raise ValueError(f"expected a port (443) or a range (8000-8010), saw {explain(entry)}")
    first, last = port(int(match.group(1))), port(int(match.group(2)))
    if first > last:
        raise ValueError(f"expected the smaller port first, saw {explain(entry)}; write {last}-{first}")
    return PortRange(first=first, last=last)


def declared_ports(entry: object) -> PortRange:
    """Take ports that are all open: a port, or a range of bounded size."""
    ports = port_range(entry)
    if ports.last - ports.first >= MAX_DECLARED_RANGE:
        cure = "a declared range says that every port in it is open; declare the open ones"
        raise ValueError(f"expected at most {MAX_DECLARED_RANGE} ports in a range, saw {explain(entry)}; {cure}")
    return ports


def clock(text: str) -> str:
    """Take a time of day `HH:MM`."""
    if not _CLOCK.fullmatch(text):
        cure = "; midnight is 00:00" if text == "24:00" else ""
        raise ValueError(f"expected a time from 00:00 to 23:59, saw {explain(text)}{cure}")
    return time.fromisoformat(text).strftime("%H:%M")


def day(text: str) -> str:
    """Take a date `YYYY-MM-DD` that exists."""
    try:
        return date.fromisoformat(text).isoformat() if _DATE.fullmatch(text) else _no_day(text)
    except ValueError:
        return _no_day(text)


def _no_day(text: str) -> str:
    raise ValueError(f"expected a date that exists, such as 2026-12-31, saw {explain(text)}")


def time_zone(text: str) -> str:
    """Take the name of a time zone that this machine knows."""
    try:
        known = not text.startswith(_NO_ZONE) and bool(ZoneInfo(text).key)
    except (KeyError, ValueError, OSError):
        known = False
    if not known:
        raise ValueError(f"expected an IANA time zone such as Asia/Tokyo, saw {explain(text)}")
    return text


def page_path(text: str) -> str:
    """Take the path of a page, with its query (RFC 9112, section 3.2.1)."""
    if not _PATH.fullmatch(text) or len(text) > 500:
        raise ValueError(f"expected a path such as / or /items?page=1, in ASCII without blanks, saw {explain(text)}")
    return text


def set_url(text: str) -> str:
    """Take the URL of a SET end point."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or not text.isascii() or not text.isprintable() or " " in text or "@" in parts.netloc:
        raise ValueError(f"expected a URL such as https://shop.example/set, saw {explain(text)}")
    return text


def oid(text: str) -> str:
    """Take a dotted object identifier."""
    arcs = text.split(".")
    if not _OID.fullmatch(text) or any(arc != str(int(arc)) for arc in arcs) or (arcs[0] != "2" and int(arcs[1]) > 39):
        raise ValueError(f'expected an object identifier such as "2.23.42.7.1", in quotes, saw {explain(text)}')
    return text


def media_type(text: str) -> str:
    """Take a media type without parameters."""
    if not _MEDIA_TYPE.fullmatch(text):
        raise ValueError(f"expected a media type such as application/set-payment, saw {explain(text)}")
    return text


def bin_digits(text: str) -> str:
    """Take a bank identification number: six digits, and never more, so that no card number gets in here."""
    if not _BIN.fullmatch(text):
        raise ValueError(
            f'expected exactly six digits such as "412345", saw {_hidden(text)}; never write a card number'
        )
    return text


def _hidden(text: str) -> str:
    """Describe text that may be a card number without repeating it."""
    return f"{len(text)} characters"


def brand(text: str) -> str:
    """Take a BrandID: `Brand` or `Brand:Product`, 1 to 40 printable ASCII characters."""
    if not text.strip() or len(text) > 40 or not text.isascii() or not text.isprintable() or text.startswith(":"):
        raise ValueError(f"expected a brand such as Brand or Brand:Product in ASCII, saw {explain(text)}")
    return text


def der_hex(text: str) -> str:
    """Take one DER element in hexadecimal digits."""
    try:
        der.check(bytes.fromhex(text))
    except ValueError as error:
        raise ValueError(
            f"expected one DER element in hexadecimal digits, saw {explain(text)} ({clip(str(error))})"
        ) from None
    return text.lower()
