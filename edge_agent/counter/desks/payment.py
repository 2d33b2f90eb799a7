"""The payment desk: from a cart to a fact.

The promise: a confirmed sale is one transaction: the event, its movements, its print jobs, the cleared cart, the
answer for whoever pays it again.
"""

from __future__ import annotations

from edge_agent.counter.books import Books, Outcome, Till, open_cart, short, write_down
from edge_agent.counter.desk import Desk, Fields, OrderKind
from edge_agent.counter.pricing import priced
from edge_agent.counter.printing import queue_receipt
from edge_agent.journal import till_state
from edge_agent.till.cart import Cart
from edge_agent.till.sale import business_day, cash_given, complete_sale, receipt_number
from protocol.events import Tender


class PayCash(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pay this cart, once. `given` is an amount as `protocol.money` reads it, "" what was to pay exactly.

    `exact` is the total that the cashier saw. If a scan has changed it meanwhile, too little is refused and too much
    gives change, rather than taking more than she was told.
    """

    sale_id: str
    given: str = ""
    exact: str = ""


def pay_cash(books: Books, till: Till, order: PayCash) -> Outcome:
    """Turn the cart into a sale, once: paying the same cart again finds the first payment and changes nothing."""
    kept = till_state.find_sale(books.connection, order.sale_id)
    if kept is not None:
        return Outcome() if till_state.shown_sale(books.connection) == kept else Outcome("stale_page")
    cart = open_cart(books, till)
    if cart.sale_id != order.sale_id:
        return Outcome("stale_page")
    if not cart.lines:
        return Outcome("nothing_to_pay")
    sums = priced(books, till, cart)
    due = sums.cash_total
    given = cash_given(order.given.strip() or order.exact.strip() or None, due=due, currency=cart.currency)
    if isinstance(given, str):
        return Outcome(given, detail=short(order.given))
    moment = till.clock.stamp(books.journal.last_time)
    epoch = books.journal.epoch
    fact = complete_sale(
        cart,
        sums,
        tenders=(Tender(kind="cash", amount=due, given=given, change=given - due),),
        rounding=sums.rounding,
        tax_included=books.settings.prices_include_tax,
        receipt_number=receipt_number(
            till.store, till.terminal, epoch, till_state.next_receipt(books.connection, epoch)
        ),
        day=business_day(moment.real, books.settings.time_zone),
        cashier=books.by,
        language=books.settings.language,
    )
    sealed = write_down(books, till, fact, moment)
    job_id = queue_receipt(books, till, fact, moment)
    till_state.keep_sale(
        books.connection,
        till_state.KeptSale(
            order.sale_id, fact.receipt_number, due, given, given - due, job_id, moment.time
        ),
    )  # fmt: skip
    till_state.save_cart(books.connection, Cart(sale_id=till.new_id()))
    return Outcome(
        "sale_done", good=True, detail=fact.receipt_number, sold=(epoch, sealed.sequence), print_changed=True
    )


DESK = Desk("payment", orders=(OrderKind("pay_cash", PayCash, pay_cash),))
