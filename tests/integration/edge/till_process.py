"""A till as a shop has it: the real agent process, between a simulated scanner and a simulated printer.

The catalogue is put into its database as the hub's feed would have, so that no network is needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec

from edge_agent.devices.printer.spool import SCHEMA
from edge_agent.journal.database import open_database
from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.sqlite import found_journal
from edge_agent.replica.sqlite import SqliteReplica
from hardware_sim.printer import Drawer, SimulatedPrinter
from hardware_sim.scanner import SimulatedScanner
from protocol.documents import Document, Item, Settings, Stock
from protocol.feed_receiver import Apply
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, TerminalId, store_feed

STORE, TERMINAL = StoreId("hn01"), TerminalId("t1")
WATER = Item(sku="NUOC", name="Nước suối 500 ml", barcodes=("8934602100016",), price=5_000, currency="VND")
WATER_CODE = WATER.barcodes[0]
NOBODY = 9  # the discard port: nothing listens there, so the till is offline
WAIT_S = 60.0
"""How long one step may last before it is taken for a hang. On a busy machine the start of one process takes 20 s."""

SLOW_TEST_S = 300
"""For pytest.mark.timeout: a test starts up to five processes, and each step must be able to fail by itself first."""


@dataclass
class TillProcess:
    """One till: its folder, its devices, its process."""

    folder: Path
    scanner: SimulatedScanner
    printer: SimulatedPrinter
    hub_port: int = NOBODY
    page_port: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    output: bytearray = field(default_factory=bytearray)
    process: asyncio.subprocess.Process | None = None
    client: httpx.AsyncClient | None = None

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "agent.toml"

    def write_config(self) -> None:
        """Write configuration and credentials as an installer would."""
        self.data.mkdir(exist_ok=True)
        self.config.write_text(
            f'[store]\nid = "{STORE}"\n[terminal]\nid = "{TERMINAL}"\ncashier = "Lan"\n'
            f'[hub]\nhost = "127.0.0.1"\nport = {self.hub_port}\n[page]\nport = {self.page_port}\n'
            f'[data]\nfolder = "data"\n[scanner]\nport = "{self.scanner.path}"\n'
            f'[printer]\nhost = "127.0.0.1"\nport = {self.printer.port}\n[drawer]\nsensor = "open_is_high"\n'
            f'[log]\nformat = "json"\nlevel = "debug"\n',
            encoding="utf-8",
        )
        credentials = self.data / "credentials.json"
        keys = {f"{name}_key": "ab" * 32 for name in ("terminal", "store_feed", "global_feed")}
        credentials.write_text(json.dumps({"store": STORE, "terminal": TERMINAL, "epoch": 1, **keys}), "utf-8")
        credentials.chmod(0o600)

    async def load_catalogue(self) -> None:
        """What the hub's feeds would have brought."""
        database = await open_database(self.data / "till.db", till_migrations(SCHEMA))
        await database.run(lambda c: found_journal(c, STORE, TERMINAL, epoch=1))
        feeds: list[tuple[FeedName, str, str, Item | Stock | Settings]] = [
            (GLOBAL_FEED, "item", WATER.sku, WATER),
            (store_feed(STORE), "stock", WATER.sku, Stock(sku=WATER.sku, on_hand=100_000)),
            (store_feed(STORE), "settings", "store", Settings(store_name="Chợ Bến Thành")),
        ]
        for feed, kind, key, body in feeds:
            document = Document(kind=kind, key=key, revision=1, body=msgspec.Raw(msgspec.json.encode(body)))
            change = Apply((document,), (), "db", 1)
            await database.run(lambda c, f=feed, a=change: SqliteReplica(c, STORE, TERMINAL).apply(f, a))  # type: ignore[misc]  # defaults bind them now
        await database.close()

    async def start(self) -> None:
        """Start the agent and log in to its page; returns when the scanner's port is open."""
        await self.spawn()
        address = self.data / "page-address"
        await until(lambda: self._address(address))
        url = httpx.URL(address.read_text("ascii"))
        base = f"http://{url.host}:{url.port}"
        self.client = httpx.AsyncClient(base_url=base, headers={"origin": base, "hx-request": "true"}, timeout=10)
        await self.client.get(url)
        await until(lambda: self.scanner.attached)

    async def spawn(self) -> asyncio.subprocess.Process:
        """Start the process and collect what it says."""
        (self.data / "page-address").unlink(missing_ok=True)
        settings = (f"{name}={value}" for name, value in self.environment.items())
        process = self.process = await asyncio.create_subprocess_exec(
            *(("env", *settings) if self.environment else ()),
            sys.executable, "-m", "edge_agent.cli", "run", "--config", str(self.config),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read(process))
        return process

    async def kill(self) -> None:
        """A power cut to the process."""
        assert self.process is not None
        self.process.kill()
        await self._ended()

    async def stop(self) -> int:
        """SIGTERM; returns the exit code. A till that does not end is a failure of its own, told with its log."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.exit_code()

    async def exit_code(self) -> int:
        """Wait until it ends by itself."""
        assert self.process is not None
        try:
            async with asyncio.timeout(WAIT_S):
                await self._ended()
        except TimeoutError:
            said = bytes(self.output).decode(errors="replace")
            raise AssertionError(f"the till did not end within {WAIT_S} s; it said:\n{said}") from None
        code = self.process.returncode
        assert code is not None
        return code

    async def close(self) -> None:
        """End whatever is left, also after a failed test, whose tasks may be cancelled already."""
        try:
            if self.process is not None:
                if self.process.returncode is None:
                    self.process.kill()
                await self.process.wait()
                await asyncio.wait([self._reading])
        finally:
            await self._close_client()

    async def order(self, path: str, **fields: str) -> None:
        """What a click in the page sends."""
        assert self.client is not None
        answer = await self.client.post(path, data=fields)
        assert answer.status_code == httpx.codes.NO_CONTENT, answer.text

    async def pay(self, given: str = "") -> None:
        """Pay the cart that is on the screen."""
        await self.order("/order/pay_cash", sale_id=self.cart()["sale_id"], given=given)

    async def diagnostics(self) -> Any:  # noqa: ANN401 - JSON
        """What the agent says about itself."""
        assert self.client is not None
        return (await self.client.get("/v1/diagnostics")).json()

    def cart(self) -> Any:  # noqa: ANN401 - JSON
        """The cart on disk."""
        return json.loads(self.one("SELECT body FROM cart") or "{}")

    def one(self, query: str) -> Any:  # noqa: ANN401 - a row's first column
        """Ask the database from outside."""
        with contextlib.closing(sqlite3.connect(f"{(self.data / 'till.db').as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute(query).fetchone()
            return row[0] if row is not None else None

    def _address(self, address: Path) -> bool:
        assert self.process is not None
        assert self.process.returncode is None, bytes(self.output).decode()
        return address.exists()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while chunk := await process.stderr.read(65536):
            self.output += chunk

    async def _ended(self) -> None:
        assert self.process is not None
        await self.process.wait()
        await self._reading
        await self._close_client()

    async def _close_client(self) -> None:
        client, self.client = self.client, None
        if client is not None:
            await client.aclose()


@asynccontextmanager
async def till_in(folder: Path, *, loaded: bool = True) -> AsyncIterator[TillProcess]:
    """A till with its devices, not yet started; whatever runs is ended with the context."""
    link = folder / "scanner"
    drawer = Drawer()
    async with SimulatedScanner(link=link) as scanner, SimulatedPrinter(drawer=drawer, rows_per_second=None) as printer:
        till = TillProcess(folder, scanner, printer)
        till.write_config()
        if loaded:
            await till.load_catalogue()
        try:
            yield till
        finally:
            await till.close()


async def until(ask: Callable[[], Any], *, timeout_s: float = WAIT_S) -> Any:  # noqa: ANN401 - whatever is waited for
    """Wait until `ask` answers with something true, and return that."""
    async with asyncio.timeout(timeout_s):
        while not (answer := ask()):  # noqa: ASYNC110 - another process cannot set our event
            await asyncio.sleep(0.02)
    return answer


def has_ptys() -> bool:
    """Simulated scanners need pseudo terminals."""
    return hasattr(os, "openpty")
