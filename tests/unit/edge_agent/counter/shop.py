"""A counter over a real database in a temporary folder, without devices, page or link."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.counter import Counter, Till
from edge_agent.devices.printer.spool import SCHEMA
from edge_agent.devices.scale.reading import ScaleReading
from edge_agent.journal.clock import TillClock
from edge_agent.journal.database import Database, open_database
from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.sqlite import found_journal
from edge_agent.replica.sqlite import SqliteReplica
from protocol.documents import Document, DocumentBody, Item
from protocol.event import Event, Unreadable, read_data, read_event
from protocol.events import EventData
from protocol.feed_receiver import Apply
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, TerminalId
from protocol.messages import Answer

_revisions = itertools.count(1)
STORE, TERMINAL = StoreId("hn01"), TerminalId("t1")
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CATALOGUE = (
    Item(sku="NUOC", name="Nước suối", barcodes=("8934602100016",), price=5_000, currency="VND", tax_rate_bp=800),
    Item(sku="GAO", name="Gạo ST25", barcodes=("HOUSE-7",), price=42_000, currency="VND", unit="kg"),
    Item(sku="IMPORT", name="Imported", barcodes=("036000291452",), price=199, currency="USD"),
)


@dataclass
class Shop:
    """A till on disk that can be crashed and started again."""

    path: Path
    database: Database
    counter: Counter
    woken: list[str] = field(default_factory=list)

    async def notice(self) -> tuple[str, bool, str]:
        """The notice of now."""
        said = self.counter.view().notice
        assert said is not None
        return said.code, said.good, said.detail

    async def one(self, query: str) -> Any:  # noqa: ANN401 - a row's first column
        """One value from the database."""
        row = await self.database.run(lambda c: c.execute(query).fetchone())
        return row[0] if row is not None else None

    async def facts(self) -> list[EventData]:
        """What the journal says, oldest first."""
        rows = await self.database.run(lambda c: c.execute("SELECT raw FROM event ORDER BY epoch, sequence").fetchall())
        events = [read_event(raw) for (raw,) in rows]
        facts = [read_data(event) for event in events if isinstance(event, Event)]
        return [fact for fact in facts if not isinstance(fact, Unreadable)]

    async def do(self, order: str, **fields: str) -> str:
        """Give an order about the receipt that is open; returns the code of what was said."""
        known = {"sale_id": self.counter.view().sale_id} if fields.pop("about", "cart") == "cart" else {}
        await self.counter.order(order, {**known, **fields})
        return (await self.notice())[0]

    async def scan(self, code: str) -> str:
        """Scan a code; returns the code of what was said."""
        await self.counter.scan(code, source="scanner")
        return (await self.notice())[0]


def _seconds() -> Callable[[], datetime]:
    ticks = itertools.count()
    return lambda: START + timedelta(seconds=next(ticks))


@asynccontextmanager
async def shop_in(  # noqa: PLR0913 - everything that a shop may have or lack, all by keyword
    folder: Path,
    *,
    items: Iterable[Item] = CATALOGUE,
    has_printer: bool = True,
    has_terminal: bool = False,
    enrolled_with_staff: bool = False,
    wall: Callable[[], datetime] | None = None,
    monotonic: Callable[[], float] | None = None,
    elapsed_s: Callable[[], float] = lambda: 0.0,
    weigh: Callable[[], ScaleReading | None] = lambda: None,
    ask_hub: Callable[[str, str], Awaitable[Answer | None]] | None = None,
) -> AsyncIterator[Shop]:
    """Open the till in `folder`, as the agent would after a start. Its own clocks go on by a second a look."""
    path = folder / "till.db"
    database = await open_database(path, till_migrations(SCHEMA))
    await database.run(lambda c: found_journal(c, STORE, TERMINAL, epoch=1))
    woken: list[str] = []
    numbers = itertools.count(1)
    prefix = datetime.now(UTC).isoformat()  # noqa: TID251 - ids must differ between two lives of one till
    wall = wall or _seconds()
    till = Till(
        store=STORE, terminal=TERMINAL, cashier="lan", clock=TillClock(wall, elapsed_s),
        new_id=lambda: f"{prefix}-{next(numbers)}", kick=b"kick" if has_printer else None, weigh=weigh,
        has_terminal=has_terminal, enrolled_with_staff=enrolled_with_staff,
    )  # fmt: skip
    counter = Counter(
        database, till, wake_link=lambda: woken.append("link"), wake_printer=lambda: woken.append("printer"),
        monotonic=monotonic or itertools.count().__next__, wall=wall, ask_hub=ask_hub,
    )  # fmt: skip
    await load(database, GLOBAL_FEED, "item", {item.sku: item for item in items})
    await counter.start()
    try:
        yield Shop(path, database, counter, woken)
    finally:
        await counter.stop()
        await database.close()


async def load(database: Database, feed: FeedName, kind: str, bodies: Mapping[str, DocumentBody]) -> None:
    """What the hub would have sent."""
    revision = next(_revisions)
    documents = tuple(
        Document(kind=kind, key=key, revision=revision, body=msgspec.Raw(msgspec.json.encode(body)))
        for key, body in bodies.items()
    )
    change = Apply(documents, (), "db", revision)
    await database.run(lambda c: SqliteReplica(c, STORE, TERMINAL).apply(feed, change))
