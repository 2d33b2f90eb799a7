"""What the books say about paying, for the picture: what is left, what is in, what a bank or machine is asked for.

Read after every scan: two look-ups by an index that is empty most of the time.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.counter.books import Books
from edge_agent.devices.printer import spool
from edge_agent.journal import payments, receipts_kept, till_state
from edge_agent.journal.payments import Attempt
from edge_agent.till.cart import Cart
from edge_agent.till.payment import CASH, Due, due_of, next_take
from edge_agent.till.pricing import PricedBasket
from edge_agent.till.view import AttemptView, PaymentView, PrintState, SaleDoneView


@dataclass(frozen=True)
class PaymentFacts:
    """The payment of one reading of the books."""

    due: Due
    payments: tuple[PaymentView, ...]
    attempt: AttemptView | None
    take: str
    late: int


def read_payment_facts(books: Books, cart: Cart, sums: PricedBasket) -> PaymentFacts:
    """Read what the picture shows of paying."""
    attempt = payments.open_attempt_of(books.connection, cart.sale_id) if cart.is_paying else None
    return PaymentFacts(
        due=due_of(cart, sums, books.settings.cash_step),
        payments=tuple(
            PaymentView(taken.id, taken.kind, taken.amount, taken.given, taken.reference) for taken in cart.taken
        ),
        attempt=attempt_view(attempt) if attempt is not None else None,
        take=next_take(cart),
        late=payments.late_count(books.connection),
    )


def attempt_view(attempt: Attempt) -> AttemptView:
    """An attempt as the page and the customer's display show it."""
    return AttemptView(
        id=attempt.id, kind=attempt.kind, state=attempt.state, amount=attempt.amount, since=attempt.created_at,
        reference=attempt.memo or attempt.reference, payload=attempt.payload, until=attempt.until,
    )  # fmt: skip


def last_sale(books: Books) -> SaleDoneView | None:
    """The sale that was just paid, as long as it is to be shown."""
    sale = till_state.shown_sale(books.connection)
    if sale is None:
        return None
    job = spool.latest_of(books.connection, sale.receipt_number)
    state: PrintState = job.state if job is not None else "cancelled"
    return SaleDoneView(
        sale.receipt_number, sale.total, sale.given, sale.change, state, _payments(books, sale.receipt_number)
    )


def _payments(books: Books, receipt_number: str) -> tuple[PaymentView, ...]:
    kept = receipts_kept.find(books.connection, receipt_number)
    if kept is None or all(tender.kind == CASH for tender in kept.fact.tenders):
        return ()
    return tuple(
        PaymentView(str(number), tender.kind, tender.amount, tender.given, tender.reference or "")
        for number, tender in enumerate(kept.fact.tenders)
    )
