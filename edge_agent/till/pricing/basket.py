"""What is to be priced: lines, cuts by hand, coupons, the moment and the customer. Nothing here computes anything.

Quantities are thousandths, amounts minor units, rates basis points. Whether amounts hold their tax is for the rules to
say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from protocol.money import BASIS_POINTS, line_amount
from protocol.quantity import SCALE


class Priced(Protocol):
    """What has a price, and others by price list: `protocol.documents.Item` is one."""

    @property
    def price(self) -> int:
        """Minor units for one unit of quantity."""

    @property
    def prices(self) -> Mapping[str, int]:
        """The same, by the names of price lists."""


def unit_price_of(item: Priced, price_list: str) -> int:
    """The item's price in this list ("" is the plain one); its plain price where the list does not have it."""
    return item.prices.get(price_list, item.price) if price_list else item.price


@dataclass(frozen=True, slots=True)
class HandCut:
    """A discount that a person gave: `value` is minor units off, or basis points off. `by` allowed it."""

    kind: Literal["amount", "percent"]
    value: int
    reason: str = ""
    by: str = ""

    def __post_init__(self) -> None:
        assert self.value >= 0
        assert self.kind == "amount" or self.value <= BASIS_POINTS


@dataclass(frozen=True, slots=True)
class BasketLine:
    """One line. `number` names it in the answer.

    A negative quantity is goods that come back: `fixed_amount` and `fixed_tax` (negative too) are what the old receipt
    said, and nothing cuts them again. A positive `fixed_amount` is a price from the goods' own label; it is cut like
    any other price, as one piece. `promotable` is False for what the law or the shop lets nobody give away (tobacco,
    vouchers): neither promotions nor a cut of the whole receipt touch it.
    """

    number: int
    sku: str
    quantity: int
    unit_price: int
    tax_rate_bp: int = 0
    category: str = ""
    brand: str = ""
    fixed_amount: int | None = None
    fixed_tax: int | None = None
    weighed: bool = False
    promotable: bool = True
    cut: HandCut | None = None

    @property
    def gross(self) -> int:
        """What the line costs before anything is taken off."""
        return line_amount(self.unit_price, self.quantity) if self.fixed_amount is None else self.fixed_amount

    @property
    def is_sold(self) -> bool:
        """Whether the line can be cut at all: goods that leave the shop and cost something."""
        return self.quantity > 0 and self.gross > 0

    @property
    def is_countable(self) -> bool:
        """Whether it is whole pieces, of which promotions can take some and leave some."""
        return not self.weighed and self.fixed_amount is None and self.quantity % SCALE == 0


@dataclass(frozen=True, slots=True)
class Basket:
    """Everything on one receipt. `local_now` is the store's wall clock; `coupons` stand in the order of their scan."""

    lines: tuple[BasketLine, ...]
    local_now: datetime
    receipt_cut: HandCut | None = None
    coupons: tuple[str, ...] = ()
    customer_group: str = ""
    price_list: str = ""
