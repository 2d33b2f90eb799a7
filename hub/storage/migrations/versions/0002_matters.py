"""Documents of every kind, matters (what several events are about), shifts, receipts by number, alarms by subject."""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_REFUND = "com.tillwire.sale.refunded.v1"
_AT_ONCE = 1_000


def upgrade() -> None:
    """Add what is new; refunds that are in the log already become entries of the receipts that they give back."""
    _document()
    _matter()
    _shift()
    _alarm()
    op.create_index("sale_by_receipt", "sale", ["receipt_number"], unique=False)
    op.create_index("sale_by_day", "sale", ["store", "business_day"], unique=False)
    _refunds()


def _document() -> None:
    op.create_table(
        "document",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("base_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("balance_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("feed", "kind", "key"),
    )
    op.create_index("document_by_revision", "document", ["feed", "revision"], unique=False)


def _matter() -> None:
    op.create_table(
        "matter",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", "store", "terminal", "epoch", "sequence", "role"),
    )
    op.create_index(
        "matter_open",
        "matter",
        ["state", "kind", "key"],
        unique=False,
        sqlite_where=sa.text("state <> 'done'"),
        postgresql_where=sa.text("state <> 'done'"),
    )


def _shift() -> None:
    op.create_table(
        "shift",
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("shift", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("business_day", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("float_amount", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("closed_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("expected", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("counted", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("over", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sums", sa.Text(), nullable=False),
        sa.Column("differs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("store", "terminal", "shift"),
    )
    op.create_index("shift_by_opening", "shift", ["opened_us"], unique=False)


def _alarm() -> None:
    # Neither SQLite nor a running hub of the old version can widen a primary key in place.
    op.create_table(
        "alarm_by_subject",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("closed_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("kind", "store", "terminal", "subject"),
    )
    columns = "kind, store, terminal, text, count, first_us, last_us, closed_us"
    op.execute(f"INSERT INTO alarm_by_subject ({columns}) SELECT {columns} FROM alarm")  # noqa: S608 - our own names
    op.drop_table("alarm")
    op.rename_table("alarm_by_subject", "alarm")


def _refunds() -> None:
    connection = op.get_bind()
    event = sa.table("event", *(sa.column(name) for name in (
        "store", "terminal", "epoch", "sequence", "type", "event_id", "at_us", "raw", "duplicate_of",
    )))  # fmt: skip
    matter = sa.table("matter", *(sa.column(name) for name in (
        "kind", "key", "store", "terminal", "epoch", "sequence", "role", "amount", "at_us", "state",
    )))  # fmt: skip
    place = ("store", "terminal", "epoch", "sequence")
    parked = sa.table("parked", *(sa.column(name) for name in (*place, "resolved_us")))
    set_aside = sa.exists().where(
        *(parked.c[name] == event.c[name] for name in place), parked.c.resolved_us.is_(None)
    )  # such an event gets its matters when it is replayed
    refunds = sa.select(event).where(
        event.c.type == _REFUND, event.c.duplicate_of.is_(None), event.c.at_us.is_not(None), ~set_aside
    )
    rows: list[dict[str, object]] = []
    for row in connection.execute(refunds).mappings():
        rows += [
            {
                "kind": "receipt", "key": original, "store": row["store"], "terminal": row["terminal"],
                "epoch": row["epoch"], "sequence": row["sequence"], "role": "refund", "amount": 0,
                "at_us": row["at_us"], "state": "new",
            }
            for original in _original_of(bytes(row["raw"]))
        ]  # fmt: skip
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(sa.insert(matter), rows[start : start + _AT_ONCE])


def _original_of(raw: bytes) -> Iterator[str]:
    # Not by the protocol's structs: a migration must mean the same in every later version.
    try:
        original = json.loads(raw)["data"].get("original_receipt")
    except (ValueError, KeyError, AttributeError, RecursionError):
        return
    if isinstance(original, str) and original and "\x00" not in original:
        yield original
