"""The only sockets: leave, pace, count, caps, and what each failure is called."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from plugins.ask import NoAnswerReason
from probes import dial
from probes.dial import TRANSCRIPT_BYTES, CutOffError, Dialer, DialError, OutOfScopeError
from probes.meter import READ_BYTES
from probes.pace import Pace
from probes.transcript import Direction
from tests.fakes import LoopbackLeave
from tests.pki import Pki
from tests.probes.scene import dialer_for
from tests.servers import zoo
from tests.servers.nginx import PROGRAM, TlsSettings, nginx
from tests.servers.process import free_port

HOST = "127.31.11.1"


def echo(connection: socket.socket) -> None:
    while data := connection.recv(4096):
        connection.sendall(data)


async def test_what_goes_over_a_connection_is_counted_and_kept() -> None:
    dialer = dialer_for()
    with zoo.serving(echo, HOST) as port:
        async with dialer.connect(HOST, port, timeout_s=2) as connection:
            await connection.write(b"hel")
            await connection.write(b"lo")
            received = b""
            while len(received) < 5:
                received += await connection.read()
    passages = [(passage.direction, passage.data) for passage in connection.transcript.passages]
    assert passages == [(Direction.SENT, b"hello"), (Direction.RECEIVED, b"hello")]
    tally = dialer.tally
    assert (tally.connections, tally.bytes_sent, tally.bytes_received, tally.refused) == (1, 5, 5, 0)


@pytest.mark.parametrize("address", ["192.0.2.1", "127.31.11.9"])
async def test_outside_the_order_nothing_leaves(address: str) -> None:
    dialer = dialer_for(LoopbackLeave(allowed={(HOST, 80)}))
    with pytest.raises(OutOfScopeError, match="nothing was sent"):
        async with dialer.connect(address, 80, timeout_s=1):
            pass
    assert (dialer.tally.connections, dialer.tally.refused) == (0, 1)


async def test_a_stop_while_waiting_for_the_pace_is_obeyed() -> None:
    leave = LoopbackLeave()
    dialer = dialer_for(leave, Pace(connections_per_s=4))
    with zoo.serving(zoo.hang, HOST) as port:
        async with dialer.connect(HOST, port, timeout_s=1):
            pass
        waiting = asyncio.create_task(_connect(dialer, port))
        await asyncio.sleep(0.05)  # it waits for the pace now: a quarter of a second
        leave.stop()
        with pytest.raises(CutOffError):
            await waiting
    assert dialer.tally.connections == 1


async def _connect(dialer: Dialer, port: int) -> None:
    async with dialer.connect(HOST, port, timeout_s=1):
        pass


async def test_a_stop_on_an_open_connection_stops_the_next_write() -> None:
    leave = LoopbackLeave()
    dialer = dialer_for(leave)
    with zoo.serving(echo, HOST) as port:
        async with dialer.connect(HOST, port, timeout_s=1) as connection:
            await connection.write(b"a")
            leave.stop()
            with pytest.raises(CutOffError, match="test says stop"):
                await connection.write(b"b")
    assert dialer.tally.bytes_sent == 1


async def test_a_closed_port_is_refused() -> None:
    with pytest.raises(DialError) as caught:
        async with dialer_for().connect(HOST, free_port(HOST), timeout_s=1):
            pass
    assert caught.value.reason is NoAnswerReason.REFUSED


async def test_an_address_that_cannot_be_reached_says_why() -> None:
    class AnyLeave(LoopbackLeave):
        def check(self, address: str, port: int, transport: object) -> None:
            """Permit even the address below, to which no packet can go."""

    with pytest.raises(DialError) as caught:
        async with dialer_for(AnyLeave()).connect("255.255.255.255", 9, timeout_s=1):
            pass
    assert caught.value.reason is NoAnswerReason.UNREACHABLE
    assert caught.value.code in {errno.EACCES, errno.ENETUNREACH, errno.EPERM}


async def test_a_full_backlog_is_a_timeout() -> None:
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind((HOST, 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((HOST, port))
        with pytest.raises(DialError) as caught:
            async with dialer_for().connect(HOST, port, timeout_s=0.2):
                pass
    assert caught.value.reason is NoAnswerReason.TIMEOUT


async def test_a_reset_is_a_failure_of_the_connection() -> None:
    def reset_later(connection: socket.socket) -> None:
        connection.recv(10)
        zoo.reset(connection)

    with zoo.serving(reset_later, HOST) as port:
        async with dialer_for().connect(HOST, port, timeout_s=1) as connection:
            await connection.write(b"x")
            with pytest.raises(DialError) as caught:
                await connection.read()
    assert caught.value.reason is NoAnswerReason.RESET
    assert connection.transcript.ended


async def test_plain_text_where_tls_is_wanted_is_a_tls_failure() -> None:
    with zoo.serving(zoo.says(b"220 hello\r\n"), HOST) as port, pytest.raises(DialError) as caught:
        async with dialer_for().connect(HOST, port, timeout_s=1, tls_name="shop.example"):
            pass
    assert caught.value.reason is NoAnswerReason.TLS


@pytest.mark.real
@pytest.mark.skipif(not PROGRAM, reason="not installed: nginx")
@pytest.mark.parametrize("protocol", ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])
async def test_any_certificate_is_accepted_as_a_fact(tmp_path: Path, protocol: str) -> None:
    leaf = Pki().leaf(None)
    port = free_port(HOST)
    settings = TlsSettings((leaf.write(tmp_path, "leaf"),), protocols=protocol)
    with nginx(tmp_path / "nginx", HOST, tls={port: settings}):
        async with dialer_for().connect(HOST, port, timeout_s=2, tls_name="shop.example") as connection:
            await connection.write(b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")
            answer = await connection.read()
    assert answer.startswith(b"HTTP/1.1 200")
    assert connection.transcript.tls
    assert connection.certificate_der == leaf.certificate.public_bytes(Encoding.DER)


async def test_endless_data_fills_no_memory() -> None:
    dialer = dialer_for()
    with zoo.serving(zoo.endless, HOST) as port:
        async with dialer.connect(HOST, port, timeout_s=1) as connection:
            sizes = [len(await connection.read(10**9)) for _ in range(50)]
    kept = sum(len(passage.data) for passage in connection.transcript.passages)
    assert max(sizes) <= READ_BYTES
    assert kept == TRANSCRIPT_BYTES
    assert connection.transcript.cut


async def test_the_byte_rate_is_kept() -> None:
    dialer = dialer_for(pace=Pace(connections_per_s=100, bytes_per_s=100_000))
    with zoo.serving(zoo.endless, HOST) as port:
        async with dialer.connect(HOST, port, timeout_s=1) as connection:
            started = time.monotonic()
            while dialer.tally.bytes_received < 60_000:
                await connection.read()
            taken = time.monotonic() - started
    assert dialer.tally.bytes_received <= 100_000 * taken + 2 * READ_BYTES


async def test_no_more_connections_are_open_than_agreed() -> None:
    now = most = 0

    async def hold(dialer: Dialer, port: int) -> None:
        nonlocal now, most
        async with dialer.connect(HOST, port, timeout_s=1):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.02)  # so that the others want in while this one is open
            now -= 1

    dialer = dialer_for(pace=Pace(connections_per_s=1000, concurrent_connections=3))
    with zoo.serving(zoo.hang, HOST) as port:
        await asyncio.gather(*(hold(dialer, port) for _ in range(12)))
    assert most == 3


async def test_the_connection_rate_is_kept_at_the_server() -> None:
    accepted: list[float] = []
    dialer = dialer_for(pace=Pace(connections_per_s=50, concurrent_connections=10))
    with zoo.serving(lambda _: accepted.append(time.monotonic()), HOST) as port:

        async def once() -> None:
            with contextlib.suppress(DialError):
                async with dialer.connect(HOST, port, timeout_s=1):
                    pass

        await asyncio.gather(*(once() for _ in range(80)))
    fullest = max(sum(1 for at in accepted if last - 1 < at <= last) for last in accepted)
    assert fullest <= 53
    assert dialer.tally.peak_connections_per_s <= 51


async def test_a_connection_with_ourselves_is_nobody_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    """TCP's simultaneous open: the kernel happens to dial from the very port that is dialled."""
    address = "127.0.0.1"
    port = free_port(address)
    plain = dial._new_socket

    def from_the_same_port(*args: Any) -> socket.socket:
        made = plain(*args)
        made.bind((address, port))
        return made

    monkeypatch.setattr(dial, "_new_socket", from_the_same_port)
    with pytest.raises(DialError) as caught:
        async with dialer_for().connect(address, port, timeout_s=1):
            pass
    assert (caught.value.reason, caught.value.detail) == (NoAnswerReason.REFUSED, "nobody listens there")
