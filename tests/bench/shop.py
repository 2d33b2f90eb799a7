"""One till as a shop has it, for a bench: its folder with a catalogue of any size, its devices, its agent process.

The catalogue is staged and applied through the replica's own code, as the hub's feed would bring it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
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
from protocol.documents import Document, DocumentBody, Settings, Stock
from protocol.feed_receiver import Apply, Stage
from protocol.ids import GLOBAL_FEED, StoreId, TerminalId, store_feed
from tests.bench.goods import Good, goods
from tests.bench.wire import Wire
from tests.demo.processes import Child, command
from tests.demo.wall import wall_s

STORE, TERMINAL = StoreId("hn01"), TerminalId("t1")
NOBODY = 9  # the discard port: nothing listens there, so the till is offline
_PART = 500


@dataclass
class BenchTill:
    """A till that runs. `start_s` is from its start to a page that answers and a scanner that is listened to."""

    child: Child
    scanner: SimulatedScanner
    printer: SimulatedPrinter
    wire: Wire
    url: str
    start_s: float
    pid: int

    async def diagnostics(self) -> dict[str, Any]:
        """What the agent says about itself."""
        async with httpx.AsyncClient(follow_redirects=True) as client:
            await client.get(self.url)
            base = httpx.URL(self.url)
            answer = await client.get(base.copy_with(path="/v1/diagnostics", query=None))
            answer.raise_for_status()
            said: dict[str, Any] = answer.json()
            return said

    def cpu_s(self) -> float:
        """The processor time that the agent has used so far (Linux), in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self) -> float:
        """The agent's resident memory (Linux), in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


async def fill(folder: Path, count: int, told: Callable[[int], None]) -> tuple[Good, ...]:
    """Make the till's database with so many items; returns some of them, spread over all. `told` hears the progress."""
    database = await open_database(folder / "till.db", till_migrations(SCHEMA))
    await database.run(lambda c: found_journal(c, STORE, TERMINAL, epoch=1))
    every, kept = max(1, count // 2_000), []
    made = goods(count)
    done = 0
    while part := list(islice(made, _PART)):
        kept += [good for index, good in enumerate(part, done) if index % every == 0]
        done += len(part)
        stage = Stage("bench", _documents("item", ((good.item.sku, good.item) for good in part)), replace=True)
        await database.run(lambda c, s=stage: SqliteReplica(c, STORE, TERMINAL).stage(GLOBAL_FEED, s))  # type: ignore[misc]  # the default binds it now
        told(done)
    whole = Apply((), (), "bench", 1, "bench", replace=True)
    await database.run(lambda c: SqliteReplica(c, STORE, TERMINAL).apply(GLOBAL_FEED, whole))
    of_store = (
        *_documents("settings", [("store", Settings(store_name="Cửa hàng Hàng Bài"))]),
        *_documents("stock", ((good.item.sku, Stock(sku=good.item.sku, on_hand=1_000_000)) for good in kept)),
    )
    await database.run(
        lambda c: SqliteReplica(c, STORE, TERMINAL).apply(store_feed(STORE), Apply(of_store, (), "bench", 1))
    )
    await database.close()
    return tuple(kept)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[BenchTill]:
    """Start the agent on a folder that was filled, between a simulated scanner and printer."""
    link = folder / "scanner"
    async with (
        SimulatedScanner(link=link, clock=wall_s) as scanner,
        SimulatedPrinter(drawer=Drawer(), rows_per_second=None) as printer,
        Wire(printer.port) as wire,
    ):
        config = _configure(folder, str(scanner.path), wire.port)
        address = folder / "page-address"
        address.unlink(missing_ok=True)
        child = Child("agent", command("tillwire-agent", "run", "--config", str(config)), folder / "agent.log")
        began = wall_s()
        await child.start()
        try:
            url = await _page(child, address)
            await scanner.wait_attached()
            yield BenchTill(child, scanner, printer, wire, url, wall_s() - began, child.pid)
        finally:
            await child.stop()


async def _page(child: Child, address: Path) -> str:
    async with asyncio.timeout(60):
        while not (url := _said(address)):
            assert child.running, "the agent ended while it was starting; see agent.log"
            await asyncio.sleep(0.002)
    await child.ready(str(httpx.URL(url).copy_with(path="/healthz", query=None)))
    return url


def _said(address: Path) -> str:
    return address.read_text("ascii") if address.exists() else ""


def _configure(folder: Path, scanner: str, printer_port: int) -> Path:
    config = folder / "agent.toml"
    config.write_text(
        f'[store]\nid = "{STORE}"\n[terminal]\nid = "{TERMINAL}"\ncashier = "Lan"\n'
        f'[hub]\nhost = "127.0.0.1"\nport = {NOBODY}\n[page]\nport = 0\n[data]\nfolder = "."\n'
        f'[scanner]\nport = "{scanner}"\n[printer]\nhost = "127.0.0.1"\nport = {printer_port}\n',
        encoding="utf-8",
    )
    credentials = folder / "credentials.json"
    keys = {f"{name}_key": "ab" * 32 for name in ("terminal", "store_feed", "global_feed")}
    credentials.write_text(json.dumps({"store": STORE, "terminal": TERMINAL, "epoch": 1, **keys}), "utf-8")
    credentials.chmod(0o600)
    return config


def _documents(kind: str, bodies: Iterable[tuple[str, DocumentBody]]) -> tuple[Document, ...]:
    def made() -> Iterator[Document]:
        for key, body in bodies:
            yield Document(kind=kind, key=key, revision=1, body=msgspec.Raw(msgspec.json.encode(body)))

    return tuple(made())
