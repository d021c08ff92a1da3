"""Hostile programs: each tries to reach a goal that the running order does not name. `tests/grid/escaping.py` runs them.

A scene is a generator: what stands before its `yield` happens before the process is armed, what follows under the order.
The goal is on loopback and counts; "the name" is asked of a name server on loopback that counts, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import http.client
import importlib
import importlib.util
import multiprocessing
import multiprocessing.connection
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from grid.permit import Permit

IN_SCOPE = ("127.0.68.9", 5353)
"""What the order names by UDP; by TCP it names every port of this address."""

FORGED_PORT = 40_001
"""Where raw packets claim to come from, by which they are known on the wire."""


@dataclass(frozen=True)
class Goal:
    """What no order names."""

    address: str
    port: int
    name: str
    permit: Permit

    @property
    def place(self) -> tuple[str, int]:
        return self.address, self.port

    @property
    def program(self) -> list[str]:
        """A program that connects to it."""
        code = f"import socket; socket.create_connection(({self.address!r}, {self.port}))"
        return [sys.executable, "-S", "-E", "-c", code]


Act = Callable[[Goal], Iterator[None]]


@dataclass(frozen=True)
class Scene:
    """One try."""

    group: str
    words: str
    stopped: bool
    root: bool
    act: Act


SCENES: dict[str, Scene] = {}


def scene(group: str, *, missed: bool = False, root: bool = False) -> Callable[[Act], Act]:
    """Enter a try; its docstring is its row in the table."""

    def enter(act: Act) -> Act:
        words = (act.__doc__ or "").strip().rstrip(".")
        SCENES[act.__name__] = Scene(group, words, not missed, root, act)
        return act

    return enter


def _datagram() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


SOCKETS, LIBRARIES, NAMES, RAW = "Python's sockets", "libraries", "names", "raw packets"
PROGRAMS, NATIVE, TAMPERING = "other programs", "native code", "the guard itself"


@scene(SOCKETS)
def connect(goal: Goal) -> Iterator[None]:
    """`socket.connect`."""
    yield
    socket.socket().connect(goal.place)


@scene(SOCKETS)
def connect_ex(goal: Goal) -> Iterator[None]:
    """`socket.connect_ex`, which turns errors into numbers."""
    yield
    socket.socket().connect_ex(goal.place)


@scene(SOCKETS)
def bare_socket(goal: Goal) -> Iterator[None]:
    """`_socket.socket`, the C class below `socket.socket`."""
    import _socket

    yield
    _socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect(goal.place)


@scene(SOCKETS)
def sendto(goal: Goal) -> Iterator[None]:
    """`sendto` of a datagram."""
    yield
    _datagram().sendto(b"x", goal.place)


@scene(SOCKETS)
def sendmsg(goal: Goal) -> Iterator[None]:
    """`sendmsg` of a datagram."""
    yield
    _datagram().sendmsg([b"x"], [], 0, goal.place)


@scene(SOCKETS)
def fast_open(goal: Goal) -> Iterator[None]:
    """TCP fast open: `sendto` connects."""
    yield
    socket.socket().sendto(b"x", socket.MSG_FASTOPEN, goal.place)


@scene(SOCKETS)
def mapped(goal: Goal) -> Iterator[None]:
    """The address written as IPv6 (`::ffff:a.b.c.d`)."""
    yield
    socket.socket(socket.AF_INET6).connect((f"::ffff:{goal.address}", goal.port))


class _Liar(str):
    """Says that it equals what the order names; the kernel sees the goal."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return other == IN_SCOPE[0]

    def __hash__(self) -> int:
        return hash(IN_SCOPE[0])


@scene(SOCKETS)
def lying_text(goal: Goal) -> Iterator[None]:
    """An address object that lies to whoever compares it."""
    yield
    socket.socket().connect((_Liar(goal.address), goal.port))


class _LyingTuple(tuple[str, int]):
    __slots__ = ()

    def __getitem__(self, index: Any) -> Any:
        return IN_SCOPE[index]


