"""Looking at ports on loopback: what is seen, that it stays bounded, and that it obeys leave and pace."""

from __future__ import annotations

import asyncio
import contextlib
import random
import resource
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from plugins.clock import SystemClock
from probes.dial import CutOffError, Dialer
from probes.pace import Pace
from probes.ports.facts import PortBlock, PortState, State
from probes.ports.judge import judge
from probes.ports.look import look
from probes.ports.view import single
from probes.recorder import Progress, Recorder
from probes.services.facts import ServiceSeen
from probes.services.identify import Patience
from probes.target import Item, Scope
from probes.verdict import Outcome, Standing, decide
from tests.fakes import LoopbackLeave
from tests.probes.scene import FAST, declared, dialer_for, observed, recorder, scope_of
from tests.servers import zoo
from tests.servers.process import free_port

HOST = "127.31.7.1"
QUICK = Patience(connect_s=0.5, greeting_s=0.3, answer_s=0.5, prompt_s=0.2, login_s=1.0, pause_s=0.05, fingerprint_s=0)


async def facts_of(scope: Scope, dialer: Dialer | None = None) -> list[PortState | ServiceSeen]:
    seen = recorder()
    await look(scope, dialer or dialer_for(), seen, None, patience=QUICK)
    return told(seen)


def told(seen: Recorder) -> list[PortState | ServiceSeen]:
    """Give what was seen, one state per port."""
    facts: list[PortState | ServiceSeen] = []
    for entry in seen.observations:
        if isinstance(entry.fact, PortState | PortBlock):
            facts += single(entry.fact)
        elif isinstance(entry.fact, ServiceSeen):
            facts.append(entry.fact)
    return facts


async def service_at(manner: zoo.Manner) -> ServiceSeen:
    with zoo.serving(manner, HOST) as port:
        facts = await facts_of(scope_of(addresses=(HOST,), looked_at=(port,)))
    (seen,) = [fact for fact in facts if isinstance(fact, ServiceSeen)]
    return seen


async def test_open_and_closed_ports_are_told_apart_on_every_address() -> None:
    other = "127.31.7.2"
    with zoo.serving(zoo.says(b"220 shop ESMTP\r\n"), HOST) as port:
        facts = await facts_of(scope_of(addresses=(HOST, other), looked_at=(port,)))
    states = {fact.address: fact.state for fact in facts if isinstance(fact, PortState)}
    assert states == {HOST: State.OPEN, other: State.CLOSED}


async def test_declared_ports_are_looked_at_although_nobody_asked_for_them() -> None:
    port = free_port(HOST)
    facts = await facts_of(scope_of(declared(port, "http"), addresses=(HOST,)))
    assert [(fact.port, fact.state) for fact in facts if isinstance(fact, PortState)] == [(port, State.CLOSED)]


@pytest.mark.parametrize(
    ("manner", "service"),
    [
        (zoo.says(b"+OK POP3 ready\r\n"), "pop3"),
        (zoo.says(b"* OK IMAP4rev1 ready\r\n"), "imap"),
        (zoo.says(b"\xff\xfd\x18\xff\xfd\x20"), "telnet"),
        (zoo.answers(b"HEAD / HTTP/1.1\r\n", b"HTTP/1.1 404 Not Found\r\n\r\n"), "http"),
        (zoo.answers(b"PING\r\n", b"+PONG\r\n"), "redis"),
        (zoo.answers(b"l\x00\x0b\x00", b"\x00\x16\x0b\x00\x00\x00\x06\x00No protocol spe\x00\x00"), "x11"),
        (zoo.answers(b"\x00\x1eTE", b"\x00\x0cTE\x81\x05" + b"\x00" * 8), "domain"),
    ],
)
async def test_a_service_is_known_on_an_odd_port(manner: zoo.Manner, service: str) -> None:
    assert (await service_at(manner)).service == service


async def test_a_bare_220_is_asked_whether_it_carries_mail_or_files() -> None:
    def ftp(connection: socket.socket) -> None:
        connection.sendall(b"220 hello\r\n")
        connection.recv(100)
        connection.sendall(b"500 what?\r\n")
        connection.recv(100)
        connection.sendall(b"211-Features:\r\n211 End\r\n")

    def mail(connection: socket.socket) -> None:
        connection.sendall(b"220 hello\r\n")
        connection.recv(100)
        connection.sendall(b"250 hello\r\n")

    assert (await service_at(ftp)).service == "ftp"
    assert (await service_at(mail)).service == "smtp"


@pytest.mark.parametrize(
    "manner",
    [
        zoo.hang,
        zoo.reset,
        zoo.slam,
        zoo.close_after_request,
        zoo.endless,
        zoo.endless_lines,
        zoo.drip,
        zoo.garbage,
        zoo.garbage_later,
    ],
    ids=lambda manner: manner.__name__,
)
async def test_a_hostile_server_is_open_and_unknown_and_never_clean(manner: zoo.Manner) -> None:
    started = time.monotonic()
    with zoo.serving(manner, HOST) as port:
        scope = scope_of(declared(port, "http"), addresses=(HOST,))
        facts = await facts_of(scope)
    assert time.monotonic() - started < 8
    (seen,) = [fact for fact in facts if isinstance(fact, ServiceSeen)]
    assert seen.service == ""
    assert seen.detail
    assert len(seen.banner) <= 512
    judgement = judge(scope, observed(Item.PORTS, *facts), None)
    assert decide([judgement]).standing is Standing.INCONCLUSIVE
    gaps = {row.check for row in judgement.coverage if row.outcome is Outcome.NOT_TESTED}
    assert gaps == {"ports.other-service", "ports.forbidden-service"}


