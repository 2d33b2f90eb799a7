"""The work desk: receiving, counting, sending and taking in, writing off, gathering web orders.

While a work is active, scans go to its list. It survives a restart, can wait for later, and becomes one event when it
is finished; nothing of it is a fact before that.
"""

from __future__ import annotations

from dataclasses import replace

from edge_agent.counter.books import Books, Outcome, Till, is_training, short, write_down
from edge_agent.counter.desk import Desk, Fields, NoFields, OrderKind, QuestionKind
from edge_agent.counter.on_shelf import as_on_shelf
from edge_agent.counter.papers import announced, is_over, note_counted
from edge_agent.counter.permission import allow
from edge_agent.counter.work_papers import print_pick, print_work
from edge_agent.counter.work_views import ask_pick, ask_picks, ask_summary, ask_work
from edge_agent.counter.working import lot_panel, new_line
from edge_agent.journal import work_state
from edge_agent.journal.work_state import Done, DoneKind
from edge_agent.replica.documents import find_document
from edge_agent.till.cart import AMOUNT_MAX
from edge_agent.till.rights import Right
from edge_agent.till.sale import receipt_number
from edge_agent.till.work import Closing, Work, WorkKind, WorkLine, fact_of, missing_in, missing_of, with_quantity
from protocol.documents import Pick
from protocol.errors import InvalidId, InvalidQuantity
from protocol.events import OrderHandedOver, OrderPicked, StockCounted
from protocol.ids import store_id
from protocol.money import line_amount
from protocol.quantity import format_quantity, parse_quantity, stepped

_ID_MAX = 64
_TEXT_MAX = 300
_LETTERS: dict[WorkKind, str] = {
    "receive": "R", "count": "C", "send": "S", "take_in": "I", "write_off": "W", "pick": "P",
}  # fmt: skip
_RIGHTS: dict[WorkKind, Right] = {"count": "finish_count", "write_off": "adjust_stock"}
_DONE: dict[WorkKind, DoneKind] = {"receive": "purchase", "take_in": "transfer", "send": "transfer", "pick": "picked"}


