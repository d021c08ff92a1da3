"""Leases: how one pace is kept by many workers, through crashes and delays. Pure: nothing here reads a clock or waits.

A `Book` hands out permissions at evenly spaced times, in slices. Permission k of a slice may be used in
[start + k * interval, start + k * interval + keep) and never later, so an unused, delayed or crashed worker's permissions lapse by
themselves and can never pile up. Whoever holds no permission sends nothing.

Why the bound holds: in any half-open second, only permissions whose use interval touches it can be used. Their starts lie in an
open interval of length 1 + keep and are 1/rate' apart, so there are at most ceil((1 + keep) * rate') of them. `effective_rate`
chooses rate' so that this is at most rate + burst, with burst = max(1, 2 % of the rate).

Packets are booked beside: every permission of another bound takes some from one shared book (`lease`, `shared`).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

from plugins.value import value

HORIZON_S = 0.2
"""A slice reaches at most this far into the future: how long a worker that is cut off from the book may go on."""
KEEP_S = 0.04
"""How late a permission may be used, at least; a busy machine wakes a waiting process that late."""
KEEP_MOST_S = 0.2
"""How late a permission of a slow pace may be used."""


def burst(rate: float) -> float:
    """Give what may be sent in a second beyond `rate`."""
    return max(1.0, 0.02 * rate)


def keep(rate: float) -> float:
    """Give how long a permission of an agreed rate stays usable, in seconds: as long as the bound allows without slowing down."""
    return min(max(math.floor(rate + burst(rate)) / rate - 1, KEEP_S), KEEP_MOST_S)


def effective_rate(rate: float) -> float:
    """Give permissions per second such that no sliding second holds more than rate + burst uses."""
    return min(rate, (math.floor(rate + burst(rate)) - 1e-6) / (1 + keep(rate)))


@value
class Slice:
    """Permissions of one lease. Times are seconds after the lease was issued, so that clocks need not agree."""

    start_s: float
    """When the first may be used; 0 or later."""
    interval_s: float
    """Between two permissions."""
    count: int
    """How many; 0: come back after `start_s`."""
    keep_s: float
    """How long each stays usable."""


@value
class Book:
    """State of one bound of one budget."""

    agreed: float
    """Agreed units per second; nothing raises it."""
    rate: float
    """Units per second at present, at most the agreed ones; 0: paused."""
    tat: float
    """When the next permission may start, seconds on the book's monotonic clock."""

    @staticmethod
    def opened(agreed: float, now: float, units: float = 1.0) -> Book:
        """Open an empty book: as if every permission of a book that was lost had been used as late as possible.

        `units`: most units that one permission takes.
        """
        return Book(agreed=agreed, rate=agreed, tat=now + HORIZON_S + units / effective_rate(agreed))

    def paced(self, rate: float, now: float) -> Book:
        """Give the book at another rate, cut to the agreed one; 0 pauses."""
        rate = min(max(rate, 0.0), self.agreed)
        if rate == self.rate:
            return self
        # The gap before the first permission at the new rate is that of the new rate, and never less than the agreed one's.
        gap = 1 / effective_rate(rate) if rate else 0.0
        return Book(agreed=self.agreed, rate=rate, tat=max(self.tat, now) + gap)

    @property
    def spacing_s(self) -> float:
        """Seconds between two permissions; infinite while paused."""
        return 1 / effective_rate(self.rate) if self.rate else math.inf


def shared_rate(rate: float) -> float:
    """Give the rate of a book that permissions of several kinds are booked in, so that no sliding second exceeds `rate`."""
    return rate / (1 + HORIZON_S)


def lease(
    books: tuple[Book, ...], want: int, now: float, shared: tuple[Book, ...] = (), units: float = 1.0
) -> tuple[tuple[Book, ...], Slice]:
    """Lease at most `want` permissions that keep every one of `books` (server, system, shared address).

    Each takes `units` of every one of `shared` (packets), in which permissions of other kinds are booked too: there they take
    their own time only, and are used at most a horizon later than booked (see `shared_rate`). Gives `books` and `shared`, moved on.
    """
    every = (*books, *shared)
    spacing = max(*(book.spacing_s for book in books), *(units * book.spacing_s for book in shared), 0.0)
    # How late a permission may be used follows from the agreed rates: a slow phase must not lend its patience to a fast one.
    keep_s = min(keep(book.agreed) for book in every)
    if math.isinf(spacing):
        return every, Slice(start_s=HORIZON_S, interval_s=HORIZON_S, count=0, keep_s=keep_s)
    start = max(now, *(book.tat for book in every))
    room = now + HORIZON_S - start
    count = min(want, math.floor(room / spacing) + 1) if room >= 0 else 0
    lent = Slice(start_s=start - now, interval_s=spacing, count=count, keep_s=keep_s)
    if count == 0:
        return every, lent
    # Every book moves on by the spacing that was really used, which is at least its own; a shared one by its own.
    own = (replace(book, tat=start + count * spacing) for book in books)
    beside = (replace(book, tat=max(now, book.tat) + count * units * book.spacing_s) for book in shared)
    return (*own, *beside), lent


@dataclass
class _Held:
    """One slice on the worker's clock."""

    not_before: float
    until: float
    interval_s: float
    left: int


class Purse:
    """The permissions that a worker holds. Uses only what is usable for certain, whatever the clocks' offset is.

    The offset between the book's clock and the worker's lies between (sent - issued) and (received - issued) of every lease; all
    leases together narrow it down to the fastest round trip.
    """

    def __init__(self) -> None:
        self._held: deque[_Held] = deque()
        self._lowest = -math.inf
        self._highest = math.inf
        self.lapsed = 0

    def put(self, slice_: Slice, issued: float, sent: float, received: float) -> None:
        """Take a slice that was asked for at `sent` and arrived at `received` (worker's clock), issued on the book's clock."""
        self._lowest = max(self._lowest, sent - issued)
        self._highest = min(self._highest, received - issued)
        if slice_.count == 0:
            return
        begins = issued + slice_.start_s
        self._held.append(
            _Held(
                not_before=begins + self._highest,
                until=begins + self._lowest + slice_.keep_s,
                interval_s=slice_.interval_s,
                left=slice_.count,
            )
        )

    def usable(self, now: float) -> int:
        """Give how many permissions may be used right now; lapsed ones are dropped and counted."""
        count = 0
        for held in self._held:
            if now >= held.until:
                gone = min(held.left, math.floor((now - held.until) / held.interval_s) + 1)
                held.left -= gone
                held.not_before += gone * held.interval_s
                held.until += gone * held.interval_s
                self.lapsed += gone
            if held.left and now >= held.not_before:
                count += min(held.left, math.floor((now - held.not_before) / held.interval_s) + 1)
        while self._held and not self._held[0].left:
            self._held.popleft()
        return count

    def take(self, now: float, most: int = 1) -> int:
        """Use up to `most` permissions; give how many, 0 when none is usable now."""
        taken = 0
        if not self.usable(now):
            return taken
        for held in self._held:
            while taken < most and held.left and held.not_before <= now < held.until:
                held.left -= 1
                held.not_before += held.interval_s
                held.until += held.interval_s
                taken += 1
        return taken

    def next_at(self) -> float:
        """Give when the next permission becomes usable, on the worker's clock; infinity when none is held."""
        return min((held.not_before for held in self._held if held.left), default=math.inf)

    @property
    def held(self) -> int:
        """How many permissions are held, usable now or later."""
        return sum(held.left for held in self._held)
