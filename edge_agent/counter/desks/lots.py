"""The lots of goods in store work: which one a line is of, until when they are good, and one more lot of the same."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_agent.counter.books import Books, Outcome, Till, short
from edge_agent.counter.desk import Desk, Fields, OrderKind, QuestionKind
from edge_agent.counter.working import asks_of_line, lot_panel, new_line, work_under_way
from edge_agent.journal import work_state
from edge_agent.till.asking import is_serial
from edge_agent.till.codes.cards import holds_card_number
from edge_agent.till.dates import read_date
from edge_agent.till.work import LINES_MAX, LOTS_MAX, Work, WorkLine, with_more


class SetLot(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is printed on a line's goods, the date with its day first. `none`: there is neither lot nor date on them."""

    work_id: str
    number: int
    lot: str = ""
    expires: str = ""
    none: bool = False


class OtherLot(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """More goods of a line's SKU, of another lot: scans of their plain code go there from now on."""

    work_id: str
    number: int


class AskLot(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which line is meant."""

    number: int = 0


@dataclass(frozen=True)
class LotView:
    """The line whose lot is asked for; None when it is not there any more."""

    work: Work
    line: WorkLine


def set_lot(books: Books, till: Till, order: SetLot) -> Outcome:
    """Take the lot and the date of a line. What is there already of that lot becomes one line with it."""
    line = work_state.line_of_number(books.connection, order.work_id, order.number)
    if line is None:
        return Outcome("stale_page")
    lot = order.lot.strip()
    if lot and not is_serial(lot):
        return Outcome("card_number_refused") if holds_card_number(lot) else Outcome("bad_input", detail=short(lot))
    expires = read_date(order.expires)
    if expires is None and order.expires.strip():
        return Outcome("bad_date", detail=short(order.expires))
    missing = {"lot": not lot, "expiry": expires is None}
    if not order.none and (any(missing[ask] for ask in line.asks) or not (lot or expires)):
        return Outcome("lot_missing", detail=short(line.name), panel=lot_panel(line))
    told = replace(line, lot="" if order.none else lot, expires=None if order.none else expires, asks=())
    merged = _merged(books, till, order.work_id, told)
    if merged is None:
        return Outcome("bad_quantity", detail=short(line.name))
    work_state.put_line(books.connection, order.work_id, merged, touched=True)
    day = expires.isoformat() if expires is not None and not order.none else ""
    return Outcome("lot_set", good=True, detail=short(f"{line.name} {told.lot} {day}".strip()))


def other_lot(books: Books, till: Till, order: OtherLot) -> Outcome:
    """Begin a line for another lot of the same goods."""
    line = work_state.line_of_number(books.connection, order.work_id, order.number)
    work = work_state.find(books.connection, order.work_id)
    item = books.replica.item(line.sku) if line is not None else None
    if line is None or work is None or item is None:
        return Outcome("stale_page")
    lines = work_state.lines_of_sku(books.connection, work.id, line.sku)
    if len(lines) >= LOTS_MAX or work_state.count_lines(books.connection, work.id) >= LINES_MAX:
        return Outcome("work_full")
    made = replace(new_line(books, till, work.id, item), asks=asks_of_line(work, item))
    work_state.put_line(books.connection, work.id, made, touched=True)
    return Outcome("lot_missing", good=True, detail=short(line.name), panel=lot_panel(made))


def ask_lot(books: Books, _till: Till, question: AskLot) -> LotView | None:
    """The line that is asked about; 0 is the one that was touched last."""
    work = work_under_way(books)
    if work is None:
        return None
    if question.number:
        line = work_state.line_of_number(books.connection, work.id, question.number)
    else:
        line = next(iter(work_state.last_lines(books.connection, work.id, 1)), None)
    return LotView(work, line) if line is not None else None


DESK = Desk(
    "lots",
    orders=(OrderKind("work_lot", SetLot, set_lot), OrderKind("work_other_lot", OtherLot, other_lot)),
    questions=(QuestionKind("work_lot", AskLot, ask_lot),),
)


def _merged(books: Books, till: Till, work_id: str, told: WorkLine) -> WorkLine | None:
    """The line with what another line of the same lot has, which goes; None for more than can be."""
    for other in work_state.lines_of_sku(books.connection, work_id, told.sku):
        same = (other.lot, other.expires, other.asks) == (told.lot, told.expires, ())
        if same and other.number != told.number and other.expected is None:
            after = with_more(told, other.quantity, till.clock.now())
            if after is None:
                return None
            work_state.drop_line(books.connection, work_id, other.number)
            return after
    return told
