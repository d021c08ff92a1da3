"""The loader's part that reads tcp, dns and ssl blocks."""

from __future__ import annotations

from typing import Literal, cast, get_args

import re2

from plugins.ask import DnsType, TlsVersion
from plugins.template import refused
from plugins.template.certificate import ELSEWHERE
from plugins.template.filling import EMPTY
from plugins.template.load_match import KEYS, Reader, filling, flag
from plugins.template.load_payloads import payloads
from plugins.template.model import DnsBlock, TcpBlock, TcpInput, TlsBlock
from plugins.template.sheet import Node
from plugins.template.vocabulary import Vocabulary

TCP = (*KEYS, "host", "port", "inputs", "read-size", "read-all", "payloads", "attack")
"""Keys of a tcp block."""
INPUT = ("data", "type", "read", "name")
"""Keys of an entry of `inputs`."""
DNS = (*KEYS, "name", "type", "class", "retries", "recursion")
"""Keys of a dns block."""
SSL = (*KEYS, "address", "min_version", "max_version", "cipher_suites")
"""Keys of an ssl block."""
MAX_INPUTS = 20
"""Most entries of `inputs`."""
MAX_READ = 65_536
"""Largest read."""
_HOST = re2.compile(r"(tls://)?(\{\{Hostname\}\}|\{\{Host\}\})(?::(?:([0-9]{1,5})|\{\{Port\}\}))?")
_ADDRESS = re2.compile(r"\{\{Hostname\}\}|\{\{Host\}\}:\{\{Port\}\}|\{\{Host\}\}")
_SERVICE = re2.compile(r"[a-z][a-z0-9-]{0,29}")
_OWN_NAME = re2.compile(r"(?:.*\.)?\{\{(?:FQDN|RDN|Hostname|Host|DN\}\}\.\{\{TLD)\}\}")
_ANYBODY = re2.compile(r"(?:.*\.)?(?:example(?:\.com|\.net|\.org)?|invalid|test)\.?")
_CHAOS = re2.compile(r"(?:version|hostname|authors)\.bind|(?:id|version)\.server")
_SUITE = re2.compile(r"[A-Z0-9_-]{3,60}")
_VERSIONS: tuple[TlsVersion, ...] = ("ssl30", "tls10", "tls11", "tls12", "tls13")
_REFUSED = refused.PARTS | {"status_code": "such an answer has no status"}


def tcp_block(node: Node, vocabulary: Vocabulary) -> TcpBlock:
    """Read one entry of `tcp`."""
    if not node.keys(TCP, refused.TCP):
        return TcpBlock()
    lists = payloads(node, vocabulary)
    reader = Reader(node, vocabulary, default="data", refused_parts=_REFUSED)
    tls, ports, services = _addressed(node)
    inputs, size = node.at("inputs"), node.at("read-size")
    entries = list(inputs.entries()) if inputs else []
    if inputs and not 1 <= len(entries) <= MAX_INPUTS:
        inputs.blame(f"expected 1 to {MAX_INPUTS} inputs, saw {len(entries)}")
    return TcpBlock(
        **reader.operators(),
        inputs=tuple(_input(entry, vocabulary) for entry in entries[:MAX_INPUTS]),
        tls=tls,
        ports=ports,
        services=services,
        payloads=lists,
        read=size.whole(1, MAX_READ) if size else 1024,
        read_all=flag(node, "read-all"),
    )


def announce(node: Node, vocabulary: Vocabulary) -> None:
    """Take the names of inputs into the vocabulary."""
    inputs = node.at("inputs") if isinstance(node.data, dict) else None
    for entry in inputs.entries() if inputs and isinstance(inputs.data, list) else ():
        name = entry.at("name") if isinstance(entry.data, dict) else None
        if name and isinstance(name.data, str):
            vocabulary.give(name.data.strip(), "an input", entry, "name")


def _addressed(node: Node) -> tuple[bool, tuple[int, ...], tuple[str, ...]]:
    """Read `host` and `port`: the end point itself, perhaps inside TLS, perhaps only on some ports."""
    tls, ports, services = set[bool](), list[int](), list[str]()
    host = node.at("host")
    for text in host.texts() if host else ():
        found = _HOST.fullmatch(text.strip())
        if found is None:
            _outside(host or node, text)
            continue
        tls.add(bool(found.group(1)))
        if found.group(3):
            ports.append(int(found.group(3)))
    if len(tls) > 1 and host:
        host.blame("with and without tls:// are two blocks; write them apart")
    port = node.at("port")
    for text in port.listed() if port else ():
        if text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65_536:
            ports.append(int(text))
        elif _SERVICE.fullmatch(text):
            services.append(text)
        elif port:
            port.blame(f"{text[:40]!a} is neither a port nor a service")
    return True in tls, tuple(dict.fromkeys(ports)), tuple(dict.fromkeys(services))


