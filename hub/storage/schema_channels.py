"""The tables of channels: what goes out, what came in, which word is whose (see docs/decisions/0011-channels.md).

They stand in the same metadata as all others. `state` columns hold words of `channel_records.py`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Index, LargeBinary, Table, Text, text

from hub.storage.columns import POSITION
from hub.storage.columns import bytes_column as _bytes
from hub.storage.columns import number_column as _number
from hub.storage.columns import text_column as _text
from hub.storage.metadata import metadata

_EMPTY = text("''")
_ZERO = text("0")

channel = Table(
    "channel",
    metadata,
    _text("name", key=True),
    _text("kind"),
    _text("settings"),
    Column("enabled", Boolean, nullable=False),
    _number("created_us"),
    _number("changed_us"),
)
"""The channels that the shop has set up. `settings` is JSON, text by name, secrets apart."""

channel_secret = Table("channel_secret", metadata, _text("channel", key=True), _text("name", key=True), _bytes("value"))
"""Keys and tokens; read by connectors only, never shown, never logged."""

channel_part = Table(
    "channel_part",
    metadata,
    _text("channel", key=True),
    _text("part", key=True),
    Column("cursor", Text, nullable=False, server_default=_EMPTY),
    _number("asked_us", null=True),
    _number("fine_us", null=True),
    Column("failures", BigInteger, nullable=False, server_default=_ZERO),
    _number("not_before_us", null=True),
    Column("problem", Text, nullable=False, server_default=_EMPTY),
    Column("holder", Text, nullable=False, server_default=_EMPTY),
    _number("held_until_us", null=True),
)
"""One row for each thing that a channel does (stock, out, orders, customers, catalogue, payments): how far it is
(`cursor`), when it was asked and when it last was fine, how it fails, and which process does it until when."""

channel_link = Table(
    "channel_link",
    metadata,
    _text("channel", key=True),
    _text("kind", key=True),
    _text("ours", key=True),
    _text("theirs"),
    Column("more", Text, nullable=False, server_default=text("'{}'")),
    Column("by_hand", Boolean, nullable=False),
    _number("at_us"),
)
"""Which word is whose; what a person said (`by_hand`) is not overwritten by what was found."""
Index("channel_link_by_theirs", channel_link.c.channel, channel_link.c.kind, channel_link.c.theirs)

channel_offer = Table(
    "channel_offer",
    metadata,
    _text("channel", key=True),
    _text("location", key=True),
    _text("sku", key=True),
    _number("sent", null=True),
    Column("counted", Text, nullable=False, server_default=_EMPTY),
    _number("sent_us", null=True),
    _text("state"),
    _number("attempts"),
    _number("due_us", null=True),
    Column("words", Text, nullable=False, server_default=_EMPTY),
)
"""What a channel was last told to offer of a SKU at a location, and what is to be told again: done, due, parked.

`counted` is a digest of the channel's open orders that `sent` had been lessened by: other ones make it told again."""
_due: ColumnElement[bool] = channel_offer.c.state != text("'done'")
Index(
    "channel_offer_due", channel_offer.c.channel, channel_offer.c.state, channel_offer.c.due_us,
    sqlite_where=_due, postgresql_where=_due,
)  # fmt: skip

outbox = Table(
    "outbox",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    _text("channel"),
    _text("lane"),
    _text("kind"),
    _text("key"),
    _text("body"),
    _text("state"),
    _number("attempts"),
    _number("due_us"),
    Column("claimed_by", Text, nullable=False, server_default=_EMPTY),
    _number("claimed_until_us", null=True),
    Column("words", Text, nullable=False, server_default=_EMPTY),
    Column("theirs", Text, nullable=False, server_default=_EMPTY),
    _number("created_us"),
    _number("done_us", null=True),
)
"""What is to be told to channels, in order within a lane: waiting, parked, done. `attempts` counts claims."""
Index("outbox_once", outbox.c.channel, outbox.c.kind, outbox.c.key, unique=True)
_open: ColumnElement[bool] = outbox.c.state != text("'done'")
Index("outbox_open", outbox.c.channel, outbox.c.lane, outbox.c.position, sqlite_where=_open, postgresql_where=_open)
Index("outbox_due", outbox.c.channel, outbox.c.state, outbox.c.due_us, sqlite_where=_open, postgresql_where=_open)

channel_journal = Table(
    "channel_journal",
    metadata,
    _text("channel", key=True),
    _text("store", key=True),
    _text("terminal", key=True),
    _number("epoch", key=True),
    _number("sequence"),
)
"""How far a channel has gone through each till's journal for what it wants to be told (sales, hand-overs)."""

