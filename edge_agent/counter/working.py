"""Goods into the work that is open: what a scan does while scans go to a list and not to a receipt."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from edge_agent.counter.books import Books, Outcome, Till, is_training, short
from edge_agent.counter.on_shelf import takes_of
from edge_agent.counter.selling import expiry_of, weigh
from edge_agent.journal import work_state
from edge_agent.till.codes import ScanReading
from edge_agent.till.work import LINES_MAX, LOTS_MAX, Work, WorkAsk, WorkLine, chosen, fill, missing_of, with_more
from protocol.documents import Item
from protocol.errors import InexactQuantity
from protocol.goods import parts_of, taken
from protocol.quantity import QUANTITY_MAX, SCALE, format_quantity


def work_under_way(books: Books) -> Work | None:
    """The work that scans go to. While the till only plays there is none: what was begun waits."""
    work = work_state.active(books.connection)
    return None if work is None or is_training(books) else work


def take(books: Books, till: Till, work: Work, item: Item, reading: ScanReading) -> Outcome:
    """Add what was scanned to the list: of a pack its pieces. A bundle stands on no shelf; its parts are named."""
    found = _goods(books, till, item, reading)
    if isinstance(found, Outcome):
        return found
    line = _line_for(books, till, work, found.item, reading)
    if isinstance(line, Outcome):
        return line
    after = with_more(line, found.quantity, till.clock.now())
    if after is None:
        return Outcome("bad_quantity", detail=short(reading.text))
    if work.kind == "pick":
        missing = missing_of(work_state.lines_of_sku(books.connection, work.id, found.item.sku))
        if missing < found.quantity:
            return Outcome("work_enough", detail=short(found.item.name))
    is_labelled = bool(reading.lot) or expiry_of(reading) is not None
    filled = () if is_labelled else _filled(books, till, work, found, line)
    for each in filled or (after,):
        work_state.put_line(books.connection, work.id, each, touched=True)
    return _taken(item, found, after)


def _filled(books: Books, till: Till, work: Work, found: _Goods, line: WorkLine) -> tuple[WorkLine, ...]:
    """The lines that share goods without a label in an order of several lots; () where one line takes them all."""
    if work.kind != "pick" or line.quantity + found.quantity <= (line.expected or 0):
        return ()
    return fill(work_state.lines_of_sku(books.connection, work.id, line.sku), found.quantity, till.clock.now())


def _taken(item: Item, found: _Goods, line: WorkLine) -> Outcome:
    if line.asks:
        return Outcome("lot_missing", good=True, detail=short(line.name), panel=lot_panel(line))
    if found.item is not item:
        return Outcome("work_pack", good=True, detail=short(f"{format_quantity(found.quantity)} {line.name}"))
    return Outcome("work_line", good=True, detail=short(line.name))


def lot_panel(line: WorkLine) -> str:
    """The panel that asks which lot a line is of."""
    return f"work_lot?number={line.number}"


def asks_of_line(work: Work, item: Item) -> tuple[WorkAsk, ...]:
    """What must be read off goods that come in; whatever else is done to them, their lots are known by then."""
    if work.kind not in {"receive", "take_in"}:
        return ()
    asks: dict[WorkAsk, bool] = {"lot": item.asks_lot, "expiry": item.asks_expiry}
    return tuple(ask for ask, wanted in asks.items() if wanted)


class _Goods(NamedTuple):
    """What stands on the shelf of what was scanned, and how many thousandths of it."""

    item: Item
    quantity: int


def _goods(books: Books, till: Till, item: Item, reading: ScanReading) -> _Goods | Outcome:
    if item.parts:
        names = ", ".join(part.name for part in takes_of(books, item))
        return Outcome("work_bundle", detail=short(f"{item.name}: {names}"))
    quantity = _quantity(till, item, reading)
    if isinstance(quantity, Outcome):
        return quantity
    if not item.pack_of:
        return _Goods(item, quantity)
    base = books.replica.item(item.pack_of)
    if base is None:
        return Outcome("pack_unknown", detail=short(item.name))
    try:
        (pieces,) = taken(parts_of(item), quantity)
    except InexactQuantity:
        return Outcome("not_whole_packs", detail=short(item.name))
    return _Goods(base, pieces.quantity)


def _line_for(books: Books, till: Till, work: Work, goods: Item, reading: ScanReading) -> WorkLine | Outcome:
    """The line that these goods go to, with what their label says; a new one if there is none for their lot."""
    lines = work_state.lines_of_sku(books.connection, work.id, goods.sku)
    if not lines and work.kind == "pick":
        return Outcome("not_in_work", detail=short(goods.name))
    asks = asks_of_line(work, goods)
    expires = expiry_of(reading)
    line = chosen(lines, work.kind, reading.lot, expires, asks=bool(asks))
    if line is None:
        if len(lines) >= LOTS_MAX or work_state.count_lines(books.connection, work.id) >= LINES_MAX:
            return Outcome("work_full")
        line = replace(new_line(books, till, work.id, goods), asks=asks)
    elif asks and not line.is_touched and not line.lot and line.expires is None:
        line = replace(line, asks=asks)
    known: set[WorkAsk] = {"lot"} if reading.lot or line.lot else set()
    known |= {"expiry"} if expires is not None or line.expires is not None else set()
    return replace(
        line, lot=reading.lot or line.lot, expires=line.expires if expires is None else expires,
        asks=tuple(ask for ask in line.asks if ask not in known),
    )  # fmt: skip


def new_line(books: Books, till: Till, work_id: str, item: Item) -> WorkLine:
    """A line for an item that is not on the list yet."""
    return WorkLine(
        number=work_state.next_number(books.connection, work_id), sku=item.sku, name=item.name, unit=item.unit,
        quantity=0, at=till.clock.now(), barcode=item.barcodes[0] if item.barcodes else "", shelf=item.shelf,
    )  # fmt: skip


def _quantity(till: Till, item: Item, reading: ScanReading) -> int | Outcome:
    """How much was scanned: what a label says, what was typed, what lies on the scale, else one."""
    times = reading.quantity or SCALE
    on_label = reading.weight or reading.count
    if on_label is not None:
        quantity = on_label * times // SCALE
        return quantity if 0 < quantity <= QUANTITY_MAX else Outcome("bad_quantity", detail=short(reading.text))
    if reading.price is not None and item.weighed and item.price > 0:
        return max(1, (reading.price * times * 2 + item.price) // (2 * item.price))
    if item.weighed and reading.quantity is None:
        weight = weigh(till)
        return weight if isinstance(weight, int) else Outcome(weight, detail=short(item.name))
    return times
