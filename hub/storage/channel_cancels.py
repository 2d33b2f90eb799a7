"""Tells a channel that the hub gave up one of its orders; written in the transaction that gives it up."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from hub.storage import schema_channels as schema
from hub.storage.channel_outbox import tell
from hub.storage.channel_records import CANCEL, Message, order_lane


def tell_cancelled(connection: sa.Connection, order_id: str, now: datetime) -> None:
    """Put it into the outbox of the order's channel; nothing for one that is no channel's, or that it cancelled."""
    order = schema.channel_order.c
    query = sa.select(order.channel, order.key).where(
        order.order_id == order_id, order.own.is_(False), order.state != "cancelled"
    )
    for row in connection.execute(query).all():
        body = msgspec.json.encode({"order": row.key}).decode()
        tell(connection, row.channel, [Message(order_lane(row.key), CANCEL, order_id, body)], now)
