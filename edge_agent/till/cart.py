"""The cart: what is being sold, before it is a fact.

Frozen; every change makes a new one, which the counter writes to disk before the cashier sees it. A line keeps the
price that it had when it was scanned: what the customer was told does not change because the hub changed its mind.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from protocol.documents import Item
from protocol.money import line_amount
from protocol.quantity import QUANTITY_MAX, SCALE

LINES_MAX = 500
"""Far beyond a large trolley, and far below what one event and one receipt can carry."""

AMOUNT_MAX = 10**15
"""Of a line and of a cart, in minor units: sums of such amounts stay within what an event can say."""

CartRefusal = Literal["cart_full", "bad_quantity", "stale_page", "not_priced", "line_is_fixed"]


class Cut(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's discount: so many minor units ("amount") or so many basis points ("percent") off."""

    kind: Literal["amount", "percent"]
    value: int
    reason: str = ""
    by: str = ""


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a returned line gives back: a line (from 1) of an old receipt; "" for goods without a receipt."""

    receipt: str
    line: int = 0
    restock: bool = True
    reason: str = ""


class Taken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money that was already taken for this cart: a part payment that is sure. `id` names it, so it counts once."""

    id: str
    kind: str
    amount: int
    given: int | None = None
    change: int = 0
    reference: str = ""


class CartLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing in the cart. `number` names it for as long as the cart lives.

    A negative quantity is goods that come back; then `origin` says from where, and the amounts are the old receipt's.
    `fixed_amount` is what a price label says, whatever unit price and quantity make.
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

    @property
    def gross(self) -> int:
        """Minor units before any cut and promotion."""
        if self.fixed_amount is not None:
            return self.fixed_amount
        return line_amount(self.unit_price, self.quantity)

    @property
    def is_plain(self) -> bool:
        """Whether more of the same may be added to this line: nothing on it is about this one piece."""
        return (
            self.fixed_amount is None
            and self.cut is None
            and self.origin is None
            and not (self.note or self.serials or self.lot or self.expires or self.weighed)
        )


class Cart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Lines in the order of their last scan. `multiplier` is a typed `N*` that waits for its code.

    `currency` is that of the first line; "" for an empty cart. `taken` is money that is in already: as long as there
    is any, the cart can be paid or the money given back, and nothing else. `training` carts never become facts.
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

    @property
    def gross(self) -> int:
        """Minor units before any cut and promotion. What is to pay is for the pricing core to say."""
        return sum(line.gross for line in self.lines)

    @property
    def item_count(self) -> int:
        """Pieces; what is weighed or measured is one."""
        return sum(line.quantity // SCALE if line.quantity % SCALE == 0 else 1 for line in self.lines)

    def quantity_of(self, sku: str) -> int:
        """How many thousandths of a SKU are in the cart."""
        return sum(line.quantity for line in self.lines if line.sku == sku)


def add_item(cart: Cart, item: Item, quantity: int, barcode: str | None, currency: str) -> Cart | CartRefusal:
    """Add `quantity` thousandths of an item, to its line if it has one at this price; that line becomes the last.

    `currency` is the store's: an item that is priced in another one cannot be sold here.
    """
    if item.currency != currency:
        return "not_priced"
    same = next(
        (line for line in cart.lines if (line.sku, line.unit_price) == (item.sku, item.price) and line.is_plain), None
    )
    if same is not None:
        line = msgspec.structs.replace(same, quantity=same.quantity + quantity, barcode=barcode)
    elif len(cart.lines) >= LINES_MAX:
        return "cart_full"
    else:
        line = CartLine(
            number=cart.next_number, sku=item.sku, name=item.name, quantity=quantity, unit_price=item.price,
            unit=item.unit, tax_rate_bp=item.tax_rate_bp, barcode=barcode, category=item.category, brand=item.brand,
        )  # fmt: skip
    others = tuple(other for other in cart.lines if other.number != line.number)
    changed = msgspec.structs.replace(
        cart,
        lines=(*others, line),
        next_number=cart.next_number + (same is None),
        multiplier=None,
        currency=currency,
    )
    return changed if _is_sellable(line, changed) else "bad_quantity"


def set_quantity(cart: Cart, number: int, quantity: int) -> Cart | CartRefusal:
    """Give a line another quantity; 0 takes it off."""
    if quantity == 0:
        return void_line(cart, number)
    line = next((line for line in cart.lines if line.number == number), None)
    if line is None:
        return "stale_page"
    after = msgspec.structs.replace(line, quantity=quantity)
    changed = msgspec.structs.replace(
        cart, lines=tuple(after if other.number == number else other for other in cart.lines)
    )
    return changed if _is_sellable(after, changed) else "bad_quantity"


def void_line(cart: Cart, number: int) -> Cart | CartRefusal:
    """Take a line off."""
    lines = tuple(line for line in cart.lines if line.number != number)
    if len(lines) == len(cart.lines):
        return "stale_page"
    return msgspec.structs.replace(cart, lines=lines, currency=cart.currency if lines else "")


def _is_sellable(line: CartLine, cart: Cart) -> bool:
    return 0 < line.quantity <= QUANTITY_MAX and abs(line.gross) <= AMOUNT_MAX and abs(cart.gross) <= AMOUNT_MAX