def _outside(node: Node, text: str) -> None:
    node.blame(
        f"{text[:60]!a}: refused, an inspection asks only the end point that its order names; write {{{{Hostname}}}}"
    )


def _input(node: Node, vocabulary: Vocabulary) -> TcpInput:
    if not node.keys(INPUT, {}):
        return TcpInput()
    data, kind, read, name = node.at("data"), node.at("type"), node.at("read"), node.at("name")
    is_hex = kind is not None and kind.choice(("text", "hex")) == "hex"
    sent = filling(data, data.raw(), vocabulary) if data else EMPTY
    if data and is_hex and sent.plain is not None:
        _check_hex(data, sent.plain)
    return TcpInput(
        data=sent,
        hex=is_hex,
        read=read.whole(0, MAX_READ) if read else 0,
        name=name.text() if name else "",
    )


def _check_hex(node: Node, digits: bytes) -> None:
    try:
        bytes.fromhex(digits.decode("ascii", "replace"))
    except ValueError:
        node.blame("expected pairs of hexadecimal digits")


def dns_block(node: Node, vocabulary: Vocabulary) -> DnsBlock:
    """Read one entry of `dns`."""
    if not node.keys(DNS, refused.DNS):
        return DnsBlock(name=EMPTY)
    reader = Reader(node, vocabulary, default="raw", refused_parts=_REFUSED)
    name, kind, group, tries = node.at("name"), node.at("type"), node.at("class"), node.at("retries")
    dns_class = (
        "CH" if group and group.choice(("inet", "IN", "in", "chaos", "CH", "ch")).lower() in {"chaos", "ch"} else "IN"
    )
    text = name.text("{{FQDN}}") if name else "{{FQDN}}"
    _check_name(name or node, text, dns_class)
    operators = reader.operators()
    # `name` is what is asked for here, and no name of the block.
    return DnsBlock(
        **operators,
        name=filling(name or node, text, vocabulary),
        type=cast(DnsType, kind.choice(get_args(DnsType))) if kind else "A",
        dns_class=cast(Literal["IN", "CH"], dns_class),
        recursion=flag(node, "recursion") if node.at("recursion") else True,
        tries=min(3, tries.whole(1, 20)) if tries else 1,
    )


def _check_name(node: Node, text: str, dns_class: str) -> None:
    """A name server is asked about the inspected domain, or about what nobody owns (RFC 6761), never about others."""
    fitting = (_CHAOS,) if dns_class == "CH" else (_OWN_NAME, _ANYBODY)
    if not any(shape.fullmatch(text) for shape in fitting):
        wanted = "version.bind or id.server" if dns_class == "CH" else "{{FQDN}}, something below it, or example.com"
        node.blame(f"{text[:60]!a}: refused, others' names are outside the scope of an inspection; ask for {wanted}")


def tls_block(node: Node, vocabulary: Vocabulary) -> TlsBlock:
    """Read one entry of `ssl`."""
    if not node.keys(SSL, refused.SSL):
        return TlsBlock()
    reader = Reader(node, vocabulary, default="response", refused_parts=_REFUSED | ELSEWHERE)
    address, suites = node.at("address"), node.at("cipher_suites")
    if address and not _ADDRESS.fullmatch(address.text()):
        _outside(address, address.text())
    ciphers = suites.listed() if suites else ()
    if suites and not (ciphers and all(_SUITE.fullmatch(suite) for suite in ciphers)):
        suites.blame("expected names of cipher suites, such as TLS_RSA_WITH_RC4_128_SHA")
    return TlsBlock(
        **reader.operators(),
        min_version=_version(node, "min_version"),
        max_version=_version(node, "max_version"),
        ciphers=ciphers,
    )


def _version(node: Node, key: str) -> TlsVersion:
    found = node.at(key)
    if found is None:
        return ""
    text = found.text().lower().replace("sslv3", "ssl30").replace("ssl3", "ssl30")
    if text not in _VERSIONS:
        found.blame(f"expected one of {', '.join(_VERSIONS)}, saw {text[:40]!a}")
        return ""
    return text
