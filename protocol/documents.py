"""What the hub says: documents of state, by kind and key, each with the revision at which it last changed.

A terminal keeps the newest of each. A deleted document travels as a tombstone (`deleted`), so that a till that was
away for a month still hears of it.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

from protocol.promotions import Promotion
from protocol.scalars import Amount, Currency, Moment, TaxRate, Text, Thousandths, Word
from protocol.stock_events import PARTS_MAX, StockLines

DocumentKind = Literal[
    "item", "stock", "customer", "staff", "promotion", "reservation", "transfer", "settings", "voucher", "purchase",
    "pick", "payment", "recount",
]  # fmt: skip
PartQuantity = Annotated[int, msgspec.Meta(ge=1, le=10**9, description="thousandths of the part's unit")]
Role = Literal["cashier", "supervisor", "manager"]


class Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One document on a feed. `body` is raw JSON of the struct that belongs to `kind`, {} when deleted."""

    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]  # DocumentKind, or a newer hub's word
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    revision: int
    deleted: bool = False
    body: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one piece of a bundle consumes: so many thousandths of a SKU that stands on a shelf itself."""

    sku: Word
    quantity: PartQuantity


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "item", key = SKU, global feed: what can be sold.

    `price` is per 1 unit, with or without tax as the store's settings say; `prices` has other prices by price list.
    `plu` is what embedded barcodes and quick typing call it. `weighed` goods are sold by the kilogram from a scale.
    `min_age` is asked for in years; `asks_serial`, `asks_lot` and `asks_expiry` make the till ask. `colour` (a word of
    the page) and `symbol` (a sign or two) are for quick keys.

    One of a pack is `pack_size` thousandths of `pack_of` (a case of 12: 12000), one of a bundle consumes its `parts`;
    neither stands on a shelf under its own SKU. What they consume is no pack and no bundle itself: `goods.py`.
    """

    sku: Word
    name: Text
    barcodes: Annotated[tuple[Word, ...], msgspec.Meta(max_length=50)] = ()
    price: Amount
    currency: Currency
    unit: Word = "piece"
    tax_rate_bp: TaxRate = 0
    prices: Annotated[dict[str, Amount], msgspec.Meta(max_length=100)] = {}  # msgspec copies the empty default
    category: Text = ""
    brand: Text = ""
    plu: Text = ""
    weighed: bool = False
    open_price: bool = False
    min_age: Annotated[int, msgspec.Meta(ge=0, le=99)] = 0
    asks_serial: bool = False
    asks_lot: bool = False
    asks_expiry: bool = False
    colour: Text = ""
    symbol: Annotated[str, msgspec.Meta(max_length=16)] = ""
    shelf: Text = ""
    pack_of: Annotated[str, msgspec.Meta(max_length=64)] = ""
    pack_size: Annotated[int, msgspec.Meta(ge=0, le=10**9, description="thousandths of pack_of")] = 0
    parts: Annotated[tuple[Part, ...], msgspec.Meta(max_length=PARTS_MAX)] = ()

    def __post_init__(self) -> None:
        if bool(self.pack_of) != bool(self.pack_size):
            raise ValueError("a pack has both: pack_of, and a pack_size above 0")
        if self.pack_of and self.parts:
            raise ValueError("an item is a pack or a bundle: give pack_of or parts, not both")
        inside = {part.sku for part in self.parts}
        if len(inside) != len(self.parts):
            raise ValueError("parts: a SKU stands there twice")
        if self.sku == self.pack_of or self.sku in inside:
            raise ValueError("an item cannot consist of itself")


class Stock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "stock", key = SKU, a store's feed: that store's level. `counted_at` is the newest count's event time."""

    sku: Word
    on_hand: Thousandths
    reserved: Thousandths = 0
    counted_at: Moment | None = None


class QuickKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A button that sells one item. `page` groups keys; colour and symbol default to the item's."""

    sku: Word
    label: Text = ""
    page: Text = ""
    colour: Text = ""
    symbol: Annotated[str, msgspec.Meta(max_length=16)] = ""


