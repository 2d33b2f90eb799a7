"""Papers that goods come, go or are gathered by: what they announce, and whether they still mean anything.

The hub's documents, and what this till has finished before the hub said so. What another till or the hub has ended is
not begun again here: goods would be in the books twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.counter.books import Books, Till
from edge_agent.journal import work_state
from edge_agent.replica.documents import find_document
from edge_agent.till.work import Work, WorkKind
from protocol.documents import Pick, Purchase, Transfer
from protocol.events import StockLine


@dataclass(frozen=True)
class Announced:
    """Whom the goods come from or go to, and how many of each SKU; a SKU stands here once."""

    partner: str = ""
    lines: tuple[StockLine, ...] = ()


def announced(books: Books, till: Till, kind: WorkKind, key: str) -> Announced | None:
    """What the papers `key` announce, nothing for a free work (""); None for papers that nothing can be done by."""
    if kind in {"count", "write_off"}:
        return None if key else Announced()
    if kind == "pick":
        pick = _open_pick(books, till, key)
        return _announced(pick.customer, pick.lines) if pick is not None else None
    if not key:
        return Announced()
    if kind == "receive":
        purchase = find_document(books.connection, till.store_feed, "purchase", key, Purchase)
        return _announced(purchase.supplier, purchase.lines) if purchase is not None else None
    return _of_transfer(books, till, kind, key)


def is_over(books: Books, till: Till, work: Work) -> bool:
    """Whether somebody else has ended meanwhile what this work was begun for."""
    if work.kind == "pick":
        return _open_pick(books, till, work.reference) is None
    if work.kind == "take_in" and work.reference:
        return _of_transfer(books, till, "take_in", work.reference) is None
    return False


def _of_transfer(books: Books, till: Till, kind: WorkKind, key: str) -> Announced | None:
    transfer = find_document(books.connection, till.store_feed, "transfer", key, Transfer)
    if work_state.find_done(books.connection, "transfer", key) is not None:
        return None
    if transfer is None:
        # Goods stand at the door whose papers have not come yet: they are taken in under the number on the papers.
        return Announced() if kind == "take_in" else None
    if kind == "take_in" and transfer.to_store == till.store and transfer.state != "received":
        return _announced(transfer.from_store, transfer.lines)
    if kind == "send" and transfer.from_store == till.store and transfer.state == "wanted":
        return _announced(transfer.to_store, transfer.lines)
    return None


def _open_pick(books: Books, till: Till, key: str) -> Pick | None:
    pick = find_document(books.connection, till.store_feed, "pick", key, Pick)
    gathered = work_state.find_done(books.connection, "picked", key) is not None
    return pick if pick is not None and pick.state == "open" and not gathered else None


def _announced(partner: str, lines: Iterable[StockLine]) -> Announced:
    by_sku: dict[str, int] = {}
    for line in lines:
        by_sku[line.sku] = by_sku.get(line.sku, 0) + line.quantity
    return Announced(partner, tuple(StockLine(sku=sku, quantity=quantity) for sku, quantity in by_sku.items()))
