"""The cart: what is being sold, before it is a fact.

Frozen; every change makes a new one, which the counter writes to disk before the cashier sees it. A line keeps the
price that it had when it was scanned: what the customer was told does not change because the hub changed its mind.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

import msgspec

from edge_agent.till.pricing.priced import PricedBasket
from protocol.documents import Item, Part
from protocol.errors import InexactQuantity
from protocol.goods import parts_of, taken
from protocol.money import line_amount
from protocol.quantity import QUANTITY_MAX, SCALE
from protocol.stock_events import StockLine

LINES_MAX = 500
"""Far beyond a large trolley, and far below what one event and one receipt can carry."""

AMOUNT_MAX = 10**15
"""Of a line and of a cart, in minor units: sums of such amounts stay within what an event can say."""

CartRefusal = Literal[
    "cart_full", "bad_quantity", "stale_page", "not_priced", "line_is_fixed", "serial_doubled", "not_whole_packs"
]
AskKind = Literal["age", "weight", "price", "lot", "serial"]


class Cut(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's discount: so many minor units ("amount") or so many basis points ("percent") off."""

    kind: Literal["amount", "percent"]
    value: int
    reason: str = ""
    by: str = ""


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a returned line gives back: a line (from 1) of an old receipt; "" for goods without a receipt.

    `before` is how much of that line had come back when this was taken, in thousandths: its amounts follow from it.
    `rounded` is what cash had made of the receipt's earlier refunds by then, in minor units: above 0 is too much.
    """

    receipt: str
    line: int = 0
    restock: bool = True
    reason: str = ""
    before: int = 0
    rounded: int = 0


class Taken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money that was already taken for this cart: a part payment that is sure. `id` names it, so it counts once.

    Money that goes back to the customer is negative. `issues` is a voucher that is made out for it.
    """

    id: str
    kind: str
    amount: int
    given: int | None = None
    change: int = 0
    reference: str = ""
    issues: bool = False


class CartLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing in the cart. `number` names it for as long as the cart lives.

    A negative quantity is goods that come back; then `origin` says from where, and the amounts are the old receipt's.
    `fixed_amount` is what a price label says, whatever unit price and quantity make. `asks` is what the till still has
    to be told of these goods (see `asking.py`); as long as that is a weight, the quantity is 0. `price_by` set the
    price by hand. `parts` is what one of a pack or bundle takes from the shelf, as the catalogue said it at the scan,
    or the old receipt of goods that come back; () for goods that stand there under their own SKU. `part_names` is what
    the first of them are called.
    """

    number: int
    sku: str
    name: str
    quantity: int
    unit_price: int
    unit: str = "piece"
    tax_rate_bp: int = 0
    barcode: str | None = None
    category: str = ""
    brand: str = ""
    weighed: bool = False
    fixed_amount: int | None = None
    fixed_tax: int | None = None
    cut: Cut | None = None
    note: str = ""
    serials: tuple[str, ...] = ()
    lot: str = ""
    expires: date | None = None
    origin: Origin | None = None
    asks: tuple[AskKind, ...] = ()
    min_age: int = 0
    price_by: str = ""
    parts: tuple[Part, ...] = ()
    part_names: tuple[str, ...] = ()

    @property
    def moves(self) -> tuple[StockLine, ...]:
        """What the whole line takes from the shelf, with the line's sign, where that is not its own SKU."""
        return taken(self.parts, self.quantity, lot=self.lot, expires=self.expires)

    @property
    def gross(self) -> int:
        """Minor units before any cut and promotion."""
        if self.fixed_amount is not None:
            return self.fixed_amount
        return line_amount(self.unit_price, self.quantity)

    def may_take(self, other: CartLine) -> bool:
        """Whether the other's pieces may join this line: nothing on either is about one piece alone."""
        same = (self.sku, self.unit_price, self.lot, self.expires, self.parts) == (
            other.sku, other.unit_price, other.lot, other.expires, other.parts
        )  # fmt: skip
        return same and all(
            line.fixed_amount is None
            and line.cut is None
            and line.origin is None
            and not (line.note or line.serials or line.weighed or line.price_by)
            and set(line.asks) <= {"age"}
            for line in (self, other)
        )


class Cart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Lines in the order of their last scan. `multiplier` is a typed `N*` that waits for its code.

    `currency` is that of the first line; "" for an empty cart. `taken` is money that is in already, `takes` counts
    what was ever taken or asked for. As long as `promised` is there (the sums that the customer was told when the first
    money was taken or asked for), the cart can be paid or the money given back, and nothing else: not even the end of a
    promotion's hours changes what it costs. `training` carts never become facts. `refund_by` is who allowed
    that the goods in it come back; "" as long as nobody had to.
    """

    sale_id: str
    lines: tuple[CartLine, ...] = ()
    next_number: int = 1
    multiplier: int | None = None
    currency: str = ""
    customer: str = ""
    cut: Cut | None = None
    coupons: tuple[str, ...] = ()
    note: str = ""
    taken: tuple[Taken, ...] = ()
    training: bool = False
    gift: bool = False
    checked_age: int = 0
    takes: int = 0
    promised: PricedBasket | None = None
    refund_by: str = ""

    @property
    def is_paying(self) -> bool:
        """Whether money was taken or asked for: nothing else about this cart may be changed."""
        return self.promised is not None

    @property
    def gross(self) -> int:
        """Minor units before any cut and promotion. What is to pay is for the pricing core to say."""
        return sum(line.gross for line in self.lines)

    @property
    def item_count(self) -> int:
        """Pieces that go over the counter, either way; what is weighed or measured is one."""
        return sum(abs(line.quantity) // SCALE if line.quantity % SCALE == 0 else 1 for line in self.lines)

    def drawn(self) -> Mapping[str, int]:
        """How many thousandths of each SKU the cart takes from the shelf: a case's pieces, a bundle's parts."""
        drawn: dict[str, int] = {}
        for line in self.lines:
            for part in line.moves or (line,):
                drawn[part.sku] = drawn.get(part.sku, 0) + part.quantity
        return drawn


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a code, a scale or a price list says of goods, beside which they are. `unit_price` None: the plain one."""

    unit_price: int | None = None
    fixed_amount: int | None = None
    lot: str = ""
    expires: date | None = None
    serial: str = ""
    asks: tuple[AskKind, ...] = ()
    part_names: tuple[str, ...] = ()


