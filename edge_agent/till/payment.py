"""Money against a cart: what is left, what a tender counts for, what is proposed for money that goes back.

Pure. Amounts are minor units; money that goes back to the customer is negative, like the total of a cart that is only
returned goods. Only cash is rounded, and only the part of it that ends the payment: `sum(tenders) == total + rounding`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

from edge_agent.till.cart import AMOUNT_MAX, Cart, Taken
from edge_agent.till.codes import is_gtin
from edge_agent.till.pricing import PricedBasket, cash_due
from protocol.errors import InvalidMoney
from protocol.events import Tender
from protocol.money import parse_amount, spread

CASH, CARD, VIETQR, VOUCHER, ACCOUNT, EXCHANGE = "cash", "card", "vietqr", "voucher", "account", "exchange"
TAKES_MAX = 32
"""Tenders of one receipt; an event carries twice as many."""

REFERENCE_MAX = 64
_CARD_DIGITS_MIN = 13
_SEPARATORS = re.compile(r"[\s.\-/]")
_LONG_RUN = re.compile(rf"[0-9]{{{_CARD_DIGITS_MIN},}}")

PaymentRefusal = Literal["nothing_to_pay", "not_enough_cash", "bad_amount", "too_much_paid"]


@dataclass(frozen=True)
class Due:
    """What is still to pay; negative: to give back. `cash` is `left` as coins can pay it, `rounding` the difference."""

    left: int
    cash: int
    rounding: int

    @property
    def is_refund(self) -> bool:
        """Whether money goes back to the customer."""
        return self.left < 0

    @property
    def is_done(self) -> bool:
        """Whether everything is paid to the last unit."""
        return self.left == 0


@dataclass(frozen=True)
class GiveBack:
    """Money to give back in the way in which it came."""

    kind: str
    amount: int
    reference: str = ""


def due_of(cart: Cart, sums: PricedBasket, cash_step: int) -> Due:
    """What is left of the total after everything that was taken.

    What cash rounded when other goods of the same receipts came back is made good: all that a receipt gives back in
    cash is what the sum of its goods rounds to, however many times they come.
    """
    left = sums.total - sum(taken.amount for taken in cart.taken)
    cash = cash_due(left, cash_step).amount
    if left < 0:
        cash = min(0, cash_due(left + _rounded_before(cart), cash_step).amount)
    return Due(left, cash, cash - left)


def read_amount(text: str, currency: str) -> int | PaymentRefusal:
    """An amount as `protocol.money` reads it, 0 or more.

    A barcode that was scanned into the amount field is no amount, however rich it would make the customer.
    """
    try:
        amount = parse_amount(text, currency)
    except InvalidMoney:
        return "bad_amount"
    return "bad_amount" if is_gtin(text.strip()) or not 0 <= amount <= AMOUNT_MAX else amount


def take_cash(due: Due, given: int | None, *, take: str, cash_step: int, is_part: bool) -> Taken | PaymentRefusal:
    """Cash over the counter. `given` None is exactly what is due; less than that is taken as a part only if asked to.

    Money to give back has no change: `given` is then how much of it goes back in cash.
    """
    if given is None:
        given = abs(due.cash)
    sign = -1 if due.is_refund else 1
    if given < abs(due.cash):
        if not is_part or given <= 0:
            return "not_enough_cash"
        return "bad_amount" if given % cash_step else _cash(take, sign * given, given)
    if due.is_refund:
        return "too_much_paid" if given > abs(due.cash) else _cash(take, due.cash, None)
    return _cash(take, due.cash, given)


def take_other(  # noqa: PLR0913 - what is taken, and how
    due: Due, kind: str, amount: int | None, *, take: str, reference: str = "", most: int | None = None
) -> Taken | PaymentRefusal:
    """Anything but cash: to the last unit, and never more than is due. `most` is what there is (a voucher's rest)."""
    left = abs(due.left)
    wanted = left if amount is None else amount
    if most is not None and amount is None:
        wanted = min(wanted, most)
    if wanted > left:
        return "too_much_paid"
    if wanted <= 0:
        return "bad_amount" if left else "nothing_to_pay"
    return Taken(id=take, kind=kind, amount=-wanted if due.is_refund else wanted, reference=reference)


def put(cart: Cart, taken: Taken, sums: PricedBasket) -> Cart:
    """The cart with money in it; from now on it costs what it costs now."""
    return msgspec.structs.replace(
        cart, taken=(*cart.taken, taken), takes=cart.takes + 1, promised=cart.promised or sums
    )


def drop(cart: Cart, take: str, *, is_asking: bool) -> Cart | None:
    """The cart without that money; None if it is not there. `is_asking`: a machine or a bank is asked for more."""
    taken = tuple(each for each in cart.taken if each.id != take)
    if len(taken) == len(cart.taken):
        return None
    return msgspec.structs.replace(
        cart, taken=taken, takes=cart.takes + 1, promised=cart.promised if taken or is_asking else None
    )


def next_take(cart: Cart) -> str:
    """What the next money is called: a form that is sent twice means the same money."""
    return f"{cart.sale_id}-{cart.takes + 1}"


def rounding_of(due_before: Due, taken: Taken) -> int:
    """What the last tender rounds the receipt by."""
    return taken.amount - due_before.left if taken.kind == CASH and taken.amount == due_before.cash else 0


def is_enough(due_before: Due, taken: Taken) -> bool:
    """Whether this tender ends the payment."""
    return taken.amount == (due_before.cash if taken.kind == CASH else due_before.left)


def clean_reference(text: str) -> str | None:
    """A terminal's approval or a voucher's code as it may be kept; None for what could be a card's number.

    No reference that a terminal prints has thirteen digits in a row; a card number has.
    """
    reference = " ".join(text.split())
    if _LONG_RUN.search(_SEPARATORS.sub("", reference)):
        return None
    return reference[:REFERENCE_MAX]


def back_to(tenders: Iterable[Tender], amount: int) -> tuple[GiveBack, ...]:
    """How `amount` (positive) goes back: to the tenders of the old receipt, in the same proportions.

    What came as a transfer or as goods of an exchange goes back in cash: there is no way back for it here.
    """
    sums: dict[tuple[str, str], int] = {}
    for tender in tenders:
        kind = tender.kind if tender.kind in (CARD, VOUCHER, ACCOUNT) else CASH
        place = (kind, (tender.reference or "") if kind == VOUCHER else "")
        sums[place] = sums.get(place, 0) + max(0, tender.amount)
    if amount <= 0:
        return ()
    if not any(sums.values()):
        return (GiveBack(CASH, amount),)
    shares = spread(amount, list(sums.values()))
    return tuple(
        GiveBack(kind, share, reference) for (kind, reference), share in zip(sums, shares, strict=True) if share
    )


def _rounded_before(cart: Cart) -> int:
    """What earlier refunds of the receipts in the cart gave too much (above 0) or too little, by rounding cash."""
    return sum({line.origin.receipt: line.origin.rounded for line in cart.lines if line.origin is not None}.values())


def _cash(take: str, amount: int, given: int | None) -> Taken:
    change = given - amount if given is not None and amount >= 0 else 0
    return Taken(id=take, kind=CASH, amount=amount, given=given if amount >= 0 else None, change=change)
