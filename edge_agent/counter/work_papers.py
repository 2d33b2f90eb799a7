"""Paper for store work: what came in, what goes along to the other store, what to gather for a web order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from edge_agent.counter.books import Books, Till
from edge_agent.counter.on_shelf import as_on_shelf
from edge_agent.counter.slips import occasion_at, queue_slip
from edge_agent.counter.staff import person_name
from edge_agent.devices.printer.stock_slips import GoodsLine, OrderToPick, pick_ticket, receiving_slip, transfer_slip
from edge_agent.till.moments import at_store
from edge_agent.till.work import Closing, Work, WorkLine, spread
from protocol.documents import Pick


def print_work(  # noqa: PLR0913, PLR0917 - the work, and when and where
    books: Books, till: Till, work: Work, lines: Sequence[WorkLine], closing: Closing, moment: datetime
) -> bool:
    """Print what goes with a finished work; counts, write-offs and gathering have no paper of their own."""
    occasion = occasion_at(books, till, moment, person_name(books, till, books.by))
    goods = [
        GoodsLine(
            name=line.name, quantity=line.quantity, unit=line.unit, awaited=line.expected, lot=line.lot,
            expires=line.expires,
        )
        for line in spread(lines)
    ]  # fmt: skip
    number = work.reference or work.id
    partner = closing.partner or work.partner
    if work.kind == "receive":
        slip = receiving_slip(
            goods, occasion, number=number, supplier=partner, document=closing.document, note=closing.note
        )
    elif work.kind in {"send", "take_in"}:
        slip = transfer_slip(
            goods, occasion, transfer=number, other_store=partner, direction="out" if work.kind == "send" else "in",
            note=closing.note,
        )  # fmt: skip
    else:
        return False
    return queue_slip(books, till, slip, moment, number=number)


def print_pick(books: Books, till: Till, pick: Pick, moment: datetime) -> bool:
    """Print the ticket of a web order, where the till's pick tickets come out."""
    lines = []
    for line in as_on_shelf(books, pick.lines):
        item = books.replica.item(line.sku)
        lines.append(
            GoodsLine(
                name=item.name if item is not None else line.sku, quantity=line.quantity,
                unit=item.unit if item is not None else "", shelf=item.shelf if item is not None else "",
                barcode=item.barcodes[0] if item is not None and item.barcodes else "",
                stock=books.replica.stock_view(line.sku), lot=line.lot, expires=line.expires,
            )
        )  # fmt: skip
    due_at = at_store(pick.due_at, books.settings.time_zone) if pick.due_at is not None else None
    order = OrderToPick(
        number=pick.number or pick.order, code=pick.order, lines=lines, customer=pick.customer, channel=pick.channel,
        way=pick.way, due_at=due_at, note=pick.note,
    )  # fmt: skip
    slip = pick_ticket(order, occasion_at(books, till, moment, person_name(books, till, books.by)))
    return queue_slip(books, till, slip, moment, number=order.number, printer=till.pick_queue)