NOTHING_SAID = Said()


def add_item(  # noqa: PLR0913 - what is added, how much of it, and how it was told
    cart: Cart, item: Item, quantity: int, barcode: str | None, currency: str, *, said: Said = NOTHING_SAID
) -> Cart | CartRefusal:
    """Add `quantity` thousandths of an item, to its line if there is one that may take them; that becomes the last.

    `currency` is the store's: an item that is priced in another one cannot be sold here.
    """
    if item.currency != currency:
        return "not_priced"
    if said.serial and has_serial(cart, item.sku, said.serial):
        return "serial_doubled"
    line = CartLine(
        number=cart.next_number, sku=item.sku, name=item.name, quantity=quantity,
        unit_price=item.price if said.unit_price is None else said.unit_price, unit=item.unit,
        tax_rate_bp=item.tax_rate_bp, barcode=barcode, category=item.category, brand=item.brand, weighed=item.weighed,
        fixed_amount=said.fixed_amount, lot=said.lot, expires=said.expires,
        serials=(said.serial,) if said.serial else (), asks=said.asks, min_age=item.min_age,
        parts=parts_of(item), part_names=said.part_names,
    )  # fmt: skip
    same = next((other for other in cart.lines if other.may_take(line)), None)
    if same is not None:
        line = msgspec.structs.replace(
            same, quantity=same.quantity + quantity, barcode=barcode, asks=same.asks or line.asks,
            min_age=max(same.min_age, line.min_age),
        )  # fmt: skip
    elif len(cart.lines) >= LINES_MAX:
        return "cart_full"
    others = tuple(other for other in cart.lines if other.number != line.number)
    changed = msgspec.structs.replace(
        cart,
        lines=(*others, line),
        next_number=cart.next_number + (same is None),
        multiplier=None,
        currency=currency,
    )
    return _refusal(line, changed) or changed


def set_quantity(cart: Cart, number: int, quantity: int) -> Cart | CartRefusal:
    """Give a line another quantity; 0 takes it off. One that was asked for a weight has it now."""
    if quantity == 0:
        return void_line(cart, number)
    line = line_of(cart, number)
    if line is None:
        return "stale_page"
    if line.origin is not None or line.fixed_amount is not None:
        return "line_is_fixed"
    asks: tuple[AskKind, ...] = tuple(ask for ask in line.asks if ask != "weight")
    if line.serials or "serial" in line.asks:
        if quantity % SCALE or quantity < len(line.serials) * SCALE:
            return "line_is_fixed"
        asks = (*(ask for ask in asks if ask != "serial"), "serial")
        if quantity == len(line.serials) * SCALE:
            asks = asks[:-1]
    return put_line(cart, msgspec.structs.replace(line, quantity=quantity, asks=asks))


def put_line(cart: Cart, line: CartLine) -> Cart | CartRefusal:
    """Put a changed line in the place of the old one with its number."""
    changed = msgspec.structs.replace(
        cart, lines=tuple(line if other.number == line.number else other for other in cart.lines)
    )
    return _refusal(line, changed) or changed


def void_line(cart: Cart, number: int) -> Cart | CartRefusal:
    """Take a line off."""
    lines = tuple(line for line in cart.lines if line.number != number)
    if len(lines) == len(cart.lines):
        return "stale_page"
    return msgspec.structs.replace(cart, lines=lines, currency=cart.currency if lines else "")


def line_of(cart: Cart, number: int) -> CartLine | None:
    """The line with this number."""
    return next((line for line in cart.lines if line.number == number), None)


def has_serial(cart: Cart, sku: str, serial: str) -> bool:
    """Whether this very piece is in the cart already."""
    return any(serial in line.serials for line in cart.lines if line.sku == sku)


def _refusal(line: CartLine, cart: Cart) -> CartRefusal | None:
    least = 0 if "weight" in line.asks else 1
    if not least <= line.quantity <= QUANTITY_MAX or abs(line.gross) > AMOUNT_MAX or abs(cart.gross) > AMOUNT_MAX:
        return "bad_quantity"
    return "not_whole_packs" if _takes_too_finely(line) else None


def _takes_too_finely(line: CartLine) -> bool:
    """Whether so much of a pack or bundle takes what no quantity can say: too many, or parts of a thousandth."""
    try:
        return any(move.quantity > QUANTITY_MAX for move in line.moves)
    except InexactQuantity:
        return True
