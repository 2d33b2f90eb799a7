"""PostgreSQL keeps what changed of a store's levels in a table of its own, and not in indexes over `level`.

A level's number and revision change with every sale of its SKU, and an update of an indexed column makes PostgreSQL
write all of a row's index entries anew: two thirds of what the hot path cost there. Without such indexes it is a
heap-only update. What wrote levels before goes on unchanged, an older hub beside a newer one too: a trigger notes the
SKUs of each statement, one row for each store. SQLite has no such cost, and keeps its indexes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_NOTE = """
CREATE FUNCTION note_levels() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO level_change AS known (store, revision, skus)
    SELECT store, revision, array_agg(sku) FROM moved GROUP BY store, revision
    ON CONFLICT (store, revision) DO UPDATE SET skus = known.skus || excluded.skus;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Levels as they are get no entries: whoever asks for what is older looks at all levels, as after each pruning."""
    if op.get_bind().dialect.name != "postgresql":
        # The same column, so that one condition does for both; here it is computed when it is asked for.
        op.execute("ALTER TABLE level ADD COLUMN below BOOLEAN GENERATED ALWAYS AS (on_hand < 0) VIRTUAL")
        return
    op.execute("ALTER TABLE level ADD COLUMN below BOOLEAN GENERATED ALWAYS AS (on_hand < 0) STORED")
    op.drop_index("level_by_revision", "level")
    op.drop_index("level_negative", "level")
    op.create_index("level_below", "level", ["store", "sku"], postgresql_where=sa.text("below"))
    op.create_table(
        "level_change",
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("skus", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("store", "revision"),
    )
    op.execute(_NOTE)
    for verb in ("insert", "update"):
        op.execute(
            f"CREATE TRIGGER level_noted_on_{verb} AFTER {verb} ON level REFERENCING NEW TABLE AS moved "
            "FOR EACH STATEMENT EXECUTE FUNCTION note_levels()"
        )
