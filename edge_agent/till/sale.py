"""From a paid cart to the facts that go into the journal: a sale, what was given back, or both for an exchange."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

import msgspec

from edge_agent.till.cart import Cart, CartLine, Taken
from edge_agent.till.moments import at_store
from edge_agent.till.payment import EXCHANGE
from edge_agent.till.pricing import PricedBasket, PricedLine, price_cuts
from protocol.events import SaleCompleted, SaleLine, SaleRefunded, Tender
from protocol.goods import taken
from protocol.money import spread

_RECEIPT_NUMBER_MAX = 64  # what `protocol.events.Word` can carry
_DIGEST_LETTERS = 12


class Occasion(NamedTuple):
    """What a receipt says beside goods and money. `language` is that of the cuts' names."""

    day: date
    cashier: str
    language: Literal["vi", "en"]
    tax_included: bool
    shift: str = ""


class _Back(NamedTuple):
    """Goods that come back together: from one receipt, for one reason, to be sold again or not."""

    receipt: str
    restock: bool
    reason: str


Receipt = SaleCompleted | SaleRefunded


def receipts_of(cart: Cart) -> int:
    """How many receipts the cart becomes: one for what is sold, one for each old one of which something comes back."""
    return len(_groups(cart)) + any(line.origin is None for line in cart.lines)


def facts_of(
    cart: Cart, sums: PricedBasket, *, rounding: int, numbers: Sequence[str], occasion: Occasion
) -> tuple[Receipt, ...]:
    """The facts that a paid cart becomes; `numbers` are as many as `receipts_of` says, the sale's first.

    What is sold and what comes back at the same time pay for each other: the tender "exchange" on both sides. Money
    changes hands on one side only. Each fact's tenders add up to its total and rounding.
    """
    money = sum(each.amount for each in cart.taken)
    assert money == sums.total + rounding
    pairs = list(zip(cart.lines, sums.lines, strict=True))
    sold = [pair for pair in pairs if pair[0].origin is None]
    groups = _groups(cart)
    backs = [[pair for pair in pairs if _group(pair[0]) == group] for group in groups]
    values = [-_total(lines, occasion) for lines in backs]
    exchange = cart.sale_id if sold and groups else ""
    # Where money comes in (or none moves) what comes back pays its part of the sale; else the other way round.
    comes_in = money >= 0 and bool(sold)
    swapped = sum(values) if comes_in else _total(sold, occasion)
    facts: list[Receipt] = []
    names = iter(numbers)
    if sold:
        tenders = (*_tenders(cart.taken if comes_in else ()), *_exchanged(swapped if groups else 0))
        part = _Part(sold, tenders, rounding if comes_in else 0, next(names), exchange)
        facts.append(_completed(cart, part, occasion))
    purse = _Purse(swapped, () if comes_in else cart.taken)
    for group, lines, value, rounded in zip(
        groups, backs, values, _roundings(values, 0 if comes_in else -rounding), strict=True
    ):
        part = _Part(lines, purse.pay(value + rounded), rounded, next(names), exchange)
        facts.append(_refunded(cart, group, part, occasion))
    for fact in facts:
        assert sum(tender.amount for tender in fact.tenders) == fact.total + fact.rounding
    return tuple(facts)


def _roundings(values: Sequence[int], rounding: int) -> list[int]:
    """Each refund's part of what cash rounded: never more than the refund itself."""
    return spread(rounding, values) if rounding else [0] * len(values)


class _Purse:
    """What pays for goods that come back: first the goods that are taken instead, then the money, in its order."""

    def __init__(self, exchanged: int, taken: Sequence[Taken]) -> None:
        self._left = [*_exchanged(exchanged), *_tenders(taken)]

    def pay(self, amount: int) -> tuple[Tender, ...]:
        """Take so much out; what is there covers all that is asked for."""
        paid: list[Tender] = []
        while amount > 0:
            first = self._left.pop(0)
            if first.amount > amount:
                self._left.insert(0, msgspec.structs.replace(first, amount=first.amount - amount))
                first = msgspec.structs.replace(first, amount=amount)
            paid.append(first)
            amount -= first.amount
        return tuple(tender for tender in paid if tender.amount)


