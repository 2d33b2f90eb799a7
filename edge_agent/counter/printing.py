"""From a fact to the print spool, in the fact's own transaction; and the drawer's kick, a job of its own."""

from __future__ import annotations

from datetime import datetime

from edge_agent.counter.books import Books, Till
from edge_agent.counter.customer_records import find_customer
from edge_agent.counter.staff import person_name
from edge_agent.counter.values import voucher_state
from edge_agent.devices.printer import receipt, spool
from edge_agent.journal.clock import Stamp
from edge_agent.till.payment import VOUCHER
from protocol.events import AccountPaid, SaleCompleted, SaleRefunded

Printable = SaleCompleted | SaleRefunded | AccountPaid


def receipt_of(books: Books, till: Till, fact: Printable, at: datetime, *, training: bool = False) -> receipt.Receipt:
    """What the paper says, with the names that the fact has only ids for."""
    settings = books.settings
    cashier = person_name(books, till, fact.cashier)
    known = find_customer(books, fact.customer) if fact.customer else None
    customer = known.name if known is not None else ""
    if isinstance(fact, AccountPaid):
        return receipt.receipt_of_account_payment(
            fact, settings, at, settings.language, cashier=cashier, customer=customer, training=training
        )
    rests = {
        tender.reference: max(0, state.rest)
        for tender in fact.tenders
        if tender.kind == VOUCHER
        and tender.reference
        and (state := voucher_state(books, till, tender.reference)) is not None
    }
    return receipt.receipt_of_sale(
        fact, settings, at, settings.language, cashier=cashier, customer=customer, rests=rests, training=training
    )


def queue_receipt(  # noqa: PLR0913 - which receipt, when, and how
    books: Books, till: Till, fact: Printable, moment: Stamp, *, kick: bool = True, training: bool = False
) -> str:
    """Queue the receipt, and the kick of the drawer for cash; returns the receipt's job, "" without a printer."""
    if till.kick is None:
        return ""
    picture = receipt_of(books, till, fact, moment.real, training=training)
    job_id = _queue(books, till, picture, moment.real).job_id
    if kick:
        queue_kick(books, till, moment, fact.receipt_number)
    return job_id


def queue_copy(books: Books, till: Till, fact: Printable, at: datetime, moment: Stamp) -> int:
    """Queue a reprint, marked as such; returns which copy it is, 0 without a printer."""
    if till.kick is None:
        return 0
    if spool.latest_of(books.connection, fact.receipt_number) is not None:
        return spool.reprint(books.connection, fact.receipt_number, till.new_id(), moment.real).copy_number
    picture = receipt_of(books, till, fact, at)
    return _queue(books, till, picture, moment.real, is_copy=True).copy_number


def queue_gift(  # noqa: PLR0913 - as above
    books: Books, till: Till, fact: Printable, at: datetime, moment: Stamp, *, training: bool = False
) -> bool:
    """Queue the receipt for a present: no prices; False without a printer."""
    if till.kick is None:
        return False
    picture = receipt.gift_of(receipt_of(books, till, fact, at, training=training))
    _queue(books, till, picture, moment.real, called=f"{picture.number} (gift)")
    return True


def queue_kick(books: Books, till: Till, moment: Stamp, receipt_number: str = "") -> bool:
    """Queue the opening of the drawer; False without a printer that could open it."""
    if till.kick is None:
        return False
    spool.enqueue(
        books.connection, job_id=till.new_id(), kind="drawer", receipt_number=receipt_number, payload=till.kick,
        created_at=moment.real,
    )  # fmt: skip
    return True


def _queue(  # noqa: PLR0913 - a print job, and what it is called
    books: Books, till: Till, picture: receipt.Receipt, created_at: datetime, *, called: str = "", is_copy: bool = False
) -> spool.Job:
    return spool.enqueue(
        books.connection, job_id=till.new_id(), kind="receipt", receipt_number=called or picture.number,
        payload=receipt.encode(picture), created_at=created_at, is_copy=is_copy,
    )  # fmt: skip
