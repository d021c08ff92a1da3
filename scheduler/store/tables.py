"""The tables, as the newest migration leaves them (`tests/scheduler/store/test_migrations.py` compares both).

Whole values are kept as canonical JSON; columns beside them exist only where a question asks for them.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets time zones, so they are taken off and put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; hand over UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value}: times in the store are in UTC, never naive")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the type decorator's signature
        """Give UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

systems = Table(
    "systems",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("declaration", Text, nullable=False, comment="the document as it was registered"),
    Column("digest", String(64), nullable=False, comment="SHA-256 of the document"),
    Column("system", Text, nullable=False, comment="canonical JSON of scheduler.system.System"),
    Column("registered_at", Moment, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("plan_id", String(64), primary_key=True),
    Column("system", ForeignKey("systems.name"), nullable=False, index=True),
    Column("phase", String(16), nullable=False, index=True),
    Column("starts", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("state", Text, nullable=False, comment="canonical JSON of scheduler.negotiation.Negotiation"),
    Column("offered_at", Moment, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("plan_id", ForeignKey("plans.plan_id"), nullable=False, index=True),
    Column("by", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", Text, nullable=False, comment="canonical JSON of the event"),
    Column("previous", String(64), nullable=False, comment="digest of the entry before; empty for the first"),
    Column("digest", String(64), nullable=False, unique=True, comment="SHA-256 of previous and body"),
    comment="append-only: triggers refuse UPDATE and DELETE",
)

inspections = Table(
    "inspections",
    metadata,
    Column("inspection_id", String(64), primary_key=True),
    # Unique, and written before anything runs: an agreed plan runs once, whatever dies.
    Column("plan_id", ForeignKey("plans.plan_id"), nullable=False, unique=True),
    Column("system", ForeignKey("systems.name"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("outcome", String(16), nullable=False, index=True),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("agreed_s", Float, nullable=False, comment="length of the agreed window"),
    Column("used_s", Float, nullable=False),
    Column("connections", Integer, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("bytes_sent", BigInteger, nullable=False),
    Column("bytes_received", BigInteger, nullable=False),
    Column("peak", Integer, nullable=False, comment="most connections tried in a sliding second, added over servers"),
)

orders = Table(
    "orders",
    metadata,
    # Written before the order is handed out: an order runs once, whatever dies.
    Column("order_id", String(64), primary_key=True),
    Column("inspection_id", ForeignKey("inspections.inspection_id"), nullable=False, index=True),
    Column("system", ForeignKey("systems.name"), nullable=False, index=True),
    Column("server", String(64), nullable=False),
    Column("heartbeat", Boolean, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("digest", String(64), nullable=False, comment="SHA-256 of the sealed bytes"),
    Column("claimed_at", Moment, nullable=False),
    Column("until", Moment, nullable=False, comment="end of the window: the claim lapses"),
    Column("released_at", Moment, comment="the worker has let go; null: not before the end of the window"),
    Column("outcome", String(16), nullable=False),
)

order_addresses = Table(
    "order_addresses",
    metadata,
    Column("order_id", ForeignKey("orders.order_id"), primary_key=True),
    Column("address", String(64), primary_key=True, index=True),
)

fences = Table(
    "fences",
    metadata,
    Column("address", String(64), primary_key=True),
    Column("given", Integer, nullable=False, comment="highest fence that an order was given"),
    Column("claimed", Integer, nullable=False, comment="highest fence with which an order was claimed"),
)

results = Table(
    "results",
    metadata,
    Column("inspection_id", ForeignKey("inspections.inspection_id"), primary_key=True),
    Column("body", Text, nullable=False, comment="canonical JSON of scheduler.result.Result"),
    Column("failing", Integer, nullable=False),
    Column("guidance", Integer, nullable=False),
    Column("advisory", Integer, nullable=False),
)

debts = Table(
    "debts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("system", ForeignKey("systems.name"), nullable=False, index=True),
    Column("plan_id", ForeignKey("plans.plan_id"), nullable=False, index=True),
    Column("server", String(64), nullable=False),
    Column("item", String(16), nullable=False),
    Column("checks", Integer, nullable=False, comment="checks that are missing; 0: never came to naming them"),
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("settled_by", ForeignKey("plans.plan_id")),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False, comment="SHA-256 of the secret part"),
    Column("role", String(16), nullable=False),
    Column("system", ForeignKey("systems.name"), comment="the operator's system; null for the other roles"),
    Column("made_at", Moment, nullable=False),
)
