"""From what happened to paper that is no receipt, in the same transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from edge_agent.counter.books import Books, Till
from edge_agent.devices.printer import slip, spool
from edge_agent.devices.printer.shift_slips import Occasion
from edge_agent.journal import till_state
from edge_agent.till.moments import at_store


def queue_slip(  # noqa: PLR0913 - what, when, how it is called, and where it comes out
    books: Books, till: Till, paper: slip.Slip, moment: datetime, *, number: str, printer: spool.Queue = spool.MAIN
) -> bool:
    """Queue a slip, called `number` by people ("Z 12"); False without a printer."""
    if till.kick is None and printer == spool.MAIN:
        return False
    spool.enqueue(
        books.connection, job_id=till.new_id(), kind="slip", receipt_number=number, payload=slip.encode(paper),
        created_at=moment, printer=printer,
    )  # fmt: skip
    return True


def occasion_at(books: Books, till: Till, moment: datetime, by: str) -> Occasion:
    """Where, when and for whom; in the store's time and the till's language."""
    settings = books.settings
    return Occasion(
        store_name=settings.store_name,
        at=at_store(moment, settings.time_zone),
        language=paper_language(books),
        till=till.terminal,
        by=by,
    )


def paper_language(books: Books) -> Literal["vi", "en"]:
    """Slips are for the people of the shop: in the language of their screen."""
    chosen = till_state.preference(books.connection, "language") or books.settings.language
    return "en" if chosen == "en" else "vi"
