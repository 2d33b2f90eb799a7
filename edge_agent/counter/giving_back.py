"""How money goes back for goods that come back: to the tenders of the old receipts, in the same proportions.

Goods without a receipt that is known here are paid back in cash. Another way than the proposed one is somebody's to
allow: cash for goods that were paid by a stolen card is the oldest trick there is.
"""

from __future__ import annotations

from edge_agent.counter.books import Books, Till
from edge_agent.counter.paying import Open
from edge_agent.counter.permission import allow
from edge_agent.journal import receipts_kept
from edge_agent.till.cart import Cart, Taken
from edge_agent.till.payment import ACCOUNT, CASH, VOUCHER, GiveBack, back_to
from edge_agent.till.pricing import PricedBasket
from protocol.events import SaleCompleted
from protocol.money import spread


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
        tenders = kept.fact.tenders if kept is not None and isinstance(kept.fact, SaleCompleted) else ()
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
