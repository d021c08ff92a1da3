"""What a hostile worker sends, and how. Runs inside, by any Python, with nothing installed: it is handed over as text.

The one argument is JSON: how (udp, raw, packet, bypass, segments, header), to, port, from, count, per_s; and
for frames what is odd about them.
Counts are bounded by the caller. Prints how many sends the worker's own kernel took.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any


def checksum(data: bytes) -> int:
    """Give the Internet checksum (RFC 1071)."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(~total & 0xFFFF)


def packet(say: dict[str, Any]) -> bytes:
    """Give a UDP packet in IPv4 or IPv6."""
    data = b"tenken"
    family = socket.AF_INET6 if ":" in say["to"] else socket.AF_INET
    source, to = (socket.inet_pton(family, say[each]) for each in ("from", "to"))
    udp = struct.pack("!HHHH", 40000, say["port"], 8 + len(data), 0)
    if family == socket.AF_INET6:
        pseudo = source + to + struct.pack("!II", 8 + len(data), 17)
        udp = struct.pack("!HHHH", 40000, say["port"], 8 + len(data), checksum(pseudo + udp + data) or 0xFFFF)
        hop = b"\x11\0\x01\x04\0\0\0\0" if say.get("odd") == "options" else b""
        head = struct.pack("!IHBB", 6 << 28, 8 + len(data) + len(hop), 0 if hop else 17, 64)
        return head + source + to + hop + udp + data
    options = b"\x83\x07\x04" + to + b"\0" if say.get("odd") == "options" else b""  # loose source route
    fragment = {"first-fragment": 0x2000, "later-fragment": 1}.get(say.get("odd", ""), 0)
    length = 20 + len(options) + 8 + len(data)
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, length, 1, fragment, 64, 17, 0, source, to)
    head += options
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return head + udp + data


def frame(say: dict[str, Any]) -> bytes:
    """Give the packet in an Ethernet frame."""
    mac = {each: bytes.fromhex(say[each].replace(":", "")) for each in ("switch_mac", "own_mac")}
    kind = b"\x86\xdd" if ":" in say["to"] else b"\x08\x00"
    if say.get("odd") == "tag":
        kind = b"\x81\x00\x00\x05" + kind
    return mac["switch_mac"] + mac["own_mac"] + kind + packet(say)


def large(box: socket.socket, data: bytes) -> bytes:
    """Give one frame with a header that asks for 64 packets to be made of it later."""
    box.setsockopt(263, 15, 1)  # SOL_PACKET, PACKET_VNET_HDR
    ip = data[14:34]
    length = 8 + 640
    head = ip[:2] + struct.pack("!H", 20 + length) + ip[4:10] + b"\0\0" + ip[12:]
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    partial = ~checksum(ip[12:20] + struct.pack("!HH", 17, length)) & 0xFFFF
    udp = data[34:38] + struct.pack("!HH", length, partial)
    # flags NEEDS_CSUM, type GSO_UDP_L4, header length, segment size, where the checksum starts, and where in it it stands
    virtio = struct.pack("<BBHHHH", 1, 5, 42, 10, 34, 6)
    return virtio + data[:14] + head + udp + b"x" * 640


def opened(say: dict[str, Any]) -> Callable[[], int]:
    """Give a function that sends once."""
    how, where = say["how"], (say["to"], say["port"])
    if how in ("udp", "segments"):
        box = socket.socket(socket.AF_INET6 if ":" in say["to"] else socket.AF_INET, socket.SOCK_DGRAM)
        if how == "segments":
            box.setsockopt(socket.IPPROTO_UDP, 103, 10)  # UDP_SEGMENT: one send, many packets
        data = b"x" * (640 if how == "segments" else 6)
        return lambda: box.sendto(data, where)
    if how == "raw":
        box = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        data = packet(say)
        return lambda: box.sendto(data, (say["to"], 0))
    box = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    if how == "bypass":
        box.setsockopt(263, 20, 1)  # SOL_PACKET, PACKET_QDISC_BYPASS
    box.bind((say.get("device", "gate"), 0))
    data = frame(say)
    if how == "header":
        data = large(box, data)
    return lambda: box.send(data)


def main(say: dict[str, Any]) -> None:
    """Send, evenly spaced."""
    send = opened(say)
    taken = 0
    begin = time.monotonic()
    for number in range(say["count"]):
        while time.monotonic() < begin + number / say["per_s"]:
            time.sleep(0.0002)
        with contextlib.suppress(OSError):
            send()
            taken += 1
    print(taken)


main(json.loads(sys.argv[1]))
