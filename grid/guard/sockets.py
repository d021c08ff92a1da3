"""Rules for sockets and name look-ups. What a socket is, is asked of the kernel; what Python objects claim is not believed."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from grid.guard.veto import Event, Rule
from probes.dial import Leave, OutOfScopeError
from probes.target import Transport

_INTERNET = {socket.AF_INET, socket.AF_INET6}
_TRANSPORTS: dict[tuple[int, int], Transport] = {
    (socket.SOCK_STREAM, socket.IPPROTO_TCP): Transport.TCP,
    (socket.SOCK_DGRAM, socket.IPPROTO_UDP): Transport.UDP,
}
_RAW = (socket.SOCK_RAW, socket.IPPROTO_TCP)
"""The one kind of raw socket that can be allowed: the kernel writes the IP header, to the address that it is connected to."""
_PLAIN = {(kind, 0) for kind, _ in _TRANSPORTS}
_FLAGS = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
_DEFAULT = -1
"""What `socket.__new__` tells where it was told nothing, also when a socket is made from a descriptor (judged when used)."""


def literal(host: object) -> bool:
    """Tell whether `host` is the text of an address, so that nobody has to be asked what it means."""
    if type(host) is not str:
        return False
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError, ValueError):
            socket.inet_pton(family, host)
            return True
    return False


def is_internet(made: socket.socket) -> bool:  # noqa: TID251 - only named here
    """Tell whether it is an IPv4 or IPv6 socket."""
    return _option(made, socket.SO_DOMAIN) in _INTERNET


class Sockets:
    """What sockets may do. Holds the question to the leave that is in force and the sockets that were connected under it."""

    def __init__(self) -> None:
        self._check: Callable[[str, int, Transport], None] | None = None
        self.raw_thread = 0
        """The one thread that may open raw sockets just now, to addresses of the order; 0: none."""
        self._connected: set[int] = set()

    def admit(self, leave: Leave | None) -> None:
        """Put a leave in force; None: nothing may be sent."""
        # The method as it is now, so that a class that is patched later changes nothing here.
        self._check = leave.check if leave else None

    def rules(self) -> Mapping[str, Rule]:
        """Give a rule for each event."""
        return MappingProxyType(
            {
                "socket.__new__": self._made,
                "socket.connect": self._connects,
                "socket.sendto": self._sends,
                "socket.sendmsg": self._sends,
                "socket.bind": self._binds,
                "socket.getaddrinfo": _looks_up,
                "socket.gethostbyname": _looks_up,
                "socket.gethostbyaddr": _looks_back,
                "socket.getnameinfo": _looks_back,
            }
        )

    def _made(self, event: Event) -> str:
        _, family, kind, protocol = event
        family = socket.AF_INET if family == _DEFAULT else family
        kind = socket.SOCK_STREAM if kind == _DEFAULT else kind & ~_FLAGS
        protocol = max(protocol, 0)
        if family == socket.AF_UNIX or (family in _INTERNET and (kind, protocol) in _TRANSPORTS.keys() | _PLAIN):
            return ""
        if self._raw() and family in _INTERNET and (kind, protocol) == _RAW:
            return ""
        return f"a socket of family {family}, type {kind}, protocol {protocol}"

    def _raw(self) -> bool:
        return self.raw_thread == threading.get_ident()

    def _connects(self, event: Event) -> str:
        made, address = event
        subject = self._judged(made, address)
        if not subject:
            self._connected.add(os.fstat(_fileno(made)).st_ino)
        return subject

    def _sends(self, event: Event) -> str:
        made, address = event
        if address is not None:
            return self._judged(made, address)
        if _option(made, socket.SO_DOMAIN) == socket.AF_UNIX:
            return ""
        try:
            return self._judged(made, _peer(made))
        except OSError:
            return ""  # it is connected to nobody, so the kernel refuses to send

    def _judged(self, made: socket.socket, address: object) -> str:  # noqa: TID251 - only named here
        """Give what is wrong with sending to `address`; the leave's `CutOffError` comes through."""
        domain = _option(made, socket.SO_DOMAIN)
        kind = _option(made, socket.SO_TYPE), _option(made, socket.SO_PROTOCOL)
        transport = Transport.TCP if kind == _RAW and self._raw() else _TRANSPORTS.get(kind)
        if domain not in _INTERNET or transport is None:
            return f"{_shown(address)} by a socket of family {domain}"
        # Exact types: a subclass could tell the kernel one thing and the guard another.
        if type(address) is not tuple or type(address[0]) is not str or type(address[1]) is not int:
            return f"{_shown(address)}, which is not a plain address and port"
        if self._check is None:
            return f"{_shown(address)}, while no order is running"
        try:
            self._check(address[0], address[1], transport)
        except OutOfScopeError:
            return f"{_shown(address)}/{transport}, which the order does not name"
        return ""

    def _binds(self, event: Event) -> str:
        made, address = event
        return f"{_shown(address)} by a socket of family {_option(made, socket.SO_DOMAIN)}"

    def hang_up(self) -> None:
        """Shut what was connected under the leave, also copies of it: a connected socket sends without any event."""
        numbers, self._connected = self._connected, set()
        for descriptor in _sockets_open() if numbers else ():
            with contextlib.suppress(OSError):
                if os.fstat(descriptor).st_ino in numbers:
                    _shut(descriptor)


def _looks_up(event: Event) -> str:
    return "" if event[0] is None or literal(event[0]) else f"the address of {_shown(event[0])}"


def _looks_back(event: Event) -> str:
    return f"the name of {_shown(event[0])}"


def _option(made: socket.socket, name: int) -> int:  # noqa: TID251 - only named here
    return socket.socket.getsockopt(made, socket.SOL_SOCKET, name)  # noqa: TID251 - the kernel is asked, nothing is opened


def _fileno(made: socket.socket) -> int:  # noqa: TID251 - only named here
    return socket.socket.fileno(made)  # noqa: TID251 - only asked


def _peer(made: socket.socket) -> object:  # noqa: TID251 - only named here
    return socket.socket.getpeername(made)  # noqa: TID251 - only asked


def _shown(address: object) -> str:
    return repr(address)[:100]


def _sockets_open() -> Iterator[int]:
    for entry in list(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(entry.name)).st_mode):
                yield int(entry.name)


def _shut(descriptor: int) -> None:
    borrowed = socket.socket(fileno=descriptor)  # noqa: TID251 - an open one is ended
    try:
        if _option(borrowed, socket.SO_TYPE) == socket.SOCK_RAW:
            _replace(descriptor)  # the kernel knows no shutdown for raw sockets
        else:
            borrowed.shutdown(socket.SHUT_RDWR)
    finally:
        borrowed.detach()


def _replace(descriptor: int) -> None:
    """Put a socket that leads nowhere in the place of an open one."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as nowhere:  # noqa: TID251 - it is connected to nobody
        os.dup2(nowhere.fileno(), descriptor, inheritable=False)
