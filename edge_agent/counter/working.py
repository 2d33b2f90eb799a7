"""Goods into the work that is open: what a scan does while scans go to a list and not to a receipt."""

from __future__ import annotations

from edge_agent.counter.books import Books, Outcome, Till, is_training, short
from edge_agent.counter.selling import weigh
from edge_agent.journal import work_state
from edge_agent.till.codes import ScanReading
from edge_agent.till.work import LINES_MAX, Work, WorkLine, with_more
from protocol.documents import Item
from protocol.quantity import QUANTITY_MAX, SCALE


def work_under_way(books: Books) -> Work | None:
    """The work that scans go to. While the till only plays there is none: what was begun waits."""
    work = work_state.active(books.connection)
    return None if work is None or is_training(books) else work


def take(books: Books, till: Till, work: Work, item: Item, reading: ScanReading) -> Outcome:
    """Add what was scanned to the list."""
    quantity = _quantity(till, item, reading)
    if isinstance(quantity, Outcome):
        return quantity
    known = work_state.line_of_sku(books.connection, work.id, item.sku)
    if known is None and work.kind == "pick":
        return Outcome("not_in_work", detail=short(item.name))
    if known is None and work_state.count_lines(books.connection, work.id) >= LINES_MAX:
        return Outcome("work_full")
    line = known or new_line(books, till, work.id, item)
    after = with_more(line, quantity, till.clock.now())
    if after is None:
        return Outcome("bad_quantity", detail=short(reading.text))
    if work.kind == "pick" and after.expected is not None and after.quantity > after.expected:
        return Outcome("work_enough", detail=short(item.name))
    work_state.put_line(books.connection, work.id, after, touched=True)
    return Outcome("work_line", good=True, detail=short(item.name))


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
