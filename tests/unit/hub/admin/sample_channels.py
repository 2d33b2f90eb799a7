"""Invented channels in a real database, for the pages about them."""

from __future__ import annotations

import atexit
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from hub.running.channel_desk import SqlChannelDesk
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_outbox import Claim, SqlOutbox, tell
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_records import LinkRow, Message, PartTimes
from hub.storage.channel_setups import SqlChannelSetups
from hub.storage.database import Database
from hub.storage.stores import open_stores
from protocol.documents import Item, Settings
from protocol.frame import Key
from protocol.ids import StoreId
from tests.databases import sqlite_database

HOLDER = "sample"
PARTS = ("stock", "sales", "out", "people", "orders", "catalogue", "customers")


def new_database() -> Database:
    """A database of its own, gone when the process ends."""
    folder = tempfile.TemporaryDirectory()
    database = sqlite_database(Path(folder.name) / "hub.db")
    open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
    atexit.register(folder.cleanup)
    atexit.register(database.close)
    return database


def sample_channels(database: Database, now: datetime, *, items: int = 60) -> SqlChannelDesk:
    """A web shop that is fine but for some things, a POS that is away, and one that is switched off."""
    stores = open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
    for store, name in (("st01", "Hàng Bài"), ("st02", "Chợ Bến Thành"), ("st03", "Vincom Đồng Khởi")):
        stores.fleet.add_store(StoreId(store), Settings(store_name=name), Key(b"f" * 32), now)
    names = ("Sữa tươi tiệt trùng Vinamilk không đường hộp giấy 1 L", "Mì Hảo Hảo tôm chua cay", "Bia lon 330 ml")
    goods = [
        Item(sku=f"SKU-{number:05}", name=names[number % 3], price=1_000, currency="VND") for number in range(items)
    ]
    stores.catalogue.put_items(goods, now)
    setups = SqlChannelSetups(database)
    for channel, kind, enabled in (("pos-cu", "square", False), ("square-hn", "square", True), ("web", "medusa", True)):
        setups.add(channel, kind, {}, now - timedelta(days=9))
        setups.enable(channel, now - timedelta(days=9), enabled=enabled)
    _links(database, now, items)
    _parts(database, now)
    _parked(database, now)
    return SqlChannelDesk(database, lambda *_: None)


def _links(database: Database, now: datetime, items: int) -> None:
    links = SqlChannelLinks(database)
    found = [
        LinkRow("item", f"SKU-{number:05}", f"variant_01K{number:08X}", {"product": f"prod_{number}"})
        for number in range(items - 7)
    ]
    links.put("web", found, now - timedelta(hours=5))
    by_hand = [
        LinkRow("item", "SKU-00003", "variant_01KBYHAND", {}, by_hand=True),
        LinkRow("location", "st01", "sloc_01J8HANGBAI", {}, by_hand=True),
        LinkRow("location", "st02", "sloc_01J8BENTHANH", {}, by_hand=True),
        LinkRow("tender", "vietqr", "pp_system_default", {}, by_hand=True),
    ]
    links.put("web", by_hand, now - timedelta(days=2))


def _parts(database: Database, now: datetime) -> None:
    parts = SqlChannelParts(database)
    for number, part in enumerate(PARTS):
        at = now - timedelta(seconds=4 + 11 * number)
        parts.take("web", part, HOLDER, now, now + timedelta(minutes=1))
        parts.keep([PartTimes("web", part, at, at)], HOLDER, now + timedelta(minutes=1))
    for part in ("orders", "payments"):
        last = now - timedelta(hours=3)
        parts.keep([PartTimes("square-hn", part, now, last)], HOLDER, now + timedelta(minutes=1))
        words = "connect.squareup.com: 503 Service Unavailable: The service is temporarily unavailable."
        parts.failed("square-hn", part, 41, now + timedelta(seconds=48), words)


def _parked(database: Database, now: datetime) -> None:
    rows = [
        Message("receipt:HN-0003121", "sale", "HN-0003121", "{}"),
        Message("order:order_01K9", "hand_over", "web:order_01K9/st01", "{}"),
        Message("receipt:HN-0003150", "sale", "HN-0003150", "{}"),
    ]
    with database.write() as connection:
        tell(connection, "web", rows, now - timedelta(minutes=50))
        tell(connection, "square-hn", rows[2:], now - timedelta(hours=3))
    outbox = SqlOutbox(database)
    claim = Claim(HOLDER, now, now + timedelta(minutes=1))
    for row in outbox.claim("web", ["sale", "hand_over"], claim, 2):
        outbox.park(row, HOLDER, "invalid_data: Variant variant_01K00000012 does not have the required inventory")
    asides = SqlAsideStore(database)
    asides.put(
        ("web", "orders", "order_01KB4ZB1H2M7"),
        "order web:order_01KB4ZB1H2M7: field lines.1.sku: 'AO-THUN-XL' is not in the catalogue",
        b'{"id": "order_01KB4ZB1H2M7", "items": [{"sku": "AO-THUN-XL", "quantity": 2}]}',
        now - timedelta(minutes=12),
    )  # fmt: skip
    asides.put(("web", "catalogue", "prod_01K77"), "item: a variant without a SKU", b"", now - timedelta(hours=2))
    for minutes in (30, 20, 10):
        asides.put(
            ("square-hn", "orders", "Xf9A"), "channel square-hn: the channel's location 'L8BENTHANH' is not mapped",
            b"{}", now - timedelta(minutes=minutes),
        )  # fmt: skip
