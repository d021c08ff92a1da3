"""Asking SSH servers that do not want to be asked: bounded, and unknown is not "no passwords"."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from probes.dial import CutOffError, OutOfScopeError
from probes.services.ssh import entrance
from tests.fakes import LoopbackLeave
from tests.probes.scene import dialer_for
from tests.servers import zoo
from tests.servers.process import free_port

HOST = "127.31.12.1"


class ShortLeave(LoopbackLeave):
    """The window is over in a moment."""

    def remaining_s(self) -> float:
        return 0.2


@pytest.mark.parametrize(
    "manner", [zoo.hang, zoo.slam, zoo.reset, zoo.garbage, zoo.endless, zoo.endless_lines, zoo.drip]
)
async def test_a_hostile_server_s_methods_are_unknown(manner: zoo.Manner) -> None:
    started = time.monotonic()
    with zoo.serving(manner, HOST) as port:
        found = await entrance(dialer_for(), HOST, port, 0.5)
    assert found.password_login is None
    assert found.detail
    assert time.monotonic() - started < 3


async def test_a_closed_port_is_unknown() -> None:
    assert (await entrance(dialer_for(), HOST, free_port(HOST), 1.0)).password_login is None


async def test_no_connection_outlives_the_window() -> None:
    closed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def greet_and_wait(connection: socket.socket) -> None:
        connection.sendall(b"SSH-2.0-x\r\n")
        zoo.hang(connection)
        loop.call_soon_threadsafe(closed.set)

    started = time.monotonic()
    with zoo.serving(greet_and_wait, HOST) as port:
        found = await entrance(dialer_for(ShortLeave()), HOST, port, 60.0)
        await asyncio.wait_for(closed.wait(), 5)
    assert found.password_login is None
    assert time.monotonic() - started < 2


async def test_leave_is_asked_and_the_connection_counted() -> None:
    stopped = LoopbackLeave()
    stopped.stop()
    with pytest.raises(CutOffError):
        await entrance(dialer_for(stopped), HOST, 22, 1.0)
    with pytest.raises(OutOfScopeError):
        await entrance(dialer_for(LoopbackLeave(allowed=set())), HOST, 22, 1.0)
    dialer = dialer_for()
    with zoo.serving(zoo.slam, HOST) as port:
        await entrance(dialer, HOST, port, 1.0)
    assert (dialer.tally.connections, dialer.tally.requests) == (1, 1)
