"""The hub as it is run: a process of its own, with the broker and the database of each kind of installation."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from hub.config import DatabaseConfig, DataConfig, HubConfig, now
from hub.identity.admin_key import new_link_key
from hub.ingest.stocktake import set_stock
from hub.running.data import open_data
from hub.storage import schema
from protocol.documents import Settings
from protocol.frame import Key
from protocol.ids import StoreId
from tests.bench.ingest.sales import SKUS, STOCK, Till, places, sku_of
from tests.demo.processes import Child, command, free_port
from tests.family import descendants
from tests.services import postgres_binaries, running_mosquitto, running_postgres

Installation = Literal["embedded", "production"]
POSTGRES = ("shared_buffers=512MB", "max_wal_size=4GB")
"""As docs/how-to/run-on-mosquitto-and-postgresql.md advises; synchronous_commit stays on."""

POLL_S = 0.02
STALL_S_MAX = 120.0


@dataclass(frozen=True)
class BenchHub:
    """A hub that runs, its tills, and where its broker listens."""

    tills: list[Till]
    broker_port: int
    window: int
    engine: sa.Engine
    child: Child

    def cpu_s(self) -> float:
        """The processor time that the hub's processes have used so far (Linux), in seconds."""
        ticks = 0
        for pid in (self.child.pid, *descendants(self.child.pid)):
            fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def durable(self) -> int:
        """How many events are committed: the sum of all journals' cursors."""
        query = sa.select(sa.func.coalesce(sa.func.sum(schema.epoch.c.sequence), 0))
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    async def until_durable(self, events: int) -> None:
        """Wait until so many events are committed. Raises TimeoutError when nothing moves any more."""
        loop = asyncio.get_running_loop()
        known, moved_s = -1, loop.time()
        while (found := await asyncio.to_thread(self.durable)) < events:
            if found != known:
                known, moved_s = found, loop.time()
            if loop.time() - moved_s > STALL_S_MAX:
                raise TimeoutError(f"{found} of {events} events are durable, and no more come")
            await asyncio.sleep(POLL_S)


@asynccontextmanager
async def running_hub(kind: Installation, folder: Path, stores: int) -> AsyncIterator[BenchHub]:
    """A new hub with that many stores of two tills each."""
    with ExitStack() as services:
        url, broker_port = "", free_port()
        if kind == "production":
            binaries = postgres_binaries()
            assert binaries is not None, "the bench needs PostgreSQL: ./dev setup --system"
            url = services.enter_context(running_postgres(binaries, POSTGRES)).new_database()
            broker_port = services.enter_context(running_mosquitto()).port
        data = folder / "hub"
        config = HubConfig(data=DataConfig(str(data)), database=DatabaseConfig(url))
        tills = await asyncio.to_thread(_enrol, config, stores)
        web_port = free_port()
        file = folder / "hub.toml"
        mode = "external" if kind == "production" else "embedded"
        file.write_text(
            f"[data]\nfolder = {json.dumps(str(data))}\n[database]\nurl = {json.dumps(url)}\n"
            f'[broker]\nmode = "{mode}"\nport = {broker_port}\n[web]\nport = {web_port}\n'
        )
        child = Child("hub", command("tillwire-hub", "--config", str(file), "run"), folder / "hub.log")
        await child.start()
        engine = sa.create_engine(
            url.replace("postgresql://", "postgresql+psycopg://") or f"sqlite:///{data / 'hub.db'}"
        )
        try:
            await child.ready(f"http://127.0.0.1:{web_port}/readyz")
            yield BenchHub(tills, broker_port, 100 if kind == "embedded" else 500, engine, child)
        finally:
            engine.dispose()
            await child.stop()


def _enrol(config: HubConfig, stores: int) -> list[Till]:
    opened = open_data(config)
    try:
        fleet, tills = opened.stores.fleet, []
        known: set[StoreId] = set()
        for store, terminal in places(stores):
            if store not in known:
                known.add(store)
                fleet.add_store(store, Settings(store_name=store), Key(new_link_key()), now())
            key = Key(new_link_key())
            fleet.add_terminal(store, terminal, terminal, key, now())
            tills.append(Till(store, terminal, key))
        for store in sorted(known):
            set_stock(opened.stores.ledger, store, {sku_of(number): STOCK for number in range(SKUS)}, now())
        return tills
    finally:
        opened.close()
