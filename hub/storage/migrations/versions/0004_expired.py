"""What has expired, by place; and an index of the few movements that name a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add what is new; the hub fills it when it starts."""
    op.create_table(
        "expired_stock",
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("store", "sku"),
    )
    op.create_index(
        "movement_dated",
        "movement",
        ["store", "sku", "expires"],
        unique=False,
        sqlite_where=sa.text("expires <> ''"),
        postgresql_where=sa.text("expires <> ''"),
    )
