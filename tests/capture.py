"""The target's own account of packets, with the kernel's time stamps: what arrived, and when, whoever was busy meanwhile."""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import select
import socket
import struct
import threading
from collections.abc import Iterator

_TIMESTAMPNS = 35
_RCVBUFFORCE = 33
_OUTGOING = 4
_IPV4 = 0x0800
MOST = 500_000
"""Packets after which a capture stops taking more."""


class Capture:
    """Notes when each IPv4 packet for one address arrives at one interface. Needs root."""

    def __init__(self, address: str, interface: str = "lo") -> None:
        self.times: list[float] = []
        self._wanted = ipaddress.IPv4Address(address).packed
        # Without a protocol it hears nothing yet: the filter has to stand before the first packet comes.
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, 64 * 1024 * 1024)
        self._socket.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
        self._filter()
        self._socket.bind((interface, _IPV4))
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _filter(self) -> None:
        """Let the kernel pass packets for the address only (classic BPF: destination of the IPv4 header)."""
        program = struct.pack(
            "HBBIHBBIHBBIHBBI",
            *(0x20, 0, 0, 16),
            *(0x15, 0, 1, int.from_bytes(self._wanted, "big")),
            *(0x06, 0, 0, 64),
            *(0x06, 0, 0, 0),
        )
        buffer = ctypes.create_string_buffer(program)
        self._socket.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", 4, ctypes.addressof(buffer)))

    def _run(self) -> None:
        while len(self.times) < MOST:
            ready, _, _ = select.select([self._socket], [], [], 0.1)
            if not ready:
                if self._done.is_set():
                    return
                continue
            _, control, _, sender = self._socket.recvmsg(64, 64)
            if sender[2] == _OUTGOING:
                continue
            for level, kind, data in control:
                if level == socket.SOL_SOCKET and kind == _TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("ll", data)
                    self.times.append(seconds + nanoseconds / 1e9)

    def close(self) -> None:
        """Take what has arrived, then end."""
        self._done.set()
        self._thread.join(5)
        self._socket.close()


@contextlib.contextmanager
def capturing(address: str, interface: str = "lo") -> Iterator[Capture]:
    """Capture for the length of the block."""
    capture = Capture(address, interface)
    try:
        yield capture
    finally:
        capture.close()


def worst_second(times: list[float]) -> int:
    """Give the most arrivals in any half-open second."""
    worst, first = 0, 0
    for last, at in enumerate(times):
        while times[first] <= at - 1.0:
            first += 1
        worst = max(worst, last - first + 1)
    return worst
