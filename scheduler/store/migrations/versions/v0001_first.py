"""The first shape: systems, plans, the append-only log, inspections, results, debts, tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEEP = """
CREATE TRIGGER events_{verb} BEFORE {verb} ON events
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END
"""


def upgrade() -> None:
    """Create the tables."""
    _systems()
    _plans()
    _events()
    _inspections()
    _results()
    _debts()
    _tokens()
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(_KEEP.format(verb=verb))


def _systems() -> None:
    op.create_table(
        "systems",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("declaration", sa.Text(), nullable=False, comment="the document as it was registered"),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="SHA-256 of the document"),
        sa.Column("system", sa.Text(), nullable=False, comment="canonical JSON of scheduler.system.System"),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_systems")),
    )


def _plans() -> None:
    op.create_table(
        "plans",
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="canonical JSON of scheduler.negotiation.Negotiation"),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["system"], ["systems.name"], name=op.f("fk_plans_system")),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_plans")),
    )
    op.create_index(op.f("ix_plans_phase"), "plans", ["phase"], unique=False)
    op.create_index(op.f("ix_plans_system"), "plans", ["system"], unique=False)


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="canonical JSON of the event"),
        sa.Column(
            "previous", sa.String(length=64), nullable=False, comment="digest of the entry before; empty for the first"
        ),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="SHA-256 of previous and body"),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.plan_id"], name=op.f("fk_events_plan_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_events")),
        sa.UniqueConstraint("digest", name=op.f("uq_events_digest")),
        comment="append-only: triggers refuse UPDATE and DELETE",
    )
    op.create_index(op.f("ix_events_plan_id"), "events", ["plan_id"], unique=False)


def _inspections() -> None:
    op.create_table(
        "inspections",
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agreed_s", sa.Float(), nullable=False, comment="length of the agreed window"),
        sa.Column("used_s", sa.Float(), nullable=False),
        sa.Column("connections", sa.Integer(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("bytes_sent", sa.BigInteger(), nullable=False),
        sa.Column("bytes_received", sa.BigInteger(), nullable=False),
        sa.Column(
            "peak",
            sa.Integer(),
            nullable=False,
            comment="most connections tried in a sliding second, added over servers",
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.plan_id"], name=op.f("fk_inspections_plan_id")),
        sa.ForeignKeyConstraint(["system"], ["systems.name"], name=op.f("fk_inspections_system")),
        sa.PrimaryKeyConstraint("inspection_id", name=op.f("pk_inspections")),
        sa.UniqueConstraint("plan_id", name=op.f("uq_inspections_plan_id")),
    )
    op.create_index(op.f("ix_inspections_outcome"), "inspections", ["outcome"], unique=False)
    op.create_index(op.f("ix_inspections_system"), "inspections", ["system"], unique=False)


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="canonical JSON of scheduler.result.Result"),
        sa.Column("failing", sa.Integer(), nullable=False),
        sa.Column("guidance", sa.Integer(), nullable=False),
        sa.Column("advisory", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.inspection_id"], name=op.f("fk_results_inspection_id")
        ),
        sa.PrimaryKeyConstraint("inspection_id", name=op.f("pk_results")),
    )


def _debts() -> None:
    op.create_table(
        "debts",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("server", sa.String(length=64), nullable=False),
        sa.Column("item", sa.String(length=16), nullable=False),
        sa.Column(
            "checks", sa.Integer(), nullable=False, comment="checks that are missing; 0: never came to naming them"
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.plan_id"], name=op.f("fk_debts_plan_id")),
        sa.ForeignKeyConstraint(["settled_by"], ["plans.plan_id"], name=op.f("fk_debts_settled_by")),
        sa.ForeignKeyConstraint(["system"], ["systems.name"], name=op.f("fk_debts_system")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_debts")),
    )
    op.create_index(op.f("ix_debts_plan_id"), "debts", ["plan_id"], unique=False)
    op.create_index(op.f("ix_debts_system"), "debts", ["system"], unique=False)


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("token_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="SHA-256 of the secret part"),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column(
            "system", sa.String(length=64), nullable=True, comment="the operator's system; null for the other roles"
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["system"], ["systems.name"], name=op.f("fk_tokens_system")),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_tokens")),
    )
