"""How much of each line of a channel's order was ordered, has left, and is counted in what channels are told."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_PAGE = 500
_ORDER = sa.table("channel_order", sa.column("channel"), sa.column("key"), sa.column("body"))
_LINE = sa.table(
    "channel_line", sa.column("channel"), sa.column("line"), sa.column("key"), sa.column("quantity"),
    sa.column("fulfilled"), sa.column("counted"),
)  # fmt: skip


def upgrade() -> None:
    """Add the columns. What lines say stands in their orders; until an order changes, its lines are counted whole."""
    for name in ("quantity", "fulfilled", "counted"):
        column = sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)
        op.add_column("channel_line", column)
    connection = op.get_bind()
    after = ("", "")
    while rows := connection.execute(_orders(after)).all():
        for row in rows:
            _fill(connection, row.channel, row.key, row.body)
        after = (rows[-1].channel, rows[-1].key)


def _orders(after: tuple[str, str]) -> sa.Select[tuple[str, str, str]]:
    here = sa.tuple_(_ORDER.c.channel, _ORDER.c.key)
    beyond = here > sa.tuple_(sa.literal(after[0]), sa.literal(after[1]))
    return sa.select(_ORDER.c.channel, _ORDER.c.key, _ORDER.c.body).where(beyond).order_by(*here).limit(_PAGE)


def _fill(connection: sa.Connection, channel: str, key: str, body: str) -> None:
    for line in json.loads(body).get("lines", ()):
        mine = sa.and_(_LINE.c.channel == channel, _LINE.c.key == key, _LINE.c.line == line["line"])
        values = {"quantity": line["quantity"], "fulfilled": line.get("fulfilled", 0), "counted": line["quantity"]}
        connection.execute(sa.update(_LINE).where(mine).values(values))
