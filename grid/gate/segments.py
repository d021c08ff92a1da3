"""One packet counts as one: an XDP program for the switch side that does nothing. Pure: gives the bytes of the object file.

A sender may hand the kernel one large packet that is cut into segments later (UDP_SEGMENT, TSO, a virtio header on a packet
socket). On a veth it is cut after the switch side has counted it, so 64 packets would count as one. A veth whose peer has an XDP
program cannot have segmentation offload, whoever owns it: the kernel cuts before the cable. The program itself passes everything.
"""

from __future__ import annotations

import struct

SECTION = "xdp"
"""Section that `ip link set ... xdp object FILE section SECTION` is told."""
_BPF = 247
_XDP_PASS = 2
_STRINGS = b"\0.strtab\0.symtab\0xdp\0license\0pass\0_license\0"
_CODE = struct.pack("<BBhi", 0xB7, 0, 0, _XDP_PASS) + struct.pack("<BBhi", 0x95, 0, 0, 0)
"""r0 = XDP_PASS; exit."""
_LICENSE = b"GPL\0"
_HEADER = 64


def _name(word: bytes) -> int:
    return _STRINGS.index(b"\0" + word + b"\0") + 1


def _symbols() -> bytes:
    rows = [(0, 0, 0, 0), (_name(b"pass"), 0x12, 1, len(_CODE)), (_name(b"_license"), 0x11, 2, len(_LICENSE))]
    return b"".join(struct.pack("<IBBHQQ", name, info, 0, section, 0, size) for name, info, section, size in rows)


def program() -> bytes:
    """Give the object file (ELF64, little-endian BPF)."""
    body = b""
    places = []
    for part in (_CODE, _LICENSE, _symbols(), _STRINGS):
        body += b"\0" * (-len(body) % 8)
        places.append((_HEADER + len(body), len(part)))
        body += part
    body += b"\0" * (-len(body) % 8)
    # (name, type, flags, link, info, alignment, entry size); PROGBITS 1, SYMTAB 2, STRTAB 3; ALLOC 2 + EXECINSTR 4.
    kinds = [
        (_name(b"xdp"), 1, 6, 0, 0, 8, 0),
        (_name(b"license"), 1, 3, 0, 0, 1, 0),
        (_name(b".symtab"), 2, 0, 4, 1, 8, 24),
        (_name(b".strtab"), 3, 0, 0, 0, 1, 0),
    ]
    table = bytes(64) + b"".join(
        struct.pack("<IIQQQQIIQQ", name, kind, flags, 0, place, size, link, info, align, entry)
        for (name, kind, flags, link, info, align, entry), (place, size) in zip(kinds, places, strict=True)
    )
    numbers = struct.pack("<HHIQQQIHHHHHH", 1, _BPF, 1, 0, 0, _HEADER + len(body), 0, _HEADER, 0, 0, 64, 5, 4)
    return b"\x7fELF" + bytes([2, 1, 1]) + bytes(9) + numbers + body + table
