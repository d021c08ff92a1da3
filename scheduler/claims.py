"""Claims: an order runs once, and never two inspections on one address (promise 6).

Before orders leave the driver, each is claimed: one claim a time may hold an address, whoever declared it, also when two systems
declare the same one. Every address has a counter of fences; an order carries the next one, and an order with a lower fence than the
latest claimed one is refused for good.

A claim is given back when its worker has said that it let go. When that never comes (the driver or the worker died), the claim
holds until the end of the window. That is the safe side: a worker can outlive everything that could tell of it, and the window's
end, which it checks by itself on two clocks, is the only moment at which it has surely stopped.

Orders of one inspection may share an address (two servers behind one, the heartbeat), because one budget paces them together.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

from grid.order import Order
from plugins import canonical
from plugins.clock import Clock
from plugins.value import value
from probes.pulse.facts import Pulse
from probes.target import Target


class ClaimOutcome(StrEnum):
    """What became of a claim."""

    HELD = "held"
    """The order runs, or its driver died: the claim holds until the window's end."""
    RETURNED = "returned"
    """Its worker has let go of the server."""
    UNSENT = "unsent"
    """No worker ever began it."""
    LOST = "lost"
    """Its worker began and was lost: the claim holds until the window's end."""


FREEING = frozenset({ClaimOutcome.RETURNED, ClaimOutcome.UNSENT})
"""Outcomes that give the addresses free before the window's end."""


class ClaimError(Exception):
    """An order that may not run: it ran already, or another one holds its server. Nothing was sent."""

    def __init__(self, order: str, expected: str, seen: str, remedy: str) -> None:
        super().__init__(order, expected, seen, remedy)
        self.order, self.expected, self.seen, self.remedy = order, expected, seen, remedy

    def __str__(self) -> str:
        return f"{self.order}: expected {self.expected}, seen {self.seen}; {self.remedy}"


@value
class Claim:
    """One order that was handed out, or is about to be."""

    order_id: str
    """Unique id of the order."""
    inspection_id: str
    """Inspection that it is a part of."""
    system: str
    """Name of the system."""
    server: str
    """Name of the declared server."""
    heartbeat: bool
    """Whether it is the order for the heartbeat."""
    addresses: tuple[str, ...]
    """Addresses that it names."""
    fence: int
    """Its fence."""
    digest: str
    """SHA-256 (hex) of the sealed order's bytes."""
    claimed: datetime
    """When, UTC."""
    until: datetime
    """End of its window, UTC: then it lapses by itself."""
    released: datetime | None = None
    """When the addresses were given free, UTC; None: not before the window's end."""
    outcome: ClaimOutcome = ClaimOutcome.HELD
    """What became of it."""

    def holds(self, now: datetime) -> bool:
        """Tell whether its addresses are taken."""
        return self.released is None and now < self.until

    def __str__(self) -> str:
        return f"order {self.order_id[:8]} ({self.system}, server {self.server})"


@value
class Mark:
    """The fences of one address."""

    address: str
    """The address."""
    given: int = 0
    """Highest fence that was given to an order."""
    claimed: int = 0
    """Highest fence with which an order was claimed."""


class Claims(Protocol):
    """Keeps orders apart."""

    def next_fence(self, target: Target) -> int:
        """Give the next fence of a server; no address of it ever had this one or a higher one."""

    def claim(self, order: Order, digest: str) -> None:
        """Hold the addresses of an order; raises `ClaimError`, and then the order must not be handed out."""

    def release(self, order_id: str, outcome: ClaimOutcome) -> None:
        """Say what became of an order. Never raises: what cannot be said now lapses with the window."""


def claim_of(order: Order, digest: str, now: datetime) -> Claim:
    """Give the claim that an order makes."""
    return Claim(
        order_id=order.order_id,
        inspection_id=order.inspection_id,
        system=order.system,
        server=order.scope.target.name,
        heartbeat=isinstance(order.pulse, Pulse),
        addresses=order.scope.target.addresses,
        fence=order.fence,
        digest=digest,
        claimed=now,
        until=order.window.end,
    )


def settled(claim: Claim, outcome: ClaimOutcome, now: datetime) -> Claim:
    """Give a claim after its end."""
    return replace(claim, outcome=outcome, released=now if outcome in FREEING else None)