@pytest.mark.parametrize("manner", [zoo.reset, zoo.slam], ids=lambda manner: manner.__name__)
async def test_hanging_up_at_once_counts_as_turning_away(manner: zoo.Manner) -> None:
    assert (await service_at(manner)).turned_away


async def test_a_hostile_ssh_server_is_asked_in_bounded_time() -> None:
    seen = await service_at(zoo.says(b"SSH-2.0-Evil\r\n" + b"\xff" * 300))
    assert (seen.service, seen.password_login) == ("ssh", None)
    assert "could not be asked" in seen.detail or "within" in seen.detail


async def test_endless_data_on_many_ports_stays_small_in_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(zoo.serving(zoo.endless, HOST)) for _ in range(20)]
        facts = await facts_of(scope_of(addresses=(HOST,), looked_at=tuple(ports)))
    assert len([fact for fact in facts if isinstance(fact, ServiceSeen)]) == 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # KiB


async def test_where_everything_is_open_only_declared_ports_are_asked() -> None:
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(zoo.serving(zoo.says(b"+OK\r\n"), HOST)) for _ in range(55)]
        facts = await facts_of(scope_of(declared(ports[0], "http"), addresses=(HOST,), looked_at=tuple(ports)))
    assert [fact.port for fact in facts if isinstance(fact, ServiceSeen)] == [ports[0]]


async def test_a_port_outside_the_order_is_unknown_and_never_dialled() -> None:
    with zoo.serving(zoo.hang, HOST) as port:
        dialer = dialer_for(LoopbackLeave(allowed=set()))
        (fact,) = await facts_of(scope_of(addresses=(HOST,), looked_at=(port,)), dialer)
    assert isinstance(fact, PortState)
    assert fact.state is State.UNKNOWN
    assert dialer.tally.connections == 0


async def test_a_stop_comes_through_as_a_cut_off_at_once() -> None:
    leave = LoopbackLeave()
    dialer = dialer_for(leave, Pace(connections_per_s=20, requests_per_s=20, concurrent_connections=4))
    looking = asyncio.create_task(facts_of(scope_of(addresses=(HOST,), looked_at=tuple(range(20_000, 20_200))), dialer))
    while dialer.tally.connections < 5:  # noqa: ASYNC110 - the tally of the product has no event to wait for
        await asyncio.sleep(0.01)
    leave.stop()
    started, sent = time.monotonic(), dialer.tally.connections
    with pytest.raises(CutOffError):
        await looking
    assert time.monotonic() - started < 1
    assert dialer.tally.connections <= sent + 4


async def test_the_scan_keeps_the_agreed_rate() -> None:
    pace = Pace(connections_per_s=100, requests_per_s=100, concurrent_connections=10)
    dialer = dialer_for(pace=pace)
    await facts_of(scope_of(addresses=(HOST,), looked_at=tuple(range(20_000, 20_150))), dialer)
    assert dialer.tally.connections == 150
    # A process of its own and a busy machine: the bound of real workers is shown in tests/grid/test_budget.py.
    assert dialer.tally.peak_connections_per_s <= 110


class Noting(Dialer):
    """Notes the ports in the order in which they are knocked at."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.ports: list[int] = []

    async def knock(self, address: str, port: int, *, timeout_s: float, measured: Callable[[float], None]) -> None:
        self.ports.append(port)
        await super().knock(address, port, timeout_s=timeout_s, measured=measured)


async def test_the_order_of_knocking_is_random_by_the_given_source_by_the_given_source() -> None:
    async def order(seed: int) -> list[int]:
        seen = recorder()
        scope = scope_of(addresses=(HOST,), looked_at=tuple(range(20_000, 20_050)))
        pace = Pace(connections_per_s=2000, requests_per_s=2000, concurrent_connections=1)
        dialer = Noting("web", LoopbackLeave(), pace, SystemClock())
        await look(scope, dialer, seen, None, patience=QUICK, below=random.Random(seed).randrange)
        return dialer.ports

    first, again, other = await order(1), await order(1), await order(2)
    assert first == again != other
    assert sorted(first) == sorted(other)


async def test_progress_ends_at_its_total() -> None:
    heard: list[Progress] = []
    with zoo.serving(zoo.says(b"+OK\r\n"), HOST) as port:
        scope = scope_of(addresses=(HOST,), looked_at=(port, *range(20_000, 20_010)))
        seen = Recorder("web", SystemClock(), heard.append)
        await look(scope, Dialer("web", LoopbackLeave(), FAST, SystemClock()), seen, None, patience=QUICK)
    steps = [progress.done for progress in heard]
    assert steps == sorted(steps)
    assert (heard[-1].done, heard[-1].total) == (12, 12)
