"""TCP segments of the half-open engine: what is sent, and what an answer has to look like to be one. Pure.

The sequence number of a SYN is a cookie: nobody who has not seen the SYN can answer it (RFC 9293, section 3.10.7: an answer
acknowledges that number plus one). The cookies of an address come from one call of a keyed hash; a check is a look into a table.
"""

from __future__ import annotations

import hashlib
import ipaddress
import struct

from probes.ports.engine import Reply
from probes.ports.templates import SYN

_SYN_FLAG, _RST_FLAG, _ACK_FLAG = 0x02, 0x04, 0x10
_TCP = 6
_SEGMENT = struct.Struct(">HHIIBB")
_PORT_AND_SEQUENCE = struct.Struct(">HI").pack_into
_WORD = struct.Struct(">H").pack_into


class Cookies:
    """The sequence numbers for the ports of one address."""

    def __init__(self, secret: bytes, address: str) -> None:
        """`secret`: 16 bytes or more, from a source of randomness, for one sweep."""
        packed = ipaddress.ip_address(address).packed
        self.of = memoryview(hashlib.shake_128(secret + packed).digest(4 * 65_536)).cast("I")
        """Sequence number by port. An answer acknowledges it plus one, modulo 2 to the 32."""


class Syn:
    """The SYN of one wave to one address: a template in which port, sequence number and checksum are patched."""

    def __init__(self, source: str, target: str, source_port: int, cookies: Cookies) -> None:
        self._segment = bytearray(SYN)
        _WORD(self._segment, 0, source_port)
        self._cookies = cookies.of
        self._sum = _words(_pseudo_header(source, target, len(SYN))) + _words(bytes(self._segment))

    def to(self, port: int) -> bytearray:
        """Give the SYN to `port`; the same buffer at every call."""
        sequence = self._cookies[port]
        total = self._sum + port + (sequence >> 16) + (sequence & 0xFFFF)
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        _PORT_AND_SEQUENCE(self._segment, 2, port, sequence)
        _WORD(self._segment, 16, total ^ 0xFFFF)
        return self._segment


def _pseudo_header(source: str, target: str, length: int) -> bytes:
    """Give what the checksum covers besides the segment (RFC 9293, section 3.1; RFC 8200, section 8.1)."""
    near, far = ipaddress.ip_address(source), ipaddress.ip_address(target)
    tail = struct.pack(">BBH", 0, _TCP, length) if near.version == 4 else struct.pack(">IBBBB", length, 0, 0, 0, _TCP)
    return near.packed + far.packed + tail


def _words(data: bytes) -> int:
    return sum(struct.unpack(f">{len(data) // 2}H", data))


def answer(packet: bytearray, size: int, version: int) -> tuple[int, int, int, Reply]:
    """Read a packet as a raw socket gives it: with its IP header under IPv4, without under IPv6.

    Gives the port that answers, our port, what it acknowledges, and the reply: open, closed, or silence where it is neither.
    The content is hostile: whatever does not hold together is silence.
    """
    start = (packet[0] & 0x0F) * 4 if version == 4 else 0
    if size < start + 20 or (version == 4 and start < 20):
        return 0, 0, 0, Reply.SILENCE
    port, own_port, _, acknowledged, _, flags = _SEGMENT.unpack_from(packet, start)
    if not flags & _ACK_FLAG:
        return port, own_port, acknowledged, Reply.SILENCE
    if flags & _RST_FLAG:
        return port, own_port, acknowledged, Reply.CLOSED
    return port, own_port, acknowledged, Reply.OPEN if flags & _SYN_FLAG else Reply.SILENCE


def returned_syn(segment: bytes) -> tuple[int, int, int]:
    """Read the segment inside an ICMP error (eight bytes do): our port, the other port, sequence number; zeros for rubbish."""
    if len(segment) < 8:
        return 0, 0, 0
    own_port, port, sequence = struct.unpack_from(">HHI", segment)
    return own_port, port, sequence