@scene(SOCKETS)
def lying_tuple(goal: Goal) -> Iterator[None]:
    """A tuple that shows Python another address than the kernel."""
    yield
    socket.socket().connect(_LyingTuple(goal.place))


class _LyingSocket(socket.socket):
    def getsockopt(self, *_: Any) -> Any:
        return socket.AF_INET

    def getpeername(self) -> Any:
        return IN_SCOPE


@scene(SOCKETS)
def lying_socket(goal: Goal) -> Iterator[None]:
    """A socket class that lies about itself."""
    yield
    _LyingSocket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", goal.place)


@scene(SOCKETS)
def duplicate(goal: Goal) -> Iterator[None]:
    """A copy (`os.dup`) of a socket that the order let connect, sent elsewhere."""
    yield
    first = _datagram()
    with contextlib.suppress(OSError):
        first.connect(IN_SCOPE)
    socket.socket(fileno=os.dup(first.fileno())).sendto(b"x", goal.place)


@scene(SOCKETS)
def from_descriptor(goal: Goal) -> Iterator[None]:
    """`socket.fromfd`, then connect."""
    yield
    socket.fromfd(socket.socket().detach(), socket.AF_INET, socket.SOCK_STREAM).connect(goal.place)


@scene(SOCKETS)
def passed_socket(goal: Goal) -> Iterator[None]:
    """A socket received from another process, then connected."""
    near, far = socket.socketpair()
    made = socket.socket()
    if os.fork() == 0:
        socket.send_fds(far, [b"x"], [made.fileno()])
        os._exit(0)
    os.wait()
    yield
    _, descriptors, _, _ = socket.recv_fds(near, 1, 1)
    socket.socket(fileno=descriptors[0]).connect(goal.place)


@scene(SOCKETS)
def thread(goal: Goal) -> Iterator[None]:
    """A thread that was started before arming."""
    go = threading.Event()

    def later() -> None:
        go.wait(5)
        socket.create_connection(goal.place)

    waiting = threading.Thread(target=later, daemon=True)
    waiting.start()
    yield
    go.set()
    waiting.join(5)


@scene(SOCKETS)
def multiprocessing_client(goal: Goal) -> Iterator[None]:
    """`multiprocessing.connection.Client`."""
    yield
    multiprocessing.connection.Client(goal.place)


@scene(SOCKETS, missed=True)
def connected_before(goal: Goal) -> Iterator[None]:
    """A socket that was connected before arming, written to."""
    early = _datagram()
    early.connect(goal.place)
    yield
    early.send(b"x")


@scene(LIBRARIES)
def streams(goal: Goal) -> Iterator[None]:
    """`asyncio` streams."""
    yield
    asyncio.run(asyncio.wait_for(asyncio.open_connection(*goal.place), 5))


@scene(LIBRARIES)
def datagrams(goal: Goal) -> Iterator[None]:
    """An asyncio datagram end point, which swallows the veto."""
    yield

    async def send() -> None:
        loop = asyncio.get_running_loop()
        way, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, family=socket.AF_INET)
        way.sendto(b"x", goal.place)
        await asyncio.sleep(0)

    asyncio.run(send())


@scene(LIBRARIES)
def connected_datagrams(goal: Goal) -> Iterator[None]:
    """An asyncio datagram end point that is connected."""
    yield

    async def send() -> None:
        loop = asyncio.get_running_loop()
        way, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=goal.place)
        way.sendto(b"x")

    asyncio.run(send())


@scene(LIBRARIES)
def http_client(goal: Goal) -> Iterator[None]:
    """`http.client`."""
    yield
    http.client.HTTPConnection(*goal.place, timeout=5).request("GET", "/")


@scene(LIBRARIES)
def httpx(goal: Goal) -> Iterator[None]:
    """`httpx`."""
    client = importlib.import_module("httpx").Client(trust_env=False)
    yield
    client.get(f"http://{goal.address}:{goal.port}/")


