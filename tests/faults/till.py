"""A till without devices, page and link: its books, opened as the agent opens them, and a counter that sells."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from edge_agent.counter import Counter, Till
from edge_agent.devices.printer.spool import SCHEMA
from edge_agent.journal.clock import TillClock
from edge_agent.journal.database import Database, connect, connect_to_read
from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.opening import open_books
from edge_agent.journal.salvage.rebuild import Owner
from edge_agent.journal.sqlite import SqliteJournal
from edge_agent.replica.sqlite import SqliteReplica
from protocol.documents import Document, DocumentBody, Item, Settings, Stock
from protocol.event import Event, read_data, read_event
from protocol.events import SaleCompleted
from protocol.feed_receiver import Apply
from protocol.ids import GLOBAL_FEED, StoreId, TerminalId, store_feed

STORE, TERMINAL = StoreId("hn01"), TerminalId("t1")
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
GOODS = tuple(
    Item(
        sku=f"SKU{number:04}", name=f"Nước suối số {number}", barcodes=(f"H-{number:05}",), price=5_000, currency="VND"
    )
    for number in range(200)
)
OPENING = 1_000_000
REFUSALS = frozenset({"disk_full", "journal_broken", "order_failed"})
"""Notices that say that nothing was done, and why."""


@dataclass
class Desk:
    """A till that runs."""

    folder: Path
    database: Database
    counter: Counter
    clock: TillClock
    confirmed: list[str] = field(default_factory=list)

    async def sell(self, item: Item) -> str:
        """One piece, exact cash; returns the receipt's number, "" if it was refused."""
        await self.counter.scan(item.barcodes[0], source="scanner")
        view = self.counter.view()
        if self.said in REFUSALS:
            return ""
        await self.counter.order("pay_cash", {"sale_id": view.sale_id, "take": view.take})
        said = self.counter.view().notice
        if said is None or said.code != "sale_done":
            return ""
        self.confirmed.append(said.detail)
        return said.detail

    @property
    def said(self) -> str:
        """The code of what the screen says."""
        said = self.counter.view().notice
        return said.code if said is not None else ""


def seconds(start: datetime = START) -> Callable[[], datetime]:
    """A clock that goes on by a second a look."""
    ticks = itertools.count()
    return lambda: start + timedelta(seconds=next(ticks))


@asynccontextmanager
async def till_in(  # noqa: PLR0913 - a till, and what is odd about it
    folder: Path,
    *,
    life: int = 1,
    wall: Callable[[], datetime] | None = None,
    has_catalogue_already: bool = False,
    synchronous: Literal["FULL", "NORMAL"] = "FULL",
    elapsed_s: Callable[[], float] = lambda: 0.0,
) -> AsyncIterator[Desk]:
    """Open the till in `folder`; `life` counts its starts, so that ids differ.

    `has_catalogue_already`: none is put into it.

    `synchronous` is for a control: a journal that is opened in a way that the agent never does.
    """
    wall = wall or seconds(START + timedelta(hours=life))
    owner = Owner(STORE, TERMINAL, 1, f"nonce-of-life-{life:08}")
    database = await open_books(folder, till_migrations(SCHEMA), owner, wall)
    if synchronous != "FULL":
        await database.close()
        database = _careless(folder / "till.db")
    numbers = itertools.count(1)
    clock = TillClock(wall, elapsed_s)
    till = Till(
        store=STORE, terminal=TERMINAL, cashier="lan", clock=clock,
        new_id=lambda: f"life{life}-{next(numbers):06}", kick=b"kick",
    )  # fmt: skip
    counter = Counter(
        database, till, wake_link=lambda: None, wake_printer=lambda: None, monotonic=itertools.count().__next__,
        wall=wall,
    )  # fmt: skip
    try:
        if not has_catalogue_already:
            await _load(database)
        await counter.start()
        yield Desk(folder, database, counter, clock)
    finally:
        await counter.stop()
        await database.close()


def _careless(path: Path) -> Database:
    thread = ThreadPoolExecutor(max_workers=1)
    connection = thread.submit(connect, path).result()
    thread.submit(connection.execute, "PRAGMA synchronous = NORMAL").result()
    return Database(path, thread, connection)


async def _load(database: Database) -> None:
    """What the hub would have sent, once."""

    def load(connection: sqlite3.Connection) -> None:
        replica = SqliteReplica(connection, STORE, TERMINAL)
        if replica.item_count():
            return
        stock: dict[str, DocumentBody] = {item.sku: Stock(sku=item.sku, on_hand=OPENING) for item in GOODS}
        for feed, kind, bodies in (
            (GLOBAL_FEED, "item", {item.sku: item for item in GOODS}), (store_feed(STORE), "stock", stock),
            (store_feed(STORE), "settings", {"store": Settings(store_name="Chợ Đồng Xuân")}),
        ):  # fmt: skip
            documents = tuple(
                Document(kind=kind, key=key, revision=1, body=msgspec.Raw(msgspec.json.encode(body)))
                for key, body in bodies.items()
            )
            replica.apply(feed, Apply(documents, (), "db", 1))

    await database.run(load)


@dataclass(frozen=True)
class Kept:
    """What a journal holds, read from outside: receipts of sales, those set aside, and what is wrong with the chain."""

    receipts: tuple[str, ...]
    aside: int
    broken_at: int | None
    ids: tuple[str, ...]


def read_kept(folder: Path) -> Kept:
    """Read the journal of a till that does not run."""
    with closing(connect_to_read(folder / "till.db")) as connection:
        journal = SqliteJournal(connection)
        events = [event for event in map(read_event, journal.all_kept()) if isinstance(event, Event)]
        facts = [read_data(event) for event in events]
        return Kept(
            tuple(fact.receipt_number for fact in facts if isinstance(fact, SaleCompleted)),
            journal.set_aside_count, journal.broken_at(), tuple(event.id for event in events),
        )  # fmt: skip
