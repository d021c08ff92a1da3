"""The engine for privileged workers: every knock is one SYN. What answers is dropped at once by our own kernel's RST.

The kernel knows nothing of these SYNs, so nothing is repeated behind our back: one knock is one packet. Answers count when they
acknowledge the cookie of a SYN of this sweep. Each wave has a source port of its own, so that a round trip is never mistaken.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterator

from probes.dial import Dialer
from probes.ports.engine import Field, Hearing, Reply, SweepBrake, words
from probes.ports.permutation import Below
from probes.ports.segments import Cookies, Syn, answer, returned_syn
from probes.raw import SEGMENT_BYTES, RawWay

BATCH = 256
"""Most SYNs between two looks at stop, window and answers."""
DRAIN = 1024
"""Most answers that are taken at once: a flood of them does not keep us from anything else."""
LISTEN_S = 0.01
"""Longest time between two looks at what is still pending."""
SOURCE_PORTS = range(61_000, 65_520)
"""Above the ports that Linux gives its own connections by default; the first of a sweep is drawn from them."""


def _unset(port: int) -> bytearray:
    raise AssertionError(port)


class HalfOpenEngine:
    """Knocks by single SYN packets."""

    name = "half-open"
    least_patience_s = 0.1
    hears_late = True

    def __init__(self, field: Field, dialer: Dialer, below: Below) -> None:
        """Raises `OSError` where the host allows no raw sockets or has no route to an address."""
        self._field, self._dialer = field, dialer
        self._pending: dict[int, float] = {}
        """When each door was knocked at that has neither answered nor used up its patience."""
        self._batches: deque[tuple[float, list[int]]] = deque()
        self._measured = bytearray(len(field.addresses))
        self._answered = asyncio.Event()
        self._hearing: Hearing | None = None
        self._buffer = bytearray(SEGMENT_BYTES)
        self._first_port = SOURCE_PORTS.start + below(len(SOURCE_PORTS))
        self._port = self._first_port - 1
        secret = bytes(below(256) for _ in range(32))
        self._ways: list[RawWay] = []
        try:
            for address in field.addresses:
                self._ways.append(dialer.raw_way(address, field.ports[0]))
        except BaseException:
            self.close()
            raise
        self._cookies = [Cookies(secret, address) for address in field.addresses]
        self._knocks: list[tuple[Callable[[int], bytearray], Callable[[bytearray], bool]]] = [
            (_unset, way.send) for way in self._ways
        ]

    def close(self) -> None:
        """Close the ways."""
        for way in self._ways:
            way.close()

    async def wave(self, numbers: Iterator[int], hearing: Hearing, brake: SweepBrake) -> None:
        """Knock once at every door; return when each has answered or used up its patience."""
        self._hearing = hearing
        self._port += 1
        loop = asyncio.get_running_loop()
        for which, way in enumerate(self._ways):
            syn = Syn(way.source, way.address, self._port, self._cookies[which])
            self._knocks[which] = syn.to, way.send
            loop.add_reader(way.fileno(), self._drain, which)
        try:
            await self._send_all(numbers, brake)
            while self._pending:
                await self._listen()
        finally:
            for way in self._ways:
                loop.remove_reader(way.fileno())
            self._pending.clear()
            self._batches.clear()

    async def _send_all(self, numbers: Iterator[int], brake: SweepBrake) -> None:
        """Send as many as the pace and its bound on what is pending allow. The first of a batch waits for the pace."""
        meter = self._dialer.meter
        most = meter.pace.concurrent_connections
        for first in numbers:
            while len(self._pending) >= most:
                await self._listen()
            room = min(BATCH, most - len(self._pending))
            if brake.pulled:
                room = await brake.knocks(room)
            room = await meter.knocks(room)
            await self._send([first, *itertools.islice(numbers, room - 1)])
            await asyncio.sleep(0)  # answers, the stop and the end of the window have their turn
            self._expire()

    async def _send(self, batch: list[int]) -> None:
        now, sent = self._dialer.clock.monotonic(), 0
        width, ports, knocks = len(self._field.ports), self._field.ports, self._knocks
        self._pending.update(dict.fromkeys(batch, now))
        self._batches.append((now, batch))
        try:
            for number in batch:
                which, place = divmod(number, width)
                segment_to, send = knocks[which]
                while not send(segment_to(ports[place])):  # noqa: ASYNC110 - the device's queue has no event to wait for
                    await asyncio.sleep(LISTEN_S)
                sent += 1
        finally:
            if sent:
                self._dialer.counter.knocks(now, sent)

    async def _listen(self) -> None:
        """Wait for an answer, or for a moment."""
        self._answered.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LISTEN_S):
                await self._answered.wait()
        self._expire()

    def _expire(self) -> None:
        """Let go of what has used up its patience; the oldest batch stands first."""
        if not self._batches:
            return
        assert self._hearing is not None  # noqa: S101 - for the type checker: `wave` has set it
        now, width = self._dialer.clock.monotonic(), len(self._field.ports)
        patience = max(self._hearing.patience_s(which * width) for which in range(len(self._ways)))
        while self._batches and self._batches[0][0] + patience <= now:
            for number in self._batches.popleft()[1]:
                self._pending.pop(number, None)

    def _drain(self, which: int) -> None:
        """Take the answers that have come from an address."""
        way, cookies, buffer = self._ways[which], self._cookies[which].of, self._buffer
        version, first, last = way.version, self._first_port, self._port
        for _ in range(DRAIN):
            size = way.receive(buffer)
            if not size:
                self._drain_errors(which)
                return
            port, own_port, acknowledged, reply = answer(buffer, size, version)
            if reply and first <= own_port <= last and acknowledged == (cookies[port] + 1) & 0xFFFFFFFF:
                self._take(which, port, reply, own_port == last)

    def _drain_errors(self, which: int) -> None:
        """Take the ICMP errors that have come about SYNs to an address."""
        for _ in range(DRAIN):
            returned = self._ways[which].returned()
            if returned is None:
                return
            own_port, port, sequence = returned_syn(returned.segment)
            if self._first_port <= own_port <= self._port and sequence == self._cookies[which].of[port]:
                self._take(which, port, Reply.UNREACHABLE, False, words(returned.code))

    def _take(self, which: int, port: int, reply: Reply, timely: bool, detail: str = "") -> None:
        """Take a reply; `timely`: it answers a SYN of this wave, so that it tells the round trip."""
        number = self._field.number(which, port)
        if number < 0 or self._hearing is None:
            return
        sent = self._pending.pop(number, 0.0)
        self._answered.set()
        # The first measurement, and then one in sixteen, is plenty (RFC 6298 wants one per round trip).
        if sent and timely and (not self._measured[which] or not port & 15):
            self._measured[which] = 1
            self._hearing.measured(number, self._dialer.clock.monotonic() - sent)
        self._hearing.heard(number, reply, detail)
