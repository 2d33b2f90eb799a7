"""What pricing answers: each line with what was taken off it and why, the sums, and what to tell the cashier.

Always: a line's gross less its cuts is its amount; the lines' amounts are the total (with taxes added, their taxes come
on top); the taxes by rate are the sums of the lines' taxes, as they are printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CutKind = Literal["promotion", "coupon", "line", "receipt"]
"""The words of `protocol.sale_events.PriceCut`."""

MessageCode = Literal[
    "coupon_used", "coupon_unknown", "coupon_not_yet", "coupon_over", "coupon_not_now", "coupon_not_for_customer",
    "coupon_no_goods", "coupon_no_gain", "coupon_double", "coupon_too_many", "one_more", "spend_more",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cut:
    """Something taken off: `amount` is positive where the price fell. "" for what does not belong to its kind.

    `label` and `label_en` are the promotion's names, or the reason of a cut by hand (in both).
    """

    kind: CutKind
    amount: int
    label: str = ""
    label_en: str = ""
    promotion: str = ""
    coupon: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line's sums. `tax` is inside `amount`, or on top of it where prices are without tax."""

    number: int
    gross: int
    cuts: tuple[Cut, ...]
    amount: int
    tax: int


@dataclass(frozen=True, slots=True)
class RateTax:
    """All lines of one tax rate: `taxed` is without tax, and `taxed + tax` what the customer pays for them."""

    rate_bp: int
    taxed: int
    tax: int


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell the cashier; the page finds the words. `missing` is pieces ("one_more") or minor units."""

    code: MessageCode
    good: bool
    coupon: str = ""
    promotion: str = ""
    label: str = ""
    label_en: str = ""
    missing: int = 0


@dataclass(frozen=True, slots=True)
class PricedBasket:
    """The whole receipt, lines in the basket's order.

    `cuts` are those of the lines, one for each source, for the foot of the receipt. `cash_total` is `total + rounding`:
    what is due if all of it is paid in cash; with other tenders see `totals.cash_due`. `coupons` are the codes that
    took something off: a code that did not is still the customer's.
    """

    lines: tuple[PricedLine, ...]
    gross_total: int
    cut_total: int
    cuts: tuple[Cut, ...]
    taxes: tuple[RateTax, ...]
    tax_total: int
    total: int
    cash_total: int
    rounding: int
    coupons: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
