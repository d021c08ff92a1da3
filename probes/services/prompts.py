"""Prompts: what is said to services that wait to be spoken to, and how their answers are recognised. Pure.

Each prompt asks for nothing but a sign of life: a NULL call, a version, a connection set-up that is never used.
The ports of a prompt only say where it is tried first; a service is what answers, wherever that is.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from plugins.value import value

_RPC_PROGRAMS = ((100_000, 2, "sunrpc"), (100_003, 3, "nfs"), (100_004, 2, "nis"))
_RPC_XID = 0x54454E00
_DNS_ID = 0x5445


@value
class Prompt:
    """One way to start a conversation."""

    service: str
    """Service that is looked for."""
    data: bytes
    """What is sent."""
    recognise: Callable[[bytes], str]
    """Names the service by the answer; empty: not recognised."""
    likely: tuple[int, ...] = ()
    """Ports where this prompt is tried first, before HTTP."""
    tells_build: bool = False
    """True: the answer may name product and version, so it is worth a connection of its own."""


def _rpc_call(xid: int, program: int, version: int) -> bytes:
    """Give a NULL call over TCP (RFC 5531, sections 9 and 11)."""
    call = struct.pack(">10I", xid, 0, 2, program, version, 0, 0, 0, 0, 0)
    return struct.pack(">I", 0x8000_0000 | len(call)) + call


def _rpc_records(data: bytes) -> Iterator[bytes]:
    while len(data) >= 4:
        length = struct.unpack(">I", data[:4])[0] & 0x7FFF_FFFF
        yield data[4 : 4 + length]
        data = data[4 + length :]


def recognise_rpc(data: bytes) -> str:
    """Name the RPC program that accepted its NULL call; `sunrpc` when something spoke RPC but knew none of them."""
    spoke = ""
    for record in _rpc_records(data):
        if len(record) < 12:
            continue
        xid, message, reply = struct.unpack(">3I", record[:12])
        position = xid - _RPC_XID
        if message != 1 or not 0 <= position < len(_RPC_PROGRAMS):
            continue
        spoke = spoke or "sunrpc"
        if reply == 0 and _rpc_accepted(record):
            return _RPC_PROGRAMS[position][2]
    return spoke


def _rpc_accepted(record: bytes) -> bool:
    """Tell whether the program exists: SUCCESS, or another version of it (PROG_MISMATCH)."""
    if len(record) < 24:
        return False
    verifier = struct.unpack(">I", record[16:20])[0]
    status = record[20 + verifier : 24 + verifier] if verifier <= 400 else b""
    return status in {b"\x00\x00\x00\x00", b"\x00\x00\x00\x02"}


def _recognise_x11(data: bytes) -> str:
    """X11 connection set-up: failed, success or authenticate, for protocol 11 (X Window System Protocol, section 8)."""
    answered = len(data) >= 8 and (data[0] in {0, 1} and data[2:6] == b"\x0b\x00\x00\x00")
    authenticate = len(data) >= 8 and data[0] == 2 and len(data) == 8 + 4 * int.from_bytes(data[6:8], "little")
    return "x11" if answered or authenticate else ""


def _recognise_dns(data: bytes) -> str:
    """DNS over TCP: length, our id, the QR bit (RFC 1035, sections 4.1.1 and 4.2.2)."""
    ours = len(data) >= 14 and int.from_bytes(data[2:4], "big") == _DNS_ID
    return "domain" if ours and data[4] & 0x80 else ""


def _recognise_redis(data: bytes) -> str:
    return "redis" if data.startswith((b"+PONG", b"-NOAUTH", b"-DENIED", b"-ERR")) else ""


def _recognise_rdp(data: bytes) -> str:
    """X.224 connection confirm inside TPKT (RFC 1006, section 6)."""
    return "ms-wbt-server" if len(data) >= 7 and data[:2] == b"\x03\x00" and data[5] == 0xD0 else ""


def _dns_query(name: bytes, kind: int, class_: int) -> bytes:
    """Give a query without recursion, as it goes over TCP (RFC 1035, sections 4.1 and 4.2.2)."""
    query = struct.pack(">6H", _DNS_ID, 0, 1, 0, 0, 0) + name + struct.pack(">2H", kind, class_)
    return struct.pack(">H", len(query)) + query


_VERSION_BIND = b"\x07version\x04bind\x00"
_SNMP_ID = b"\x54\x45\x4e\x4b"
# Discovery of the engine (RFC 3414, section 4): no user, no community; every SNMPv3 agent answers it with a report.
_SNMP_DISCOVERY = bytes.fromhex(
    "303e020103"
    f"3011 0204{_SNMP_ID.hex()} 020300ffe3 040104 020103"
    "0410 300e 0400 020100 020100 0400 0400 0400"
    f"3014 0400 0400 a00e 0204{_SNMP_ID.hex()} 020100 020100 3000"
)


def _recognise_snmp(data: bytes) -> str:
    """A message of SNMPv3 with our own id (RFC 3412, section 6)."""
    return "snmp" if data[:1] == b"\x30" and b"\x02\x01\x03" in data[:8] and _SNMP_ID in data[:32] else ""


PROMPTS: tuple[Prompt, ...] = (
    Prompt(
        service="sunrpc",
        data=b"".join(
            _rpc_call(_RPC_XID + n, program, version) for n, (program, version, _) in enumerate(_RPC_PROGRAMS)
        ),
        recognise=recognise_rpc,
        likely=(111, 2049),
    ),
    Prompt(
        service="x11",
        data=struct.pack("<cx5H", b"l", 11, 0, 0, 0, 0),
        recognise=_recognise_x11,
        likely=tuple(range(6000, 6064)),
    ),
    Prompt(
        service="domain",
        # version.bind (RFC 4892, section 3.1), then the name servers of the root for those that know no class but IN.
        data=_dns_query(_VERSION_BIND, 16, 3) + _dns_query(b"\x00", 2, 1),
        recognise=_recognise_dns,
        likely=(53,),
        tells_build=True,
    ),
    Prompt(
        service="postgresql",
        data=struct.pack(">2I", 8, 80_877_103),
        recognise=lambda data: "postgresql" if data in {b"S", b"N"} else "",
        likely=(5432,),
    ),
    Prompt(
        service="redis",
        data=b"PING\r\nINFO server\r\n",
        recognise=_recognise_redis,
        likely=(6379,),
        tells_build=True,
    ),
    Prompt(
        service="memcache",
        data=b"version\r\n",
        recognise=lambda data: "memcache" if data.startswith(b"VERSION ") else "",
        likely=(11_211,),
        tells_build=True,
    ),
    Prompt(
        service="ms-wbt-server",
        data=bytes.fromhex("030000130ee000000000000100080003000000"),
        recognise=_recognise_rdp,
        likely=(3389,),
    ),
    Prompt(service="snmp", data=_SNMP_DISCOVERY, recognise=_recognise_snmp, likely=(161,)),
)
"""Every prompt."""


def prompts_for(port: int) -> tuple[Prompt, ...]:
    """Give all prompts, the likely ones of `port` first."""
    return tuple(sorted(PROMPTS, key=lambda prompt: port not in prompt.likely))