class BankAccount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where VietQR payments go: the bank's BIN (6 digits, NAPAS), the account, and whose it is."""

    bin: Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$")]
    account: Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z]{1,19}$")]
    name: Text = ""
    bank: Text = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "settings", key "store", a store's feed: how this store's tills look, count and what they allow.

    `cash_step` is the smallest sum that cash can pay (minor units). `cut_limits_bp` says how much of a price a role
    may take off without asking; a role that is not named may take off nothing. `lock_after_s` 0 never locks.
    `refund_limits` are amounts by role; a role that is not named asks each time. `denominations` () is the currency's
    own. `customer_card_prefix` and `voucher_prefix` tell codes of the shop's own from goods.
    `sells_without_staff` opens tills where people signed in once and nobody works any more; else they stay locked.
    """

    store_name: Text
    currency: Currency = "VND"
    time_zone: Word = "Asia/Ho_Chi_Minh"
    language: Literal["vi", "en"] = "vi"
    receipt_head: Annotated[tuple[Text, ...], msgspec.Meta(max_length=12)] = ()
    receipt_foot: Annotated[tuple[Text, ...], msgspec.Meta(max_length=12)] = ()
    price_list: Text = ""
    prices_include_tax: bool = True
    cash_step: Annotated[int, msgspec.Meta(ge=1, le=10**6)] = 1
    barcode_layouts: Annotated[tuple[Text, ...], msgspec.Meta(max_length=20)] = ()
    quick_keys: Annotated[tuple[QuickKey, ...], msgspec.Meta(max_length=200)] = ()
    bank: BankAccount | None = None
    cut_limits_bp: dict[str, TaxRate] = msgspec.field(default_factory=lambda: {"supervisor": 3_000, "manager": 10_000})
    refund_limits: dict[str, Amount] = {}
    refund_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 30
    require_shift: bool = False
    blind_close: bool = False
    blind_count: bool = False
    lock_after_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 0
    denominations: Annotated[tuple[Amount, ...], msgspec.Meta(max_length=32)] = ()
    customer_card_prefix: Text = ""
    voucher_prefix: Text = ""
    voucher_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 365
    tenders: tuple[Word, ...] = ("cash", "card", "vietqr", "voucher", "account")
    sells_without_staff: bool = False


class Staff(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "staff", key = id, a store's feed: who may work here. `pin` is `scrypt$log2n$r$p$salt$hash`, both in hex."""

    staff: Word
    name: Text
    role: Word = "cashier"
    pin: Text = ""
    active: bool = True


class Customer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "customer", key = id, global feed: who buys. `phone` is E.164, `email` in lower case.

    `owes` is what she has to pay (negative: a deposit), `credit_limit` how far that may go; None is no account.
    """

    customer: Word
    name: Text
    phone: Text = ""
    email: Text = ""
    card: Text = ""
    consent: bool = False
    price_list: Text = ""
    group: Text = ""
    points: int = 0
    currency: Text = ""
    owes: Amount = 0
    credit_limit: Amount | None = None


class Voucher(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "voucher", key = code, global feed: what the shop still owes to whoever brings it."""

    code: Word
    amount: Amount
    currency: Currency
    expires: date | None = None


class Purchase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "purchase", key = id, a store's feed: a delivery that is awaited. `lines` is what is still to come."""

    purchase: Word
    supplier: Text
    lines: StockLines
    due: date | None = None
    note: Text = ""


class Transfer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "transfer", key = id, a store's feed: goods on their way to this store, or asked of it (`wanted`)."""

    transfer: Word
    from_store: Word
    to_store: Word
    lines: StockLines
    state: Literal["wanted", "sent", "received"] = "sent"
    sent_at: Moment | None = None
    note: Text = ""


class Pick(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "pick", key = order, a store's feed: a web order to gather here. `customer` is what the ticket calls her."""

    order: Word
    number: Text = ""
    channel: Text = ""
    customer: Text = ""
    lines: StockLines
    placed_at: Moment | None = None
    due_at: Moment | None = None
    state: Literal["open", "picked", "handed_over"] = "open"
    way: Literal["pickup", "delivery"] = "pickup"
    note: Text = ""


class Recount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "recount", key = SKU, a store's feed: this SKU should be counted here. The next count of it ends the matter.

    `reason` is "negative" (more left than there was), "oversold", "short_pick", or a newer hub's word.
    """

    sku: Word
    reason: Word
    since: Moment
    note: Text = ""


class Payment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """kind "payment", key = the bank's id, a store's feed: money came in. `memo` is what the payer wrote."""

    payment: Word
    kind: Word
    amount: Amount
    currency: Currency
    memo: Text = ""
    at: Moment | None = None


DocumentBody = (
    Item | Stock | Settings | Staff | Customer | Promotion | Voucher | Purchase | Transfer | Pick | Payment | Recount
)

DOCUMENT_BODIES: dict[str, type[DocumentBody]] = {
    "item": Item,
    "stock": Stock,
    "settings": Settings,
    "staff": Staff,
    "customer": Customer,
    "promotion": Promotion,
    "voucher": Voucher,
    "purchase": Purchase,
    "transfer": Transfer,
    "pick": Pick,
    "payment": Payment,
    "recount": Recount,
}