class StartWork(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Begin a work. `key`: the purchase, transfer or order that it is about, "" for a free one."""

    kind: WorkKind
    key: str = ""
    partner: str = ""


class OneWork(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which work is meant."""

    work_id: str


class WorkQuantity(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give a line of a work another quantity, or change it by `step` pieces; 0 is one, too: nothing was found."""

    work_id: str
    number: int
    quantity: str = ""
    step: int = 0


class WorkLineOff(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take a line off a work's list, as if it had never been scanned."""

    work_id: str
    number: int


class FinishWork(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Write a work down."""

    work_id: str
    partner: str = ""
    document: str = ""
    reason: str = ""
    note: str = ""


class HandOver(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A web order leaves the store."""

    order: str
    to: str = ""


class OneOrder(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which web order is meant."""

    order: str


def start(books: Books, till: Till, order: StartWork) -> Outcome:
    """Begin a work; scans go to it from now on. Another one that was active waits."""
    if is_training(books):
        return Outcome("training_on")
    key = order.key.strip()
    if len(key) > _ID_MAX:
        return Outcome("bad_input", detail=short(key))
    already = _already(books, order.kind, key)
    if already is not None:
        work_state.activate(books.connection, already.id)
        return Outcome("work_started", good=True)
    papers = announced(books, till, order.kind, key)
    if papers is None:
        return Outcome("work_unknown", detail=short(key))
    work = Work(
        id=_new_id(books, till, order.kind), kind=order.kind, by=books.by, started_at=till.clock.now(), reference=key,
        partner=papers.partner or order.partner.strip()[:_ID_MAX],
    )  # fmt: skip
    work_state.start(books.connection, work, ())
    for line in papers.lines:
        item = books.replica.item(line.sku)
        made = new_line(books, till, work.id, item) if item is not None else _unnamed(books, till, work.id, line.sku)
        expected = line.quantity if order.kind != "count" else None  # what to count, not how much there should be
        announced_line = replace(made, expected=expected, lot=line.lot, expires=line.expires)
        work_state.put_line(books.connection, work.id, announced_line)
    return Outcome("work_started", good=True)


def pause(books: Books, _till: Till, order: OneWork) -> Outcome:
    """Let a work wait; scans go to the receipt again."""
    if work_state.find(books.connection, order.work_id) is None:
        return Outcome("stale_page")
    work_state.activate(books.connection, "")
    return Outcome("work_waits", good=True)


def resume(books: Books, _till: Till, order: OneWork) -> Outcome:
    """Go on with a work that waits."""
    if work_state.find(books.connection, order.work_id) is None:
        return Outcome("stale_page")
    work_state.activate(books.connection, order.work_id)
    return Outcome("work_started", good=True)


def change_quantity(books: Books, till: Till, order: WorkQuantity) -> Outcome:
    """Give a line the quantity that was typed, or that a step leads to."""
    line = work_state.line_of_number(books.connection, order.work_id, order.number)
    if line is None:
        return Outcome("stale_page")
    try:
        quantity = stepped(line.quantity, order.step) if order.step else parse_quantity(order.quantity)
    except InvalidQuantity:
        return Outcome("bad_quantity", detail=short(order.quantity))
    work = work_state.find(books.connection, order.work_id)
    after = with_quantity(line, quantity, till.clock.now())
    if after is None or work is None:
        return Outcome("bad_quantity", detail=short(order.quantity))
    lines = work_state.lines_of_sku(books.connection, work.id, line.sku)
    if work.kind == "pick" and quantity - line.quantity > max(0, missing_of(lines)):
        return Outcome("work_enough", detail=short(line.name))
    work_state.put_line(books.connection, order.work_id, after, touched=True)
    return Outcome("work_line", good=True, detail=short(line.name))


def line_off(books: Books, _till: Till, order: WorkLineOff) -> Outcome:
    """Take a line off the list. What papers announced stays on it."""
    line = work_state.line_of_number(books.connection, order.work_id, order.number)
    if line is None:
        return Outcome("stale_page")
    if line.expected is not None:
        return Outcome("work_announced", detail=short(line.name))
    work_state.drop_line(books.connection, order.work_id, order.number)
    return Outcome("line_voided", good=True, detail=short(line.name))


def drop(books: Books, _till: Till, order: OneWork) -> Outcome:
    """Give a work up."""
    if work_state.find(books.connection, order.work_id) is None:
        return Outcome("stale_page")
    work_state.remove(books.connection, order.work_id)
    return Outcome("work_dropped", good=True)


def finish(books: Books, till: Till, order: FinishWork) -> Outcome:
    """Write a work down, once: a second order finds it gone. Raises ApprovalNeeded."""
    work = work_state.find(books.connection, order.work_id)
    if work is None:
        return Outcome("stale_page")
    lines = work_state.lines_of(books.connection, work.id)
    closing = Closing(
        partner=order.partner.strip()[:_ID_MAX], document=order.document.strip()[:_ID_MAX],
        reason=order.reason.strip()[:_TEXT_MAX], note=order.note.strip()[:_TEXT_MAX],
    )  # fmt: skip
    refused = _refusal(books, till, work, lines, closing)
    if refused is not None:
        return refused
    if (right := _RIGHTS.get(work.kind)) is not None:
        # Who allows it allows these goods: a list that has changed since she looked is asked for again.
        pieces = format_quantity(sum(line.quantity for line in lines))
        worth = _worth(books, lines) if work.kind == "write_off" else None
        allow(books, till, right, detail=f"{work.id}: {len(lines)}, {pieces}", amount=worth)
    moment = till.clock.stamp(books.journal.last_time)
    fact = fact_of(work, lines, closing, books.by, moment.time)
    write_down(books, till, fact, moment)
    if isinstance(fact, StockCounted):
        note_counted(books, till, fact)
    elif work.reference:
        picked = fact.lines if isinstance(fact, OrderPicked) else ()
        work_state.note_done(books.connection, Done(_DONE[work.kind], work.reference, picked, till.clock.now()))
    work_state.remove(books.connection, work.id)
    printed = print_work(books, till, work, lines, closing, moment.real)
    return Outcome("work_done", good=True, detail=work.reference or work.id, journalled=True, print_changed=printed)


def hand_over(books: Books, till: Till, order: HandOver) -> Outcome:
    """Write down that a web order left, once. What was not gathered does not leave, nor what was called off."""
    if is_training(books):
        return Outcome("training_on")
    document = find_document(books.connection, till.store_feed, "pick", order.order, Pick)
    if document is None:
        return Outcome("work_unknown", detail=short(order.order))
    left = work_state.find_done(books.connection, "handed_over", order.order)
    if left is not None or document.state == "handed_over":
        return Outcome("stale_page")
    picked = work_state.find_done(books.connection, "picked", order.order)
    if picked is None and document.state != "picked":
        return Outcome("pick_first", detail=short(order.order))
    lines = picked.lines if picked is not None else as_on_shelf(books, document.lines)
    fact = OrderHandedOver(order=order.order, lines=lines, by=books.by, to=order.to.strip()[:_TEXT_MAX])
    write_down(books, till, fact)
    work_state.note_done(books.connection, Done("handed_over", order.order, lines, till.clock.now()))
    return Outcome("work_done", good=True, detail=short(order.order), journalled=True)


def print_ticket(books: Books, till: Till, order: OneOrder) -> Outcome:
    """Print what there is to gather."""
    document = find_document(books.connection, till.store_feed, "pick", order.order, Pick)
    if document is None:
        return Outcome("work_unknown", detail=short(order.order))
    if not print_pick(books, till, document, till.clock.now()):
        return Outcome("no_printer")
    return Outcome("ticket_printed", good=True, detail=short(document.number or order.order), print_changed=True)


DESK = Desk(
    "work",
    orders=(
        OrderKind("work_start", StartWork, start),
        OrderKind("work_pause", OneWork, pause),
        OrderKind("work_resume", OneWork, resume),
        OrderKind("work_quantity", WorkQuantity, change_quantity),
        OrderKind("work_line_off", WorkLineOff, line_off),
        OrderKind("work_drop", OneWork, drop),
        OrderKind("work_finish", FinishWork, finish),
        OrderKind("hand_over", HandOver, hand_over),
        OrderKind("pick_ticket", OneOrder, print_ticket),
    ),
    questions=(
        QuestionKind("work", NoFields, ask_work),
        QuestionKind("work_finish", NoFields, ask_summary),
        QuestionKind("picks", NoFields, ask_picks),
        QuestionKind("pick", OneOrder, lambda books, till, question: ask_pick(books, till, question.order)),
    ),
)


def _already(books: Books, kind: WorkKind, key: str) -> Work | None:
    """The work that was begun for these papers; or, free, one of its kind that has no goods yet: a second click."""
    same = (each for each in work_state.listed(books.connection) if (each.kind, each.reference) == (kind, key))
    return next((each for each in same if key or not work_state.count_lines(books.connection, each.id)), None)


def _refusal(books: Books, till: Till, work: Work, lines: tuple[WorkLine, ...], closing: Closing) -> Outcome | None:
    if is_training(books):
        return Outcome("training_on")
    missing = missing_in(work, lines, closing)
    if missing == "lot_missing":
        line = next(line for line in lines if line.asks and line.quantity)
        return Outcome(missing, detail=short(line.name), panel=lot_panel(line))
    if missing is not None:
        return Outcome(missing)
    if work.kind == "send" and not _can_be_sent_to(closing.partner or work.partner, till):
        return Outcome("partner_missing")
    return Outcome("work_unknown", detail=short(work.reference)) if is_over(books, till, work) else None


def _worth(books: Books, lines: tuple[WorkLine, ...]) -> int:
    """What these goods cost in the shop, in minor units."""
    items = ((line, books.replica.item(line.sku)) for line in lines)
    return min(sum(line_amount(item.price, line.quantity) for line, item in items if item is not None), AMOUNT_MAX)


def _can_be_sent_to(partner: str, till: Till) -> bool:
    try:
        return store_id(partner) != till.store
    except InvalidId:
        return False


def _new_id(books: Books, till: Till, kind: WorkKind) -> str:
    number = receipt_number(till.store, till.terminal, books.journal.epoch, work_state.next_work(books.connection))
    return f"{_LETTERS[kind]}-{number[2 - _ID_MAX :]}"


def _unnamed(books: Books, till: Till, work_id: str, sku: str) -> WorkLine:
    """A line for a SKU that this till's catalogue lacks: papers may be older or newer than it."""
    return WorkLine(work_state.next_number(books.connection, work_id), sku, sku, "piece", 0, till.clock.now())
