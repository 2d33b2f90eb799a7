"""How money goes back for goods that come back: to the tenders of the old receipts, in the same proportions.

Goods without a receipt that is known here are paid back in cash. Another way than the proposed one is somebody's to
allow: cash for goods that were paid by a stolen card is the oldest trick there is.
"""

from __future__ import annotations

from edge_agent.counter.books import Books, Till
from edge_agent.counter.paying import Open
from edge_agent.counter.permission import allow
from edge_agent.journal import receipts_kept
from edge_agent.journal.receipts_kept import KeptReceipt
from edge_agent.till.cart import Cart, Taken
from edge_agent.till.payment import ACCOUNT, CASH, EXCHANGE, VOUCHER, GiveBack, back_to
from edge_agent.till.pricing import PricedBasket
from protocol.events import SaleCompleted, Tender
from protocol.money import spread

EXCHANGES_MAX = 8
"""Exchanges of exchanges that are followed back; further back is not known."""


def proposed(books: Books, cart: Cart, sums: PricedBasket) -> tuple[GiveBack, ...]:
    """What still goes back, by tender; () when nothing does."""
    return tuple(
        GiveBack(kind, amount, reference)
        for (kind, reference), amount in _wanted(books, cart, sums).items()
        if amount > 0
    )


def _wanted(books: Books, cart: Cart, sums: PricedBasket, *, owner: str | None = None) -> dict[tuple[str, str], int]:
    """What still goes back, by kind and reference; below nothing where more went back than had come in.

    `owner`: of what was bought on account only what this customer bought.
    """
    money = -sums.total
    if money <= 0:
        return {}
    worth: dict[str, int] = {}
    for line, line_sums in zip(cart.lines, sums.lines, strict=True):
        if line.origin is not None:
            worth[line.origin.receipt] = worth.get(line.origin.receipt, 0) - line_sums.amount
    if not any(worth.values()):
        return {}
    wanted: dict[tuple[str, str], int] = {}
    for receipt, share in zip(worth, spread(money, list(worth.values())), strict=True):
        kept = receipts_kept.find(books.connection, receipt) if receipt else None
        tenders = _paid_with(books, kept) if kept is not None else ()
        buyer = kept.fact.customer if kept is not None else ""
        for part in back_to(tenders, share):
            if owner is not None and part.kind == ACCOUNT and buyer != owner:
                continue
            wanted[part.kind, part.reference] = wanted.get((part.kind, part.reference), 0) + part.amount
    _round_cash(wanted, books.settings.cash_step)
    for taken in cart.taken:
        place = (taken.kind, taken.reference if taken.kind == VOUCHER and not taken.issues else "")
        wanted[place] = wanted.get(place, 0) + taken.amount
    return wanted


def allow_way(books: Books, till: Till, opened: Open, taken: Taken) -> None:
    """Let money go back in the way in which it came: to the same voucher, to the account of her who bought.

    Another way needs somebody who may. Raises ApprovalNeeded.
    """
    wanted = _wanted(books, opened.cart, opened.sums, owner=opened.cart.customer)
    room = wanted.get((taken.kind, taken.reference if taken.kind == VOUCHER else ""), 0)
    if taken.kind == CASH:
        room += books.settings.cash_step  # what cash rounds to may be a little more
    if -taken.amount > room:
        allow(books, till, "payment_override", detail=f"{taken.kind} {taken.reference}".strip(), amount=-taken.amount)


def _paid_with(books: Books, kept: KeptReceipt, exchanges: int = EXCHANGES_MAX) -> tuple[Tender, ...]:
    """What really paid for a sale: goods that came back for it stand for what had paid for them.

    Else two exchanges would make cash of a card's money. Where that is not known here, or her account paid who is not
    this receipt's customer, it is a voucher without a code: a new one is made out, anything else is asked.
    """
    fact = kept.fact
    if not isinstance(fact, SaleCompleted):
        return ()
    paid = [tender for tender in fact.tenders if tender.kind != EXCHANGE]
    swapped = sum(tender.amount for tender in fact.tenders if tender.kind == EXCHANGE)
    if not swapped:
        return tuple(paid)
    refunds = receipts_kept.refunds_of(books.connection, fact.exchange, kept.at) if exchanges else []
    if not any(refund.total for refund in refunds):
        return (*paid, Tender(kind=VOUCHER, amount=swapped))
    for refund, share in zip(refunds, spread(swapped, [refund.total for refund in refunds]), strict=True):
        old = receipts_kept.find(books.connection, refund.original_receipt) if refund.original_receipt else None
        tenders = _paid_with(books, old, exchanges - 1) if old is not None else ()
        for part in back_to(tenders, share):
            is_other = part.kind == ACCOUNT and old is not None and old.fact.customer != fact.customer
            kind = VOUCHER if is_other else part.kind
            paid.append(Tender(kind=kind, amount=part.amount, reference=part.reference or None))
    return tuple(paid)


def _round_cash(wanted: dict[tuple[str, str], int], step: int) -> None:
    """Make the cash part one that coins can pay, at the cost of the largest other part: the sum is what it was."""
    cash = (CASH, "")
    others = [place for place in wanted if place != cash]
    if not others or cash not in wanted:
        return
    missing = -wanted[cash] % step
    largest = max(others, key=lambda place: wanted[place])
    if wanted[largest] >= missing:
        wanted[cash] += missing
        wanted[largest] -= missing
