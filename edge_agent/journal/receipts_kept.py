"""Receipts that can be looked up at this till: its own, and others' that were looked up before; and what came back.

The promise: a receipt is here in the same transaction as its event, so a customer who turns round in the door finds
it. What is returnable is never more than what is known: sold, less what was given back here, less what the hub has
heard of from elsewhere. Functions on a connection, inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from edge_agent.till.moments import from_us, to_us
from protocol.event import Event, read_data, read_event
from protocol.events import AccountPaid, EventData, SaleCompleted, SaleRefunded

LISTED_MAX = 50

ReceiptKind = Literal["sale", "refund", "account"]
KeptFact = SaleCompleted | SaleRefunded | AccountPaid

_TYPES: dict[ReceiptKind, type[KeptFact]] = {"sale": SaleCompleted, "refund": SaleRefunded, "account": AccountPaid}
_KINDS: dict[type[KeptFact], ReceiptKind] = {struct: kind for kind, struct in _TYPES.items()}


@dataclass(frozen=True)
class KeptReceipt:
    """A receipt as it was written down. `is_own`: this till wrote it."""

    fact: KeptFact
    at: datetime
    is_own: bool

    @property
    def kind(self) -> ReceiptKind:
        """What it is about."""
        return _KINDS[type(self.fact)]


def keep(connection: sqlite3.Connection, fact: EventData, at: datetime, *, is_own: bool = True) -> None:
    """Keep a receipt, and what it gives back; anything else is left alone. One that is here already is not changed."""
    if not isinstance(fact, KeptFact):
        return
    total = fact.amount if isinstance(fact, AccountPaid) else fact.total
    if isinstance(fact, SaleRefunded):
        total = -total
    kept = connection.execute(
        "INSERT INTO receipt_kept (receipt_number, kind, at_us, total, currency, is_own, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (receipt_number) DO NOTHING",
        (fact.receipt_number, _KINDS[type(fact)], to_us(at), total, fact.currency, is_own, msgspec.json.encode(fact)),
    )
    if kept.rowcount == 1 and isinstance(fact, SaleRefunded) and fact.original_receipt:
        connection.executemany(
            "INSERT INTO line_returned (original, line, receipt, quantity, at_us) VALUES (?, ?, ?, ?, ?)",
            [
                (fact.original_receipt, line.original_line, fact.receipt_number, line.quantity, to_us(at))
                for line in fact.lines
                if line.original_line is not None
            ],
        )


def keep_all(connection: sqlite3.Connection) -> None:
    """Keep the receipts of a journal that was begun before this table was. What cannot be read is left out."""
    events = connection.execute("SELECT at_us, raw FROM event ORDER BY epoch, sequence")
    while rows := events.fetchmany(100):
        for at_us, raw in rows:
            event = read_event(raw)
            data = read_data(event) if isinstance(event, Event) else None
            if isinstance(data, KeptFact):
                keep(connection, data, from_us(at_us))


def find(connection: sqlite3.Connection, number: str) -> KeptReceipt | None:
    """A receipt by its whole number."""
    return _read(connection.execute(f"{_RECEIPT} WHERE receipt_number = ?", (number,)).fetchone())


def refunds_of(connection: sqlite3.Connection, exchange: str, at: datetime) -> list[SaleRefunded]:
    """What came back in an exchange of this till: written down at the same moment as what was sold instead."""
    rows = connection.execute(f"{_RECEIPT} WHERE at_us = ? AND kind = 'refund'", (to_us(at),))
    facts = [receipt.fact for row in rows if (receipt := _read(row)) is not None]
    return [fact for fact in facts if isinstance(fact, SaleRefunded) and fact.exchange == exchange]


def search(  # noqa: PLR0913 - what a customer may still know of her receipt
    connection: sqlite3.Connection, *, text: str = "", amount: int | None = None, since: datetime | None = None,
    before: datetime | None = None, count: int = LISTED_MAX,
) -> list[KeptReceipt]:  # fmt: skip
    """Receipts, newest first: with `text` in the number, with this total, of a time; all of what is given holds."""
    found = connection.execute(
        f"{_RECEIPT} WHERE at_us >= ? AND at_us < ? AND (? = '' OR instr(lower(receipt_number), ?) > 0)"
        " AND (? IS NULL OR abs(total) = ?) ORDER BY at_us DESC LIMIT ?",
        (
            to_us(since) if since is not None else 0,
            to_us(before) if before is not None else 2**62,
            text, text.lower(), amount, amount, count,
        ),
    )  # fmt: skip
    return [receipt for row in found if (receipt := _read(row)) is not None]


def returned(connection: sqlite3.Connection, number: str) -> Counter[int]:
    """How much of each line (from 1) of a receipt has come back, as far as this till knows; thousandths."""
    known = Counter(
        dict(
            connection.execute(
                "SELECT line, sum(quantity) FROM line_returned WHERE original = ? GROUP BY line", (number,)
            ).fetchall()
        )
    )
    known.update(
        dict(
            connection.execute(
                "SELECT line, quantity FROM line_returned_elsewhere WHERE original = ?", (number,)
            ).fetchall()
        )
    )
    return known


def rounded(connection: sqlite3.Connection, number: str) -> int:
    """What cash made of the refunds of a receipt here, in minor units: above 0 more went back than the goods' worth."""
    rows = connection.execute(
        f"{_RECEIPT} WHERE receipt_number IN (SELECT receipt FROM line_returned WHERE original = ?)",  # noqa: S608 - our own words
        (number,),
    )
    facts = [receipt.fact for row in rows if (receipt := _read(row)) is not None]
    return sum(fact.rounding for fact in facts if isinstance(fact, SaleRefunded))


