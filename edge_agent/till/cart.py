"""The cart: what is being sold, before it is a fact.

Frozen; every change makes a new one, which the counter writes to disk before the cashier sees it. A line keeps the
price that it had when it was scanned: what the customer was told does not change because the hub changed its mind.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from protocol.documents import Item
from protocol.money import included_tax, line_amount
from protocol.quantity import QUANTITY_MAX, SCALE

LINES_MAX = 500
"""Far beyond a large trolley, and far below what one event and one receipt can carry."""

AMOUNT_MAX = 10**15
"""Of a line and of a cart, in minor units: sums of such amounts stay within what an event can say."""

CartRefusal = Literal["cart_full", "bad_quantity", "stale_page", "not_priced"]


class CartLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing in the cart. `number` names it for as long as the cart lives."""

    number: int
    sku: str
    name: str
    quantity: int
    unit_price: int
    unit: str = "piece"
    tax_rate_bp: int = 0
    barcode: str | None = None

    @property
    def amount(self) -> int:
        """Minor units, tax included."""
        return line_amount(self.unit_price, self.quantity)

    @property
    def tax(self) -> int:
        """The tax inside `amount`."""
        return included_tax(self.amount, self.tax_rate_bp)


class Cart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Lines in the order of their last scan. `multiplier` is a typed `N*` that waits for its code.

    `currency` is that of the first line; "" for an empty cart.
    """

    sale_id: str
    lines: tuple[CartLine, ...] = ()
    next_number: int = 1
    multiplier: int | None = None
    currency: str = ""

    @property
    def total(self) -> int:
        """Minor units, tax included."""
        return sum(line.amount for line in self.lines)

    @property
    def tax_total(self) -> int:
        """The tax inside `total`: the sum of the lines' taxes, as it is printed."""
        return sum(line.tax for line in self.lines)

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
    same = next((line for line in cart.lines if (line.sku, line.unit_price) == (item.sku, item.price)), None)
    if same is not None:
        line = msgspec.structs.replace(same, quantity=same.quantity + quantity, barcode=barcode)
    elif len(cart.lines) >= LINES_MAX:
        return "cart_full"
    else:
        line = CartLine(
            number=cart.next_number, sku=item.sku, name=item.name, quantity=quantity, unit_price=item.price,
            unit=item.unit, tax_rate_bp=item.tax_rate_bp, barcode=barcode,
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
    return 0 < line.quantity <= QUANTITY_MAX and abs(line.amount) <= AMOUNT_MAX and abs(cart.total) <= AMOUNT_MAX
