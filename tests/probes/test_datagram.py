"""One UDP port and what comes back from it: only its own answers, counted, and a refusal that is its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from plugins.ask import NoAnswerReason
from probes.datagram import DATAGRAM_BYTES
from probes.dial import CutOffError, DialError, OutOfScopeError
from tests.fakes import LoopbackLeave
from tests.probes.scene import dialer_for

HOST = "127.31.12.1"
STRANGER = "127.31.12.2"
Manner = Callable[[socket.socket, bytes, tuple[str, int]], None]


@contextlib.contextmanager
def listening(manner: Manner) -> Iterator[int]:
    """A UDP server that treats every datagram by `manner`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((HOST, 0))

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    data, sender = server.recvfrom(4096)
                    if data == b"end":
                        return
                    manner(server, data, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"end", server.getsockname())
            thread.join(10)


def echo(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
    server.sendto(data, sender)


def silence(_: socket.socket, __: bytes, ___: tuple[str, int]) -> None:
    """Say nothing."""


def a_stranger_first(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((STRANGER, 0))
        other.sendto(b"not me", sender)
    server.sendto(data, sender)


def from_another_port(_: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((HOST, 0))
        other.sendto(data, sender)


async def test_an_exchange_is_counted_and_kept() -> None:
    dialer = dialer_for()
    with listening(echo) as port, dialer.datagrams(HOST, port) as box:
        assert await box.exchange(b"hello", timeout_s=2) == b"hello"
    assert [passage.data for passage in box.transcript.passages] == [b"hello", b"hello"]
    tally = dialer.tally
    assert (tally.requests, tally.connections, tally.bytes_sent, tally.bytes_received) == (1, 0, 5, 5)


async def test_silence_is_no_answer_and_no_error() -> None:
    with listening(silence) as port, dialer_for().datagrams(HOST, port) as box:
        assert await box.exchange(b"hello", timeout_s=0.2) is None


async def test_what_another_address_says_is_no_answer() -> None:
    dialer = dialer_for()
    with listening(a_stranger_first) as port, dialer.datagrams(HOST, port) as box:
        assert await box.exchange(b"hello", timeout_s=2) == b"hello"
    assert dialer.tally.bytes_received == 5


async def test_another_port_of_the_address_answers_only_where_the_protocol_has_it_so() -> None:
    with listening(from_another_port) as port, dialer_for().datagrams(HOST, port) as box:
        assert await box.exchange(b"hello", timeout_s=0.2) is None
        assert await box.exchange(b"hello", timeout_s=2, any_port=True) == b"hello"


async def test_only_an_answer_that_fits_is_one() -> None:
    with listening(echo) as port, dialer_for().datagrams(HOST, port) as box:
        assert await box.exchange(b"hello", timeout_s=0.2, fits=lambda data: data == b"other") is None


async def test_a_long_answer_is_cut() -> None:
    def long(server: socket.socket, _: bytes, sender: tuple[str, int]) -> None:
        server.sendto(b"x" * 9000, sender)

    with listening(long) as port, dialer_for().datagrams(HOST, port) as box:
        assert await box.exchange(b"hello", timeout_s=2) == b"x" * DATAGRAM_BYTES


async def test_port_unreachable_is_the_servers_own_refusal() -> None:
    with listening(echo) as port:
        pass
    with dialer_for().datagrams(HOST, port) as box, pytest.raises(DialError) as refused:
        await box.exchange(b"hello", timeout_s=2)
    assert refused.value.reason is NoAnswerReason.REFUSED


async def test_outside_the_order_and_after_a_stop_nothing_is_sent() -> None:
    leave = LoopbackLeave(allowed={(HOST, 53)})
    dialer = dialer_for(leave)
    with pytest.raises(OutOfScopeError), dialer.datagrams(HOST, 54):
        pass
    with dialer.datagrams(HOST, 53) as box:
        leave.stop()
        with pytest.raises(CutOffError):
            await box.exchange(b"hello", timeout_s=1)
    assert (dialer.tally.requests, dialer.tally.bytes_sent) == (0, 0)