def sale_line(line: CartLine, sums: PricedLine, language: Literal["vi", "en"]) -> SaleLine:
    """A line as the receipt and the event have it. What comes back is positive here, as its event wants it."""
    sign = -1 if line.origin is not None else 1
    return SaleLine(
        sku=line.sku, name=line.name, quantity=sign * line.quantity, unit_price=line.unit_price,
        amount=sign * sums.amount, tax_rate_bp=line.tax_rate_bp, tax=sign * sums.tax, barcode=line.barcode,
        note=line.note or None, unit=line.unit, cuts=price_cuts(sums, language), serials=line.serials,
        lot=line.lot or None, expires=line.expires,
        original_line=line.origin.line or None if line.origin is not None else None,
        moves=taken(line.parts, sign * line.quantity, lot=line.lot, expires=line.expires),
    )  # fmt: skip


_Pairs = Sequence[tuple[CartLine, PricedLine]]


class _Part(NamedTuple):
    """One receipt of a cart: its lines, and what pays for them."""

    lines: _Pairs
    tenders: tuple[Tender, ...]
    rounding: int
    number: str
    exchange: str


def _completed(cart: Cart, part: _Part, occasion: Occasion) -> SaleCompleted:
    return SaleCompleted(
        receipt_number=part.number, business_day=occasion.day, currency=cart.currency, cashier=occasion.cashier,
        lines=tuple(sale_line(line, sums, occasion.language) for line, sums in part.lines), tenders=part.tenders,
        total=_total(part.lines, occasion), tax_total=sum(sums.tax for _, sums in part.lines),
        tax_included=occasion.tax_included, rounding=part.rounding, shift=occasion.shift, customer=cart.customer,
        note=cart.note, exchange=part.exchange,
    )  # fmt: skip


def _refunded(cart: Cart, group: _Back, part: _Part, occasion: Occasion) -> SaleRefunded:
    return SaleRefunded(
        receipt_number=part.number, business_day=occasion.day, currency=cart.currency, cashier=occasion.cashier,
        lines=tuple(sale_line(line, sums, occasion.language) for line, sums in part.lines), tenders=part.tenders,
        total=-_total(part.lines, occasion), tax_total=-sum(sums.tax for _, sums in part.lines),
        original_receipt=group.receipt or None, restock=group.restock, reason=group.reason,
        tax_included=occasion.tax_included, rounding=part.rounding, shift=occasion.shift, customer=cart.customer,
        exchange=part.exchange, allowed_by=cart.refund_by,
    )  # fmt: skip


def _total(lines: _Pairs, occasion: Occasion) -> int:
    return sum(sums.amount if occasion.tax_included else sums.amount + sums.tax for _, sums in lines)


def _group(line: CartLine) -> _Back | None:
    origin = line.origin
    return _Back(origin.receipt, origin.restock, origin.reason) if origin is not None else None


def _groups(cart: Cart) -> list[_Back]:
    return list(dict.fromkeys(group for line in cart.lines if (group := _group(line)) is not None))


def _tenders(taken: Sequence[Taken]) -> tuple[Tender, ...]:
    return tuple(
        Tender(
            kind=each.kind, amount=abs(each.amount), given=each.given, change=each.change,
            reference=each.reference or None,
        )
        for each in taken
    )  # fmt: skip


def _exchanged(amount: int) -> tuple[Tender, ...]:
    return (Tender(kind=EXCHANGE, amount=amount),) if amount else ()


def receipt_number(store: str, terminal: str, epoch: int, number: int) -> str:
    """Name a receipt: unique for good, because a till that lost its memory gets a new epoch before it goes on.

    Names so long that the number would not fit into an event (the hub would park each sale) are cut and told apart
    by a digest.
    """
    place, count = f"{store}-{terminal}", f"{epoch}-{number:06d}"
    room = _RECEIPT_NUMBER_MAX - len(count) - 1
    if len(place) > room:
        digest = hashlib.sha256(place.encode()).hexdigest()[:_DIGEST_LETTERS]
        place = f"{place[: room - _DIGEST_LETTERS - 1]}-{digest}"
    return f"{place}-{count}"


def business_day(moment: datetime, time_zone: str) -> date:
    """The store's calendar day."""
    return at_store(moment, time_zone).date()
