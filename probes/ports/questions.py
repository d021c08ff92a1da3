"""What a UDP port is asked, by the service that is declared or usual there, and how an answer of that protocol is known. Pure.

A port of which nothing is known gets an empty datagram: it finds out whether the port is closed, and no more. Every question only
reads; the only word that could be called a password is the community "public", the default that RFC 1157's programs ship with.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from plugins.value import value
from probes.ports import templates
from probes.services.names import canonical
from probes.target import PortRange

REVIEWED_UDP = (111, 161, 2049)
"""UDP ports that every server is asked at: RPC, SNMP and NFS do not belong on a shop system, declared or not."""
Recognise = Callable[[bytes], bool]
"""Tells whether an answer is of the protocol."""


@value
class Question:
    """How one service is asked by UDP."""

    service: str
    """Service, under its canonical name."""
    payloads: tuple[bytes, ...]
    """Datagrams, one per try, in turn."""
    recognise: Recognise
    """Tells whether an answer is of the protocol."""
    any_port: bool = False
    """True: the answer comes from a port of its own (TFTP, RFC 1350, section 4)."""

    def named(self, answer: bytes) -> str:
        """Give the service if the answer is of its protocol, else nothing. Our own words given back (RFC 862) are no answer."""
        return self.service if answer not in self.payloads and self.recognise(answer) else ""


def reviewed_udp() -> tuple[PortRange, ...]:
    """Give the reviewed ports as ranges."""
    return tuple(PortRange(first=port, last=port) for port in REVIEWED_UDP)


def question(service: str, port: int) -> Question:
    """Give the question for a declared service (empty: none is declared) at a port."""
    by_name = {one.service: one for one in QUESTIONS.values()}
    return by_name.get(canonical(service)) or (QUESTIONS[port] if not service and port in QUESTIONS else NOTHING_KNOWN)


def _dns(data: bytes) -> bool:
    return len(data) >= 12 and data[:2] == b"\x74\x6b" and bool(data[2] & 0x80)


def _snmp(data: bytes) -> bool:
    """SNMP messages are a BER sequence that begins with the version (RFC 3416; RFC 3412, section 6)."""
    head = 2 if len(data) > 1 and data[1] < 0x80 else 2 + (data[1] & 0x7F if len(data) > 1 else 0)
    return data[:1] == b"\x30" and data[head : head + 2] == b"\x02\x01" and data[head + 2 : head + 3] in _SNMP_VERSIONS


_SNMP_VERSIONS = {b"\x00", b"\x01", b"\x03"}


def _rpc(data: bytes) -> bool:
    """Replies hold the call's id and a one (RFC 5531, section 9)."""
    return len(data) >= 12 and data[:8] == b"\x74\x6b\x6e\x01\x00\x00\x00\x01"


def _ntp(data: bytes) -> bool:
    return len(data) >= 48 and data[0] & 7 == 4 and data[24:32] == bytes(8)


def _tftp(data: bytes) -> bool:
    return len(data) >= 4 and data[0] == 0 and data[1] in {3, 5}


def _ike(data: bytes) -> bool:
    return len(data) >= 28 and data[:8] == b"tenken01"


def _ike_behind_nat(data: bytes) -> bool:
    return data[:4] == bytes(4) and _ike(data[4:])


def _memcache(data: bytes) -> bool:
    return data[:2] == b"\x74\x6b" and data[8:16] in {b"VERSION ", b"ERROR\r\n", b"SERVER_E"}


def _netbios(data: bytes) -> bool:
    return len(data) >= 12 and data[:2] == b"\x74\x6b" and bool(data[2] & 0x80)


def _stun(data: bytes) -> bool:
    return len(data) >= 20 and data[:2] in {b"\x01\x01", b"\x01\x11"} and data[4:20] == templates.STUN[4:20]


def _quic(data: bytes) -> bool:
    """A version negotiation packet: long header, version zero, our connection id given back (RFC 9000, section 17.2.1)."""
    if len(data) < 7 or not data[0] & 0x80 or struct.unpack_from(">I", data, 1)[0]:
        return False
    return data[6 : 6 + data[5]] == b"tenken01"


def _asks(service: str, recognise: Recognise, *payloads: bytes, any_port: bool = False) -> Question:
    return Question(service=service, payloads=payloads, recognise=recognise, any_port=any_port)


QUESTIONS: dict[int, Question] = {
    53: _asks("domain", _dns, templates.DNS),
    69: _asks("tftp", _tftp, templates.TFTP, any_port=True),
    111: _asks("sunrpc", _rpc, templates.RPCBIND),
    123: _asks("ntp", _ntp, templates.NTP),
    137: _asks("netbios-ns", _netbios, templates.NETBIOS),
    161: _asks("snmp", _snmp, templates.SNMP_3, templates.SNMP_2, templates.SNMP_1),
    443: _asks("https", _quic, templates.QUIC),
    500: _asks("isakmp", _ike, templates.IKE),
    1900: _asks("ssdp", lambda data: data.startswith((b"HTTP/1.1 200", b"NOTIFY ")), templates.SSDP),
    2049: _asks("nfs", _rpc, templates.NFS),
    3478: _asks("stun", _stun, templates.STUN),
    4500: _asks("ipsec-nat-t", _ike_behind_nat, bytes(4) + templates.IKE),
    5060: _asks("sip", lambda data: data.startswith(b"SIP/2.0 "), templates.SIP),
    5353: _asks("mdns", _dns, templates.MDNS),
    11211: _asks("memcache", _memcache, templates.MEMCACHE),
}
"""By the port that IANA registered."""
NOTHING_KNOWN = Question(service="", payloads=(b"",), recognise=lambda data: False)  # noqa: ARG005 - nothing is known of it
"""For every other port."""
