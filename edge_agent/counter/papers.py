"""Papers that goods come, go or are gathered by: what they announce, and whether they still mean anything.

The hub's documents, and what this till has finished before the hub said so. What another till or the hub has ended is
not begun again here: goods would be in the books twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from edge_agent.counter.books import Books, Till
from edge_agent.counter.on_shelf import as_on_shelf
from edge_agent.journal import work_state
from edge_agent.journal.work_state import Done
from edge_agent.replica.documents import find_document, list_documents
from edge_agent.till.work import Work, WorkKind
from protocol.documents import Item, Pick, Purchase, Recount, Transfer
from protocol.events import StockCounted, StockLine

RECOUNT = "recount"
"""The papers of a count that the hub asks for."""

RECOUNTS_MAX = 300
"""As many as one person counts in a session."""


@dataclass(frozen=True)
class Announced:
    """Whom the goods come from or go to, and how many of each SKU; a SKU stands here once for each lot."""

    partner: str = ""
    lines: tuple[StockLine, ...] = ()


def announced(books: Books, till: Till, kind: WorkKind, key: str) -> Announced | None:
    """What the papers `key` announce, nothing for a free work (""); None for papers that nothing can be done by."""
    if kind == "count" and key == RECOUNT:
        return Announced(lines=tuple(StockLine(sku=each.sku, quantity=0) for each in to_recount(books, till)))
    if kind in {"count", "write_off"}:
        return None if key else Announced()
    if kind == "pick":
        pick = _open_pick(books, till, key)
        return _announced(books, pick.customer, pick.lines) if pick is not None else None
    if not key:
        return Announced()
    if kind == "receive":
        purchase = find_document(books.connection, till.store_feed, "purchase", key, Purchase)
        return _announced(books, purchase.supplier, purchase.lines) if purchase is not None else None
    return _of_transfer(books, till, kind, key)


def to_recount(books: Books, till: Till) -> tuple[Recount, ...]:
    """What the hub wants counted here and this till has not counted since, in the order of the shelves.

    Of very many, the first ones: the rest comes up when these are counted.
    """
    wanted = islice(list_documents(books.connection, till.store_feed, "recount", Recount), RECOUNTS_MAX)
    found = [(books.replica.item(each.sku), each) for each in wanted if not _is_counted(books, each)]
    return tuple(each for _, each in sorted(found, key=_shelf_order))


def note_counted(books: Books, till: Till, fact: StockCounted) -> None:
    """Remember which of the hub's wishes a count has answered, until the hub takes them away."""
    for line in fact.lines:
        if find_document(books.connection, till.store_feed, "recount", line.sku, Recount) is not None:
            work_state.note_done(books.connection, Done("counted", line.sku, (), line.at))


def _is_counted(books: Books, wanted: Recount) -> bool:
    counted = work_state.find_done(books.connection, "counted", wanted.sku)
    return counted is not None and counted.at >= wanted.since


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
        return _announced(books, transfer.from_store, transfer.lines)
    if kind == "send" and transfer.from_store == till.store and transfer.state == "wanted":
        return _announced(books, transfer.to_store, transfer.lines)
    return None


def _open_pick(books: Books, till: Till, key: str) -> Pick | None:
    pick = find_document(books.connection, till.store_feed, "pick", key, Pick)
    gathered = work_state.find_done(books.connection, "picked", key) is not None
    return pick if pick is not None and pick.state == "open" and not gathered else None


def _announced(books: Books, partner: str, lines: Iterable[StockLine]) -> Announced:
    return Announced(partner, as_on_shelf(books, lines))


def _shelf_order(goods: tuple[Item | None, Recount]) -> tuple[bool, str, str]:
    item, recount = goods
    return (item is None or not item.shelf, item.shelf if item is not None else "", recount.sku)
