"""The store: changes go through `changing()`, questions through `scheduler.store.reading`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, update

from plugins import canonical
from probes.finding import Grade
from probes.tally import Tally
from scheduler.dialogue import Event, Gap, Pair
from scheduler.negotiation import Agenda, Negotiation
from scheduler.plan import InspectionPlan
from scheduler.result import Result
from scheduler.store import reading, tables, token
from scheduler.store.database import open_database
from scheduler.store.values import InspectionOutcome, Registered


class Change:
    """One transaction: what it does holds together or not at all. Comes only from `Store.changing`."""

    def __init__(self, connection: Connection) -> None:
        self._on = connection

    @property
    def connection(self) -> Connection:
        """The transaction itself, for the other rooms of the store."""
        return self._on

    def agenda(self, system: str) -> Agenda | None:
        """Give the state of all negotiations of a system; None when it is not registered."""
        return reading.agenda(self._on, system)

    def register(self, registered: Registered) -> None:
        """Keep a system, or its new declaration."""
        row = {
            "declaration": registered.declaration,
            "digest": registered.digest,
            "system": canonical.dumps(registered.system).decode(),
            "registered_at": registered.at,
        }
        name = registered.system.name
        if reading.registered(self._on, name) is None:
            self._on.execute(insert(tables.systems).values(name=name, **row))
        else:
            self._on.execute(update(tables.systems).where(tables.systems.c.name == name).values(row))

    def issue(self, principal: token.Principal, at: datetime) -> token.NewToken:
        """Make a token; its owner's earlier ones open nothing any more."""
        made = token.new_token()
        column = tables.tokens.c
        same = (column.role == principal.role) & (column.system == (principal.system or None))
        if not principal.system:
            same = (column.role == principal.role) & column.system.is_(None)
        self._on.execute(tables.tokens.delete().where(same))
        self._on.execute(
            insert(tables.tokens).values(
                token_id=made.token_id,
                digest=made.digest,
                role=principal.role,
                system=principal.system or None,
                made_at=at,
            )
        )
        return made

    def record(self, event: Event, after: Negotiation) -> None:
        """Keep what happened and how the plan stands now."""
        plan = after.plan
        row = {
            "phase": after.phase,
            "starts": plan.window.start,
            "ends": plan.window.end,
            "state": canonical.dumps(after).decode(),
        }
        same = tables.plans.c.plan_id == plan.plan_id
        if not self._on.execute(update(tables.plans).where(same).values(row)).rowcount:
            fixed = {"plan_id": plan.plan_id, "system": plan.system, "offered_at": event.at}
            self._on.execute(insert(tables.plans).values(**row, **fixed))
        self._log(event)

    def _log(self, event: Event) -> None:
        log = tables.events
        last = self._on.execute(select(log.c.digest).order_by(log.c.number.desc()).limit(1)).scalar()
        previous, body = last or "", canonical.dumps(event).decode()
        self._on.execute(
            insert(log).values(
                plan_id=event.plan_id,
                by=event.by,
                at=event.at,
                body=body,
                previous=previous,
                digest=hashlib.sha256((previous + body).encode()).hexdigest(),
            )
        )

    def begin(self, inspection_id: str, plan: InspectionPlan, at: datetime) -> None:
        """Keep that an inspection begins, before it does: what was begun is never begun again."""
        window = plan.window
        self._on.execute(
            insert(tables.inspections).values(
                inspection_id=inspection_id,
                plan_id=plan.plan_id,
                system=plan.system,
                kind=plan.kind,
                outcome=InspectionOutcome.RUNNING,
                started_at=at,
                agreed_s=(window.end - window.start).total_seconds(),
                used_s=0.0,
                **_columns(Tally()),
            )
        )

    def progress(self, inspection_id: str, tally: Tally) -> None:
        """Keep what an inspection has sent so far."""
        self._amend(inspection_id, **_columns(tally))

    def system_of(self, plan_id: str) -> str:
        """Give the system of a plan; empty when there is no such plan."""
        return self._on.execute(select(tables.plans.c.system).where(tables.plans.c.plan_id == plan_id)).scalar() or ""

    def inspection_of(self, plan_id: str) -> str:
        """Give the inspection of a plan; empty when none was begun."""
        column = tables.inspections.c
        return self._on.execute(select(column.inspection_id).where(column.plan_id == plan_id)).scalar() or ""

    def end(self, inspection_id: str, outcome: InspectionOutcome, at: datetime) -> None:
        """Keep that an inspection is over."""
        table = tables.inspections
        began = self._on.execute(select(table.c.started_at).where(table.c.inspection_id == inspection_id)).scalar_one()
        self._amend(inspection_id, outcome=outcome, ended_at=at, used_s=max(0.0, (at - began).total_seconds()))

    def _amend(self, inspection_id: str, **columns: object) -> None:
        table = tables.inspections
        self._on.execute(update(table).where(table.c.inspection_id == inspection_id).values(**columns))

    def keep(self, result: Result) -> None:
        """Keep a result."""
        grades = [finding.grade for finding in result.verdict.findings]
        self._on.execute(
            insert(tables.results).values(
                inspection_id=result.inspection_id,
                body=canonical.dumps(result).decode(),
                failing=grades.count(Grade.FAILING),
                guidance=grades.count(Grade.GUIDANCE),
                advisory=grades.count(Grade.ADVISORY),
            )
        )

    def owe(self, plan: InspectionPlan, gaps: tuple[Gap, ...], at: datetime) -> None:
        """Keep debts; an older open debt on the same item of the same server is taken over with its age, not doubled."""
        since = {gap.pair: self._since(plan.system, gap.pair) or at for gap in gaps}
        self.settle(plan, tuple(since), at)
        rows = [
            {
                "system": plan.system,
                "plan_id": plan.plan_id,
                "server": gap.server,
                "item": gap.item,
                "checks": gap.checks,
                "reason": gap.reason,
                "since": since[gap.pair],
            }
            for gap in gaps
        ]
        if rows:
            self._on.execute(insert(tables.debts), rows)

    def settle(self, plan: InspectionPlan, tested: tuple[Pair, ...], at: datetime) -> None:
        """Strike out the open debts of a system on what is tested now."""
        for pair in tested:
            open_ones = update(tables.debts).where(_open(plan.system, pair))
            self._on.execute(open_ones.values(settled_at=at, settled_by=plan.plan_id))

    def _since(self, system: str, pair: Pair) -> datetime | None:
        return self._on.execute(select(func.min(tables.debts.c.since)).where(_open(system, pair))).scalar()


def _open(system: str, pair: Pair) -> ColumnElement[bool]:
    column = tables.debts.c
    same = (column.system == system) & (column.server == pair.server) & (column.item == pair.item)
    return same & column.settled_at.is_(None)


def _columns(tally: Tally) -> dict[str, int]:
    return {
        "connections": tally.connections,
        "requests": tally.requests,
        "bytes_sent": tally.bytes_sent,
        "bytes_received": tally.bytes_received,
        "peak": tally.peak_connections_per_s,
    }


class Store:
    """One database. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writing=True)

    @classmethod
    def open(cls, url: str) -> Store:
        """Open a database, bringing it to the newest shape first; raises `StoreError`."""
        return cls(open_database(url))

    def close(self) -> None:
        """Let all connections go."""
        self._engine.dispose()

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """Open a transaction; it is kept when the block ends well and undone when it raises."""
        with self._writing.begin() as connection:
            yield Change(connection)

    @contextmanager
    def reading(self) -> Iterator[reading.Reading]:
        """Open a view of the store as it is at one moment."""
        with self._engine.connect() as connection:
            yield reading.Reading(connection)
