"""From a fact to the print spool, in the fact's own transaction; and the drawer's kick, a job of its own."""

from __future__ import annotations

from edge_agent.counter.books import Books, Till
from edge_agent.devices.printer import receipt, spool
from edge_agent.journal.clock import Stamp
from protocol.events import SaleCompleted, SaleRefunded


def queue_receipt(
    books: Books, till: Till, fact: SaleCompleted | SaleRefunded, moment: Stamp, *, kick: bool = True
) -> str:
    """Queue the receipt, and the kick of the drawer for cash; returns the receipt's job, "" without a printer."""
    if till.kick is None:
        return ""
    job_id = till.new_id()
    picture = receipt.receipt_of_sale(fact, books.settings, moment.real, books.settings.language)
    spool.enqueue(
        books.connection, job_id=job_id, kind="receipt", receipt_number=fact.receipt_number,
        payload=receipt.encode(picture), created_at=moment.real,
    )  # fmt: skip
    if kick:
        queue_kick(books, till, moment, fact.receipt_number)
    return job_id


def queue_kick(books: Books, till: Till, moment: Stamp, receipt_number: str = "") -> bool:
    """Queue the opening of the drawer; False without a printer that could open it."""
    if till.kick is None:
        return False
    spool.enqueue(
        books.connection, job_id=till.new_id(), kind="drawer", receipt_number=receipt_number, payload=till.kick,
        created_at=moment.real,
    )  # fmt: skip
    return True
