"""What the agent knows about itself, as JSON on the page's own server, behind the page's own checks.

`/healthz` is open to anybody on this PC and says only that the agent works. The rest is for support and for tests:
how far the journal is, when which cursor was applied, how long scans took to become lines.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse

from edge_agent.counter import Counter
from edge_agent.errors import EdgeAgentError
from edge_agent.journal.clock import TillClock
from edge_agent.journal.database import Database
from edge_agent.journal.sqlite import SqliteJournal
from edge_agent.replica.sqlite import SqliteReplica
from edge_agent.sync.link import Link
from protocol.ids import GLOBAL_FEED, StoreId, TerminalId, store_feed

STOCK_MAX = 1_000

Json = dict[str, object]


class Diagnostics:
    """Reads the parts of one agent; adds its addresses to the page's application."""

    def __init__(  # noqa: PLR0913 - the parts that it reads, all by keyword
        self,
        *,
        version: str,
        store: StoreId,
        terminal: TerminalId,
        database: Database,
        counter: Counter,
        link: Link,
        clock: TillClock,
        started_at: datetime,
        wall: Callable[[], datetime],
    ) -> None:
        self._version = version
        self._store, self._terminal = store, terminal
        self._database = database
        self._counter = counter
        self._link = link
        self._clock = clock
        self._started_at = started_at
        self._wall = wall

    def add_to(self, app: FastAPI) -> None:
        """Add `/healthz`, `/v1/diagnostics` and `/v1/diagnostics/stock`."""

        @app.get("/healthz")
        async def healthz() -> JSONResponse:
            """200 when the journal answers, else 503."""
            try:
                await self._database.run(lambda c: c.execute("SELECT 1").fetchone())
            except EdgeAgentError as error:
                return JSONResponse({"ok": False, "problem": type(error).__name__}, status_code=503)
            return JSONResponse({"ok": True, "version": self._version})

        @app.get("/v1/diagnostics")
        async def diagnostics() -> JSONResponse:
            """Everything but the stock."""
            return JSONResponse({**self._memory(), **await self._database.run(self._books)})

        @app.get("/v1/diagnostics/stock")
        async def stock(sku: Annotated[list[str] | None, Query()] = None, after: str = "") -> JSONResponse:
            """This till's view of stock in thousandths: of the SKUs asked for, or page by page."""
            return JSONResponse(await self._database.run(lambda c: self._stock(c, sku, after)))

    def _memory(self) -> Json:
        view = self._counter.view()
        counters = self._link.counters
        return {
            "version": self._version,
            "store": self._store,
            "terminal": self._terminal,
            "started_at": self._started_at.isoformat(),
            "now": self._wall().isoformat(),
            "clock_offset_ms": self._clock.offset_ms,
            "online": view.link.online,
            "devices": {
                device.kind: {"state": device.state, "problem": device.problem} for device in view.devices
            },
            "link": {
                "bad_frames": counters.bad_frames, "foreign_topics": counters.foreign_topics,
                "oversized": counters.oversized, "dropped": self._link.dropped, "last_bad": counters.last_bad,
            },
            "cursors": [
                {
                    "terminal": seen.cursor.terminal, "epoch": seen.cursor.epoch, "sequence": seen.cursor.sequence,
                    "applied_at": seen.applied_at.isoformat(),
                }
                for seen in self._link.cursors
            ],
            "sold": [
                {"epoch": sold.epoch, "sequence": sold.sequence, "at": sold.at.isoformat()}
                for sold in self._counter.sold
            ],
            "scan_ms": [round((scan.shown_s - scan.arrived_s) * 1000, 3) for scan in self._counter.scan_timings],
        }  # fmt: skip

    def _books(self, connection: sqlite3.Connection) -> Json:
        journal = SqliteJournal(connection)
        replica = SqliteReplica(connection, self._store, self._terminal)
        lost = journal.lost_epoch
        oldest = journal.oldest_unsent_at()
        return {
            "epoch": journal.epoch,
            "tail": journal.tail,
            "acked": journal.acked,
            "backlog": journal.tail - journal.acked,
            "oldest_unsent_at": oldest.isoformat() if oldest else None,
            "epoch_lost": lost.reason if lost else None,
            "set_aside": journal.set_aside_count,
            "items": replica.item_count(),
            "feeds": {
                feed: {"lineage": state.lineage, "revision": state.revision}
                for feed in (GLOBAL_FEED, store_feed(self._store))
                for state in (replica.feed_state(feed),)
            },
        }

    def _stock(self, connection: sqlite3.Connection, skus: list[str] | None, after: str) -> Json:
        replica = SqliteReplica(connection, self._store, self._terminal)
        wanted = tuple(skus[:STOCK_MAX]) if skus is not None else replica.stocked(after, STOCK_MAX)
        has_more = skus is None and len(wanted) == STOCK_MAX
        return {"stock": {sku: replica.stock_view(sku) for sku in wanted}, "next": wanted[-1] if has_more else None}
