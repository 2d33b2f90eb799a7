"""A till's process on the rig: the real agent on a folder of its own, without devices, and its books from outside."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from edge_agent.journal.database import connect_to_read
from edge_agent.journal.sqlite import SqliteJournal
from edge_agent.replica.sqlite import SqliteReplica
from protocol.documents import Stock
from protocol.event import Event, read_data, read_event
from protocol.events import SaleCompleted
from protocol.ids import store_feed
from tests.demo.processes import command, free_port
from tests.faults.rig.plan import Place, Plan
from tests.faults.rig.programs import START_S_MAX, Program


@dataclass(frozen=True)
class Road:
    """How a till reaches the broker: `port` 0 is the broker's own; `prefix` goes before the agent's command line.

    `page_port` is where its page is, for a till that lies in another network namespace; 0 takes a free one.
    """

    host: str = "127.0.0.1"
    port: int = 0
    prefix: tuple[str, ...] = ()
    page_port: int = 0


@dataclass(frozen=True)
class Sold:
    """A sale as a journal or a ledger has it: goods and thousandths, summed up."""

    event_id: str
    receipt: str
    goods: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class TillBooks:
    """What one till's own disk says now. `broken` is what is wrong with the journal itself, in words."""

    sold: tuple[Sold, ...]
    stock: dict[str, int | None]
    documents: dict[str, int]
    broken: tuple[str, ...] = ()


class TillProcess(Program):
    """One till. `credentials` are what the hub gave it."""

    def __init__(
        self, place: Place, folder: Path, credentials: bytes, road: Road, program: tuple[str, ...] = ()
    ) -> None:
        self.place = place
        self.folder = folder
        self.road = road
        self.page_port = road.page_port or free_port()
        data = folder / "data"
        data.mkdir(parents=True)
        file = data / "credentials.json"
        file.write_bytes(credentials)
        file.chmod(0o600)
        config = folder / "agent.toml"
        config.write_text(
            f'[store]\nid = "{place.store}"\n[terminal]\nid = "{place.terminal}"\ncashier = "Lan"\n'
            f'[hub]\nhost = "{road.host}"\nport = {road.port}\n[page]\nport = {self.page_port}\n'
            f'[data]\nfolder = "data"\n',
            encoding="utf-8",
        )
        whole = (*road.prefix, *(program or command("tillwire-agent")), "run", "--config", str(config))
        super().__init__(f"till {place}", whole, folder / "agent.log")

    @property
    def health_url(self) -> str:
        """Answers 200 when it works."""
        return f"http://127.0.0.1:{self.page_port}/healthz"

    def page_url(self) -> str:
        """The page's address with its token; only after it was ready once."""
        told = (self.folder / "data" / "page-address").read_text("utf-8").strip()
        return f"http://127.0.0.1:{self.page_port}/?token={httpx.URL(told).params['token']}"

    async def answers(self) -> None:
        """Wait until it sells."""
        await self.ready(self.health_url, START_S_MAX)

    def epoch(self) -> int:
        """The epoch in which it sells."""
        with self._reading() as connection:
            return SqliteJournal(connection).epoch

    def books(self, plan: Plan) -> TillBooks:
        """Read its disk, while it runs or not, in one transaction."""
        with self._reading() as connection:
            journal = SqliteJournal(connection)
            replica = SqliteReplica(connection, self.place.store, self.place.terminal)
            skus = [item.sku for item in plan.items]
            broken = journal.broken_at()
            aside = journal.set_aside_count
            return TillBooks(
                tuple(_sold(journal)), {sku: replica.stock_view(sku) for sku in skus},
                _documents(connection, self.place),
                (*((f"the chain is broken at {broken}",) if broken is not None else ()),
                 *((f"{aside} events are set aside",) if aside else ())),
            )  # fmt: skip

    def backlog(self) -> int:
        """How many events the hub has not acknowledged."""
        with self._reading() as connection:
            journal = SqliteJournal(connection)
            return journal.tail - journal.acked

    def acked(self) -> int:
        """Up to where the hub has said that it has its journal."""
        with self._reading() as connection:
            return SqliteJournal(connection).acked

    def shows(self, sku: str, level: int) -> bool:
        """Whether its document and its screen say this level."""
        with self._reading() as connection:
            view = SqliteReplica(connection, self.place.store, self.place.terminal).stock_view(sku)
            return view == level == _documents(connection, self.place).get(sku)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with closing(connect_to_read(self.folder / "data" / "till.db")) as connection:
            connection.execute("BEGIN DEFERRED")
            yield connection


def _sold(journal: SqliteJournal) -> Iterator[Sold]:
    for raw in journal.all_kept():
        event = read_event(raw)
        fact = read_data(event) if isinstance(event, Event) else None
        if isinstance(event, Event) and isinstance(fact, SaleCompleted):
            goods: Counter[str] = Counter()
            for line in fact.lines:
                goods[line.sku] += line.quantity
            yield Sold(event.id, fact.receipt_number, tuple(sorted(goods.items())))


def _documents(connection: sqlite3.Connection, place: Place) -> dict[str, int]:
    """The hub's word on each level, as it lies in the till's replica."""
    feed = store_feed(place.store)
    rows = connection.execute(
        "SELECT key, body FROM document WHERE feed = ? AND kind = 'stock' AND generation ="
        " coalesce((SELECT current FROM feed_generation WHERE feed = ?), 0)",
        (feed, feed),
    )
    return {sku: msgspec.json.decode(body, type=Stock).on_hand for sku, body in rows}
