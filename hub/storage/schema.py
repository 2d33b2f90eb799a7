"""The hub's tables, the same on SQLite and on PostgreSQL.

Names are natural keys (store, terminal, epoch, sequence), so a row can be read by a person and joined by nobody's
memory. Times are microseconds (`moments.py`), quantities thousandths, amounts minor units. `feed.revision` of a
store is also that store's lock: whoever changes a cursor, a level or a setting of a store holds that row
(see `port.py`). A change here needs a migration; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Computed,
    Index,
    Table,
    Text,
    and_,
    text,
)

from hub.storage.columns import POSITION
from hub.storage.columns import bytes_column as _bytes
from hub.storage.columns import number_column as _number
from hub.storage.columns import text_column as _text
from hub.storage.metadata import metadata

ONLY = "only"
"""In `info`: the one dialect that has this table or index."""

VERSION = "0013"
"""The newest migration."""

state = Table("state", metadata, _text("name", key=True), _text("value"))
"""What the database knows about itself: its lineage, the hash of the admin key, the secret of sessions."""

feed = Table("feed", metadata, _text("name", key=True), _number("revision"), _bytes("key"))

store = Table(
    "store",
    metadata,
    _text("id", key=True),
    _text("name"),
    _text("settings"),
    _number("settings_revision"),
    _number("created_us"),
)

terminal = Table(
    "terminal",
    metadata,
    _text("store", key=True),
    _text("id", key=True),
    _text("name"),
    _bytes("key"),
    _number("epoch"),
    _number("created_us"),
    _number("revoked_us", null=True),
    Column("online", Boolean, nullable=False, server_default=text("false")),
    _number("last_seen_us", null=True),
    Column("backlog", BigInteger, nullable=False, server_default=text("0")),
    _number("oldest_unsent_us", null=True),
    Column("devices", Text, nullable=False, server_default=text("'{}'")),
    Column("version", Text, nullable=False, server_default=text("''")),
    Column("problem", Text, nullable=False, server_default=text("''")),
)

epoch = Table(
    "epoch",
    metadata,
    _text("store", key=True),
    _text("terminal", key=True),
    _number("epoch", key=True),
    _number("sequence"),
    _bytes("digest"),
    _number("revision"),
    _text("nonce"),
    _text("reason"),
    _number("granted_us"),
)
Index("epoch_by_revision", epoch.c.store, epoch.c.revision)

event = Table(
    "event",
    metadata,
    _text("store", key=True),
    _text("terminal", key=True),
    _number("epoch", key=True),
    _number("sequence", key=True),
    Column("event_id", Text),
    Column("type", Text),
    _number("at_us", null=True),
    _number("received_us"),
    _bytes("digest"),
    _bytes("raw"),
    Column("duplicate_of", Text),
)
_counts_for_something: ColumnElement[bool] = event.c.event_id.is_not(None) & event.c.duplicate_of.is_(None)
event_by_id = Index(
    "event_by_id",
    event.c.store,
    event.c.event_id,
    unique=True,
    sqlite_where=_counts_for_something,
    postgresql_where=_counts_for_something,
)

movement = Table(
    "movement",
    metadata,
    _text("store", key=True),
    _text("sku", key=True),
    _number("at_us", key=True),
    _text("source", key=True),
    _number("epoch", key=True),
    _number("sequence", key=True),
    _number("line", key=True),
    _number("delta"),
    _text("kind"),
    _text("reason"),
    Column("lot", Text, nullable=False, server_default=text("''")),
    Column("expires", Text, nullable=False, server_default=text("''")),
    sqlite_with_rowid=False,
)
"""The ledger. `source` is a terminal, "~hub", or "~channel".

