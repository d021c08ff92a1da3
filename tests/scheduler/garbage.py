"""Garbage declarations: what people, editors, broken disks and enemies hand in. None may pass, none may cost more than a line."""

from __future__ import annotations

import gzip
import json
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from plugins.strict_yaml import load
from scheduler.declaration import example

_GOOD = example()


def _with(*changes: tuple[str, str]) -> bytes:
    """Give the example with some of its text replaced."""
    text = _GOOD
    for old, new in changes:
        if old not in text:
            raise AssertionError(f"the example does not hold {old!r}")
        text = text.replace(old, new, 1)
    return text.encode("utf-8", "surrogatepass")


def _without(start: str, end: str) -> bytes:
    """Give the example without the text from `start` up to `end`."""
    before, _, rest = _GOOD.partition(start)
    return (before + end + rest.partition(end)[2]).encode()


_NO_FILE = {
    "empty": b"",
    "only blanks": b"   \n\n\t\n",
    "only comments": b"# name: shop\n",
    "binary": bytes(range(256)) * 8,
    "elf": b"\x7fELF\x02\x01\x01" + b"\0" * 200,
    "gzip": gzip.compress(_GOOD.encode(), mtime=0),
    "pem": b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    "html": b"<!doctype html><html><body>Not found</body></html>\n",
    "prose": "点検をお願いします。\nよろしく。\n".encode(),
    "utf-16": _GOOD.encode("utf-16"),
    "shift jis": "title: 見本商店\n".encode("shift_jis"),
    "latin-1": "title: Caf\xe9\n".encode("latin-1"),
    "cut in a character": _GOOD.encode()[: _GOOD.encode().index("点".encode()) + 1],
    "nul byte": _with(("title: Example Shop", "title: Example\0Shop")),
    "escape sequence": _with(("title: Example Shop", "title: \x1b]0;owned\x07")),
    "hidden line break": _with(("title: Example Shop", "title: x # \u2028role: web")),
    "text that runs backwards": _with(("title: Example Shop", "title: \u202eShop")),
    "lone surrogate": _with(("title: Example Shop", "title: \ud800")),
    "huge": b"# " + b"x" * 2_000_000,
    "too many values": b"[" + b"1," * 200_000 + b"]",
}
_NO_YAML = {
    "tab indent": _with(("  organisation", "\torganisation")),
    "open bracket": _with(("[TLSv1.2, TLSv1.3]", "[TLSv1.2, TLSv1.3")),
    "open quote": _with(('"+81-3-1234-5678"', '"+81-3-1234-5678')),
    "missing colon": _with(("name: shop.example", "name shop.example")),
    "wrong indent": _with(("    role: web", "      role: web")),
    "two documents": _GOOD.encode() + b"---\n" + _GOOD.encode(),
    "document twice": _GOOD.encode() * 2,
    "cut in the middle": _GOOD.encode()[: _GOOD.index("calendar:\n")],
    "json": json.dumps({"name": "shop.example"}).encode(),
    "json array": b"[]",
    "scalar": b"shop.example\n",
    "null": b"null\n",
    "merge conflict": b"<<<<<<< HEAD\n" + _GOOD.encode() + b"=======\n>>>>>>> other\n",
    "deep lists": b"[" * 100_000,
    "deep mappings": b"{a: " * 5_000,
    "billion laughs": b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
    "alias": _with(("192.0.2.25", "*web")),
    "self alias": b"&a [*a]\n",
    "python object": b"!!python/object/apply:os.system ['id']\n",
    "tagged value": _with(("title: Example Shop", "title: !!binary aGVsbG8=")),
    "directive": b"%YAML 1.1\n---\n" + _GOOD.encode(),
    "merge key": _with(("title: Example Shop", "title: Example Shop\n<<: {a: b}")),
    "duplicate key": _with(("title: Example Shop", "title: Example Shop\ntitle: Other")),
    "number as key": _with(("title: Example Shop", "title: Example Shop\n1: x")),
    "list as key": _with(("title: Example Shop", "title: Example Shop\n? [a]\n: x")),
    "template left in": _with(("name: shop.example", "name: {{ shop }}")),
}
_WRONG_TYPES = {
    "unknown key": _with(("title:", "colour: red\ntitle:")),
    "unknown key far below": _with(("client_auth: none", "client_auth: none\n        ciphers: all")),
    "misspelt key": _with(("host_names:", "hostnames:")),
    "missing operator": _without("operator:", "# Every server"),
    "missing servers": _without("servers:", "# TCP ports"),
    "missing format": _with(("format: tenken-declaration/1", "")),
    "another format": _with(("tenken-declaration/1", "tenken-declaration/2")),
    "servers as mapping": _with(("  - name: web-1", "    name: web-1")),
    "server as text": _with(("  - name: mail-1", "  - mail-1\n  - name: mail-1")),
    "no servers": b"format: tenken-declaration/1\nservers: []\n",
    "operator as list": _with(("operator:", "operator: []\nformer:")),
    "text for a number": _with(("connections_per_s: 20 ", "connections_per_s: '20' ")),
    "word for a number": _with(("connections_per_s: 20 ", "connections_per_s: fast ")),
    "number for text": _with(("name: Security desk", "name: 12")),
    "number with leading zero": _with(('"+81-3-1234-5678"', "0312345678")),
    "truth for text": _with(("name: Security desk", "name: true")),
    "nothing for text": _with(("title: Example Shop", "title:")),
    "blank text": _with(("title: Example Shop", "title: '  '")),
    "text of two lines": _with(("title: Example Shop", 'title: "a\\nb"')),
    "endless text": _with(("title: Example Shop", "title: " + "x" * 10_000)),
    "number of many digits": _with(("bytes_per_s: 1000000", "bytes_per_s: " + "9" * 5000)),
    "infinite number": _with(("connections_per_s: 20 ", "connections_per_s: .inf ")),
    "not a number": _with(("connections_per_s: 20 ", "connections_per_s: .nan ")),
}
_WRONG_NAMES = {
    "name with a path": _with(("name: shop.example", "name: ../../etc/passwd")),
    "name with capitals": _with(("name: shop.example", "name: Shop")),
    "server name with a blank": _with(("name: web-1", "name: web 1")),
    "server name twice": _with(("name: mail-1", "name: web-1")),
    "mail address without at": _with(("security@shop.example", "security.shop.example")),
    "mail address with a line break": _with(
        ("email: security@shop.example ", 'email: "a@shop.example\\nBcc: b@x.example" ')
    ),
    "phone without country": _with(('"+81-3-1234-5678"', '"03-1234-5678"')),
    "unknown role": _with(("role: web ", "role: webserver ")),
    "address as name": _with(("- 192.0.2.10", "- www.shop.example")),
    "address block": _with(("- 192.0.2.10", "- 192.0.2.0/24")),
    "address with port": _with(("- 192.0.2.10", "- 192.0.2.10:80")),
    "address with leading zeros": _with(("- 192.0.2.10", "- 192.000.002.010")),
    "address as number": _with(("- 192.0.2.10", "- 3221225994")),
    "network address": _with(("- 192.0.2.10", "- 192.0.2.0")),
    "broadcast address": _with(("- 192.0.2.10", "- 192.0.2.255")),
    "broadcast to all": _with(("- 192.0.2.10", "- 255.255.255.255")),
    "unspecified address": _with(("- 192.0.2.10", "- 0.0.0.0")),
    "unspecified IPv6 address": _with(("- 2001:db8::10", "- '::'")),
    "multicast address": _with(("- 192.0.2.10", "- 224.0.0.1")),
    "multicast IPv6 address": _with(("- 2001:db8::10", "- ff02::1")),
    "metadata service": _with(("- 192.0.2.10", "- 169.254.169.254")),
    "zone id": _with(("- 2001:db8::10", "- fe80::1%eth0")),
    "mapped address": _with(("- 2001:db8::10", "- '::ffff:192.0.2.10'")),
    "address twice": _with(("- 2001:db8::10", "- 192.0.2.10")),
    "address on two servers": _with(("192.0.2.25", "192.0.2.10")),
    "no address": _with(("addresses: [192.0.2.25]", "addresses: []")),
    "host name in kanji": _with(("[mail.shop.example]", "[メール.shop.example]")),
    "host name with capitals": _with(("[mail.shop.example]", "[Mail.shop.example]")),
    "host name with an underscore": _with(("[mail.shop.example]", "[mail_1.shop.example]")),
    "host name with a dot at its end": _with(("[mail.shop.example]", "[mail.shop.example.]")),
    "host name with empty labels": _with(("[mail.shop.example]", "[mail..example]")),
    "host name that is too long": _with(("[mail.shop.example]", f"[{'a.' * 130}example]")),
    "host name that is an address": _with(("[mail.shop.example]", "[192.0.2.25]")),
    "host name as URL": _with(("[mail.shop.example]", '["https://mail.shop.example/"]')),
    "wildcard host name": _with(("[mail.shop.example]", '["*.shop.example"]')),
    "broken Punycode": _with(("[mail.shop.example]", "[xn--99999999999.example]")),
    "host name twice": _with(("      - www.shop.example", "      - shop.example")),
}
_TLS_END = (
    "      - {port: 443, server_name: www.shop.example, versions: [TLSv1.2], client_auth: none, names: [a.example]}\n"
)
_SET_END = "    set: [{url: 'https://shop.example/', kind: SET, version: '1.0', brand: Brand, bin: '412345', roots: [root.pem]}]\n"
_SET_END_NUMBER = _SET_END.replace("'1.0'", "1.0")
_WRONG_PORTS = {
    "port 0": _with(("port: 80 ", "port: 0 ")),
    "port 65536": _with(("port: 80 ", "port: 65536 ")),
    "negative port": _with(("port: 80 ", "port: -80 ")),
    "fraction of a port": _with(("port: 80 ", "port: 80.5 ")),
    "port as word": _with(("port: 80 ", "port: http ")),
    "port as truth": _with(("port: 80 ", "port: true ")),
    "range backwards": _with(("port: 80 ", 'port: "90-80" ')),
    "range too wide": _with(("port: 80 ", 'port: "1-65535" ')),
    "port twice": _with(("port: 22\n", "port: 80\n")),
    "ranges that overlap": _with(("port: 80 ", 'port: "20-90" ')),
    "unknown transport": _with(("transport: tcp ", "transport: sctp ")),
    "misspelt service": _with(("service: http ", "service: htpp ")),
    "service in capitals": _with(("service: http ", "service: HTTP ")),
    "service as sentence": _with(("service: http ", "service: a web server ")),
    "unknown purpose": _with(("purpose: shop ", "purpose: fun ")),
    "block with host bits": _with(("198.51.100.0/28", "198.51.100.1/28")),
    "block of one address": _with(("198.51.100.0/28", "198.51.100.1")),
    "block of everybody": _with(("198.51.100.0/28", "0.0.0.0/0")),
    "block with a bad prefix": _with(("198.51.100.0/28", "198.51.100.0/33")),
    "exception for http": _with(("purpose: shop ", "purpose: shop\n        exception: none needed ")),
    "https without TLS": _without("    tls: ", "    # SET or SECE"),
    "TLS on an undeclared port": _with(("      - port: 443\n        server_name", "      - port: 8443\n        server_name")),
    "TLS on an http port": _with(("service: https ", "service: http ")),
    "TLS twice": _with(("    # SET or", f"{_TLS_END}    # SET or")),
    "no TLS version": _with(("[TLSv1.2, TLSv1.3]", "[]")),
    "unknown TLS version": _with(("[TLSv1.2, TLSv1.3]", "[TLS1.2]")),
    "TLS version twice": _with(("[TLSv1.2, TLSv1.3]", "[TLSv1.2, TLSv1.2]")),
    "no name in the certificate": _with(("names: [shop.example, www.shop.example]", "names: []")),
    "server name that is not declared": _with(("server_name: www.shop.example", "server_name: ww.shop.example")),
    "client authentication no": _with(("client_auth: none", "client_auth: no")),
    "SET at a foreign host": _with(("    # set:", f"{_SET_END.replace('shop.example', 'x.example')}    # set:")),
    "SET version as number": _with(("    # set:", f"{_SET_END_NUMBER}    # set:")),
    "SET root that is not there": _with(("    # set:", f"{_SET_END}    # set:")),
    "SET with a card number": _with(("    # set:", f"{_SET_END.replace('412345', '4123450131003312')}    # set:")),
    "SET without a brand": _with(("    # set:", f"{_SET_END.replace('brand: Brand, ', '')}    # set:")),
    "SET without a root": _with(("    # set:", f"{_SET_END.replace('[root.pem]', '[]')}    # set:")),
}  # fmt: skip
_WRONG_TERMS = {
    "unknown scan": _with(("scan: top-1000", "scan: everything")),
    "empty scan": _with(("scan: top-1000", "scan: []")),
    "scan that overlaps": _with(("scan: top-1000", "scan: [1-100, 50-60]")),
    "scan of port 0": _with(("scan: top-1000", "scan: [0-100]")),
    "flood of connections": _with(("connections_per_s: 20 ", "connections_per_s: 1000000 ")),
    "flood of bytes": _with(("bytes_per_s: 1000000", "bytes_per_s: 10000000000")),
    "flood of packets": _with(("packets_per_s: 500", "packets_per_s: 1000000")),
    "trickle of packets": _with(("packets_per_s: 500", "packets_per_s: 99")),
    "no pace": _with(("requests_per_s: 10 ", "requests_per_s: 0 ")),
    "negative pace": _with(("requests_per_s: 10 ", "requests_per_s: -1 ")),
    "half a connection": _with(("concurrent_connections: 10 ", "concurrent_connections: 1.5 ")),
    "unknown time zone": _with(("Asia/Tokyo", "Asia/Tokio")),
    "time zone as path": _with(("Asia/Tokyo", "../../etc/localtime")),
    "time zone as offset": _with(("Asia/Tokyo", "+09:00")),
    "time zone as folder": _with(("Asia/Tokyo", "Asia")),
    "no windows": _without("  windows: ", "  blackouts:"),
    "empty window": _with(('end: "05:00"', 'end: "02:00"')),
    "hour that does not exist": _with(('end: "05:00"', 'end: "25:00"')),
    "time without minutes": _with(('end: "05:00"', "end: 5")),
    "midnight as 24": _with(('end: "05:00"', 'end: "24:00"')),
    "unknown day": _with(("[tue, wed, thu]", "[tuesday]")),
    "day twice": _with(("[tue, wed, thu]", "[tue, tue]")),
    "no day": _with(("[tue, wed, thu]", "[]")),
    "date that does not exist": _with(('"2026-12-31"', '"2026-02-30"')),
    "date the other way round": _with(('"2026-12-31"', '"31.12.2026"')),
    "date twice": _with(('"2027-01-01"', '"2026-12-31"')),
    "anchor that is no certificate": _with(("# anchors:\n#   - our-root-ca.pem", "anchors:\n  - /etc/passwd")),
    "anchor outside the folder": _with(("# anchors:\n#   - our-root-ca.pem", "anchors:\n  - ../../../../etc/hostname")),
    "anchor that is not there": _with(("# anchors:\n#   - our-root-ca.pem", "anchors:\n  - missing.pem")),
    "anchor that is a folder": _with(("# anchors:\n#   - our-root-ca.pem", "anchors:\n  - .")),
    "anchor that is a private key": _with(
        (
            "# anchors:\n#   - our-root-ca.pem",
            'anchors:\n  - "-----BEGIN PRIVATE KEY-----\\nMC4=\\n-----END PRIVATE KEY-----\\n"',
        )
    ),
    "anchor that is torn": _with(
        (
            "# anchors:\n#   - our-root-ca.pem",
            'anchors:\n  - "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n"',
        )
    ),
    "anchor that is empty": _with(("# anchors:\n#   - our-root-ca.pem", "anchors:\n  - ''")),
}

