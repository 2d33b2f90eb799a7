"""What of a receipt can come back, and what it is worth: the old receipt's own amounts, never today's prices.

Pure. Parts of a line are worth what is left of it in proportion, computed from the whole: however a line is given back,
piece by piece or at two tills, all parts add up to exactly what was paid, and its tax likewise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from edge_agent.till.cart import AMOUNT_MAX, LINES_MAX, Cart, CartLine, CartRefusal, Origin
from protocol.documents import Item, Part
from protocol.errors import InexactQuantity
from protocol.events import SaleCompleted, SaleLine
from protocol.goods import parts_of, parts_of_moves, taken
from protocol.money import line_amount
from protocol.quantity import QUANTITY_MAX

REASON_MAX = 200


@dataclass(frozen=True)
class Returnable:
    """A line (from 1) of an old receipt: sold, come back already, and what is left to come back. Thousandths."""

    number: int
    line: SaleLine
    returned: int

    @property
    def left(self) -> int:
        """What can still come back; never negative, whatever two tills did at the same time."""
        return max(0, self.line.quantity - self.returned)

    @property
    def worth(self) -> int:
        """What all that is left is worth, in minor units as the receipt says amounts."""
        return worth(self.line.amount, self.line.quantity, self.returned, self.left) if self.left else 0


def returnables(sale: SaleCompleted, returned: Mapping[int, int]) -> tuple[Returnable, ...]:
    """All lines of a receipt, with what came back of each."""
    return tuple(
        Returnable(number, line, min(returned.get(number, 0), line.quantity))
        for number, line in enumerate(sale.lines, 1)
    )


def worth(whole: int, of: int, before: int, quantity: int) -> int:
    """What `quantity` of a line is worth, if `before` came back already; `whole` is what all `of` it was paid for."""
    return _part(whole, of, before + quantity) - _part(whole, of, before)


def add_return(  # noqa: PLR0913 - what comes back, of what, and how
    cart: Cart, sale: SaleCompleted, found: Returnable, quantity: int, *, restock: bool, reason: str,
    tax_included: bool, rounded: int = 0,
) -> Cart | CartRefusal:  # fmt: skip
    """The cart with so much of an old line coming back. `tax_included`: as this till's prices are now.

    `rounded` is what cash made of the receipt's earlier refunds.

    What stands in the cart of the same old line counts as come back.
    """
    line = found.line
    before = found.returned + in_cart(cart, sale.receipt_number, found.number)
    if not 0 < quantity <= line.quantity - before:
        return "bad_quantity"
    tax = worth(line.tax, line.quantity, before, quantity)
    amount = worth(line.amount, line.quantity, before, quantity)
    if sale.tax_included != tax_included:
        amount += tax if tax_included else -tax
    parts = _parts(line, quantity)
    if parts is None:
        return "not_whole_packs"
    return _with(
        cart,
        CartLine(
            number=cart.next_number, sku=line.sku, name=line.name, quantity=-quantity, unit_price=line.unit_price,
            unit=line.unit or "piece", tax_rate_bp=line.tax_rate_bp, barcode=line.barcode, fixed_amount=-amount,
            fixed_tax=-tax, serials=line.serials if quantity == line.quantity else (), lot=line.lot or "",
            expires=line.expires,
            parts=parts,
            origin=Origin(
                receipt=sale.receipt_number, line=found.number, restock=restock, reason=reason[:REASON_MAX],
                before=before, rounded=rounded,
            ),
        ),
        sale.currency,
        sale.customer,
    )  # fmt: skip


def add_loose_return(  # noqa: PLR0913 - what comes back, what for, and why
    cart: Cart, item: Item, quantity: int, unit_price: int, tax: int, *, receipt: str, restock: bool, reason: str
) -> Cart | CartRefusal:
    """The cart with goods coming back whose receipt is not known here. `tax` is that of all of them."""
    if not 0 < quantity <= QUANTITY_MAX:
        return "bad_quantity"
    parts = parts_of(item)
    if not _is_exact(parts, quantity):
        return "not_whole_packs"
    return _with(
        cart,
        CartLine(
            number=cart.next_number, sku=item.sku, name=item.name, quantity=-quantity, unit_price=unit_price,
            unit=item.unit, tax_rate_bp=item.tax_rate_bp, barcode=item.barcodes[0] if item.barcodes else None,
            category=item.category, brand=item.brand, weighed=item.weighed,
            fixed_amount=-line_amount(unit_price, quantity), fixed_tax=-tax, parts=parts,
            origin=Origin(receipt=receipt, restock=restock, reason=reason[:REASON_MAX]),
        ),
        item.currency,
        "",
    )  # fmt: skip


def in_cart(cart: Cart, receipt: str, line: int) -> int:
    """How much of an old line stands in the cart as coming back."""
    return -sum(
        each.quantity
        for each in cart.lines
        if each.origin is not None and each.origin.line and (each.origin.receipt, each.origin.line) == (receipt, line)
    )


def changed_meanwhile(cart: Cart, returned: Mapping[tuple[str, int], int]) -> CartLine | None:
    """The first line whose amounts do not hold any more: more of it came back since it was put into the cart.

    `returned` says how much came back of each (receipt, line) that the cart names.
    """
    above: dict[tuple[str, int], int] = {}
    for line in cart.lines:
        origin = line.origin
        if origin is None or not origin.line:
            continue
        place = (origin.receipt, origin.line)
        if returned.get(place, 0) + above.get(place, 0) != origin.before:
            return line
        above[place] = above.get(place, 0) - line.quantity
    return None


def value_of(cart: Cart, *, tax_included: bool) -> int:
    """What all goods that come back are worth to the customer, in minor units."""
    return -sum(
        (line.fixed_amount or 0) + (0 if tax_included else line.fixed_tax or 0)
        for line in cart.lines
        if line.origin is not None
    )


def is_too_old(sold_on: date, today: date, days_max: int) -> bool:
    """Whether a receipt is older than the store takes goods back without asking."""
    return (today - sold_on).days > days_max


def sold_on(sale: SaleCompleted, at: datetime) -> date:
    """The day that counts for that: the receipt's business day, which no clock that was set later changes."""
    return min(sale.business_day, at.date())


def _with(cart: Cart, line: CartLine, currency: str, customer: str) -> Cart | CartRefusal:
    if cart.currency and cart.currency != currency:
        return "not_priced"
    if len(cart.lines) >= LINES_MAX:
        return "cart_full"
    changed = msgspec.structs.replace(
        cart, lines=(*cart.lines, line), next_number=cart.next_number + 1, multiplier=None, currency=currency,
        customer=cart.customer or customer,
    )  # fmt: skip
    return changed if abs(line.gross) <= AMOUNT_MAX and abs(changed.gross) <= AMOUNT_MAX else "bad_quantity"


def _parts(line: SaleLine, quantity: int) -> tuple[Part, ...] | None:
    """What one of an old line had taken from the shelf; None where so much of it is no exact share of that."""
    try:
        parts = parts_of_moves(line.moves, line.quantity)
    except InexactQuantity:
        return None
    return parts if _is_exact(parts, quantity) else None


def _is_exact(parts: tuple[Part, ...], quantity: int) -> bool:
    try:
        taken(parts, quantity)
    except InexactQuantity:
        return False
    return True


def _part(whole: int, of: int, quantity: int) -> int:
    """The part of `whole` that belongs to the first `quantity`; all of it at `of`, so that parts add up."""
    size = (abs(whole) * quantity * 2 + of) // (2 * of)
    return -size if whole < 0 else size
