"""What the hub says: documents of state, by kind and key, each with the revision at which it last changed.

A terminal keeps the newest of each. A deleted document travels as a tombstone (`deleted`), so that a till that was
away for a month still hears of it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from protocol.events import Amount, Currency, Moment, TaxRate, Text, Thousandths, Word

DocumentKind = Literal["item", "stock", "customer", "staff", "promotion", "reservation", "transfer", "settings"]


class Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One document on a feed. `body` is raw JSON of the struct that belongs to `kind`, {} when deleted."""

    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]  # DocumentKind, or a newer hub's word
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    revision: int
    deleted: bool = False
    body: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "item", key = SKU, global feed: what can be sold. `price` is per 1 unit, tax included."""

    sku: Word
    name: Text
    barcodes: Annotated[tuple[Word, ...], msgspec.Meta(max_length=50)] = ()
    price: Amount
    currency: Currency
    unit: Word = "piece"
    tax_rate_bp: TaxRate = 0


class Stock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "stock", key = SKU, a store's feed: that store's level. `counted_at` is the newest count's event time."""

    sku: Word
    on_hand: Thousandths
    reserved: Thousandths = 0
    counted_at: Moment | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "settings", key "store", a store's feed: how this store's tills look and count."""

    store_name: Text
    currency: Currency = "VND"
    time_zone: Word = "Asia/Ho_Chi_Minh"
    language: Literal["vi", "en"] = "vi"
    receipt_head: Annotated[tuple[Text, ...], msgspec.Meta(max_length=12)] = ()
    receipt_foot: Annotated[tuple[Text, ...], msgspec.Meta(max_length=12)] = ()


DOCUMENT_BODIES: dict[str, type[Item | Stock | Settings]] = {
    "item": Item,
    "stock": Stock,
    "settings": Settings,
}