channel_again = Table(
    "channel_again",
    metadata,
    _text("channel", key=True),
    _text("store", key=True),
    _text("terminal", key=True),
    _number("epoch", key=True),
    _number("sequence", key=True),
)
"""Events that were parked when the channel went past them and count now: it looks at them once more."""

channel_heard = Table(
    "channel_heard",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    _text("channel"),
    _text("event"),
    _number("heard_us"),
    _text("headers"),
    _bytes("body"),
    _text("hints"),
    _text("state"),
    Column("words", Text, nullable=False, server_default=_EMPTY),
    _number("done_us", null=True),
)
"""Webhooks as they came, each event once: new, done, parked. `hints` is JSON, what they say changed."""
Index("channel_heard_once", channel_heard.c.channel, channel_heard.c.event, unique=True)
_new: ColumnElement[bool] = channel_heard.c.state != text("'done'")
Index("channel_heard_new", channel_heard.c.channel, channel_heard.c.state, sqlite_where=_new, postgresql_where=_new)

channel_aside = Table(
    "channel_aside",
    metadata,
    _text("channel", key=True),
    _text("kind", key=True),
    _text("key", key=True),
    _text("why"),
    _bytes("raw"),
    _number("first_us"),
    _number("last_us"),
    _number("count"),
    _number("resolved_us", null=True),
)
"""What came and could not be translated or taken: parked with its bytes until the mapping, or the data, is mended."""

channel_order = Table(
    "channel_order",
    metadata,
    _text("channel", key=True),
    _text("key", key=True),
    _text("order_id"),
    _text("version"),
    _text("state"),
    Column("own", Boolean, nullable=False),
    _text("body"),
    Column("raw", LargeBinary, nullable=False),
    _number("updated_us"),
    _number("taken_us"),
)
"""A channel's orders as they were last taken in: `body` is the translated order, `state` placed, done, cancelled."""
Index("channel_order_by_order", channel_order.c.order_id)
Index("channel_order_taken", channel_order.c.channel, channel_order.c.taken_us)

channel_fact = Table(
    "channel_fact",
    metadata,
    _text("channel", key=True),
    _text("key", key=True),
    _text("kind"),
    _text("store"),
    _text("location"),
    _text("sku"),
    _number("quantity"),
    _number("at_us"),
    _text("note"),
    _number("taken_us"),
    _number("again_us", null=True),
)
"""What people counted, received, adjusted (`kind`) at a channel, as taken into the ledger, so that each is taken once.

What the channel was told of the SKU at or before `again_us` is told anew; None: it has been."""
_again: ColumnElement[bool] = channel_fact.c.again_us.is_not(None)
Index(
    "channel_fact_again", channel_fact.c.channel, channel_fact.c.again_us, sqlite_where=_again, postgresql_where=_again
)

channel_line = Table(
    "channel_line",
    metadata,
    _text("channel", key=True),
    _text("line", key=True),
    _text("key"),
    _text("sku"),
    Column("open", Boolean, nullable=False),
    Column("quantity", BigInteger, nullable=False, server_default=_ZERO),
    Column("fulfilled", BigInteger, nullable=False, server_default=_ZERO),
    Column("counted", BigInteger, nullable=False, server_default=_ZERO),
)
"""The lines of orders that are taken in; those that are `open` may still be subtracted by the channel itself.

`quantity` was ordered and `fulfilled` had left when the hub last heard; `counted` is how much of it availability has
been lessened by (`hub/matters/counted.py`). All in thousandths of what is sold."""
_line_open: ColumnElement[bool] = channel_line.c.open
Index(
    "channel_line_open",
    channel_line.c.channel,
    channel_line.c.sku,
    sqlite_where=_line_open,
    postgresql_where=_line_open,
)
Index("channel_line_by_key", channel_line.c.channel, channel_line.c.key)

order_goods = Table(
    "order_goods",
    metadata,
    _text("order_id", key=True),
    _text("kind", key=True),
    _text("key", key=True),
    _text("sku", key=True),
    _text("store"),
    _number("at_us"),
    _number("quantity"),
    Column("ours", Text, nullable=False, server_default=_EMPTY),
    _number("moved"),
)
"""Goods of an order that left or came back (`kind`: left, returned) by the channel's word, in pieces. `quantity` is
what it says now, `store` what was decided when it first said so, `moved` what the hub has moved for it in the ledger.
They belong to the order, and stay when its channel is taken away."""
