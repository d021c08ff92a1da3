"""A way for single TCP segments to and from one address, past the kernel's TCP. Opened by `probes.dial.Dialer.raw_way` alone.

It is a raw IP socket, connected: the kernel writes the IP header, so that nothing goes to another address, delivers only what
comes from there, and passes it all through its own firewall like everybody's packets. (A packet socket would be faster, and
would need none of that.) The leave is asked about the port that stands in the bytes.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from typing import TYPE_CHECKING

from plugins.value import value
from probes.target import Transport

if TYPE_CHECKING:
    from probes.dial import Leave

SEGMENT_BYTES = 256
"""Most bytes of a received packet that are looked at: headers with all their options."""
_BUFFER_BYTES = 8 * 1024 * 1024
_IP_RECVERR, _IPV6_RECVERR = 11, 25
_SO_RCVBUFFORCE = 33
_ICMP_ORIGINS = {2, 3}
"""SO_EE_ORIGIN_ICMP and SO_EE_ORIGIN_ICMP6 (linux/errqueue.h)."""


@value
class Returned:
    """An ICMP error about a segment of ours."""

    code: int
    """What the system makes of it (errno)."""
    segment: bytes
    """The segment, as far as the error holds it: at least ports and sequence number. Anybody can forge it."""
    told_by: str
    """Address that sent the error: a router's, a firewall's, or the server's own."""


class RawWay:
    """Segments to and from one address."""

    def __init__(self, made: socket.socket, address: str, leave: Leave) -> None:  # noqa: TID251 - opened by the dialer
        self.address = address
        self.version = 6 if ":" in address else 4
        self.source: str = made.getsockname()[0]
        """Our own address on the way there."""
        self._check = leave.check
        self._socket = made
        self._send, self._receive = made.send, made.recv_into
        made.setblocking(False)
        listen_for_icmp(made)
        with contextlib.suppress(PermissionError):  # the larger buffer needs the right to administer the network
            made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)

    def send(self, segment: bytearray) -> bool:
        """Send one TCP segment; False when the host takes no more just now. Raises `OutOfScopeError`, `CutOffError`, `OSError`."""
        self._check(self.address, segment[2] << 8 | segment[3], Transport.TCP)
        try:
            self._send(segment)
        except BlockingIOError:
            return False
        except OSError:
            # The kernel hands out a pending ICMP error instead of sending; the next try sends.
            self._send(segment)
        return True

    def receive(self, buffer: bytearray) -> int:
        """Put one packet into `buffer` (IPv4: with its IP header); give its size, 0 when there is none."""
        try:
            return self._receive(buffer)
        except BlockingIOError:
            return 0
        except OSError:  # a pending ICMP error, which `returned` gives in full
            return 0

    def returned(self) -> Returned | None:
        """Give the next ICMP error about a segment of ours; None when there is none."""
        return returned(self._socket)

    def fileno(self) -> int:
        """Give the descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the way."""
        self._socket.close()


def icmp_error(failed: socket.socket) -> int:  # noqa: TID251 - only named here
    """Give the errno of the ICMP error that a connection failed by; 0: none. Else a firewall refuses like a server."""
    told = returned(failed)
    return told.code if told else 0


def listen_for_icmp(made: socket.socket) -> None:  # noqa: TID251 - only named here
    """Let the kernel keep ICMP errors about what a socket sends."""
    if made.family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
    else:
        made.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)


def returned(asked: socket.socket) -> Returned | None:  # noqa: TID251 - only named here
    """Give the next ICMP error about what a socket sent; None: there is none."""
    try:
        segment, control, _, _ = asked.recvmsg(SEGMENT_BYTES, 512, socket.MSG_ERRQUEUE)
    except OSError:
        return None
    for _, _, data in control:
        if len(data) >= 16:
            code, origin = struct.unpack_from("=IB", data)
            if origin in _ICMP_ORIGINS:
                return Returned(code=code, segment=segment, told_by=_told_by(data[16:]))
    return Returned(code=0, segment=b"", told_by="")


def _told_by(name: bytes) -> str:
    """Read the socket address behind a `sock_extended_err` (linux/errqueue.h)."""
    family = int.from_bytes(name[:2], sys.byteorder)
    if family == socket.AF_INET and len(name) >= 8:
        return socket.inet_ntop(socket.AF_INET, name[4:8])
    if family == socket.AF_INET6 and len(name) >= 24:
        return socket.inet_ntop(socket.AF_INET6, name[8:24])
    return ""
