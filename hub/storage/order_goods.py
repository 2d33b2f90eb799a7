"""Goods of orders that left or came back by a channel's word: what was said, and the hub's own movements for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import sqlalchemy as sa

from hub.matters.channel_goods import ChannelGoods, Moves
from hub.storage import schema
from hub.storage.document_rows import LockedFeeds
from hub.storage.moments import from_us, to_us
from hub.storage.records import HUB_SOURCE
from hub.storage.schema_channels import order_goods
from hub.storage.upserts import insert_for, upsert
from protocol.ids import StoreId, store_feed
from protocol.movements import MovementKind

_C = order_goods.c


def said_goods(connection: sa.Connection, order: str) -> list[ChannelGoods]:
    """What a channel has said of an order's goods so far."""
    rows = connection.execute(sa.select(order_goods).where(_C.order_id == order).order_by(_C.kind, _C.key, _C.sku))
    return [
        ChannelGoods(row.kind, row.key, row.sku, row.store, from_us(row.at_us), row.quantity, row.ours, row.moved)
        for row in rows
    ]


def write_goods(connection: sa.Connection, order: str, said: Collection[ChannelGoods]) -> None:
    """Write down what the channel says now. What it no longer says has not happened; where and when it was stays.

    A store that was decided once is not decided again: the ledger knows it already.
    """
    mine = sa.and_(_C.order_id == order, _C.quantity != 0)
    connection.execute(sa.update(order_goods).where(mine).values(quantity=0))
    rows = [
        {
            "order_id": order, "kind": goods.kind, "key": goods.key, "sku": goods.sku, "store": goods.store,
            "at_us": to_us(goods.at), "quantity": goods.quantity, "ours": goods.ours, "moved": 0,
        }
        for goods in said
    ]  # fmt: skip
    upsert(connection, order_goods, rows, replace=["quantity", "ours"])


def move_goods(connection: sa.Connection, feeds: LockedFeeds, order: str, moves: Moves, now_us: int) -> None:
    """Let the ledger say what `moves` says; its stores' feeds must be locked.

    What it says too much is moved back at the same moment, so that a count between has seen both or neither.
    """
    for goods, moved in moves.items():
        if moved == goods.moved:
            continue
        _move(connection, feeds, replace(goods, key=f"{order} {goods.key}", moved=moved - goods.moved), now_us)
        mine = (_C.order_id == order, _C.kind == goods.kind, _C.key == goods.key, _C.sku == goods.sku)
        connection.execute(sa.update(order_goods).where(*mine).values(moved=moved))


def _move(connection: sa.Connection, feeds: LockedFeeds, goods: ChannelGoods, now_us: int) -> None:
    """Write one movement of `goods.moved`."""
    delta = goods.moved
    feed = store_feed(StoreId(goods.store))
    feeds.must_have(feed)
    kind: MovementKind = "fulfil" if goods.kind == "left" else "refund"
    at_us, revision = to_us(goods.at), feeds.next_revision(feed)
    movement = {
        "store": goods.store, "sku": goods.sku, "at_us": at_us, "source": HUB_SOURCE, "epoch": 0, "sequence": revision,
        "line": feeds.next_line(feed), "delta": delta, "kind": kind, "reason": goods.key,
    }  # fmt: skip
    connection.execute(sa.insert(schema.movement).values(movement))
    level = schema.level.c
    first = {
        "store": goods.store, "sku": goods.sku, "on_hand": delta, "reserved": 0, "counted_us": None,
        "revision": revision, "updated_us": now_us,
    }  # fmt: skip
    if insert_for(connection, schema.level, first):
        return
    # As hub/stock/level.py: a count at or after its moment has seen it already.
    unseen = sa.or_(level.counted_us.is_(None), level.counted_us < at_us)
    mine = sa.and_(level.store == goods.store, level.sku == goods.sku, unseen)
    values = {"on_hand": level.on_hand + delta, "revision": revision, "updated_us": now_us}
    connection.execute(sa.update(schema.level).where(mine).values(values))
