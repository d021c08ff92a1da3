"""The budget: one pace over all workers of a system.

One Ray actor per system holds the books (probes/lease.py) and lends permissions in slices of at most a fifth of a second. A worker
without a lease sends nothing, so a worker that is cut off from its budget falls silent within the slice, and a budget that died and
was started again begins empty. The bounds come out of the signed orders; what people and the pulse say can only slow down.

    worker: LeasedMeter.connection() -> purse -> (empty?) -> Budget.lease -> books of server, address, system -> slice
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable, Sequence
from enum import StrEnum
from typing import Any

from grid.cluster import RayError, ray
from grid.guard.process import arm
from grid.key import TrustedKeys
from grid.order import Order
from grid.seal import SealedOrder, read_order
from plugins.clock import Clock, SystemClock
from plugins.value import value
from probes.lease import HORIZON_S, Book, Purse, Slice, lease, shared_rate
from probes.meter import READ_BYTES
from probes.pace import (
    PACKETS_PER_CONNECTION,
    PACKETS_PER_DATAGRAM,
    PACKETS_PER_REQUEST,
    PACKETS_PER_SYN,
    SEGMENT_BYTES,
    Pace,
)

PATIENCE_S = 10.0
"""How long a worker waits for a budget that does not answer before it lets go of the server."""
RETRY_S = 0.05
"""Between two tries to reach a budget that does not answer."""


class Bound(StrEnum):
    """What is bounded."""

    CONNECTIONS = "connections"
    SYNS = "syns"
    """Connections that are a single SYN; they count as connections."""
    REQUESTS = "requests"
    DATAGRAMS = "datagrams"
    """Asks that are a single UDP datagram; they count as requests."""
    CHUNKS = "chunks"
    """Bytes, in portions of `chunk_bytes`."""
    PACKETS = "packets"
    """Packets: never lent alone, every other permission takes some. Kept only where they have a bound of their own."""


_COUNTS_AS = {Bound.SYNS: Bound.CONNECTIONS, Bound.DATAGRAMS: Bound.REQUESTS}
_BOOKED = tuple(bound for bound in Bound if bound not in _COUNTS_AS)


def chunk_bytes(pace: Pace) -> int:
    """Give the portion in which bytes are lent: small enough for ten portions a second."""
    return max(1, min(READ_BYTES, pace.bytes_per_s // 10))


def rate(pace: Pace, bound: Bound) -> float:
    """Give units per second of a bound."""
    match _COUNTS_AS.get(bound, bound):
        case Bound.CONNECTIONS:
            return pace.connections_per_s
        case Bound.REQUESTS:
            return pace.requests_per_s
        case Bound.PACKETS:
            return shared_rate(pace.packets_per_s)
        case _:
            return pace.bytes_per_s / chunk_bytes(pace)


def packets(pace: Pace, bound: Bound) -> float:
    """Give the packets that one permission of an order's bound is reckoned at."""
    reckoned = {
        Bound.CONNECTIONS: PACKETS_PER_CONNECTION,
        Bound.SYNS: PACKETS_PER_SYN,
        Bound.REQUESTS: PACKETS_PER_REQUEST,
        Bound.DATAGRAMS: PACKETS_PER_DATAGRAM,
    }
    return float(reckoned[bound]) if bound in reckoned else chunk_bytes(pace) / SEGMENT_BYTES


def most_packets(pace: Pace) -> float:
    """Give the most packets that one permission is reckoned at: what a second can hold beyond rate and burst."""
    return max(PACKETS_PER_CONNECTION, chunk_bytes(pace) / SEGMENT_BYTES)


@value
class Loan:
    """What a worker gets for one call."""

    issued: float
    """When, on the budget's monotonic clock."""
    slices: tuple[tuple[Bound, Slice], ...]
    """One per bound that was asked for."""
    paused: str = ""
    """Why nothing is lent at present; empty when it is."""