Kept in the order in which a level is derived: by SKU and time."""
_counted: ColumnElement[bool] = movement.c.kind == text("'count'")
Index("movement_counts", movement.c.store, movement.c.at_us, sqlite_where=_counted, postgresql_where=_counted)

_dated: ColumnElement[bool] = movement.c.expires != text("''")
Index(
    "movement_dated", movement.c.store, movement.c.sku, movement.c.expires, sqlite_where=_dated, postgresql_where=_dated
)

level = Table(
    "level",
    metadata,
    _text("store", key=True),
    _text("sku", key=True),
    _number("on_hand"),
    _number("reserved"),
    _number("counted_us", null=True),
    _number("revision"),
    _number("updated_us"),
    Column("below", Boolean, Computed("on_hand < 0", persisted=True)),
    sqlite_with_rowid=False,
)
"""Nothing that changes with a sale may stand in an index on PostgreSQL: see migration 0005 and `level_changes.py`."""
Index("level_by_sku", level.c.sku)
Index("level_below", level.c.store, level.c.sku, postgresql_where=level.c.below, info={ONLY: "postgresql"})
Index("level_by_revision", level.c.store, level.c.revision, info={ONLY: "sqlite"})
_negative: ColumnElement[bool] = level.c.on_hand < text("0")
Index("level_negative", level.c.store, level.c.sku, sqlite_where=_negative, info={ONLY: "sqlite"})

negative: ColumnElement[bool] = and_(_negative, level.c.below)
"""More is sold than was there: in words that each database has an index for."""

level_change = Table(
    "level_change",
    metadata,
    _text("store", key=True),
    _number("revision", key=True),
    Column("skus", ARRAY(Text), nullable=False),
    info={ONLY: "postgresql"},
)
"""The SKUs whose levels changed with each of a store's newer revisions, noted by a trigger."""

sale = Table(
    "sale",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    _text("store"),
    _text("terminal"),
    _number("epoch"),
    _number("sequence"),
    _text("kind"),
    _number("at_us"),
    _number("received_us"),
    _number("latency_ms"),
    _text("receipt_number"),
    _text("business_day"),
    _text("currency"),
    _number("total"),
    _number("item_count"),
)
Index("sale_by_store", sale.c.store, sale.c.position)
Index("sale_by_arrival", sale.c.received_us)
Index("sale_by_receipt", sale.c.receipt_number)
Index("sale_by_day", sale.c.store, sale.c.business_day)

turnover = Table(
    "turnover",
    metadata,
    _text("store", key=True),
    _text("business_day", key=True),
    _text("currency", key=True),
    _number("sales"),
    _number("refunds"),
    _number("total"),
)

parked = Table(
    "parked",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    _text("store"),
    _text("terminal"),
    _number("epoch"),
    _number("sequence"),
    _bytes("raw_hash"),
    Column("event_id", Text),
    _text("reason"),
    _text("text"),
    _bytes("raw"),
    _number("parked_us"),
    _number("resolved_us", null=True),
)
Index(
    "parked_once", parked.c.store, parked.c.terminal, parked.c.epoch, parked.c.sequence, parked.c.raw_hash, unique=True
)
_open: ColumnElement[bool] = parked.c.resolved_us.is_(None)
Index("parked_open", parked.c.store, parked.c.event_id, sqlite_where=_open, postgresql_where=_open)

alarm = Table(
    "alarm",
    metadata,
    _text("kind", key=True),
    _text("store", key=True),
    _text("terminal", key=True),
    Column("subject", Text, primary_key=True, nullable=False, server_default=text("''")),
    _text("text"),
    _number("count"),
    _number("first_us"),
    _number("last_us"),
    _number("closed_us", null=True),
)

latency = Table("latency", metadata, _number("minute", key=True), _number("bucket", key=True), _number("count"))

bad_frame = Table(
    "bad_frame",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    _number("at_us"),
    _text("topic"),
    _text("reason"),
    _text("text"),
    _bytes("sample"),
)

item = Table(
    "item",
    metadata,
    _text("sku", key=True),
    _number("revision"),
    Column("deleted", Boolean, nullable=False),
    _text("name"),
    _text("unit"),
    _text("search"),
    _text("body"),
    Column("category", Text, nullable=False, server_default=text("''")),
)
Index("item_by_revision", item.c.revision)

made_of = Table("made_of", metadata, _text("sku", key=True), _text("part", key=True), _number("quantity"))
"""Packs and bundles of the catalogue: one unit of `sku` is `quantity` thousandths of `part`, for each of its parts."""
Index("made_of_by_part", made_of.c.part)

