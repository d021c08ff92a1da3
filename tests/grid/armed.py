"""Checks that need an armed process; each is run by `tests/grid/escaping.py` in a process of its own. The name says what holds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from grid.guard import process
from grid.guard.process import LATE, arm
from grid.guard.programs import Program, deep_tls_prober, service_prober, tls_prober
from grid.guard.veto import GuardError, SecondOrderError, UnguardableError
from plugins.clock import SystemClock
from probes.dial import CutOffError, Dialer
from probes.pace import Pace
from probes.services.ssh import entrance
from probes.tls.crew import PROBER, Crew
from tests.grid.escape import IN_SCOPE, Goal

RAW = socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP


@contextlib.contextmanager
def vetoed(event: str) -> Iterator[None]:
    """Expect a veto of this event, told and counted."""
    guard = process._ARMED[0]
    before = guard.vetoes.get(event, 0)
    with pytest.raises(GuardError, match="nothing was done") as refused:
        yield
    assert refused.value.event == event
    assert guard.vetoes[event] == before + 1


def what_the_order_names_goes_out(goal: Goal) -> None:
    with socket.create_server((IN_SCOPE[0], 0)) as server, arm().admitting(goal.permit):
        socket.create_connection(server.getsockname()).close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            datagram.sendto(b"x", IN_SCOPE)
    assert arm().vetoes == {}


def nothing_goes_out_before_or_after_an_order(goal: Goal) -> None:
    server = socket.create_server((IN_SCOPE[0], 0))
    arm()
    for _ in range(2):
        with vetoed("socket.connect"):
            socket.create_connection(server.getsockname())
        with arm().admitting(goal.permit):
            socket.create_connection(server.getsockname()).close()
    with vetoed("socket.connect"):
        socket.create_connection(server.getsockname())


def a_connection_ends_with_its_order_also_its_copies(goal: Goal) -> None:
    server = socket.create_server((IN_SCOPE[0], 0))
    with arm().admitting(goal.permit):
        connection = socket.create_connection(server.getsockname())
        copy = socket.socket(fileno=os.dup(connection.fileno()))
        loose = socket.socket(fileno=connection.detach())
    far = server.accept()[0]
    far.settimeout(5)
    assert far.recv(1) == b""
    for each in (copy, loose):
        with pytest.raises(BrokenPipeError):
            each.send(b"x")


def what_others_connected_lives_on(goal: Goal) -> None:
    server = socket.create_server((IN_SCOPE[0], 0))
    early = socket.create_connection(server.getsockname())
    with arm().admitting(goal.permit):
        socket.create_connection(server.getsockname()).close()
    assert early.send(b"x") == 1


def the_end_of_the_order_is_told_as_such(goal: Goal) -> None:
    with arm().admitting(goal.permit):
        goal.permit.halt("the operator said stop")
        with pytest.raises(CutOffError, match="operator said stop"):
            socket.socket().connect((IN_SCOPE[0], 80))
    assert arm().vetoes == {LATE: 1}


def a_process_runs_one_order_at_a_time(goal: Goal) -> None:
    guard = arm()
    again = pytest.raises(SecondOrderError, match="a process of its own")
    with guard.admitting(goal.permit), again, guard.admitting(goal.permit):
        pass
    with guard.admitting(goal.permit):
        pass


def arming_twice_gives_the_same_guard_or_refuses(goal: Goal) -> None:
    del goal
    guard = arm()
    assert arm() is guard
    with pytest.raises(UnguardableError, match="armed before"):
        arm([])
    with pytest.raises(UnguardableError, match="armed before"):
        arm(raw=("scanner",))


def a_process_with_a_native_network_stack_is_not_armed(goal: Goal) -> None:
    del goal
    sys.modules["uvloop"] = types.ModuleType("uvloop")
    with pytest.raises(UnguardableError, match="uvloop"):
        arm()


def sockets_of_other_kinds_are_not_made(goal: Goal) -> None:
    del goal
    arm()
    kinds = [
        (socket.AF_PACKET, socket.SOCK_RAW, 0),
        (socket.AF_PACKET, socket.SOCK_DGRAM, 0),
        (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        (socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP),
        (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP),
        (socket.AF_INET, socket.SOCK_STREAM, 262),  # multipath TCP
        (socket.AF_NETLINK, socket.SOCK_RAW, 0),
        (socket.AF_VSOCK, socket.SOCK_STREAM, 0),
        (socket.AF_ALG, socket.SOCK_SEQPACKET, 0),
    ]
    for kind in kinds:
        with vetoed("socket.__new__"):
            socket.socket(*kind)


def what_asyncio_needs_is_let_through(goal: Goal) -> None:
    arm()

    async def work() -> None:
        await asyncio.to_thread(sum, [1])
        async with Crew(PROBER).prober() as child:
            assert child.stdin is not None
            child.stdin.write(b"garbage\n")

    asyncio.run(work())
    for near, far in (socket.socketpair(), socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)):
        near.sendmsg([b"x"])
        assert far.recv(1) == b"x"
    assert arm().vetoes == {}
    assert goal.permit.remaining_s() > 0


def nobody_is_bound_or_reached_by_a_path(goal: Goal) -> None:
    del goal
    arm()
    with vetoed("socket.bind"):
        socket.socket().bind(("127.0.0.1", 0))
    with vetoed("socket.bind"):
        socket.socket(socket.AF_UNIX).bind("\0tenken-test")
    with vetoed("socket.connect"):
        socket.socket(socket.AF_UNIX).connect("/run/dbus/system_bus_socket")
    with vetoed("socket.sendto"):
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x", "/dev/log")


def raw_sockets_need_a_reason_that_was_named_at_arming(goal: Goal) -> None:
    del goal
    with pytest.raises(GuardError, match="not named at arming"), arm().allowing_raw("scanner"):
        pass


def a_named_reason_lets_one_thread_open_raw_sockets_to_the_order(goal: Goal) -> None:
    guard = arm(raw=("scanner",))
    with vetoed("socket.__new__"):
        socket.socket(*RAW)
    with guard.admitting(goal.permit), guard.allowing_raw("scanner"):
        way = socket.socket(*RAW)
        way.connect(IN_SCOPE)
        with vetoed("socket.connect"):
            socket.socket(*RAW).connect(("127.0.0.77", IN_SCOPE[1]))
        with vetoed("socket.sendto"):
            socket.socket(*RAW).sendto(b"x" * 20, ("127.0.0.77", IN_SCOPE[1]))
        with vetoed("socket.bind"):
            socket.socket(*RAW).bind(("127.0.0.1", 0))
        others = [
            (socket.AF_PACKET, socket.SOCK_RAW, 0),
            (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
            (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
            (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP),
            (socket.AF_NETLINK, socket.SOCK_RAW, 0),
        ]
        for kind in others:
            with vetoed("socket.__new__"):
                socket.socket(*kind)
        way.send(b"x" * 20)
    with vetoed("socket.connect"):
        way.connect(IN_SCOPE)
    with vetoed("socket.sendto"):
        way.sendto(b"x" * 20, IN_SCOPE)
    with pytest.raises(OSError, match="not connected"):  # hung up with the order
        way.send(b"x" * 20)


def a_named_reason_for_raw_sockets_is_one_thread_s_alone(goal: Goal) -> None:
    del goal
    guard = arm(raw=("scanner",))
    refused: list[GuardError] = []

    def elsewhere() -> None:
        try:
            socket.socket(*RAW)
        except GuardError as error:
            refused.append(error)

    with guard.allowing_raw("scanner"):
        other = threading.Thread(target=elsewhere)
        other.start()
        other.join()
    assert len(refused) == 1
    elsewhere()
    assert len(refused) == 2


def only_the_exact_program_is_started(goal: Goal) -> None:
    prober = tls_prober()
    arm()
    for each in (prober, deep_tls_prober(), service_prober()):
        subprocess.run(each.argv, env=dict(each.env), input=b"", check=False, capture_output=True)
    assert arm().vetoes == {}
    tries: list[Callable[[], object]] = [
        lambda: subprocess.run(prober.argv, check=False),
        lambda: subprocess.run(prober.argv, env={**prober.env, "LD_PRELOAD": "x"}, check=False),
        lambda: subprocess.run(prober.argv, env=dict(prober.env), cwd="/", check=False),
        lambda: subprocess.run(prober.argv, env=dict(prober.env), executable="/bin/true", check=False),
        lambda: subprocess.run([*prober.argv, "x"], env=dict(prober.env), check=False),
        lambda: subprocess.run(" ".join(prober.argv), env=dict(prober.env), shell=True, check=False),
        lambda: os.popen("true"),
    ]
    for start in tries:
        with vetoed("subprocess.Popen"):
            start()
    assert goal.permit.remaining_s() > 0


def another_allowed_program_is_started(goal: Goal) -> None:
    del goal
    arm([Program(argv=("/bin/echo", "-n", "x"), env={})])
    assert subprocess.run(["/bin/echo", "-n", "x"], env={}, check=True, stdout=subprocess.PIPE).stdout == b"x"
    with vetoed("subprocess.Popen"):
        subprocess.run(["/bin/echo", "-n", "y"], env={}, check=True)


def only_own_children_are_signalled(goal: Goal) -> None:
    del goal
    ours = subprocess.Popen(["/bin/sleep", "60"])
    arm()
    with vetoed("os.kill"):
        os.kill(os.getppid(), 0)
    with vetoed("os.kill"):
        os.kill(-1, 0)
    with vetoed("os.killpg"):
        os.killpg(os.getpgrp(), 0)
    ours.kill()
    assert ours.wait() == -signal.SIGKILL
    os.kill(os.getpid(), 0)
    ours.kill()  # it is gone, and nobody else is hit


def memory_and_interfaces_are_not_opened(goal: Goal) -> None:
    del goal
    arm()
    for path in ("/proc/self/mem", f"/proc/{os.getpid()}/mem", "/proc/self/../self/mem", b"/proc/self/mem", "/dev/mem"):
        with vetoed("open"):
            os.open(path, os.O_RDONLY)
    with vetoed("open"):
        os.open("/dev/net/tun", os.O_RDWR)
    with pytest.raises(FileNotFoundError):
        os.open("/nowhere/mem", os.O_RDONLY)


def the_resolver_stays_silent(goal: Goal) -> None:
    del goal
    arm()
    with vetoed("os.putenv"):
        os.environ["RES_OPTIONS"] = "attempts:3"
    with vetoed("os.unsetenv"):
        os.unsetenv("RES_OPTIONS")
    os.environ["OMP_NUM_THREADS"] = "1"  # Ray does so for every task


def hooks_and_collected_objects_are_out_of_reach(goal: Goal) -> None:
    del goal
    import gc

    guard = arm()
    sys.addaudithook(lambda *_: None)  # the interpreter swallows this veto
    assert guard.vetoes == {"sys.addaudithook": 1}
    for look in (gc.get_objects, gc.get_referrers, gc.get_referents):
        with vetoed(f"gc.{look.__name__}"):
            look()
    gc.collect()


def our_own_dialer_and_ssh_work(goal: Goal) -> None:
    server = socket.create_server((IN_SCOPE[0], 0))
    port: int = server.getsockname()[1]

    def close_at_once() -> None:
        for _ in range(2):
            server.accept()[0].close()

    threading.Thread(target=close_at_once, daemon=True).start()

    async def dial() -> None:
        dialer = Dialer("web-1", goal.permit, replace(Pace(), connections_per_s=100.0), SystemClock())
        async with dialer.connect(IN_SCOPE[0], port, timeout_s=5) as connection:
            assert await connection.read() == b""
        assert (await entrance(dialer, IN_SCOPE[0], port, 5)).password_login is None

    with arm().admitting(goal.permit):
        asyncio.run(dial())
    assert arm().vetoes == {}


def what_the_guard_does_not_understand_is_vetoed(goal: Goal) -> None:
    del goal
    arm()
    for arguments in ((), (None, "x"), (1, 2)):
        with pytest.raises((ValueError, TypeError)):
            sys.audit("socket.connect", *arguments)
    assert arm().total == 3


CHECKS = [
    name
    for name, each in list(globals().items())
    if isinstance(each, types.FunctionType) and each.__module__ == __name__ and name != vetoed.__name__
]