KINDS: dict[str, bytes] = {**_NO_FILE, **_NO_YAML, **_WRONG_TYPES, **_WRONG_NAMES, **_WRONG_PORTS, **_WRONG_TERMS}
"""Name of the mistake -> the file."""

_SPOILS: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        1.5,
        2**63,
        "",
        " ",
        "x",
        "\0",
        "é",
        "a" * 5000,
        [],
        {},
        [None],
        [[]],
        {"": {}},
        {"port": 1},
        "::",
        "%",
        "\\",
    ]
)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """Draw the example with lines lost, doubled, moved or cut, characters changed, or values replaced."""
    return draw(st.one_of(_spoilt_lines(), _spoilt_characters(), _spoilt_values()))


@st.composite
def _spoilt_lines(draw: st.DrawFn) -> bytes:
    lines = [line for line in _GOOD.splitlines() if not line.lstrip().startswith("#")]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        changed = draw(
            st.sampled_from([[], [lines[at]] * 2, ["  " + lines[at]], [lines[at].lstrip()], [lines[at][:9]]])
        )
        lines[at : at + 1] = changed
    return "\n".join(lines).encode()


@st.composite
def _spoilt_characters(draw: st.DrawFn) -> bytes:
    data = bytearray(_GOOD.encode())
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(data)


@st.composite
def _spoilt_values(draw: st.DrawFn) -> bytes:
    tree: Any = load(_GOOD, "example", "typed").data
    for _ in range(draw(st.integers(1, 3))):
        holder: Any = tree
        for _ in range(draw(st.integers(0, 5))):
            below = [
                each
                for each in (holder.values() if isinstance(holder, dict) else holder)
                if each and isinstance(each, dict | list)
            ]
            holder = draw(st.sampled_from(below)) if below else holder
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if keys:
            holder[draw(st.sampled_from(keys))] = deepcopy(draw(_SPOILS))
    return json.dumps(tree, ensure_ascii=False).encode()