document = Table(
    "document",
    metadata,
    _text("feed", key=True),
    _text("kind", key=True),
    _text("key", key=True),
    _number("revision"),
    Column("deleted", Boolean, nullable=False),
    _text("body"),
    Column("base", Text),
    _number("base_us", null=True),
    _number("balance_us", null=True),
)
"""Documents of all kinds but item, stock and settings. `body` is what tills get: `base`, which the office put at
`base_us`, and what events made of it since. What the base says of a rest (owed, left) holds as of `balance_us`."""
Index("document_by_revision", document.c.feed, document.c.revision)

matter = Table(
    "matter",
    metadata,
    _text("kind", key=True),
    _text("key", key=True),
    _text("store", key=True),
    _text("terminal", key=True),
    _number("epoch", key=True),
    _number("sequence", key=True),
    _text("role", key=True),
    _number("amount"),
    _number("at_us"),
    _text("state"),
)
"""Which events are about one voucher, customer, transfer ...; see `hub/matters`. `state`: new, waiting, done."""
_to_do: ColumnElement[bool] = matter.c.state != text("'done'")
Index("matter_open", matter.c.state, matter.c.kind, matter.c.key, sqlite_where=_to_do, postgresql_where=_to_do)

shift = Table(
    "shift",
    metadata,
    _text("store", key=True),
    _text("terminal", key=True),
    _text("shift", key=True),
    _number("number"),
    _text("business_day"),
    _text("currency"),
    _text("opened_by"),
    _number("opened_us"),
    _number("float_amount"),
    _text("closed_by"),
    _number("closed_us", null=True),
    _number("expected"),
    _number("counted"),
    _number("over"),
    _text("sums"),
    _text("differs"),
)
"""Shifts as their tills tell them; `sums` is the Z report's `ShiftSums`, `differs` what the hub adds up otherwise."""
Index("shift_by_opening", shift.c.opened_us)

web_order = Table(
    "web_order",
    metadata,
    _text("id", key=True),
    _number("placed_us"),
    _text("body"),
    _number("cancelled_us", null=True),
    _text("state"),
    _text("missing"),
    _number("updated_us"),
)
"""Orders of web shops: `body` as it was placed, `state` and `missing` (JSON, SKU: thousandths) as they follow."""
Index("web_order_by_time", web_order.c.placed_us, web_order.c.id)
Index("web_order_by_state", web_order.c.state, web_order.c.placed_us)

allotment = Table(
    "allotment",
    metadata,
    _text("order_id", key=True),
    _number("number", key=True),
    _text("store", key=True),
    _text("sku", key=True),
    _number("quantity"),
    _number("at_us"),
)
"""What the hub decided once, and so a fact: which store was asked for how much of an order, in the order of asking."""

reservation = Table(
    "reservation",
    metadata,
    _text("store", key=True),
    _text("sku", key=True),
    _text("kind", key=True),
    _text("key", key=True),
    _number("quantity"),
)
"""What is promised at a store and still there: `kind` is order or transfer. `level.reserved` is their sum."""
Index("reservation_by_key", reservation.c.kind, reservation.c.key)

stock_rule = Table(
    "stock_rule",
    metadata,
    _text("sku", key=True),
    _text("store", key=True),
    _text("category", key=True),
    _number("quantity"),
)
"""Safety stock, in thousandths; "" stands for every store, SKU or category. By SKU first, as it is looked up."""

offline_buffer = Table(
    "offline_buffer", metadata, _text("store", key=True), _text("sku", key=True), _number("quantity")
)
"""What is held back while a store's tills cannot be heard; written by `projections/silence.py`."""

expired_stock = Table("expired_stock", metadata, _text("store", key=True), _text("sku", key=True), _number("quantity"))
"""What of a level may not be sold any more; written by `projections/expiry.py`."""

availability = Table("availability", metadata, _text("sku", key=True), _number("revision"))
"""The web's one order of changes; written behind the ingest path by `projections/availability.py`."""
Index("availability_by_revision", availability.c.revision)

projected = Table("projected", metadata, _text("feed", key=True), _number("revision"))
"""How far each feed is in `availability`."""

login_token = Table("login_token", metadata, _text("id", key=True), _number("expires_us"))
"""One-time tokens that were used."""
