"""Receipts that wait at this till: on disk, each recalled at most once.

Functions on a connection, inside the caller's transaction: a receipt leaves this table exactly when it is the open one
again.
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
class HeldCart:
    """A receipt that waits. `by` held it."""

    name: str
    by: str
    at: datetime
    cart: Cart


def hold(connection: sqlite3.Connection, held: HeldCart) -> None:
    """Put a receipt aside. The same one twice is our own mistake, and fails."""
    connection.execute(
        "INSERT INTO held_cart (sale_id, name, by_whom, at_us, body) VALUES (?, ?, ?, ?, ?)",
        (held.cart.sale_id, held.name, held.by, to_us(held.at), msgspec.json.encode(held.cart)),
    )


def recall(connection: sqlite3.Connection, sale_id: str) -> HeldCart | None:
    """Take a receipt back; None if it does not wait any more."""
    row = connection.execute(
        "DELETE FROM held_cart WHERE sale_id = ? RETURNING name, by_whom, at_us, body", (sale_id,)
    ).fetchone()
    return _held(row) if row is not None else None


def listed(connection: sqlite3.Connection) -> tuple[HeldCart, ...]:
    """All receipts that wait, the oldest first; as many as `till.holding.HELD_MAX` at most."""
    rows = connection.execute("SELECT name, by_whom, at_us, body FROM held_cart ORDER BY position")
    return tuple(_held(row) for row in rows)


def count(connection: sqlite3.Connection) -> int:
    """How many wait."""
    number: int = connection.execute("SELECT count(*) FROM held_cart").fetchone()[0]
    return number


def _held(row: tuple[str, str, int, bytes]) -> HeldCart:
    name, by, at_us, body = row
    return HeldCart(name, by, from_us(at_us), _carts.decode(body))
