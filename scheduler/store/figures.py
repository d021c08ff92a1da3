"""Counts over the store: what /metrics shows. Derived on every question, so that a restart loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from plugins import canonical
from probes.finding import Grade
from probes.tally import Tally
from probes.target import Item
from scheduler.negotiation import Negotiation, Phase
from scheduler.result import Kind
from scheduler.store.tables import debts, inspections, plans, results, systems
from scheduler.store.values import Figures, InspectionOutcome, Underway, WindowUse
from scheduler.system import System


def count(connection: Connection, running: Sequence[Negotiation]) -> Figures:
    """Count everything; `running` are the plans whose inspections are under way."""
    return Figures(
        inspections=_inspections(connection),
        underway=tuple(seen for negotiation in running if (seen := _underway(connection, negotiation)) is not None),
        sent=_sent(connection),
        windows=_windows(connection),
        debts=_debts(connection),
        oldest_debt=_oldest(connection),
        findings=_findings(connection),
        plans=_plans(connection),
    )


def _inspections(connection: Connection) -> dict[tuple[Kind, InspectionOutcome], int]:
    column = inspections.c
    question = select(column.kind, column.outcome, func.count()).group_by(column.kind, column.outcome)
    rows = {(Kind(kind), InspectionOutcome(outcome)): number for kind, outcome, number in connection.execute(question)}
    return {pair: number for pair, number in rows.items() if pair[1] is not InspectionOutcome.RUNNING}


def _underway(connection: Connection, negotiation: Negotiation) -> Underway | None:
    column = inspections.c
    sums = select(
        column.started_at, column.connections, column.requests, column.bytes_sent, column.bytes_received, column.peak
    ).where(column.plan_id == negotiation.plan.plan_id)
    row = connection.execute(sums).one_or_none()
    if row is None:
        return None
    described = connection.execute(
        select(systems.c.system).where(systems.c.name == negotiation.plan.system)
    ).scalar_one()
    return Underway(
        kind=negotiation.plan.kind,
        window=negotiation.plan.window,
        pace=negotiation.plan.pace,
        servers=len(canonical.loads(System, described).targets),
        started=row.started_at,
        tally=Tally(
            connections=row.connections,
            requests=row.requests,
            bytes_sent=row.bytes_sent,
            bytes_received=row.bytes_received,
            peak_connections_per_s=row.peak,
        ),
    )


def _sent(connection: Connection) -> Tally:
    column = inspections.c
    sums = [
        func.coalesce(func.sum(one), 0)
        for one in (column.connections, column.requests, column.bytes_sent, column.bytes_received)
    ]
    tried, asked, sent, received = connection.execute(select(*sums)).one()
    return Tally(connections=int(tried), requests=int(asked), bytes_sent=int(sent), bytes_received=int(received))


def _windows(connection: Connection) -> dict[Kind, WindowUse]:
    column = inspections.c
    sums = select(column.kind, func.sum(column.agreed_s), func.sum(column.used_s)).group_by(column.kind)
    ended = sums.where(column.outcome != InspectionOutcome.RUNNING)
    return {Kind(kind): WindowUse(agreed_s=agreed, used_s=used) for kind, agreed, used in connection.execute(ended)}


def _debts(connection: Connection) -> dict[Item, int]:
    question = select(debts.c.item, func.count()).where(debts.c.settled_at.is_(None)).group_by(debts.c.item)
    return {Item(item): number for item, number in connection.execute(question)}


def _oldest(connection: Connection) -> datetime | None:
    return connection.execute(select(func.min(debts.c.since)).where(debts.c.settled_at.is_(None))).scalar()


def _findings(connection: Connection) -> dict[Grade, int]:
    counts = [func.coalesce(func.sum(results.c[grade]), 0) for grade in Grade]
    return {grade: int(number) for grade, number in zip(Grade, connection.execute(select(*counts)).one(), strict=True)}


def _plans(connection: Connection) -> dict[Phase, int]:
    question = select(plans.c.phase, func.count()).group_by(plans.c.phase)
    return {Phase(phase): number for phase, number in connection.execute(question)}
