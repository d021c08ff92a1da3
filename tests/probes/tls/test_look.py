"""Looking at hostile TLS end points: bounded, obedient, and never clean where nothing was found out."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import struct
import time
from pathlib import Path

import pytest

from probes.dial import CutOffError, Dialer
from probes.pace import Pace
from probes.target import ClientAuth, Item, TlsEndpoint, TlsVersion
from probes.tls.conversation import LIMITS, Limits
from probes.tls.facts import Handshake, TlsSeen
from probes.tls.judge import judge
from probes.tls.look import look
from probes.verdict import Outcome, Standing, decide
from tests.fakes import LoopbackLeave
from tests.probes.scene import dialer_for, observed, recorder, scope_of
from tests.servers import zoo
from tests.servers.process import free_port

HOST = "127.31.9.1"
QUICK = Limits(connection_s=0.6)


def endpoint(port: int) -> TlsEndpoint:
    return TlsEndpoint(
        port=port,
        server_name="shop.example",
        versions=(TlsVersion.TLS_1_2, TlsVersion.TLS_1_3),
        client_auth=ClientAuth.NONE,
        names=("shop.example",),
    )


async def seen_at(*ports: int, dialer: Dialer | None = None, limits: Limits = QUICK) -> list[TlsSeen]:
    notes = recorder()
    scope = scope_of(addresses=(HOST,), tls=tuple(endpoint(port) for port in ports), items=(Item.TLS,))
    await look(scope, dialer or dialer_for(), notes, None, limits=limits)
    return [entry.fact for entry in notes.observations if isinstance(entry.fact, TlsSeen)]


def children() -> set[str]:
    """Prober processes of this process."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if status.read_text().rpartition(")")[2].split()[1] == str(os.getpid()):
                found.add(status.parent.name)
    return found


def server_hello_then_endless(connection: socket.socket) -> None:
    """Begin a TLS record that never ends, again and again."""
    connection.recv(4096)
    while True:
        connection.sendall(b"\x16\x03\x03\x40\x00" + b"\x02" * 0x4000)


def drip_tls(connection: socket.socket) -> None:
    """Send the head of a long handshake record, a byte now and then."""
    connection.recv(4096)
    for byte in b"\x16\x03\x03\x3f\xff" + b"\x02" * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)  # slowness is what is tested


UNKNOWN = (zoo.hang, zoo.reset, zoo.slam, zoo.close_after_request, drip_tls)
NOT_TLS = (zoo.endless, zoo.garbage, zoo.garbage_later, zoo.answers(b"\x16", b"HTTP/1.1 400 Bad Request\r\n\r\n"))


@pytest.mark.parametrize("manner", UNKNOWN, ids=lambda manner: manner.__name__)
async def test_a_server_that_says_nothing_of_use_is_inconclusive(manner: zoo.Manner) -> None:
    started = time.monotonic()
    with zoo.serving(manner, HOST) as port:
        (seen,) = await seen_at(port)
    assert time.monotonic() - started < 10
    assert seen.failure
    assert {entry.handshake for entry in seen.versions} <= {Handshake.UNKNOWN}
    scope = scope_of(addresses=(HOST,), tls=(endpoint(port),), items=(Item.TLS,))
    judgement = judge(scope, observed(Item.TLS, seen), None)
    assert decide([judgement]).standing is Standing.INCONCLUSIVE
    assert {row.outcome for row in judgement.coverage} == {Outcome.NOT_TESTED}


@pytest.mark.parametrize("manner", NOT_TLS, ids=lambda manner: manner.__name__)
async def test_a_server_that_speaks_something_else_fails_in_one_finding(manner: zoo.Manner) -> None:
    started = time.monotonic()
    with zoo.serving(manner, HOST) as port:
        (seen,) = await seen_at(port)
    assert time.monotonic() - started < 10
    scope = scope_of(addresses=(HOST,), tls=(endpoint(port),), items=(Item.TLS,))
    assert [f.rule for f in judge(scope, observed(Item.TLS, seen), None).findings] == ["tls.protocol-fails"]


async def test_endless_handshake_records_stay_bounded() -> None:
    started = time.monotonic()
    dialer = dialer_for()
    with zoo.serving(server_hello_then_endless, HOST) as port:
        (seen,) = await seen_at(port, dialer=dialer)
    assert time.monotonic() - started < 10
    assert dialer.tally.bytes_received < 10 * 300_000
    assert all(entry.handshake is not Handshake.ACCEPTED for entry in seen.versions)


async def test_a_closed_port_is_inconclusive_for_tls() -> None:
    (seen,) = await seen_at(free_port(HOST))
    assert "refused" in seen.failure.lower()


async def test_every_connection_of_the_child_is_allowed_paced_and_counted() -> None:
    accepted: list[float] = []

    def note(_: socket.socket) -> None:
        accepted.append(time.monotonic())

    dialer = dialer_for(pace=Pace(connections_per_s=5, requests_per_s=50, concurrent_connections=2))
    with zoo.serving(note, HOST) as port:
        await seen_at(port, dialer=dialer)
    assert dialer.tally.connections == len(accepted) == dialer.tally.requests == 7
    assert all(later - earlier > 0.15 for earlier, later in itertools.pairwise(accepted))


async def test_outside_the_order_the_child_gets_no_connection() -> None:
    accepted: list[int] = []
    with zoo.serving(lambda _: accepted.append(1), HOST) as port:
        (seen,) = await seen_at(port, dialer=dialer_for(LoopbackLeave(allowed=set())))
    assert "not named by the order" in seen.failure
    assert accepted == []


async def test_a_stop_ends_the_child_within_a_second() -> None:
    leave, connected = LoopbackLeave(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(connection: socket.socket) -> None:
        loop.call_soon_threadsafe(connected.set)
        zoo.hang(connection)

    before = children()
    with zoo.serving(hang, HOST) as port:
        looking = asyncio.create_task(seen_at(port, dialer=dialer_for(leave), limits=LIMITS))
        await connected.wait()
        leave.stop()
        started = time.monotonic()
        with pytest.raises(CutOffError):
            await looking
        assert time.monotonic() - started < 1
    assert children() <= before


async def test_a_cancelled_look_leaves_no_child_behind() -> None:
    connected = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(connection: socket.socket) -> None:
        loop.call_soon_threadsafe(connected.set)
        zoo.hang(connection)

    before = children()
    with zoo.serving(hang, HOST) as port:
        looking = asyncio.create_task(seen_at(port, limits=LIMITS))
        await connected.wait()
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
    assert children() <= before


async def test_the_window_s_end_bounds_a_connection_of_the_child() -> None:
    class ShortLeave(LoopbackLeave):
        def remaining_s(self) -> float:
            return 0.3

    closed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(connection: socket.socket) -> None:
        zoo.hang(connection)
        loop.call_soon_threadsafe(closed.set)

    with zoo.serving(hang, HOST) as port:
        looking = asyncio.create_task(seen_at(port, dialer=dialer_for(ShortLeave()), limits=LIMITS))
        await asyncio.wait_for(closed.wait(), 5)
        await looking


def test_a_reset_is_a_reset() -> None:
    """The zoo's own check: a test of resets that closes politely would test nothing."""
    with zoo.serving(zoo.reset, HOST) as port, socket.create_connection((HOST, port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 2, 0))
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