@scene(LIBRARIES)
def aiohttp(goal: Goal) -> Iterator[None]:
    """`aiohttp`."""
    client = importlib.import_module("aiohttp")
    yield

    async def get() -> None:
        async with client.ClientSession() as session:
            await session.get(f"http://{goal.address}:{goal.port}/")

    asyncio.run(get())


@scene(LIBRARIES)
def dnspython(goal: Goal) -> Iterator[None]:
    """dnspython, with a name server of its own choice."""
    message, query = importlib.import_module("dns.message"), importlib.import_module("dns.query")
    yield
    query.udp(message.make_query(goal.name, "A"), goal.address, port=goal.port, timeout=5)


@scene(LIBRARIES)
def asyncssh(goal: Goal) -> Iterator[None]:
    """`asyncssh`."""
    client = importlib.import_module("asyncssh")
    yield

    async def ask() -> None:
        await client.get_server_auth_methods(*goal.place, username="nobody", config=None)

    asyncio.run(ask())


@scene(LIBRARIES)
def sslyze(goal: Goal) -> Iterator[None]:
    """`sslyze` in the process, loaded before arming."""
    library = importlib.import_module("sslyze")
    check = importlib.import_module("sslyze.server_connectivity").check_connectivity_to_server
    yield
    where = library.ServerNetworkLocation(hostname=goal.name, port=goal.port, ip_address=goal.address)
    check(where, library.ServerNetworkConfiguration(tls_server_name_indication=goal.name, network_timeout=2))


@scene(LIBRARIES)
def nassl(goal: Goal) -> Iterator[None]:
    """`nassl` (sslyze's native code), loaded after arming."""
    yield
    importlib.import_module("nassl.ssl_client")
    socket.create_connection(goal.place)


@scene(NAMES, root=True)
def getaddrinfo(goal: Goal) -> Iterator[None]:
    """`getaddrinfo` of a name."""
    yield
    socket.getaddrinfo(goal.name, 80)


@scene(NAMES, root=True)
def gethostbyname(goal: Goal) -> Iterator[None]:
    """`gethostbyname`."""
    yield
    socket.gethostbyname(goal.name)


@scene(NAMES, root=True)
def gethostbyaddr(goal: Goal) -> Iterator[None]:
    """`gethostbyaddr` of an address."""
    yield
    socket.gethostbyaddr(goal.address)


@scene(NAMES, root=True)
def getnameinfo(goal: Goal) -> Iterator[None]:
    """`getnameinfo` of an address."""
    yield
    socket.getnameinfo(goal.place, 0)


@scene(NAMES, root=True)
def connect_to_name(goal: Goal) -> Iterator[None]:
    """`connect((name, port))`, which asks the resolver before it raises its event."""
    yield
    socket.socket().connect((goal.name, 80))


@scene(NAMES, root=True)
def bare_name(goal: Goal) -> Iterator[None]:
    """The same by the C class `_socket.socket`."""
    import _socket

    yield
    _socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (goal.name, 80))


@scene(NAMES, root=True, missed=True)
def bare_name_again(goal: Goal) -> Iterator[None]:
    """The same in a process that had looked up a name before arming."""
    import _socket

    with contextlib.suppress(OSError):
        socket.getaddrinfo("something.else.test", 80)
    yield
    _socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (goal.name, 80))


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def _udp(goal: Goal) -> bytes:
    return struct.pack("!HHHH", FORGED_PORT, goal.port, 9, 0) + b"x"


def _ip(goal: Goal) -> bytes:
    ends = socket.inet_aton("127.0.0.1") + socket.inet_aton(goal.address)
    start = struct.pack("!BBHHHBBH", 0x45, 0, 29, 1, 0, 64, socket.IPPROTO_UDP, 0)
    return start[:10] + struct.pack("!H", _checksum(start + ends)) + ends + _udp(goal)


