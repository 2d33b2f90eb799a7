"""What people counted, received and wrote off at channels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "channel_fact",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("channel", "key", "kind", "store", "location", "sku")
        ),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("quantity", "at_us")),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("taken_us", sa.BigInteger(), nullable=False),
        sa.Column("again_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("channel", "key"),
    )
    again = sa.text("again_us IS NOT NULL")
    op.create_index(
        "channel_fact_again", "channel_fact", ["channel", "again_us"], sqlite_where=again, postgresql_where=again
    )
