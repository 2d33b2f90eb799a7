"""How a channel's orders were last heard to be: their versions, and their lines that it still holds goods back for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from hub.matters.channel_orders import KnownOrder, SaidOrder
from hub.storage.moments import from_us, to_us
from hub.storage.schema_channels import channel_line, channel_order
from hub.storage.upserts import insert_new, upsert

PORT = "orders"
_ORDER = channel_order.c
_LINE = channel_line.c


def states_of(connection: sa.Connection, channel: str, keys: Collection[str]) -> Mapping[str, KnownOrder]:
    """What was heard last of each of these orders, without what the hub made of it."""
    query = sa.select(_ORDER.key, _ORDER.version, _ORDER.updated_us, _ORDER.state).where(
        _ORDER.channel == channel, _ORDER.key.in_(keys), _ORDER.version != ""
    )
    return {
        row.key: KnownOrder(row.version, from_us(row.updated_us), by_channel=row.state == "cancelled")
        for row in connection.execute(query)
    }


def lock_states(connection: sa.Connection, said: Sequence[SaidOrder]) -> None:
    """Take the orders' own rows, always in one order: whoever comes second sees what the first has written."""
    rows = [
        {
            "channel": one.channel, "key": one.key, "order_id": one.head.order, "version": "", "state": "placed",
            "own": one.own, "body": "{}", "raw": b"", "updated_us": 0, "taken_us": 0,
        }
        for one in sorted(said, key=lambda one: one.key)
    ]  # fmt: skip
    insert_new(connection, channel_order, rows)
    mine = sa.select(_ORDER.version).where(_ORDER.channel == said[0].channel, _ORDER.key.in_([one.key for one in said]))
    connection.execute(mine.order_by(_ORDER.key).with_for_update()).all()


def write_states(connection: sa.Connection, said: Sequence[SaidOrder], now_us: int) -> None:
    """Write down what these orders of one channel are now."""
    if not said:
        return
    rows = [
        {
            "channel": one.channel, "key": one.key, "order_id": one.head.order, "version": one.version,
            "state": one.state, "own": one.own, "body": one.body, "raw": one.raw,
            "updated_us": to_us(one.updated_at), "taken_us": now_us,
        }
        for one in said
    ]  # fmt: skip
    changed = ["order_id", "version", "state", "own", "body", "raw", "updated_us", "taken_us"]
    upsert(connection, channel_order, rows, replace=changed)
    mine = sa.and_(_LINE.channel == said[0].channel, _LINE.key.in_([one.key for one in said]), _LINE.open)
    connection.execute(sa.update(channel_line).where(mine).values(open=False))
    lines = {
        line.line: {
            "channel": one.channel, "line": line.line, "key": one.key, "sku": line.sku, "open": one.is_open(line),
            "quantity": line.quantity, "fulfilled": line.fulfilled,
        }
        for one in said
        for line in one.lines
    }  # fmt: skip
    upsert(connection, channel_line, list(lines.values()), replace=["key", "sku", "open", "quantity", "fulfilled"])
