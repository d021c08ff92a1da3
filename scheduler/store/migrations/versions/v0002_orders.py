"""Orders run once: the orders that were handed out, the addresses that they hold, the fences of every address."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables."""
    _orders()
    _addresses()
    _fences()


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("server", sa.String(length=64), nullable=False),
        sa.Column("heartbeat", sa.Boolean(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="SHA-256 of the sealed bytes"),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False, comment="end of the window: the claim lapses"),
        sa.Column(
            "released_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the worker has let go; null: not before the end of the window",
        ),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspections.inspection_id"], name=op.f("fk_orders_inspection_id")),
        sa.ForeignKeyConstraint(["system"], ["systems.name"], name=op.f("fk_orders_system")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_orders")),
    )
    op.create_index(op.f("ix_orders_inspection_id"), "orders", ["inspection_id"], unique=False)
    op.create_index(op.f("ix_orders_system"), "orders", ["system"], unique=False)


def _addresses() -> None:
    op.create_table(
        "order_addresses",
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("fk_order_addresses_order_id")),
        sa.PrimaryKeyConstraint("order_id", "address", name=op.f("pk_order_addresses")),
    )
    op.create_index(op.f("ix_order_addresses_address"), "order_addresses", ["address"], unique=False)


def _fences() -> None:
    op.create_table(
        "fences",
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False, comment="highest fence that an order was given"),
        sa.Column("claimed", sa.Integer(), nullable=False, comment="highest fence with which an order was claimed"),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_fences")),
    )
