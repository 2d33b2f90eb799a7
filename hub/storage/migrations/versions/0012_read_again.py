"""Events that were parked and count now, for those that follow the journals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_PLACE = ("store", "terminal", "epoch", "sequence")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "channel_again",
        sa.Column("channel", sa.Text(), nullable=False),
        *_place(),
        sa.PrimaryKeyConstraint("channel", *_PLACE),
    )
    op.create_table("money_again", *_place(), sa.PrimaryKeyConstraint(*_PLACE))


def _place() -> list[sa.Column[object]]:
    return [
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
    ]
