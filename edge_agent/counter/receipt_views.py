"""Old receipts, for panels: lists to look through, one receipt with what can still come back of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from edge_agent.counter.books import Books, Till, open_cart
from edge_agent.counter.desk import Fields
from edge_agent.counter.staff import person_name
from edge_agent.journal import receipts_kept
from edge_agent.journal.receipts_kept import KeptReceipt
from edge_agent.pages import figures
from edge_agent.till.moments import at_store, start_of_day
from edge_agent.till.returns import Returnable, in_cart, is_too_old, returnables, sold_on
from protocol.errors import InvalidMoney
from protocol.events import AccountPaid, SaleCompleted, SaleRefunded, Tender
from protocol.messages import Answer, FoundReceipt
from protocol.money import parse_amount

RECENT_MAX = 12


class AskReceipts(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Receipts with `text` in their number, of this total, of this day (ISO); "" is any. All that is given holds."""

    text: str = ""
    amount: str = ""
    day: str = ""


class AskReceipt(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One receipt by its number, as typed or scanned; "" is not known yet."""

    number: str = ""


@dataclass(frozen=True)
class ReceiptRow:
    """One receipt in a list; `total` is negative for what was given back. `at` is the store's clock."""

    number: str
    kind: str
    at: datetime
    total: int
    currency: str
    is_own: bool


@dataclass(frozen=True)
class ReceiptsView:
    """A list, newest first, and what it was asked for; `bad` names a field that was not understood."""

    rows: tuple[ReceiptRow, ...]
    bad: str = ""


@dataclass(frozen=True)
class ReceiptView:
    """One receipt. `row` None: not known here; `problem` says why the hub did not help: "offline", "unknown", "".

    `lines` are what was sold, with what can still come back (less what stands in the cart already). `deed` names the
    panel's forms.
    """

    number: str
    row: ReceiptRow | None
    deed: str
    sale_id: str
    problem: Literal["", "offline", "unknown"] = ""
    lines: tuple[Returnable, ...] = ()
    tenders: tuple[Tender, ...] = ()
    cashier: str = ""
    is_old: bool = False
    original: str = ""

    @property
    def is_returnable(self) -> bool:
        """Whether anything can still come back."""
        return any(line.left for line in self.lines)


def list_receipts(books: Books, _till: Till, question: AskReceipts) -> ReceiptsView:
    """Look receipts up; the last ones if nothing is asked for."""
    settings = books.settings
    bad, amount, since, before = "", None, None, None
    if question.amount.strip():
        try:
            amount = abs(parse_amount(figures.typed_amount(question.amount, settings.currency), settings.currency))
        except InvalidMoney:
            bad = "amount"
    if question.day.strip():
        try:
            day = date.fromisoformat(question.day.strip())
        except ValueError:
            bad = "day"
        else:
            since = start_of_day(day, settings.time_zone)
            before = since + timedelta(days=1)
    if bad:
        return ReceiptsView((), bad)
    found = receipts_kept.search(
        books.connection, text=question.text.strip(), amount=amount, since=since, before=before
    )
    return ReceiptsView(tuple(_row(books, kept) for kept in found))


def show_receipt(books: Books, till: Till, question: AskReceipt) -> ReceiptView:
    """One receipt as this till knows it."""
    number = question.number.strip()
    cart = open_cart(books, till)
    kept = receipts_kept.find(books.connection, number)
    if kept is None:
        return ReceiptView(number=number, row=None, deed=till.new_id(), sale_id=cart.sale_id)
    fact = kept.fact
    lines: tuple[Returnable, ...] = ()
    is_old = False
    if isinstance(fact, SaleCompleted):
        known = receipts_kept.returned(books.connection, number)
        for line in range(1, len(fact.lines) + 1):
            known[line] += in_cart(cart, number, line)
        lines = returnables(fact, known)
        today = at_store(till.clock.now(), books.settings.time_zone).date()
        is_old = is_too_old(sold_on(fact, kept.at), today, books.settings.refund_days)
    return ReceiptView(
        number=number, row=_row(books, kept), deed=till.new_id(), sale_id=cart.sale_id, lines=lines,
        tenders=fact.tenders, cashier=person_name(books, till, fact.cashier), is_old=is_old,
        original=(fact.original_receipt or "") if isinstance(fact, SaleRefunded) else "",
    )  # fmt: skip


@dataclass(frozen=True)
class ReturnView:
    """What to take back: the receipt that was asked for, or the last receipts to choose from."""

    receipt: ReceiptView
    recent: tuple[ReceiptRow, ...]


def show_return(books: Books, till: Till, question: AskReceipt) -> ReturnView:
    """The receipt of which something comes back; a part of a number finds it if it fits one receipt alone."""
    number = question.number.strip()
    view = show_receipt(books, till, question)
    if view.row is not None:
        return ReturnView(view, ())
    recent = tuple(_row(books, kept) for kept in receipts_kept.search(books.connection, text=number, count=RECENT_MAX))
    if number and len(recent) == 1:
        return ReturnView(show_receipt(books, till, AskReceipt(number=recent[0].number)), ())
    return ReturnView(view, tuple(row for row in recent if row.kind == "sale"))


def ask_hub(_books: Books, _till: Till, question: AskReceipt) -> tuple[str, str] | None:
    """What the hub is asked: also for receipts that are known here, since goods may have come back elsewhere."""
    number = question.number.strip()
    return ("receipt", number) if number else None


def keep_found(books: Books, _till: Till, question: AskReceipt, answer: Answer) -> None:
    """Keep what the hub has found, and what it knows to have come back."""
    found = read_found(answer)
    number = question.number.strip()
    if found is None or found.sale.receipt_number != number:
        return
    receipts_kept.keep(books.connection, found.sale, found.at, is_own=False)
    receipts_kept.set_returned(
        books.connection, number, ((line.line, line.quantity) for line in found.returned),
        books.journal.oldest_unsent_at(),
    )  # fmt: skip


def show_found(books: Books, till: Till, question: AskReceipt, answer: Answer | None) -> ReceiptView:
    """The receipt after the hub was asked."""
    view = show_receipt(books, till, question)
    problem: Literal["", "offline", "unknown"] = ""
    if answer is None:
        problem = "offline"
    elif read_found(answer) is None:
        problem = "unknown"
    return replace(view, problem=problem)


def read_found(answer: Answer) -> FoundReceipt | None:
    """The receipt in the hub's answer; None for none, or for one that this version cannot read."""
    if answer.problem:
        return None
    try:
        return msgspec.json.decode(answer.body, type=FoundReceipt)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _row(books: Books, kept: KeptReceipt) -> ReceiptRow:
    fact = kept.fact
    total = fact.amount if isinstance(fact, AccountPaid) else fact.total
    return ReceiptRow(
        number=fact.receipt_number, kind=kept.kind, at=at_store(kept.at, books.settings.time_zone),
        total=-total if isinstance(fact, SaleRefunded) else total, currency=fact.currency, is_own=kept.is_own,
    )  # fmt: skip
