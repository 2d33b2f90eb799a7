"""The stage: hub, stores with an internet line each, tills with their devices, all real processes and real bytes.

`folder` keeps everything, so that a second start goes on where the first one was stopped. Where something is first set
up (stores, terminals, catalogue, opening stock) is done with the command lines that a shopkeeper would use.
"""

from __future__ import annotations

import asyncio
import csv
import json
import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from hardware_sim.drawer import Drawer
from hardware_sim.printer import Receipt, SimulatedPrinter
from hardware_sim.scale import SimulatedScale
from hardware_sim.scanner import SimulatedScanner
from tests.demo.goods import Good
from tests.demo.line_cutter import LineCutter
from tests.demo.plan import Plan, StorePlan
from tests.demo.processes import Child, ProcessFailed, command, free_port, run_once
from tests.demo.wall import wall_s

READY = "set-up-complete"
RUNNING = "running"


@dataclass(frozen=True)
class Outside:
    """A broker and a database that somebody else runs; empty: the hub's own."""

    broker_host: str = "127.0.0.1"
    broker_port: int = 0
    database_url: str = ""


@dataclass
class Till:
    """One till on the stage: its devices here, its agent a process."""

    store: str
    terminal: str
    folder: Path
    scanner: SimulatedScanner
    printer: SimulatedPrinter
    drawer: Drawer
    agent: Child
    page_port: int
    scale: SimulatedScale | None = None

    @property
    def page_url(self) -> str:
        """The page's address with its token; the agent writes it when it is ready."""
        return (self.folder / "data" / "page-address").read_text(encoding="utf-8").strip()

    @property
    def health_url(self) -> str:
        """Answers 200 when the agent works."""
        return f"http://127.0.0.1:{self.page_port}/healthz"


