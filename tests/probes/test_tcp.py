"""Scripted TCP exchanges: exact bytes, bounded reads, silence ends a read, and every failure has its name."""

from __future__ import annotations

import socket
import time

import pytest

from plugins.ask import NoAnswer, NoAnswerReason, ServiceEndpoint, TcpAnswer, TcpAsk, TcpStep
from probes import tcp
from probes.dial import CutOffError
from tests.fakes import LoopbackLeave
from tests.probes.scene import dialer_for
from tests.servers import zoo

HOST = "127.44.1.1"
SHORT = 0.3


def at(port: int) -> ServiceEndpoint:
    return ServiceEndpoint(address=HOST, port=port, host=HOST, service="test")


def greeter(connection: socket.socket) -> None:
    connection.sendall(b"220 ready\r\n")
    while line := connection.recv(100):
        connection.sendall(b"you said " + line)


async def test_steps_are_sent_and_read_in_order() -> None:
    ask = TcpAsk(steps=(TcpStep(read=100), TcpStep(send=b"one\r\n", read=100), TcpStep(send=b"two\r\n")), quiet_s=SHORT)
    dialer = dialer_for()
    with zoo.serving(greeter, HOST) as port:
        answer, transcript = await tcp.exchange(dialer, at(port), ask)
    assert answer == TcpAnswer(reads=(b"220 ready\r\n", b"you said one\r\n", b""), data=b"you said two\r\n")
    assert transcript is not None
    assert [passage.data for passage in transcript.passages][1] == b"one\r\n"
    assert (dialer.tally.connections, dialer.tally.requests) == (1, 1)


async def test_a_banner_alone_is_an_answer_and_so_is_silence() -> None:
    with zoo.serving(greeter, HOST) as port:
        answer, _ = await tcp.exchange(dialer_for(), at(port), TcpAsk(quiet_s=SHORT))
    assert answer == TcpAnswer(data=b"220 ready\r\n")

    def mute(connection: socket.socket) -> None:
        connection.recv(1)

    with zoo.serving(mute, HOST) as port:
        answer, _ = await tcp.exchange(dialer_for(), at(port), TcpAsk(quiet_s=SHORT))
    assert answer == TcpAnswer()


async def test_what_is_not_wanted_is_not_read() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"x" * 1_000_000)

    with zoo.serving(flood, HOST) as port:
        small, _ = await tcp.exchange(dialer_for(), at(port), TcpAsk(read=10))
        whole, _ = await tcp.exchange(dialer_for(), at(port), TcpAsk(read_all=True, max_bytes=50_000))
    assert small == TcpAnswer(data=b"x" * 10, truncated=True)
    assert isinstance(whole, TcpAnswer)
    assert (len(whole.data), whole.truncated) == (50_000, True)


async def test_a_server_that_closes_early_leaves_steps_out() -> None:
    def rude(connection: socket.socket) -> None:
        connection.sendall(b"bye")

    with zoo.serving(rude, HOST) as port:
        ask = TcpAsk(steps=(TcpStep(read=10), TcpStep(send=b"hello", read=10)), quiet_s=SHORT)
        answer, _ = await tcp.exchange(dialer_for(), at(port), ask)
    assert isinstance(answer, TcpAnswer)
    assert answer.reads[0] == b"bye"


async def test_a_drip_ends_in_time() -> None:
    def drip(connection: socket.socket) -> None:
        while True:
            connection.sendall(b".")
            time.sleep(0.05)

    with zoo.serving(drip, HOST) as port:
        began = time.monotonic()
        answer, _ = await tcp.exchange(dialer_for(), at(port), TcpAsk(read=10_000, timeout_s=0.5))
    assert time.monotonic() - began < 3
    assert isinstance(answer, NoAnswer)
    assert answer.reason is NoAnswerReason.TIMEOUT


async def test_who_does_not_listen_gives_no_answer_and_a_stop_gets_out() -> None:
    with zoo.serving(greeter, HOST) as port:
        pass
    answer, transcript = await tcp.exchange(dialer_for(), at(port), TcpAsk())
    assert isinstance(answer, NoAnswer)
    assert (answer.reason, transcript) == (NoAnswerReason.REFUSED, None)
    elsewhere, _ = await tcp.exchange(dialer_for(LoopbackLeave(allowed=set())), at(port), TcpAsk())
    assert isinstance(elsewhere, NoAnswer)
    assert elsewhere.reason is NoAnswerReason.OUT_OF_SCOPE
    leave = LoopbackLeave()
    leave.stop()
    with pytest.raises(CutOffError):
        await tcp.exchange(dialer_for(leave), at(port), TcpAsk())
