"""What the till keeps beside its facts: the open cart, the sales it has answered for, numbers, preferences.

Functions on a connection, inside the caller's transaction, so that a cart is cleared exactly when its sale is kept.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

import msgspec

from edge_agent.till.cart import Cart
from edge_agent.till.moments import from_us, to_us

_carts = msgspec.json.Decoder(Cart)


@dataclass(frozen=True)
class KeptSale:
    """A sale that was paid, by the id of its cart: paying the same cart again finds it here."""

    sale_id: str
    receipt_number: str
    total: int
    given: int
    change: int
    job_id: str
    at: datetime


def load_cart(connection: sqlite3.Connection) -> Cart | None:
    """The open cart, as it was before the crash; None if there is none, or an older version's cannot be read."""
    row = connection.execute("SELECT body FROM cart").fetchone()
    try:
        return _carts.decode(row[0]) if row is not None else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def save_cart(connection: sqlite3.Connection, cart: Cart) -> None:
    """Keep the open cart."""
    connection.execute(
        "INSERT INTO cart (id, body) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        (msgspec.json.encode(cart),),
    )


def keep_sale(connection: sqlite3.Connection, sale: KeptSale) -> None:
    """Remember a paid sale. A second one with the same id is our own mistake, and fails."""
    connection.execute(
        "INSERT INTO sale (sale_id, receipt_number, total, given, change, job_id, at_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (sale.sale_id, sale.receipt_number, sale.total, sale.given, sale.change, sale.job_id, to_us(sale.at)),
    )


def find_sale(connection: sqlite3.Connection, sale_id: str) -> KeptSale | None:
    """The sale that this cart became."""
    return _sale(connection.execute(f"{_SALE} WHERE sale_id = ?", (sale_id,)).fetchone())


def shown_sale(connection: sqlite3.Connection) -> KeptSale | None:
    """The newest sale, as long as it is to be shown."""
    newest = "SELECT max(position) FROM sale"
    return _sale(connection.execute(f"{_SALE} WHERE position = ({newest}) AND NOT dismissed").fetchone())


def dismiss_sale(connection: sqlite3.Connection) -> None:
    """The newest sale is not to be shown any more."""
    connection.execute(
        "UPDATE sale SET dismissed = 1 WHERE position = (SELECT max(position) FROM sale) AND NOT dismissed"
    )


def forget_sales(connection: sqlite3.Connection, before: datetime) -> None:
    """Paying a cart of that long ago again is no danger any more; the newest sale stays."""
    connection.execute(
        "DELETE FROM sale WHERE at_us < ? AND position < (SELECT max(position) FROM sale)", (to_us(before),)
    )


def next_receipt(connection: sqlite3.Connection, epoch: int) -> int:
    """The next receipt's number in this epoch, from 1."""
    row = connection.execute(
        "INSERT INTO receipt_counter (epoch, last) VALUES (?, 1)"
        " ON CONFLICT (epoch) DO UPDATE SET last = last + 1 RETURNING last",
        (epoch,),
    ).fetchone()
    number: int = row[0]
    return number


def preference(connection: sqlite3.Connection, name: str) -> str | None:
    """What was chosen at this till."""
    row = connection.execute("SELECT value FROM preference WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def set_preference(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Remember a choice."""
    connection.execute(
        "INSERT INTO preference (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


_SALE = "SELECT sale_id, receipt_number, total, given, change, job_id, at_us FROM sale"


def _sale(row: tuple[str, str, int, int, int, str, int] | None) -> KeptSale | None:
    if row is None:
        return None
    sale_id, number, total, given, change, job_id, at_us = row
    return KeptSale(sale_id, number, total, given, change, job_id, from_us(at_us))
