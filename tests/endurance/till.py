"""A till that can be killed: the real agent on a folder, between simulated devices, its page, and its books on disk."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import msgspec

from edge_agent.devices.printer.spool import SCHEMA
from edge_agent.journal.database import connect_to_read, open_database
from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.sqlite import found_journal
from edge_agent.replica.sqlite import SqliteReplica
from edge_agent.till.cart import Cart
from hardware_sim.printer import Drawer, SimulatedPrinter
from hardware_sim.scanner import SimulatedScanner
from hardware_sim.terminal import SimulatedTerminal
from protocol.documents import Document, DocumentBody, Settings, Stock
from protocol.feed_receiver import Apply
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, TerminalId, store_feed
from tests.bench.goods import Good, goods
from tests.demo.processes import Child, ProcessFailed, command, free_port
from tests.demo.till_page import TillPage
from tests.endurance.witness import Witness

STORE = StoreId("hn01")
GOODS = 40
OPENING = 10**12
"""Thousandths of each good: stock never runs out."""
FLOAT = 1_000_000
START_S_MAX = 60.0
NOBODY = 9  # the discard port: nothing listens there, so the till is offline
_POLL_S = 0.005

STOCK: tuple[Good, ...] = tuple(islice(goods(GOODS), GOODS))


class TillFailed(RuntimeError):
    """The till did not come to where it should within a long time. What it printed last is in its log."""


class Screen(TillPage):
    """A page without a browser: it notes each receipt number that it shows, and which connection a picture is of."""

    def __init__(self, url_with_token: str, witness: Witness) -> None:
        super().__init__(url_with_token)
        self._witness = witness
        self.entered = 0
        self.pictured = 0

    async def _enter(self) -> None:
        await super()._enter()
        self.entered += 1

    async def _take(self, html: str) -> None:
        await super()._take(html)
        self.pictured = self.entered
        if self.shown.stage == "done":
            self._witness.saw(self.shown.receipt)
        async with self._news:
            self._news.notify_all()


class KillableTill:
    """One till. Its books are read only while it lives, as nobody looks into them when the power is gone."""

    def __init__(self, folder: Path, terminal: TerminalId, witness: Witness) -> None:
        self.folder = folder
        self.terminal = terminal
        self.witness = witness
        self.port = free_port()
        self.pattern = rf"{STORE}-{terminal}-\d+-\d{{6}}"
        self.scanner: SimulatedScanner
        self.printer: SimulatedPrinter
        self.card_terminal: SimulatedTerminal
        self.drawer = Drawer()
        self.child: Child
        self._screen: Screen | None = None
        self._token = ""

    @property
    def url(self) -> str:
        """The page's address with its token."""
        return f"http://127.0.0.1:{self.port}/?token={self._token}"

    @property
    def screen(self) -> Screen:
        """The page without a browser. Only after the first start."""
        assert self._screen is not None
        return self._screen

    async def start(self) -> None:
        """Start the agent; return when it answers, its page is drawn anew, and the scanner is listened to."""
        address = self.folder / "page-address"
        address.unlink(missing_ok=True)
        before = self._screen.entered if self._screen is not None else 0
        await self.child.start()
        await self.until(lambda: _read(address), "its page")
        if self._screen is None:
            self._token = httpx.URL(_read(address)).params["token"]
            self._screen = Screen(self.url, self.witness)
            await self._screen.__aenter__()
        screen = self._screen
        await screen.wait(lambda _: screen.pictured > before, "a new picture", START_S_MAX)
        await self.until(lambda: self.scanner.attached, "the scanner's port open")

    async def kill(self) -> None:
        """SIGKILL."""
        await self.child.kill()

    async def close(self) -> None:
        """End whatever is left."""
        if self._screen is not None:
            await self._screen.__aexit__(None, None, None)
        await self.child.stop()

    async def give(self, order: str, **fields: str) -> bool:
        """What a form of the page sends; False when the till was gone before it answered."""
        try:
            await self.screen.post(f"/order/{order}", **fields)
        except httpx.TransportError:
            return False
        return True

    async def until(self, done: Callable[[], Any], what: str, timeout_s: float = START_S_MAX) -> Any:  # noqa: ANN401 - whatever is waited for
        """Wait for something of another process. Raises TillFailed, ProcessFailed."""
        try:
            async with asyncio.timeout(timeout_s):
                while not (found := done()):
                    if not self.child.running:
                        raise ProcessFailed(f"{self.terminal}: the agent ended by itself; see {self.folder}/agent.log")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise TillFailed(f"{self.terminal}: no {what} within {timeout_s:.0f} s") from None
        return found

    @contextmanager
    def books(self) -> Iterator[sqlite3.Connection]:
        """Read the till's database beside it, in one transaction."""
        with contextlib.closing(connect_to_read(self.folder / "till.db")) as connection:
            connection.execute("BEGIN DEFERRED")
            yield connection

    def cart(self) -> Cart:
        """The cart on disk."""
        with self.books() as connection:
            row = connection.execute("SELECT body FROM cart").fetchone()
        return msgspec.json.decode(row[0], type=Cart) if row is not None else Cart(sale_id="")


