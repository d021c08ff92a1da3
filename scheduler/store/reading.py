"""Questions to the store. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from plugins import canonical
from probes.tally import Tally
from probes.target import Item
from scheduler.dialogue import Event
from scheduler.negotiation import LIVE, UNDER_WAY, Agenda, Negotiation, Phase
from scheduler.result import Before, Kind, NothingBefore, NotPassedError, Result, last_passed_of
from scheduler.store import figures, token
from scheduler.store.tables import debts, events, inspections, plans, results, systems, tokens
from scheduler.store.values import Debt, Entry, Figures, Held, InspectionOutcome, Registered
from scheduler.system import System


def registered(connection: Connection, name: str) -> Registered | None:
    """Give a system; None when nobody registered it."""
    row = connection.execute(select(systems).where(systems.c.name == name)).one_or_none()
    return None if row is None else _registered(row)


def agenda(connection: Connection, name: str) -> Agenda | None:
    """Give the state of all negotiations of a system; None when it is not registered."""
    # On PostgreSQL this row is the lock that keeps two changes of one system apart; SQLite has locked the file by now.
    locked = select(systems.c.system).where(systems.c.name == name).with_for_update()
    described = connection.execute(locked).scalar()
    if described is None:
        return None
    states = connection.execute(_in_order(select(plans.c.state).where(plans.c.system == name))).scalars()
    held = tuple(canonical.loads(Negotiation, state) for state in states)
    return Agenda(system=canonical.loads(System, described), negotiations=held)


_MOST_LOOKED_BACK = 20
"""Inspections that passed among which the last one with ports is looked for: preliminary ones pass, too."""


class Reading:
    """A view of the store as it was at one moment. Comes only from `Store.reading`."""

    def __init__(self, connection: Connection) -> None:
        self._on = connection

    @property
    def connection(self) -> Connection:
        """The view itself, for the other rooms of the store."""
        return self._on

    def registered(self, name: str) -> Registered | None:
        """Give a system; None when nobody registered it."""
        return registered(self._on, name)

    def systems(self) -> tuple[Registered, ...]:
        """Give every system, by name."""
        return tuple(_registered(row) for row in self._on.execute(select(systems).order_by(systems.c.name)))

    def negotiation(self, plan_id: str) -> Negotiation | None:
        """Give how a plan stands; None when there is no such plan."""
        state = self._on.execute(select(plans.c.state).where(plans.c.plan_id == plan_id)).scalar()
        return None if state is None else canonical.loads(Negotiation, state)

    def negotiations(self, system: str = "", phases: Sequence[Phase] = ()) -> tuple[Negotiation, ...]:
        """Give plans in the order of their first offer; of one system and in some phases only, when told so."""
        question = _of(select(plans.c.state), plans.c.system, system)
        if phases:
            question = question.where(plans.c.phase.in_(phases))
        return tuple(canonical.loads(Negotiation, state) for state in self._on.execute(_in_order(question)).scalars())

    def decided(self, system: str = "", limit: int = 20) -> tuple[Negotiation, ...]:
        """Give the plans with which nothing can happen any more, latest window first."""
        past = select(plans.c.state).where(plans.c.phase.not_in(tuple(LIVE)))
        question = _of(past, plans.c.system, system).order_by(plans.c.starts.desc(), plans.c.plan_id).limit(limit)
        return tuple(canonical.loads(Negotiation, state) for state in self._on.execute(question).scalars())

    def log(self, plan_id: str) -> tuple[Entry, ...]:
        """Give everything that happened to a plan, in order."""
        question = select(events).where(events.c.plan_id == plan_id).order_by(events.c.number)
        return tuple(_entry(row) for row in self._on.execute(question))

    def whole_log(self) -> tuple[Entry, ...]:
        """Give everything that happened, in order: the chain of digests runs over all plans."""
        return tuple(_entry(row) for row in self._on.execute(select(events).order_by(events.c.number)))

    def inspection(self, plan_id: str) -> Held | None:
        """Give the inspection of a plan; None when none was begun."""
        row = self._on.execute(select(inspections).where(inspections.c.plan_id == plan_id)).one_or_none()
        return None if row is None else _held(row)

    def inspections(self, system: str = "", limit: int = 50) -> tuple[Held, ...]:
        """Give the latest inspections, newest first."""
        newest = _of(select(inspections), inspections.c.system, system).order_by(inspections.c.started_at.desc())
        return tuple(_held(row) for row in self._on.execute(newest.limit(limit)))

    def last_passed(self, system: str) -> Before:
        """Give what was seen when a system last passed with its ports looked at."""
        passed = inspections.c.outcome == InspectionOutcome.PASS
        newest = _of(select(inspections.c.inspection_id).where(passed), inspections.c.system, system)
        for row in self._on.execute(newest.order_by(inspections.c.started_at.desc()).limit(_MOST_LOOKED_BACK)):
            body = self.result(row.inspection_id)
            if body is not None:
                with suppress(NotPassedError):
                    return last_passed_of(canonical.loads(Result, body), system)
        return NothingBefore()

    def unfinished(self) -> tuple[Held, ...]:
        """Give the inspections that began and have not come to an end."""
        question = select(inspections).where(inspections.c.outcome == InspectionOutcome.RUNNING)
        return tuple(_held(row) for row in self._on.execute(question))

    def result(self, inspection_id: str) -> str | None:
        """Give a result as canonical JSON; None when there is none."""
        return self._on.execute(select(results.c.body).where(results.c.inspection_id == inspection_id)).scalar()

    def debts(self, system: str = "") -> tuple[Debt, ...]:
        """Give open debts, oldest first."""
        question = _of(select(debts).where(debts.c.settled_at.is_(None)), debts.c.system, system)
        return tuple(_debt(row) for row in self._on.execute(question.order_by(debts.c.since, debts.c.number)))

    def principal(self, text: str) -> token.Principal | None:
        """Tell whose token `text` is; None when it is nobody's."""
        token_id, secret = token.split(text)
        row = self._on.execute(select(tokens).where(tokens.c.token_id == token_id)).one_or_none()
        if row is None or not token.matches(secret, row.digest):
            return None
        return token.Principal(role=token.Role(row.role), system=row.system or "")

    def has_token(self, role: token.Role) -> bool:
        """Tell whether a token of a role was ever issued."""
        return self._on.execute(select(tokens.c.token_id).where(tokens.c.role == role)).first() is not None

    def figures(self) -> Figures:
        """Count everything."""
        return figures.count(self._on, self.negotiations(phases=tuple(UNDER_WAY)))


