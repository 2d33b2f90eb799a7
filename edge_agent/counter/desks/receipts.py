"""The receipt desk: what became of paper, old receipts, copies of them, receipts for presents."""

from __future__ import annotations

from typing import Literal

from edge_agent.counter.books import Books, Outcome, Till, short, write_down
from edge_agent.counter.desk import Desk, Fields, HubQuestionKind, OrderKind, QuestionKind
from edge_agent.counter.permission import allow
from edge_agent.counter.printing import queue_copy, queue_gift
from edge_agent.counter.receipt_views import (
    AskReceipt,
    AskReceipts,
    ask_hub,
    keep_found,
    list_receipts,
    show_found,
    show_receipt,
)
from edge_agent.devices.errors import IllegalStep, UnknownJob
from edge_agent.devices.printer import spool
from edge_agent.journal import receipts_kept, shift_state
from edge_agent.till.moments import at_store
from protocol.events import ReceiptReprinted, SaleCompleted


class AnswerPrint(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a receipt came out of the printer; if not, it is printed again."""

    job_id: str
    printed: Literal["yes", "no"]


class Copy(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Print an old receipt again. `deed` names the form, so that a double click prints one."""

    receipt: str
    deed: str = ""


def answer_print(books: Books, till: Till, order: AnswerPrint) -> Outcome:
    """A person says whether a receipt came out."""
    try:
        spool.answer(books.connection, order.job_id, till.clock.now(), printed=order.printed == "yes")
    except (UnknownJob, IllegalStep):
        return Outcome("stale_page")
    return Outcome(print_changed=True)


def reprint(books: Books, till: Till, order: Copy) -> Outcome:
    """Print a receipt again, marked as a reprint; one of another day by right."""
    kept = receipts_kept.find(books.connection, order.receipt.strip())
    if kept is None:
        return Outcome("receipt_unknown", detail=short(order.receipt))
    if till.kick is None:
        return Outcome("no_printer")
    today = at_store(till.clock.now(), books.settings.time_zone).date()
    if at_store(kept.at, books.settings.time_zone).date() < today:
        allow(books, till, "reprint_old", detail=kept.fact.receipt_number)
    if order.deed and not shift_state.count_once(books.connection, order.deed):
        return Outcome()
    moment = till.clock.stamp(books.journal.last_time)
    copy_number = queue_copy(books, till, kept.fact, kept.at, moment)
    fact = ReceiptReprinted(receipt_number=kept.fact.receipt_number, by=books.by, copy_number=min(copy_number, 1_000))
    write_down(books, till, fact, moment)
    return Outcome("reprinted", good=True, detail=kept.fact.receipt_number, print_changed=True, journalled=True)


def print_gift(books: Books, till: Till, order: Copy) -> Outcome:
    """Print a receipt for a present: goods and number, no prices."""
    kept = receipts_kept.find(books.connection, order.receipt.strip())
    if kept is None or not isinstance(kept.fact, SaleCompleted):
        return Outcome("receipt_unknown", detail=short(order.receipt))
    if order.deed and not shift_state.count_once(books.connection, order.deed):
        return Outcome()
    moment = till.clock.stamp(books.journal.last_time)
    if not queue_gift(books, till, kept.fact, kept.at, moment):
        return Outcome("no_printer")
    return Outcome("gift_printed", good=True, print_changed=True)


DESK = Desk(
    "receipts",
    orders=(
        OrderKind("answer_print", AnswerPrint, answer_print, by_anybody=True),
        OrderKind("reprint", Copy, reprint),
        OrderKind("print_gift", Copy, print_gift),
    ),
    questions=(
        QuestionKind("receipts", AskReceipts, list_receipts),
        QuestionKind("receipt", AskReceipt, show_receipt),
        QuestionKind("reprint", AskReceipt, show_receipt),
        HubQuestionKind("receipt_elsewhere", AskReceipt, ask_hub, show_found, keep=keep_found),
    ),
)
