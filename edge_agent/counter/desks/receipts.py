"""The receipt desk: what became of paper, and old receipts."""

from __future__ import annotations

from typing import Literal

from edge_agent.counter.books import Books, Outcome, Till
from edge_agent.counter.desk import Desk, Fields, OrderKind
from edge_agent.devices.errors import IllegalStep, UnknownJob
from edge_agent.devices.printer import spool


class AnswerPrint(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a receipt came out of the printer; if not, it is printed again."""

    job_id: str
    printed: Literal["yes", "no"]


def answer_print(books: Books, till: Till, order: AnswerPrint) -> Outcome:
    """A person says whether a receipt came out."""
    try:
        spool.answer(books.connection, order.job_id, till.clock.now(), printed=order.printed == "yes")
    except (UnknownJob, IllegalStep):
        return Outcome("stale_page")
    return Outcome(print_changed=True)


DESK = Desk("receipts", orders=(OrderKind("answer_print", AnswerPrint, answer_print, by_anybody=True),))
