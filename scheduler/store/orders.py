"""Orders in the store: each runs once, and an address belongs to one inspection at a time. The rules are in `scheduler.claims`."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from grid.order import Order
from plugins.clock import Clock
from probes.target import Target
from scheduler.claims import FREEING, Claim, ClaimOutcome, Mark, check_claim, claim_of
from scheduler.store.store import Store
from scheduler.store.tables import fences, order_addresses, orders

_log = structlog.get_logger("tenken.store")


class StoreClaims:
    """Claims in the store of the review body. Safe between threads and processes."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def next_fence(self, target: Target) -> int:
        """Give the next fence of a server."""
        with self._store.changing() as change:
            marks = _marks(change.connection, target.addresses)
            fence = 1 + max(mark.given for mark in marks)
            same = fences.c.address.in_(target.addresses)
            change.connection.execute(update(fences).where(same).values(given=fence))
        return fence

    def claim(self, order: Order, digest: str) -> None:
        """Hold the addresses of an order; raises `ClaimError`."""
        with self._store.changing() as change:
            # On PostgreSQL the rows of the fences are the lock that keeps two claims of one address apart. The time is looked at
            # behind it: a claim that had to wait begins after the one before has ended.
            marks = _marks(change.connection, order.scope.target.addresses)
            now = self._clock.now()
            new = claim_of(order, digest, now)
            check_claim(new, marks, _kept(change.connection, new, now), now)
            _insert(change.connection, new)

    def release(self, order_id: str, outcome: ClaimOutcome) -> None:
        """Say what became of an order."""
        try:
            with self._store.changing() as change:
                row = {"outcome": outcome, "released_at": self._clock.now() if outcome in FREEING else None}
                change.connection.execute(update(orders).where(orders.c.order_id == order_id).values(row))
        except SQLAlchemyError:
            _log.error("claim not released", order=order_id, trace=traceback.format_exc())

    def holding(self, addresses: Iterable[str]) -> tuple[Claim, ...]:
        """Give the claims that hold any of `addresses` now."""
        with self._store.reading() as reading:
            return _holding(reading.connection, tuple(addresses), self._clock.now())


def _marks(connection: Connection, addresses: Sequence[str]) -> list[Mark]:
    """Give the fences of some addresses, held until the transaction ends; in one order, so that two claims cannot embrace."""
    return [_mark(connection, address) for address in sorted(addresses)]


def _mark(connection: Connection, address: str) -> Mark:
    question = select(fences).where(fences.c.address == address).with_for_update()
    row = connection.execute(question).one_or_none()
    if row is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(fences).values(address=address, given=0, claimed=0))
        except IntegrityError:
            pass  # another process was first; its row is read next
        row = connection.execute(question).one()
    return Mark(address=row.address, given=row.given, claimed=row.claimed)


def _kept(connection: Connection, new: Claim, now: datetime) -> tuple[Claim, ...]:
    same = connection.execute(select(orders).where(orders.c.order_id == new.order_id))
    return (*(_claim(connection, row) for row in same), *_holding(connection, new.addresses, now))


def _holding(connection: Connection, addresses: Sequence[str], now: datetime) -> tuple[Claim, ...]:
    named = select(order_addresses.c.order_id).where(order_addresses.c.address.in_(addresses))
    open_ones = orders.c.released_at.is_(None) & (orders.c.until > now)
    rows = connection.execute(select(orders).where(orders.c.order_id.in_(named), open_ones))
    return tuple(_claim(connection, row) for row in rows)


def _claim(connection: Connection, row: Row[Any]) -> Claim:
    named = select(order_addresses.c.address).where(order_addresses.c.order_id == row.order_id)
    return Claim(
        order_id=row.order_id,
        inspection_id=row.inspection_id,
        system=row.system,
        server=row.server,
        heartbeat=row.heartbeat,
        addresses=tuple(connection.execute(named.order_by(order_addresses.c.address)).scalars()),
        fence=row.fence,
        digest=row.digest,
        claimed=row.claimed_at,
        until=row.until,
        released=row.released_at,
        outcome=ClaimOutcome(row.outcome),
    )


def _insert(connection: Connection, new: Claim) -> None:
    connection.execute(
        insert(orders).values(
            order_id=new.order_id,
            inspection_id=new.inspection_id,
            system=new.system,
            server=new.server,
            heartbeat=new.heartbeat,
            fence=new.fence,
            digest=new.digest,
            claimed_at=new.claimed,
            until=new.until,
            outcome=new.outcome,
        )
    )
    connection.execute(
        insert(order_addresses), [{"order_id": new.order_id, "address": address} for address in new.addresses]
    )
    same = fences.c.address.in_(new.addresses)
    connection.execute(update(fences).where(same).values(claimed=new.fence))