@scene(RAW, root=True)
def raw(goal: Goal) -> Iterator[None]:
    """A raw IP socket."""
    yield
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW).sendto(_ip(goal), (goal.address, 0))


@scene(RAW, root=True)
def packet(goal: Goal) -> Iterator[None]:
    """An `AF_PACKET` socket, below IP and below most firewalls."""
    yield
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    made.bind(("lo", 0x0800))
    made.send(bytes(12) + b"\x08\x00" + _ip(goal))


@scene(RAW, root=True)
def default_raw(goal: Goal) -> Iterator[None]:
    """A raw IP socket by `_socket.socket` without a family."""
    import _socket

    yield
    _socket.socket(type=socket.SOCK_RAW, proto=socket.IPPROTO_UDP).sendto(_udp(goal), (goal.address, 0))


@scene(PROGRAMS)
def popen(goal: Goal) -> Iterator[None]:
    """`subprocess`."""
    yield
    subprocess.run(goal.program, check=False)


@scene(PROGRAMS)
def shell(goal: Goal) -> Iterator[None]:
    """`os.system`."""
    yield
    os.system(" ".join(f"'{word}'" for word in goal.program).replace("('", '("').replace("',", '",'))


@scene(PROGRAMS)
def fork(goal: Goal) -> Iterator[None]:
    """`os.fork`."""
    yield
    if os.fork() == 0:
        with contextlib.suppress(Exception):
            socket.create_connection(goal.place)
        os._exit(0)
    os.wait()


@scene(PROGRAMS)
def spawn(goal: Goal) -> Iterator[None]:
    """`os.posix_spawn`."""
    yield
    os.waitpid(os.posix_spawn(sys.executable, goal.program, {}), 0)


@scene(PROGRAMS)
def execute(goal: Goal) -> Iterator[None]:
    """`os.execv`: the process becomes another program."""
    yield
    os.execv(sys.executable, goal.program)


@scene(PROGRAMS)
def quiet_fork_exec(goal: Goal) -> Iterator[None]:
    """`_posixsubprocess.fork_exec`, which raises no event by itself."""
    yield
    _fork_exec(importlib.import_module("_posixsubprocess"), goal)


def _fork_exec(module: Any, goal: Goal) -> None:
    executable = [os.fsencode(sys.executable)]
    read, write = os.pipe()
    rest = (-1, -1, -1, -1, -1, -1, read, write, False, False, -1, None, None, None, -1, None, False)
    os.waitpid(module.fork_exec(goal.program, executable, True, (write,), None, None, *rest), 0)


@scene(PROGRAMS)
def fresh_fork_exec(goal: Goal) -> Iterator[None]:
    """A fresh copy of `_posixsubprocess`, loaded past the watched one."""
    yield
    sys.modules.pop("_posixsubprocess")
    _fork_exec(importlib.import_module("_posixsubprocess"), goal)


def knock(address: str, port: int) -> None:
    """What a process of `multiprocessing` does."""
    socket.create_connection((address, port))


@scene(PROGRAMS)
def multiprocess(goal: Goal) -> Iterator[None]:
    """`multiprocessing` (spawn)."""
    yield
    child = multiprocessing.get_context("spawn").Process(target=knock, args=goal.place)
    child.start()
    child.join()


@scene(PROGRAMS, missed=True)
def accomplice(goal: Goal) -> Iterator[None]:
    """A process that was started before arming and waits for a word."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.read(read, 1)
        with contextlib.suppress(OSError):
            socket.create_connection(goal.place)
        os._exit(0)
    yield
    os.write(write, b"x")
    os.wait()


def _sockaddr(goal: Goal) -> bytes:
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", goal.port) + socket.inet_aton(goal.address) + bytes(8)


@scene(NATIVE)
def libc(goal: Goal) -> Iterator[None]:
    """ctypes: `connect` of libc."""
    yield
    made = socket.socket()
    ctypes.CDLL(None).connect(made.fileno(), _sockaddr(goal), 16)


@scene(NATIVE)
def python_api(goal: Goal) -> Iterator[None]:
    """ctypes: the same by the handle that ctypes opens for itself."""
    yield
    made = socket.socket()
    ctypes.pythonapi.connect(made.fileno(), _sockaddr(goal), 16)


@scene(NATIVE)
def extension(goal: Goal) -> Iterator[None]:
    """A native module loaded by the loader's own class."""
    yield
    found = importlib.util.find_spec("nassl._nassl")
    assert found is not None
    importlib.util.module_from_spec(found)
    socket.create_connection(goal.place)


