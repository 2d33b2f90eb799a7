"""Money: tenders, payments of providers, fee rules; what became of each, day by day, and what people decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _numbers(*names: str, null: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=null) for name in names]


def _position() -> sa.Column[int]:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("position", number, autoincrement=True, nullable=False)


def upgrade() -> None:
    """Add the tables."""
    _facts()
    _lines()
    op.create_table(
        "money_decision",
        _position(),
        *_numbers("at_us"),
        *_words("by", "channel"),
        sa.Column("tender", sa.Text(), nullable=True),
        sa.Column("payment", sa.Text(), nullable=True),
        *_words("action", "note", "outcome"),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_index("money_decision_tender", "money_decision", ["tender", "position"])
    op.create_index("money_decision_payment", "money_decision", ["channel", "payment", "position"])


def _facts() -> None:
    op.create_table(
        "money_tender",
        *_words("store", "business_day", "terminal"),
        *_numbers("epoch", "sequence", "number"),
        *_words("state", "kind"),
        *_numbers("at_us", "amount"),
        *_words("currency", "receipt", "original", "reference", "attempt"),
        sa.PrimaryKeyConstraint("store", "business_day", "terminal", "epoch", "sequence", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "money_journal",
        *_words("store", "terminal"),
        *_numbers("epoch", "sequence"),
        sa.PrimaryKeyConstraint("store", "terminal", "epoch"),
    )
    op.create_table(
        "money_payment",
        *_words("channel", "key", "version"),
        *_numbers("at_us"),
        *_words("location", "kind", "state"),
        *_numbers("amount"),
        *_words("currency"),
        *_numbers("fee", null=True),
        *_words("refund_of", "order_id", "reference"),
        *_numbers("first_us", "heard_us"),
        sa.PrimaryKeyConstraint("channel", "key"),
    )
    op.create_index("money_payment_at", "money_payment", ["channel", "location", "at_us"])
    op.create_table(
        "money_fee_rule",
        *_words("channel", "kind", "currency", "since"),
        *_numbers("rate_ppm", "fixed"),
        *_words("refunds"),
        sa.PrimaryKeyConstraint("channel", "kind", "currency", "since"),
    )


def _lines() -> None:
    op.create_table(
        "money_line",
        _position(),
        *_words("store", "day", "channel", "outcome", "found_by", "note", "currency"),
        sa.Column("tender", sa.Text(), nullable=True),
        sa.Column("payment", sa.Text(), nullable=True),
        *_numbers("at_us"),
        *_words("kind"),
        *_numbers("tendered", "paid"),
        *_numbers("fee", "fee_expected", "apart_ms", null=True),
        *_words("terminal", "receipt", "reference", "about"),
        sa.Column("differs", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("decision", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("position"),
        sqlite_autoincrement=True,
    )
    op.create_index("money_line_by_day", "money_line", ["day", "store", "position"])
    op.create_index("money_line_tender", "money_line", ["tender"], unique=True)
    op.create_index("money_line_payment", "money_line", ["channel", "payment"], unique=True)
    op.create_index(
        "money_line_differs",
        "money_line",
        ["day", "store", "position"],
        sqlite_where=sa.text("differs = 1"),
        postgresql_where=sa.text("differs = 1"),
    )
    op.create_table(
        "money_day",
        *_words("day", "store", "channel", "currency"),
        *_numbers("lines", "differences", "undecided", "tendered", "paid", "fees", "fees_unknown"),
        *_words("outcomes"),
        *_numbers("reconciled_us"),
        sa.PrimaryKeyConstraint("day", "store", "channel", "currency"),
    )
    op.create_table("money_stale", *_words("store", "day"), *_numbers("mark"), sa.PrimaryKeyConstraint("store", "day"))