@asynccontextmanager
async def till_on(folder: Path, terminal: TerminalId, witness: Witness) -> AsyncIterator[KillableTill]:
    """A till in a folder that is there, with its devices, not yet started; what runs is ended with the context."""
    till = KillableTill(folder, terminal, witness)
    async with (
        SimulatedScanner(link=folder / "scanner") as till.scanner,
        SimulatedPrinter(drawer=till.drawer, keep_receipts=8) as till.printer,
        SimulatedTerminal() as till.card_terminal,
    ):
        till.printer.on_receipt = witness.printed
        if not (folder / "till.db").exists():
            await fill(folder, terminal)
        config = _configure(till)
        arguments = command("tillwire-agent", "run", "--config", str(config))
        till.child = Child(f"agent {terminal}", arguments, folder / "agent.log")
        try:
            yield till
        finally:
            await till.close()


def _configure(till: KillableTill) -> Path:
    config = till.folder / "agent.toml"
    config.write_text(
        f'[store]\nid = "{STORE}"\n[terminal]\nid = "{till.terminal}"\ncashier = "Lan"\n'
        f'[hub]\nhost = "127.0.0.1"\nport = {NOBODY}\n[page]\nport = {till.port}\n[data]\nfolder = "."\n'
        f'[scanner]\nport = "{till.scanner.path}"\n[printer]\nhost = "127.0.0.1"\nport = {till.printer.port}\n'
        f'[drawer]\nsensor = "open_is_high"\n'
        f'[terminal_device]\nhost = "127.0.0.1"\nport = {till.card_terminal.port}\n',
        encoding="utf-8",
    )
    credentials = till.folder / "credentials.json"
    keys = {f"{name}_key": "ab" * 32 for name in ("terminal", "store_feed", "global_feed")}
    credentials.write_text(json.dumps({"store": STORE, "terminal": till.terminal, "epoch": 1, **keys}), "utf-8")
    credentials.chmod(0o600)
    return config


async def fill(folder: Path, terminal: TerminalId) -> None:
    """What the hub's feeds would have brought."""
    database = await open_database(folder / "till.db", till_migrations(SCHEMA))
    await database.run(lambda c: found_journal(c, STORE, terminal, epoch=1))
    bodies: tuple[tuple[FeedName, str, dict[str, DocumentBody]], ...] = (
        (GLOBAL_FEED, "item", {good.item.sku: good.item for good in STOCK}),
        (store_feed(STORE), "stock", {good.item.sku: Stock(sku=good.item.sku, on_hand=OPENING) for good in STOCK}),
        (store_feed(STORE), "settings", {"store": Settings(store_name="Chợ Đồng Xuân", require_shift=True)}),
    )
    for revision, (feed, kind, told) in enumerate(bodies, 1):
        change = Apply(tuple(_document(kind, key, body) for key, body in told.items()), (), "kills", revision)
        await database.run(lambda c, f=feed, a=change: SqliteReplica(c, STORE, terminal).apply(f, a))  # type: ignore[misc]  # defaults bind them now
    await database.close()


def _document(kind: str, key: str, body: DocumentBody) -> Document:
    return Document(kind=kind, key=key, revision=1, body=msgspec.Raw(msgspec.json.encode(body)))


def _read(path: Path) -> str:
    return path.read_text("ascii") if path.exists() else ""