class Ledger:
    """The books of one system. Pure but for the clock; the actor and the tests both use it."""

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        self._clock = clock
        self._orders = {order.order_id: order for order in orders}
        self._books: dict[tuple[str, Bound], Book] = {}
        self._factor = 1.0
        self._ceiling = 1.0
        self._paused = ""
        now = clock.monotonic()
        for order in orders:
            for bound in _BOOKED:
                for name, pace in _names(order):
                    kept = self._books.get((name, bound))
                    agreed = min(rate(pace, bound), kept.agreed if kept else math.inf)
                    if bound is not Bound.PACKETS:
                        self._books[name, bound] = Book.opened(agreed, now)
                    elif agreed:
                        self._books[name, bound] = Book.opened(agreed, now, most_packets(pace))

    def lend(self, order_id: str, wants: dict[Bound, int]) -> Loan:
        """Lend permissions for an order; an unknown order gets none."""
        now = self._clock.monotonic()
        order = self._orders.get(order_id)
        if order is None:
            return Loan(issued=now, slices=(), paused=f"order {order_id} is not of this system")
        return Loan(
            issued=now,
            slices=tuple((bound, self._lend(order, bound, want, now)) for bound, want in wants.items()),
            paused=self._paused,
        )

    def _lend(self, order: Order, bound: Bound, want: int, now: float) -> Slice:
        names = [name for name, _ in _names(order)]
        own = [(name, _COUNTS_AS.get(bound, bound)) for name in names]
        shared = [(name, Bound.PACKETS) for name in names if (name, Bound.PACKETS) in self._books]
        after, lent = lease(
            tuple(self._books[key] for key in own),
            want,
            now,
            shared=tuple(self._books[key] for key in shared),
            units=packets(order.pace, bound),
        )
        self._books.update(zip((*own, *shared), after, strict=True))
        return lent

    def throttle(self, factor: float, reason: str) -> float:
        """Set the present share of the agreed pace (the pulse: up and down, at most to the ceiling); 0 pauses."""
        self._factor = min(max(factor, 0.0), 1.0)
        self._paused = reason if self._factor == 0 else ""
        return self._apply()

    def lower(self, factor: float) -> float:
        """Lower the ceiling for the rest of the run (people); a higher one than before changes nothing."""
        self._ceiling = min(self._ceiling, max(factor, 0.0))
        return self._apply()

    def _apply(self) -> float:
        now = self._clock.monotonic()
        share = min(self._factor, self._ceiling)
        self._books = {key: book.paced(book.agreed * share, now) for key, book in self._books.items()}
        return share


def _names(order: Order) -> list[tuple[str, Pace]]:
    """Give the books that an order's sends are entered in: its server, each of its addresses, the system."""
    addresses = [(f"address {address}", order.system_pace) for address in order.scope.target.addresses]
    return [(f"order {order.order_id}", order.pace), *addresses, ("system", order.system_pace)]


class Budget:
    """The actor. It believes signed orders only; a restart begins with empty books."""

    def __init__(self, sealed: Sequence[SealedOrder], trusted: TrustedKeys) -> None:
        orders = [read_order(one, trusted) for one in sealed]
        self._ledger = Ledger(orders, SystemClock())

    async def lend(self, order_id: str, wants: dict[Bound, int]) -> Loan:
        """Lend permissions."""
        return self._ledger.lend(order_id, wants)

    async def throttle(self, factor: float, reason: str) -> float:
        """Set the present share of the agreed pace."""
        return self._ledger.throttle(factor, reason)

    async def lower(self, factor: float) -> float:
        """Lower the ceiling for the rest of the run."""
        return self._ledger.lower(factor)


class GuardedBudget(Budget):
    """A budget whose process sends nothing by itself."""

    def __init__(self, sealed: Sequence[SealedOrder], trusted: TrustedKeys) -> None:
        arm(needed=())
        super().__init__(sealed, trusted)


BudgetHandle = Any
"""Ray's actor handle of a `Budget`; Ray ships no types."""


