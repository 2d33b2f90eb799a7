"""What the hub says about promotions: the body of documents of kind "promotion".

A promotion is one deal (what the customer gets) and its conditions (when, for whom, with which code, beside which
others). A deal that this version does not know is a field that it does not read: such a promotion is left out, and the
goods sell at their plain price. Names are what a customer reads under a line: `name` in the shop's first language,
`name_en` in English.
"""

from __future__ import annotations

from datetime import date, time
from typing import Annotated

import msgspec

from protocol.scalars import Amount, Text, Word

Percent = Annotated[int, msgspec.Meta(ge=1, le=10_000, description="basis points off: 10 % is 1000")]
PieceCount = Annotated[int, msgspec.Meta(ge=1, le=1_000, description="whole pieces")]
AmountOff = Annotated[int, msgspec.Meta(ge=1, le=10**15, description="minor units off")]
Price = Annotated[int, msgspec.Meta(ge=0, le=10**15, description="minor units")]
Quantity = Annotated[int, msgspec.Meta(ge=0, le=10**15, description="thousandths of the item's unit")]
Words = Annotated[tuple[Word, ...], msgspec.Meta(max_length=5_000)]
COMBINING = frozenset({"once", "on_top", "alone"})
"""What a promotion says about others beside it; one with another word is for a newer till."""

PARTS_MAX = 10
"""Of a bundle: what a customer can still understand, and what a till can still pack."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A document's part does not change; what is left out has its default."""


class Selection(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """Which goods: those with one of these SKUs, categories or brands, or `everything`; never those under `except_`.

    A category means what is below it too: "drinks" selects "drinks/coffee". Nothing said selects nothing.
    """

    skus: Words = ()
    categories: Words = ()
    brands: Words = ()
    everything: bool = False
    except_skus: Words = ()
    except_categories: Words = ()


class BuyPay(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """Take `buy`, pay `pay`: "buy 3 pay 2"; "mua 5 tặng 1" is buy 6 pay 5. Of each group the cheapest are free.

    A group is pieces of one SKU; with `mixed` any pieces of `goods`.
    """

    goods: Selection
    buy: PieceCount
    pay: Annotated[int, msgspec.Meta(ge=0, le=1_000)]
    mixed: bool = False

    def __post_init__(self) -> None:
        if self.pay >= self.buy:
            raise ValueError(f"buy {self.buy} pay {self.pay}: pay for fewer than are bought")


class GroupPrice(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """`count` for `price`: "3 for 50.000". Pieces of one SKU; with `mixed` any pieces of `goods`."""

    goods: Selection
    count: PieceCount
    price: Price
    mixed: bool = False


class CheapestOff(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """Of every `count` pieces the `cheapest` ones cost so much less: "the second at half price" (2, 1, 5000)."""

    goods: Selection
    count: PieceCount
    cheapest: PieceCount = 1
    percent_bp: Percent = 10_000
    mixed: bool = True

    def __post_init__(self) -> None:
        if self.cheapest > self.count:
            raise ValueError(f"the cheapest {self.cheapest} of {self.count}: there are not so many")


class Off(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """Each piece (or kilogram) of `goods` for less: by a percentage, by an amount, or for another `price`.

    `from_quantity` is how much of one SKU the receipt must have: the wholesale price "from 12".
    """

    goods: Selection
    percent_bp: Percent | None = None
    amount: AmountOff | None = None
    price: Price | None = None
    from_quantity: Quantity = 0

    def __post_init__(self) -> None:
        _exactly_one("off", percent_bp=self.percent_bp, amount=self.amount, price=self.price)


class BundlePart(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """`count` pieces of `goods`. `off_bp` makes this part cheaper: 10000 is a gift."""

    goods: Selection
    count: PieceCount = 1
    off_bp: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


class Bundle(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """All parts together: for one `price`, or `amount` less, or with some parts cheaper ("buy A, get B free")."""

    parts: Annotated[tuple[BundlePart, ...], msgspec.Meta(min_length=2, max_length=PARTS_MAX)]
    price: Price | None = None
    amount: AmountOff | None = None

    def __post_init__(self) -> None:
        has_cheap_part = any(part.off_bp for part in self.parts) or None
        _exactly_one("bundle", price=self.price, amount=self.amount, off_bp=has_cheap_part)


class Spend(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """Who buys `goods` for `from_amount` or more gets a percentage (at most `max_amount`) or an amount off them.

    With `each` the amount counts once for every `from_amount`.
    """

    goods: Selection = Selection(everything=True)
    from_amount: Price = 0
    percent_bp: Percent | None = None
    amount: AmountOff | None = None
    max_amount: AmountOff | None = None
    each: bool = False

    def __post_init__(self) -> None:
        _exactly_one("spend", percent_bp=self.percent_bp, amount=self.amount)
        if self.each and (self.amount is None or self.from_amount == 0):
            raise ValueError("spend: each needs an amount, and a from_amount above 0")


Deal = BuyPay | GroupPrice | CheapestOff | Off | Bundle | Spend


class Hours(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """From `start` until just before `end`, the store's clock. An end before the start is on the next day."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("hours are those of the store's own clock: write them without a zone")


class Promotion(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """kind "promotion", key = id, global or a store's feed: what is cheaper, when, and for whom.

    Days and hours are the store's; `weekdays` are 1 (Monday) to 7, none is all. With `coupons`, one of these codes must
    be given. `price_lists` and `customer_groups` () are all. Higher `priority` takes its goods first. `combining`:
    "once" uses no piece that another promotion has used, "on_top" counts on what is left to pay, "alone" stands on a
    receipt without any other promotion. `max_uses` is per receipt.
    """

    promotion: Word
    name: Text
    name_en: Text = ""
    buy_pay: BuyPay | None = None
    group_price: GroupPrice | None = None
    cheapest_off: CheapestOff | None = None
    off: Off | None = None
    bundle: Bundle | None = None
    spend: Spend | None = None
    active: bool = True
    first_day: date | None = None
    last_day: date | None = None
    weekdays: Annotated[tuple[Annotated[int, msgspec.Meta(ge=1, le=7)], ...], msgspec.Meta(max_length=7)] = ()
    hours: Annotated[tuple[Hours, ...], msgspec.Meta(max_length=24)] = ()
    coupons: Words = ()
    price_lists: Annotated[tuple[Word, ...], msgspec.Meta(max_length=100)] = ()
    customer_groups: Annotated[tuple[Word, ...], msgspec.Meta(max_length=100)] = ()
    priority: Annotated[int, msgspec.Meta(ge=-1_000, le=1_000)] = 0
    combining: Word = "once"
    max_uses: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None

    def __post_init__(self) -> None:
        if len(self._deals()) > 1:
            raise ValueError("promotion: give one deal, or make a second promotion")

    @property
    def deal(self) -> Deal | None:
        """What the customer gets; None for a deal that only a newer version knows."""
        return next(iter(self._deals()), None)

    def _deals(self) -> list[Deal]:
        known = (self.buy_pay, self.group_price, self.cheapest_off, self.off, self.bundle, self.spend)
        return [deal for deal in known if deal is not None]


def _exactly_one(deal: str, **values: Amount | bool | None) -> None:
    if sum(value is not None for value in values.values()) != 1:
        raise ValueError(f"{deal}: give exactly one of {', '.join(values)}")
