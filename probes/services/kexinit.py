"""Reads what an SSH server says before anything is encrypted: its identification and its SSH_MSG_KEXINIT. Pure.

RFC 4253, sections 4.2, 6 and 7.1. Everything is bounded by the 35,000 bytes that the RFC sets for a packet.
"""

from __future__ import annotations

import struct

from probes.services.facts import SshAlgorithms
from probes.transcript import printable

MOST_BYTES = 40_000
"""Bytes after which a server that has not offered its algorithms will not."""
IDENTIFICATION = b"SSH-2.0-Tenken\r\n"
"""What we say first."""
_PACKET_BYTES = 35_000
_KEXINIT = 20
_MOST_NAMES = 200


def offered(data: bytes) -> SshAlgorithms | None:
    """Read the algorithms out of a server's first bytes; None: they are not there, or not all of them yet."""
    packet = _first_packet(data)
    if packet is None or packet[:1] != bytes([_KEXINIT]):
        return None
    lists = _name_lists(packet[17:], 10)
    if lists is None:
        return None
    return SshAlgorithms(key_exchange=lists[0], host_key=lists[1], cipher=lists[3], mac=lists[5])


def _first_packet(data: bytes) -> bytes | None:
    """Give the payload of the first binary packet behind the identification line; lines before that are allowed."""
    start = 0 if data.startswith(b"SSH-") else data.find(b"\nSSH-") + 1
    end = data.find(b"\n", start) + 1
    if not data.startswith(b"SSH-", start) or end == 0 or len(data) < end + 5:
        return None
    length, padding = struct.unpack(">IB", data[end : end + 5])
    if not padding + 1 < length <= _PACKET_BYTES or len(data) < end + 4 + length:
        return None
    return data[end + 5 : end + 4 + length - padding]


def _name_lists(data: bytes, count: int) -> list[tuple[str, ...]] | None:
    """Read `count` name-lists (RFC 4251, section 5)."""
    found: list[tuple[str, ...]] = []
    for _ in range(count):
        if len(data) < 4:
            return None
        (length,) = struct.unpack(">I", data[:4])
        if len(data) < 4 + length:
            return None
        names = data[4 : 4 + length].split(b",")[:_MOST_NAMES] if length else []
        found.append(tuple(printable(name, 64) for name in names))
        data = data[4 + length :]
    return found
