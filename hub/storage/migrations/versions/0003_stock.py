"""Lots in the ledger; web orders, reservations, safety stock, offline buffers; categories and parts of items."""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_AT_ONCE = 1_000
_EMPTY = sa.text("''")


def upgrade() -> None:
    """Add what is new; items learn their category from what is kept of them."""
    op.add_column("movement", sa.Column("lot", sa.Text(), server_default=_EMPTY, nullable=False))
    op.add_column("movement", sa.Column("expires", sa.Text(), server_default=_EMPTY, nullable=False))
    op.create_index(
        "movement_counts",
        "movement",
        ["store", "at_us"],
        unique=False,
        sqlite_where=sa.text("kind = 'count'"),
        postgresql_where=sa.text("kind = 'count'"),
    )
    op.add_column("item", sa.Column("category", sa.Text(), server_default=_EMPTY, nullable=False))
    _orders()
    _held_back()
    _categories()


def _orders() -> None:
    op.create_table(
        "web_order",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("placed_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("cancelled_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("web_order_by_time", "web_order", ["placed_us", "id"], unique=False)
    op.create_index("web_order_by_state", "web_order", ["state", "placed_us"], unique=False)
    op.create_table(
        "allotment",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "number", "store", "sku"),
    )
    op.create_table(
        "reservation",
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("store", "sku", "kind", "key"),
    )
    op.create_index("reservation_by_key", "reservation", ["kind", "key"], unique=False)


def _held_back() -> None:
    op.create_table(
        "made_of",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("sku", "part"),
    )
    op.create_index("made_of_by_part", "made_of", ["part"], unique=False)
    op.create_table(
        "stock_rule",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("sku", "store", "category"),
    )
    op.create_table(
        "offline_buffer",
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("store", "sku"),
    )


def _categories() -> None:
    connection = op.get_bind()
    item = sa.table("item", sa.column("sku"), sa.column("body"), sa.column("category"))
    found = [
        {"the_sku": row.sku, "the_category": category}
        for row in connection.execute(sa.select(item.c.sku, item.c.body))
        for category in _category_of(row.body)
    ]
    update = sa.update(item).where(item.c.sku == sa.bindparam("the_sku"))
    for start in range(0, len(found), _AT_ONCE):
        connection.execute(update.values(category=sa.bindparam("the_category")), found[start : start + _AT_ONCE])


def _category_of(body: str) -> Iterator[str]:
    # Not by the protocol's structs: a migration must mean the same in every later version.
    try:
        category = json.loads(body).get("category")
    except (ValueError, AttributeError, RecursionError):
        return
    if isinstance(category, str) and category:
        yield category