def set_returned(
    connection: sqlite3.Connection, number: str, told: Iterable[tuple[int, int]], unsent_since: datetime | None
) -> None:
    """What the hub knows to have come back, as (line, thousandths).

    It counts this till's own refunds among them, except those that it has not got yet: those since `unsent_since`.
    """
    limit_us = to_us(unsent_since) if unsent_since is not None else 2**62
    own = dict(
        connection.execute(
            "SELECT line, sum(quantity) FROM line_returned WHERE original = ? AND at_us < ? GROUP BY line",
            (number, limit_us),
        ).fetchall()
    )
    connection.execute("DELETE FROM line_returned_elsewhere WHERE original = ?", (number,))
    connection.executemany(
        "INSERT INTO line_returned_elsewhere (original, line, quantity) VALUES (?, ?, ?)",
        [(number, line, quantity - own.get(line, 0)) for line, quantity in told if quantity > own.get(line, 0)],
    )


def forget_older_than(connection: sqlite3.Connection, before: datetime) -> int:
    """Delete receipts of before that moment; what came back of them is forgotten with them. Returns how many."""
    limit = (to_us(before),)
    old = "(SELECT receipt_number FROM receipt_kept WHERE at_us < ?)"
    connection.execute(f"DELETE FROM line_returned WHERE original IN {old}", limit)  # noqa: S608 - our own words
    connection.execute(f"DELETE FROM line_returned_elsewhere WHERE original IN {old}", limit)  # noqa: S608 - as above
    return connection.execute("DELETE FROM receipt_kept WHERE at_us < ?", limit).rowcount


_RECEIPT = "SELECT kind, at_us, is_own, body FROM receipt_kept"


def _read(row: tuple[ReceiptKind, int, int, bytes] | None) -> KeptReceipt | None:
    if row is None:
        return None
    kind, at_us, is_own, body = row
    try:
        return KeptReceipt(msgspec.json.decode(body, type=_TYPES[kind]), from_us(at_us), bool(is_own))
    except msgspec.DecodeError:
        return None