def check_claim(new: Claim, marks: Sequence[Mark], kept: Iterable[Claim], now: datetime) -> None:
    """Raise `ClaimError` when `new` may not be made. `marks`: of its addresses; `kept`: claims with its id, or that hold."""
    for other in kept:
        if other.order_id == new.order_id:
            seen = f"claimed at {_second(other.claimed)}: {other.outcome}"
            raise ClaimError(str(new), "an order that never ran", seen, "an order runs once; have a new one written")
        shared = sorted({*new.addresses} & {*other.addresses})
        if shared and other.holds(now) and not _beside(new, other):
            seen = f"{other}, which holds {', '.join(shared)} until {_second(other.until)}"
            remedy = (
                "wait until it has ended. If what ran it died, wait for the end of its window: its workers may live on"
            )
            raise ClaimError(str(new), "a server that no other inspection holds", seen, remedy)
    for mark in marks:
        if not mark.claimed < new.fence <= mark.given:
            expected = f"a fence above {mark.claimed} and up to {mark.given} for {mark.address}"
            raise ClaimError(str(new), expected, str(new.fence), "a later order was claimed; have a new one written")


def _beside(new: Claim, other: Claim) -> bool:
    """Tell whether two orders are different parts of one inspection, which one budget paces together."""
    same_part = (new.server, new.heartbeat) == (other.server, other.heartbeat)
    return new.inspection_id == other.inspection_id and not same_part


def _second(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@value
class _Book:
    """Everything in the file."""

    format: Literal["tenken-claims/1"] = "tenken-claims/1"
    marks: tuple[Mark, ...] = ()
    claims: tuple[Claim, ...] = ()

    def of(self, addresses: Iterable[str]) -> list[Mark]:
        known = {mark.address: mark for mark in self.marks}
        return [known.get(address, Mark(address=address)) for address in addresses]

    def marked(self, changed: Iterable[Mark]) -> tuple[Mark, ...]:
        return tuple(({mark.address: mark for mark in self.marks} | {mark.address: mark for mark in changed}).values())


class FileClaims:
    """Claims of one user on one machine, in one file: for `tenken inspect`, which has no store. Safe between processes."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    def next_fence(self, target: Target) -> int:
        """Give the next fence of a server."""
        with self._changing() as (book, keep):
            marks = book.of(target.addresses)
            fence = 1 + max(mark.given for mark in marks)
            keep(replace(book, marks=book.marked(replace(mark, given=fence) for mark in marks)))
        return fence

    def claim(self, order: Order, digest: str) -> None:
        """Hold the addresses of an order; raises `ClaimError`."""
        with self._changing() as (book, keep):
            # Looked at with the file in hand: a claim that had to wait for it begins after the one before has ended.
            now = self._clock.now()
            new = claim_of(order, digest, now)
            marks = book.of(new.addresses)
            check_claim(new, marks, book.claims, now)
            # What is over can be forgotten: an order whose window has passed opens nothing any more.
            open_ones = tuple(claim for claim in book.claims if now < claim.until)
            marked = book.marked(replace(mark, claimed=new.fence) for mark in marks)
            keep(replace(book, marks=marked, claims=(*open_ones, new)))

    def release(self, order_id: str, outcome: ClaimOutcome) -> None:
        """Say what became of an order."""
        with suppress(ClaimError), self._changing() as (book, keep):
            now = self._clock.now()
            claims = tuple(
                settled(claim, outcome, now) if claim.order_id == order_id else claim for claim in book.claims
            )
            keep(replace(book, claims=claims))

    @contextmanager
    def _changing(self) -> Iterator[tuple[_Book, Callable[[_Book], None]]]:
        """Hold the file; what is kept inside the block replaces it whole, durably."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self._read(), self._write
            finally:
                os.close(lock)
        except OSError as error:
            raise self._unusable(error.strerror or str(error), "make it writable, or set TENKEN_HOME") from None

    def _read(self) -> _Book:
        try:
            return canonical.loads(_Book, self._path.read_bytes())
        except FileNotFoundError:
            return _Book()
        except canonical.NotCanonicalError as error:
            remedy = "move the file away when nothing is being inspected; it is made anew"
            raise self._unusable(str(error), remedy) from None

    def _write(self, book: _Book) -> None:
        draft = self._path.with_suffix(".part")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(canonical.dumps(book))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def _unusable(self, seen: str, remedy: str) -> ClaimError:
        return ClaimError(str(self._path), "a file that says which orders run", seen, remedy)
