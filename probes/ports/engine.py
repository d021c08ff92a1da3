"""What the two engines of the port scanner have in common: doors, replies, and the seam between sweep and engine.

A sweep says which doors are knocked at and keeps what they answer (`sweep.py`); an engine does the knocking: by ordinary
connections (`connecting.py`) or by single SYN packets (`half_open.py`). Both give the same answers.
"""

from __future__ import annotations

import array
import asyncio
import errno
import os
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Protocol

from plugins.clock import Clock
from probes.pace import Gcra


class Reply(IntEnum):
    """What a door does when it is knocked at. Small numbers, because a sweep keeps one byte per door."""

    SILENCE = 0
    """Nothing came back, or not yet."""
    OPEN = 1
    """The handshake was answered (SYN and ACK)."""
    CLOSED = 2
    """It was refused (RST)."""
    UNREACHABLE = 3
    """An ICMP error came back."""
    TROUBLE = 4
    """It could not be knocked at, for a reason of our own."""


class Field:
    """All doors of a sweep: every port of every address, numbered."""

    def __init__(self, addresses: Sequence[str], ports: Sequence[int]) -> None:
        self.addresses = tuple(addresses)
        self.ports = array.array("H", ports)
        self._places = array.array("l", [-1]) * 65_536
        for place, port in enumerate(self.ports):
            self._places[port] = place

    def __len__(self) -> int:
        return len(self.addresses) * len(self.ports)

    def door(self, number: int) -> tuple[str, int]:
        """Give address and port of a door."""
        which, place = divmod(number, len(self.ports))
        return self.addresses[which], self.ports[place]

    def of(self, which: int) -> range:
        """Give the doors of the address number `which`."""
        return range(which * len(self.ports), (which + 1) * len(self.ports))

    def number(self, which: int, port: int) -> int:
        """Give the door at a port of the address number `which`; -1: there is none."""
        place = self._places[port]
        return which * len(self.ports) + place if place >= 0 else -1


def words(code: int) -> str:
    """Give the words for the errno of a knock; a connection that an RST refused has none."""
    return "refused by ICMP" if code == errno.ECONNREFUSED else os.strerror(code)


class Hearing(Protocol):
    """Who is told what an engine hears."""

    def heard(self, number: int, reply: Reply, detail: str = "") -> None:
        """Take a reply of a door; more than one may come, and late. Silence is not told."""

    def measured(self, number: int, seconds: float) -> None:
        """Take a round trip to a door."""

    def patience_s(self, number: int) -> float:
        """Give how long a door may take to answer."""


class Engine(Protocol):
    """Knocks at doors. Every knock takes the leave's permission and the meter's, and is counted."""

    name: str
    """How facts name it."""
    least_patience_s: float
    """How long an answer may take at least, however quick the others were."""
    hears_late: bool
    """Whether an answer counts that comes when nobody waits for it any more."""

    def close(self) -> None:
        """Let go of what is held between waves."""

    async def wave(self, numbers: Iterator[int], hearing: Hearing, brake: SweepBrake) -> None:
        """Knock once at every door; return when each has answered or used up its patience. `CutOffError` comes through."""


class SweepBrake:
    """Slows a sweep down below the agreed pace, where something in between cannot keep up. Never speeds up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rate: Gcra | None = None

    @property
    def pulled(self) -> bool:
        """Whether it slows down."""
        return self._rate is not None

    def slow_to(self, per_s: float) -> None:
        """Let at most `per_s` knocks through in a second from now on."""
        if self._rate is None or per_s < self._rate.rate:
            self._rate = Gcra.empty(per_s, 1.0, self._clock.monotonic())

    async def knocks(self, most: int) -> int:
        """Wait until there may be a knock; give how many at once, 1 to `most`."""
        if self._rate is None:
            return most
        self._rate, wait = self._rate.take(self._clock.monotonic())
        await asyncio.sleep(wait)
        return 1
