"""How much somebody gives back on her own: one limit for a whole business day, whatever way the money takes.

A limit for each receipt would be no limit: ten small refunds take what one large one may not. Nor would one for each
shift, since whoever closes one and opens the next is the same person at the same drawer. What was given back on this
day (and in a shift that runs past midnight) without anybody's word counts too; what somebody allowed does not. It is
asked when goods come into the cart, and again when the money goes, since two carts that wait know nothing of each
other. One row is read, never for a scan.
"""

from __future__ import annotations

import msgspec

from edge_agent.counter.books import Books, Till
from edge_agent.counter.permission import allow
from edge_agent.journal import shift_state
from edge_agent.till import shift as sums_of
from edge_agent.till.cart import Cart
from edge_agent.till.moments import at_store
from edge_agent.till.returns import value_of
from edge_agent.till.rights import may_refund


def is_within(books: Books, till: Till, role: str, value: int) -> bool:
    """Whether a role's limit is enough for this and for what the one at the till gave back already today."""
    today = at_store(till.clock.now(), books.settings.time_zone).date()
    tally = shift_state.load_tally(books.connection)
    by_herself = books.person is not None and role == books.person.role
    before = sums_of.given_back(tally, books.by, today) if by_herself else 0
    return may_refund(role, before + value, books.settings)


def allow_refund(books: Books, till: Till, cart: Cart) -> Cart:
    """The cart with the name of who allows that its goods come back, if somebody has to. Raises ApprovalNeeded."""
    value = value_of(cart, tax_included=books.settings.prices_include_tax)
    if value <= 0 or cart.training or cart.refund_by or cart.taken:
        return cart
    receipts = dict.fromkeys(line.origin.receipt for line in cart.lines if line.origin is not None)
    who = allow(
        books, till, "refund", detail=" ".join(filter(None, receipts)), amount=value,
        within=lambda role: is_within(books, till, role, value),
    )  # fmt: skip
    return msgspec.structs.replace(cart, refund_by=who) if who else cart


def allow_voucher(books: Books, till: Till, cart: Cart, amount: int) -> None:
    """Make out a voucher of `amount` instead of giving money back: as if it were cash. Raises ApprovalNeeded."""
    if not cart.training:
        allow(
            books, till, "refund", detail="voucher", amount=amount,
            within=lambda role: is_within(books, till, role, amount),
        )  # fmt: skip