@scene(NATIVE)
def interpreter(goal: Goal) -> Iterator[None]:
    """A sub-interpreter, in which no hook stands."""
    import _xxsubinterpreters as interpreters  # type: ignore[import-not-found, unused-ignore]  # private, and renamed in 3.13

    yield
    interpreters.run_string(interpreters.create(), f"import socket; socket.create_connection({goal.place})")


@scene(NATIVE, missed=True)
def early_handle(goal: Goal) -> Iterator[None]:
    """ctypes: a function of libc that was found before arming."""
    function = ctypes.CDLL(None).connect
    yield
    made = socket.socket()
    function(made.fileno(), _sockaddr(goal), 16)


@scene(NATIVE, missed=True)
def foreign_interface(goal: Goal) -> Iterator[None]:
    """The core of cffi, which cryptography loads: it opens libraries without an event."""
    core = importlib.import_module("_cffi_backend")
    yield
    number, text = core.new_primitive_type("int"), core.new_primitive_type("char")
    pointer = core.new_pointer_type(text)
    kind = core.new_function_type((number, pointer, number), number, False)
    library = core.load_library(None, 0)
    data = core.newp(core.new_array_type(pointer, None), _sockaddr(goal))
    made = socket.socket()
    library.load_function(kind, "connect")(made.fileno(), data, 16)


@scene(NATIVE, missed=True)
def ray_core(goal: Goal) -> Iterator[None]:
    """Ray's own native client (gRPC), which has to be loaded."""
    core = importlib.import_module("ray._raylet")
    yield
    threading.Thread(target=core.GcsClient, args=(f"{goal.address}:{goal.port}",), daemon=True).start()
    threading.Event().wait(1.5)  # it tries for ever; it is given this long


@scene(TAMPERING)
def patched_permit(goal: Goal) -> Iterator[None]:
    """`Permit.check` and `Dialer` patched to allow everything."""
    from probes.dial import Dialer

    yield
    Permit.check = Dialer._check = lambda *_: None  # type: ignore[assignment,method-assign]  # that is the attack
    socket.create_connection(goal.place)


@scene(TAMPERING)
def other_code(goal: Goal) -> Iterator[None]:
    """The code of `Permit.check` exchanged."""
    yield
    Permit.check.__code__ = (lambda self, address, port, transport: None).__code__  # noqa: ARG005 - same arguments
    socket.create_connection(goal.place)


@scene(TAMPERING)
def second_order(goal: Goal) -> Iterator[None]:
    """A second leave put in force beside the order."""
    from grid.guard.process import _ARMED

    class Anything:
        check = staticmethod(lambda *_: None)
        remaining_s = staticmethod(lambda: 60.0)

    yield
    for guard in _ARMED:
        guard.admitting(Anything()).__enter__()
    socket.create_connection(goal.place)


@scene(TAMPERING, missed=True)
def widened_permit(goal: Goal) -> Iterator[None]:
    """The permit's own attributes overwritten."""
    yield
    goal.permit._addresses = frozenset({goal.address})
    socket.create_connection(goal.place)


@scene(TAMPERING, missed=True)
def rewritten_guard(goal: Goal) -> Iterator[None]:
    """The guard's own attributes overwritten."""
    from grid.guard.process import _ARMED

    yield
    for guard in _ARMED:
        guard._sockets._check = lambda *_: None
    socket.create_connection(goal.place)