def _of(question: Select[Any], column: Any, system: str) -> Select[Any]:  # noqa: ANN401 - a column of any table
    return question.where(column == system) if system else question


def _in_order(question: Select[Any]) -> Select[Any]:
    return question.order_by(plans.c.offered_at, plans.c.plan_id)


def _registered(row: Row[Any]) -> Registered:
    return Registered(
        system=canonical.loads(System, row.system),
        declaration=row.declaration,
        digest=row.digest,
        at=row.registered_at,
    )


def _entry(row: Row[Any]) -> Entry:
    # An event is a union, which `loads` cannot be told by a type alone.
    event: Event = canonical.loads(Event, row.body)  # type: ignore[arg-type]  # pydantic reads annotated unions
    return Entry(number=row.number, event=event, digest=row.digest)


def _held(row: Row[Any]) -> Held:
    return Held(
        inspection_id=row.inspection_id,
        plan_id=row.plan_id,
        system=row.system,
        kind=Kind(row.kind),
        outcome=InspectionOutcome(row.outcome),
        started=row.started_at,
        ended=row.ended_at,
        tally=Tally(
            connections=row.connections,
            requests=row.requests,
            bytes_sent=row.bytes_sent,
            bytes_received=row.bytes_received,
            peak_connections_per_s=row.peak,
        ),
    )


def _debt(row: Row[Any]) -> Debt:
    return Debt(
        system=row.system,
        plan_id=row.plan_id,
        server=row.server,
        item=Item(row.item),
        checks=row.checks,
        reason=row.reason,
        since=row.since,
        settled=row.settled_at,
    )