def start(sealed: Sequence[SealedOrder], trusted: TrustedKeys) -> BudgetHandle:
    """Start the budget of one system. Ray starts it again when it dies: empty, from the same signed orders."""
    actor = ray.remote(GuardedBudget).options(num_cpus=0, max_restarts=-1, max_concurrency=10_000)
    return actor.remote(tuple(sealed), trusted)


class _Tap:
    """The permissions of one bound in one worker."""

    def __init__(self) -> None:
        self.purse = Purse()
        self.turn = asyncio.Lock()
        self.waiting = 0
        self.used = 0


class LeasedMeter:
    """Waits for leased permissions; the worker's side of the budget. Same seam as `probes.dial.Meter`."""

    def __init__(self, budget: BudgetHandle, order: Order, clock: Clock, give_up: Callable[[str], None]) -> None:
        self.pace = order.pace
        self._budget = budget
        self._order_id = order.order_id
        self._clock = clock
        self._give_up = give_up
        self._open = asyncio.Semaphore(order.pace.concurrent_connections)
        self._chunk = chunk_bytes(order.pace)
        self._debt = 0
        self._taps = {bound: _Tap() for bound in Bound}

    @property
    def lapsed(self) -> int:
        """Permissions that were lent and came to nothing."""
        return sum(tap.purse.lapsed for tap in self._taps.values())

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        """Hold one of the concurrent connections, after waiting for the connection rate."""
        async with self._open:
            await self._take(Bound.CONNECTIONS)
            yield

    async def knocks(self, most: int) -> int:
        """Wait for the connection rate; give how many SYNs may be sent at this moment, 1 to `most`."""
        return await self._take(Bound.SYNS, most)

    async def request(self) -> None:
        """Wait for the request rate."""
        await self._take(Bound.REQUESTS)

    async def datagram(self) -> None:
        """Wait for the request rate, for one UDP datagram."""
        await self._take(Bound.DATAGRAMS)

    async def transfer(self, size: int) -> None:
        """Wait until `size` bytes fit into the byte rate; portions that were begun are used up first."""
        self._debt += size
        while self._debt > 0:
            await self._take(Bound.CHUNKS)
            self._debt -= self._chunk

    async def _take(self, bound: Bound, most: int = 1) -> int:
        """Wait for at least one permission; use up to `most` of those that are usable then, and give how many."""
        tap = self._taps[bound]
        tap.waiting += most
        try:
            async with tap.turn:
                while not (taken := tap.purse.take(self._clock.monotonic(), most)):
                    await self._wait(bound, tap)
            tap.used += taken
            return taken
        finally:
            tap.waiting -= most

    async def _wait(self, bound: Bound, tap: _Tap) -> None:
        """Wait for the next permission in hand, or borrow."""
        left = tap.purse.next_at() - self._clock.monotonic()
        if left <= HORIZON_S:
            await asyncio.sleep(max(left, 0.0))
            return
        # What was used since the last lease is a good guess of what the next one will need.
        want, tap.used = max(tap.waiting, tap.used, 1), 0
        lent = await self._borrow(bound, want)
        if lent.count == 0:
            await asyncio.sleep(min(max(lent.start_s - HORIZON_S, 0.001), HORIZON_S))

    async def _borrow(self, bound: Bound, want: int) -> Slice:
        silent_since = self._clock.monotonic()
        while True:
            sent = self._clock.monotonic()
            try:
                loan: Loan = await self._budget.lend.remote(self._order_id, {bound: want})
            except RayError as error:
                if sent - silent_since > PATIENCE_S:
                    self._give_up(f"the budget does not answer ({type(error).__name__})")
                await asyncio.sleep(RETRY_S)
                continue
            received = self._clock.monotonic()
            ((_, lent),) = loan.slices or ((bound, Slice(start_s=1.0, interval_s=1.0, count=0, keep_s=0.0)),)
            self._taps[bound].purse.put(lent, loan.issued, sent, received)
            return lent