class Stage:
    """Everything that runs. `async with` builds it up and takes it down, the last first. `scales`: one a till."""

    def __init__(self, plan: Plan, folder: Path, outside: Outside | None = None, *, scales: bool = False) -> None:
        self.plan = plan
        self._scales = scales
        self.folder = folder
        self.outside = outside or Outside()
        self.tills: list[Till] = []
        self.lines: dict[str, LineCutter] = {}
        self.web_port = 0
        self._broker_port = 0
        self._config = folder / "hub.toml"
        self._closers = AsyncExitStack()
        self.hub = Child("hub", command("tillwire-hub", "--config", str(self._config), "run"), folder / "hub.log")

    @property
    def web_url(self) -> str:
        """The hub's web address."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def database_url(self) -> str:
        """Where the hub's numbers are, for the checks."""
        return self.outside.database_url or f"sqlite:///{self.folder / 'hub' / 'hub.db'}"

    async def __aenter__(self) -> Self:
        try:
            await self._build()
        except BaseException:
            await self._closers.aclose()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._closers.aclose()
        (self.folder / RUNNING).unlink(missing_ok=True)

    async def hub_command(self, *arguments: str) -> str:
        """Run `tillwire-hub ...` against this hub; return what it prints."""
        whole = command("tillwire-hub", "--config", str(self._config), *arguments)
        return await run_once(f"tillwire-hub {' '.join(arguments[:2])}", whole)

    async def _build(self) -> None:
        self._prepare_folder()
        self._choose_ports()
        await self.hub.start()
        self._closers.push_async_callback(self.hub.stop)
        await self.hub.ready(f"{self.web_url}/readyz")
        if not (self.folder / READY).exists():
            await self._set_up()
            (self.folder / READY).touch()
        for store in self.plan.stores:
            await self._raise_store(store)
        await asyncio.gather(*(till.agent.ready(till.health_url) for till in self.tills))
        await asyncio.gather(*(till.scanner.wait_attached(timeout_s=20) for till in self.tills))

    def _prepare_folder(self) -> None:
        # A run that was killed leaves its mark: nobody then knows which scans were paid, so the old world is set aside.
        if (self.folder / RUNNING).exists() or ((self.folder / "hub").exists() and not (self.folder / READY).exists()):
            self.folder.rename(self.folder.with_name(f"{self.folder.name}-killed-{int(wall_s())}"))
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / RUNNING).touch()

    def _choose_ports(self) -> None:
        self.web_port = free_port()
        self._broker_port = self.outside.broker_port or free_port()
        external = bool(self.outside.broker_port)
        self._config.write_text(
            f"[data]\nfolder = {json.dumps(str(self.folder / 'hub'))}\n"
            f"[database]\nurl = {json.dumps(self.outside.database_url)}\n"
            f'[broker]\nmode = "{"external" if external else "embedded"}"\nhost = "{self.outside.broker_host}"\n'
            f"port = {self._broker_port}\n"
            f"[web]\nport = {self.web_port}\n",
            encoding="utf-8",
        )

    async def _set_up(self) -> None:
        plan = self.plan
        if plan.goods:
            items = self.folder / "items.jsonl"
            items.write_text("".join(item_line(good) for good in plan.goods), encoding="utf-8")
            await self.hub_command("catalogue", "import", str(items))
        await asyncio.gather(*(self._set_up_store(store) for store in plan.stores))

    async def _set_up_store(self, store: StorePlan) -> None:
        plan = self.plan
        settings = ("--title", store.name, "--currency", plan.currency, "--language", plan.language)
        await self.hub_command("store", "add", store.store, *settings)
        if plan.goods:
            stock = self.folder / f"stock-{store.store}.csv"
            _write_csv(stock, ("sku", "quantity"), [(good.sku, f"{plan.opening / 1000:g}") for good in plan.goods])
            await self.hub_command("stock", "set", store.store, str(stock))
        for terminal in store.terminals:
            folder = self._till_folder(store.store, terminal) / "data"
            folder.mkdir(parents=True, exist_ok=True)
            await self.hub_command("terminal", "add", store.store, terminal, "--out", str(folder / "credentials.json"))

    async def _raise_store(self, store: StorePlan) -> None:
        line = self.lines[store.store] = LineCutter(self.outside.broker_host, self._broker_port)
        port = await line.start()
        self._closers.push_async_callback(line.stop)
        for terminal in store.terminals:
            self.tills.append(await self._raise_till(store.store, terminal, port))

    async def _raise_till(self, store: str, terminal: str, broker_port: int) -> Till:
        folder = self._till_folder(store, terminal)
        scanner = SimulatedScanner(by_id=folder / "scanner", clock=wall_s)
        await scanner.start()
        self._closers.push_async_callback(scanner.stop)
        drawer = Drawer()
        printer = SimulatedPrinter(drawer=drawer, clock=wall_s)
        printer.on_receipt = _Printed(folder / "printed.jsonl").note
        await printer.start()
        self._closers.push_async_callback(printer.stop)
        scale = await self._raise_scale(folder) if self._scales else None
        page_port = free_port()
        config = folder / "agent.toml"
        config.write_text(
            f'[store]\nid = "{store}"\n[terminal]\nid = "{terminal}"\ncashier = "lan"\n'
            f'[hub]\nhost = "127.0.0.1"\nport = {broker_port}\n[data]\nfolder = "data"\n[page]\nport = {page_port}\n'
            f"[scanner]\nport = {json.dumps(scanner.path)}\n"
            f'[printer]\nhost = "127.0.0.1"\nport = {printer.port}\n[drawer]\nsensor = "open_is_high"\n'
            + (f"[scale]\nport = {json.dumps(scale.path)}\n" if scale is not None else ""),
            encoding="utf-8",
        )
        agent = Child(
            f"agent {store}/{terminal}", command("tillwire-agent", "run", "--config", str(config)), folder / "agent.log"
        )
        await agent.start()
        self._closers.push_async_callback(agent.stop)
        return Till(store, terminal, folder, scanner, printer, drawer, agent, page_port, scale)

    async def _raise_scale(self, folder: Path) -> SimulatedScale:
        scale = SimulatedScale(by_id=folder / "scale")
        scale.plug()
        self._closers.push_async_callback(scale.stop)
        return scale

    def _till_folder(self, store: str, terminal: str) -> Path:
        folder = self.folder / f"{store}-{terminal}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


class _Printed:
    """Notes each receipt as it leaves the printer, so that a second start knows of the first one's."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, receipt: Receipt) -> None:
        """Append one receipt."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"complete": receipt.complete, "sha256": receipt.raster_sha256}) + "\n")


def receipts_of(till: Till) -> tuple[int, int]:
    """How many receipts a till's printer has printed in all runs: (complete, torn)."""
    path = till.folder / "printed.jsonl"
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    complete = sum(receipt["complete"] for receipt in found)
    return complete, len(found) - complete


def forget(folder: Path) -> None:
    """Remove an old stage."""
    shutil.rmtree(folder, ignore_errors=True)


async def answers(url: str) -> bool:
    """Whether an address answers 200 now."""
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def item_line(good: Good) -> str:
    """A good as a line of a catalogue."""
    item = {
        "sku": good.sku, "name": good.name, "barcodes": [good.code], "price": good.price, "currency": good.currency,
        "unit": good.unit, "tax_rate_bp": good.tax_rate_bp,
    }  # fmt: skip
    return json.dumps(item, ensure_ascii=False) + "\n"


def _write_csv(path: Path, head: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


__all__ = ["Outside", "ProcessFailed", "Stage", "Till", "answers", "forget", "item_line", "receipts_of"]
