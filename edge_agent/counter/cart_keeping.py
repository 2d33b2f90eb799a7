"""Changing the cart: the one way in, and the one way out.

`changeable` gives the cart that an order is about, or says why it may not be changed. `keep` saves what came of it:
first whoever may has allowed deeper cuts, then everything that left the receipt is written down, then it is saved.
A training cart is played with like any other, and nothing of it is written down.
"""

from __future__ import annotations

from edge_agent.counter.books import Books, Outcome, Till, is_training, open_cart, short, write_down
from edge_agent.counter.permission import allow
from edge_agent.counter.pricing import priced
from edge_agent.journal import till_state
from edge_agent.till.cart import Cart, CartLine, CartRefusal, line_of
from edge_agent.till.cuts import bounded, grown_bp, spared
from edge_agent.till.pricing.totals import tax_of
from edge_agent.till.rights import Right, may, may_cut
from edge_agent.till.view import NoticeCode
from protocol.events import ApprovalGiven, LineVoided, SaleLine
from protocol.money import line_amount

_REASON_MAX = 200


def changeable(books: Books, till: Till, sale_id: str | None) -> Cart | Outcome:
    """The cart, if it is the one that was meant (None: whichever it is) and no money was taken for it yet."""
    cart = open_cart(books, till)
    if sale_id is not None and cart.sale_id != sale_id:
        return Outcome("stale_page")
    return Outcome("not_while_paying") if cart.is_paying else cart


def keep(  # noqa: PLR0913 - what was, what comes of it, and what to say
    books: Books,
    till: Till,
    before: Cart,
    after: Cart | CartRefusal,
    *,
    notice: NoticeCode,
    detail: str = "",
    reason: str = "",
    panel: str = "",
) -> Outcome:
    """Save a changed cart and say so, or say why it was not changed. Raises ApprovalNeeded."""
    if not isinstance(after, Cart):
        return Outcome(after, detail=short(detail))
    guard_cuts(books, till, before, after)
    write_voided(books, till, before, after, reason)
    save(books, after)
    return Outcome(notice, good=True, detail=short(detail), journalled=True, panel=panel)


def save(books: Books, cart: Cart) -> None:
    """Keep the cart. Nothing is checked: for changes that take nothing off."""
    till_state.save_cart(books.connection, cart)


def guard_cuts(books: Books, till: Till, before: Cart, after: Cart) -> None:
    """Let go on what people's cuts may: lines that lose more of their price, or more money by it, need a role."""
    if after.cut is None and all(line.cut is None for line in after.lines):
        return
    was, now = priced(books, till, before), priced(books, till, after)
    depth_bp = grown_bp((before, was), (after, now))
    if depth_bp:
        # With the money: 20 % off one bottle, asked for and then made a hundred, is not what she was shown.
        more = sum(spared(now).values()) - sum(spared(was).values())
        allow(
            books, till, "cut", detail=f"{depth_bp / 100:g} %", amount=more if more > 0 else None,
            within=lambda role: may_cut(role, depth_bp, books.settings),
        )  # fmt: skip


def bound_cut(books: Books, till: Till, before: Cart, after: Cart) -> Cart:
    """The cart after goods came onto it, with no more taken off by hand than somebody has allowed.

    Goods that are scanned must never wait for a PIN, so the percentage of somebody who may give more than who stands
    here stays the money that it was. Whoever wants more off asks for it again.
    """
    role = books.person.role if books.person is not None else ""
    if after.cut is None or after.cut.kind != "percent" or may_cut(role, after.cut.value, books.settings):
        return after
    return bounded(after, priced(books, till, before), priced(books, till, after))


def allow_noted(books: Books, till: Till, right: Right, *, detail: str, amount: int | None = None) -> None:
    """Let go on what must be written down even when who does it may do it alone. Raises ApprovalNeeded."""
    allow(books, till, right, detail=detail, amount=amount)
    if books.person is not None and may(books.person.role, right) and not is_training(books):
        write_down(
            books, till, ApprovalGiven(right=right, by=books.by, asked_by=books.by, detail=detail[:512], amount=amount)
        )


def allowed_by(books: Books) -> str:
    """Who answers for what this order does."""
    return books.approver.id if books.approver is not None else books.by


def write_voided(books: Books, till: Till, before: Cart, after: Cart, reason: str) -> None:
    """Write down each line that became less."""
    for line in before.lines:
        left = line_of(after, line.number)
        quantity = line.quantity - (left.quantity if left is not None else 0)
        # A line that waits for its weight has none yet: getting one takes nothing off.
        if before.training or 0 in (quantity, line.quantity) or (quantity > 0) != (line.quantity > 0):
            continue
        fact = LineVoided(
            cart=before.sale_id, by=allowed_by(books), line=_removed(books, line, quantity),
            currency=before.currency, reason=reason[:_REASON_MAX],
        )  # fmt: skip
        write_down(books, till, fact)


def _removed(books: Books, line: CartLine, quantity: int) -> SaleLine:
    is_whole = quantity == line.quantity
    amount = line.gross if is_whole else line_amount(line.unit_price, quantity)
    return SaleLine(
        sku=line.sku, name=line.name, quantity=quantity, unit_price=line.unit_price, amount=amount,
        tax_rate_bp=line.tax_rate_bp,
        tax=tax_of(amount, line.tax_rate_bp, included=books.settings.prices_include_tax),
        barcode=line.barcode, unit=line.unit, serials=line.serials if is_whole else (), lot=line.lot or None,
        expires=line.expires,
    )  # fmt: skip
