"""What is not an event, after it came over: is it what it can be, and does it agree with the events?

A page that was read from an older state of the file must not sell a receipt twice, print a paper twice, or add up a
shift wrongly. What is doubtful is asked of a person; what is nonsense is dropped and said.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from edge_agent.journal import held_carts, receipts_kept, shift_state, till_state
from edge_agent.journal.damage import Loss
from edge_agent.journal.salvage.events import Proved, Sorted
from edge_agent.till.cart import Cart
from edge_agent.till.shift import Tally, tally_of
from protocol.documents import Customer
from protocol.events import EventData, SaleCompleted, ShiftClosed, ShiftOpened

_BODIES: tuple[tuple[str, Loss, Any], ...] = (
    ("cart", "cart", Cart), ("held_cart", "held", Cart), ("shift_closed", "shift", ShiftClosed),
    ("shift_tally", "shift", Tally), ("customer_new", "customers", Customer),
)  # fmt: skip


def drop_nonsense(connection: sqlite3.Connection) -> set[Loss]:
    """Delete bodies that cannot be read; returns which matters lost something by it."""
    lost: set[Loss] = set()
    for table, loss, rowid in list(_nonsense(connection)):
        connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))  # noqa: S608 - our own words
        lost.add(loss)
    return lost


def find_nonsense(connection: sqlite3.Connection) -> str:
    """The first table with a body that cannot be read; "" for none. A till could not even be started on it.

    Not the open cart: one of another version may not be readable, and is left out at the start.
    """
    return next((table for table, _, _ in _nonsense(connection) if table != "cart"), "")


def _nonsense(connection: sqlite3.Connection) -> Iterator[tuple[str, Loss, int]]:
    for table, loss, struct in _BODIES:
        for rowid, body in connection.execute(f"SELECT rowid, body FROM {table}"):  # noqa: S608 - our own words
            try:
                msgspec.json.decode(body, type=struct)
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield table, loss, rowid


def ask_about_papers(connection: sqlite3.Connection) -> None:
    """Print nothing unasked: a job that is said to wait may have been printed. The drawer stays shut."""
    connection.execute("UPDATE print_job SET state = 'cancelled' WHERE kind = 'drawer' AND state <> 'printed'")
    connection.execute("UPDATE print_job SET state = 'held', reason = 'stale' WHERE state = 'queued'")


def put_paid_cart_aside(connection: sqlite3.Connection, events: Sequence[Proved], at: datetime) -> bool:
    """Keep the open cart from being paid twice; True if it was put among the held ones, for a person to decide."""
    cart = till_state.load_cart(connection)
    if cart is None or not cart.lines:
        return False
    if till_state.find_sale(connection, cart.sale_id) is not None:
        connection.execute("DELETE FROM cart")
        return False
    sold = next((event.fact for event in reversed(events) if isinstance(event.fact, SaleCompleted)), None)
    if sold is None or sorted((line.sku, line.quantity) for line in sold.lines) != sorted(
        (line.sku, line.quantity) for line in cart.lines
    ):
        return False
    connection.execute("DELETE FROM cart")
    held_carts.hold(connection, held_carts.HeldCart(name=sold.receipt_number, by="", at=at, cart=cart))
    return True


def mend_shift(connection: sqlite3.Connection, events: Sorted) -> bool:
    """Add the open shift up anew, if all of its events are there; True if the sums had to be changed."""
    known = (*events.sent, *events.unsent)
    begins = [place for place, event in enumerate(known) if isinstance(event.fact, ShiftOpened | ShiftClosed)]
    if not begins or events.missing or events.unproved:
        return False
    since = known[begins[-1] :]
    if [event.sequence for event in since] != list(range(since[0].sequence, since[0].sequence + len(since))):
        return False
    facts: list[tuple[EventData, datetime]] = [(event.fact, event.time) for event in since if event.fact is not None]
    again, kept = tally_of(facts), shift_state.load_tally(connection)
    if isinstance(since[0].fact, ShiftClosed):
        again = msgspec.structs.replace(again, number=since[0].fact.number)
    if (again.shift, again.sums) == (kept.shift, kept.sums):
        return False
    shift_state.save_tally(connection, again)
    return True


def keep_receipts(connection: sqlite3.Connection, events: Sequence[Proved]) -> None:
    """Receipts of events that came over can be looked up, whatever became of their own table."""
    for event in events:
        if event.fact is not None:
            receipts_kept.keep(connection, event.fact, event.time)


def last_receipt(connection: sqlite3.Connection, epoch: int, events: Sequence[Proved]) -> int:
    """The highest number that is known to have been given out in this epoch."""
    row = connection.execute("SELECT last FROM receipt_counter WHERE epoch = ?", (epoch,)).fetchone()
    numbers = [int(row[0])] if row is not None else [0]
    for event in events:
        number = getattr(event.fact, "receipt_number", "").rpartition("-")[2]
        if number.isdecimal():
            numbers.append(int(number))
    return max(numbers)
