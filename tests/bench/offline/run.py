"""One run: a hub as a process, tills that sell live, and the real agent with thirty days of sales in its journal.

Acks of the live tills are measured before the agent comes and while its backlog drains, in one run. In the end all
books are compared exactly: the hub's log, receipts and levels with the oracle's, the till's view with the hub's.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import httpx
import msgspec
import sqlalchemy as sa

from edge_agent.devices.printer.spool import SCHEMA
from edge_agent.journal.database import open_database
from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.record import record
from edge_agent.journal.sqlite import SqliteJournal, found_journal
from edge_agent.replica.sqlite import SqliteReplica
from hub.config import now
from hub.storage import schema
from protocol.events import SaleCompleted
from protocol.ids import GLOBAL_FEED, store_feed
from protocol.messages import Ack
from tests.bench.ingest.hubs import BenchHub, Installation, running_hub
from tests.bench.ingest.load import Listener, Load
from tests.bench.ingest.sales import SKUS, STOCK, Message, Till, sku_of
from tests.bench.offline import facts as made
from tests.bench.offline.facts import Fact
from tests.demo.cashier import percentiles
from tests.demo.processes import Child, command, free_port
from tests.demo.wall import wall_s
from tests.family import peak_mb

_FRAME_HEAD = 36
_CHUNK = 1_000
STALL_S_MAX = 120.0


@dataclass(frozen=True)
class Extent:
    """`sales` wait at the till that was away; the others sell `per_second` in all, `before_s` before it comes back."""

    sales: int
    stores: int = 6
    per_second: int = 40
    before_s: int = 10
    live_s: int = 60
    seed: int = 1


@dataclass
class Verdict:
    """What is not as it should be; nothing is if all is empty and zero."""

    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)


async def bench_offline(
    folder: Path, kind: Installation, extent: Extent, told: Callable[[str], None]
) -> tuple[dict[str, Any], Verdict]:
    """Play it once; figures and verdict."""
    async with running_hub(kind, folder, extent.stores) as hub:
        began = now()
        till, others = hub.tills[0], hub.tills[1:]
        told(f"{kind}: writing {extent.sales:,} sales into the till's journal")
        back = list(made.away(extent.sales, began, Random(extent.seed)))  # noqa: S311 - which goods, no secret
        agent = _Agent(folder / "till", till, hub)
        await agent.fill(back)
        journals = _live(others, extent, began)
        figures, view = await _drain(hub, agent, journals, extent, told)
        told(f"{kind}: comparing all books")
        everything = [(till.store, back), *((other.store, facts) for other, facts in journals.items())]
        levels = made.levels_after(everything)
        for store, number in product({each.store for each in hub.tills}, range(SKUS)):
            # What the bench's hub begins with came in when it was made: after every count, before every live sale.
            levels[store, sku_of(number)] = levels.get((store, sku_of(number)), 0) + STOCK
        verdict = await asyncio.to_thread(_judge, hub, {till: back, **journals}, levels, view)
        return {"sales": extent.sales, **figures}, verdict


def _live(others: Sequence[Till], extent: Extent, began: datetime) -> dict[Till, list[Fact]]:
    share = -(-extent.per_second * (extent.before_s + extent.live_s) // len(others))
    return {
        other: made.live(other, share, began, Random(extent.seed * 1_000 + number), counts=number == 0)  # noqa: S311 - as above
        for number, other in enumerate(others)
    }


async def _drain(
    hub: BenchHub, agent: _Agent, journals: dict[Till, list[Fact]], extent: Extent, told: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, int]]:
    sent = await asyncio.to_thread(
        lambda: _in_turns([made.messages(other, facts) for other, facts in journals.items()])
    )
    listener = Listener(hub.broker_port, "tillwire/v1/+/+/+/ack", "bench-acks")
    load = await asyncio.to_thread(
        Load, hub.broker_port, sent, window=hub.window, per_second=float(extent.per_second)
    )  # fmt: skip
    heard = asyncio.create_task(asyncio.to_thread(_hear, listener, {m.till.topic: m.last for m in sent}))
    load.begin()
    told("the others sell; the till is still away")
    await asyncio.sleep(extent.before_s)
    told("the till comes back")
    async with agent.running():
        online_s = wall_s()
        pages = await agent.until_sent(told)
        drained_s = wall_s()
        acked = await heard
        said = await asyncio.to_thread(load.told)
        view = await agent.stock(hub)
        figures = {
            "drain_s": round(drained_s - online_s, 1),
            "events_per_s": round(agent.events / (drained_s - online_s)),
            "hub_peak_mb": peak_mb(hub.child.pid),
            "till_peak_mb": agent.peak_mb(),
            "pages_with_progress": pages,
        }
    own = agent.till.store
    groups: dict[str, list[float]] = {}
    for (topic, last), at_s in said.sent_s.items():
        when = "before" if at_s < online_s else "during" if at_s < drained_s else ""
        whose = "own_store" if f"/{own}/" in topic else "other_stores"
        if when:
            groups.setdefault(f"{whose}_ack_ms_{when}", []).append((acked[topic, last] - at_s) * 1000)
    return figures | {name: percentiles(found) for name, found in sorted(groups.items())}, view


class _Agent:
    """The real agent of the till that was away."""

    def __init__(self, folder: Path, till: Till, hub: BenchHub) -> None:
        self.folder, self.till, self._hub = folder, till, hub
        self.events = 0
        self._port = free_port()
        (folder / "data").mkdir(parents=True)
        config = folder / "agent.toml"
        config.write_text(
            f'[store]\nid = "{till.store}"\n[terminal]\nid = "{till.terminal}"\n[hub]\nhost = "127.0.0.1"\n'
            f'port = {hub.broker_port}\n[page]\nport = {self._port}\n[data]\nfolder = "data"\n',
            encoding="utf-8",
        )
        with hub.engine.connect() as connection:
            rows = connection.execute(sa.select(schema.feed.c.name, schema.feed.c.key))
            keys = {row[0]: bytes(row[1]) for row in rows}
        credentials = folder / "data" / "credentials.json"
        given = {
            "store": till.store, "terminal": till.terminal, "epoch": 1, "terminal_key": till.key.hex(),
            "store_feed_key": keys[store_feed(till.store)].hex(), "global_feed_key": keys[GLOBAL_FEED].hex(),
        }  # fmt: skip
        credentials.write_text(json.dumps(given), "utf-8")
        credentials.chmod(0o600)
        self._child = Child("agent", command("tillwire-agent", "run", "--config", str(config)), folder / "agent.log")

    async def fill(self, facts: Sequence[Fact]) -> None:
        """Write the facts down as the counter does, only without a screen."""
        self.events = len(facts)
        database = await open_database(self.folder / "data" / "till.db", till_migrations(SCHEMA))
        await database.run(lambda c: found_journal(c, self.till.store, self.till.terminal, epoch=1))
        for begin in range(0, len(facts), _CHUNK):
            await database.run(lambda c, b=begin: self._write(c, b, facts[b : b + _CHUNK]))  # type: ignore[misc]  # the default binds it now
        await database.close()

    def running(self) -> _Running:
        """Start it for the time of a with block."""
        return _Running(self._child, f"http://127.0.0.1:{self._port}/healthz")

    async def until_sent(self, told: Callable[[str], None]) -> int:
        """Wait until the hub has acknowledged all; returns on how many looks the page said "x of y"."""
        pages, acked, moved_s = 0, -1, wall_s()
        page = await self._page()
        async with httpx.AsyncClient(follow_redirects=True, timeout=20) as client:
            await client.get(page)  # its address has a key for one visit; from then on the page knows us
            page = str(httpx.URL(page).copy_with(path="/", query=None))
            while acked < self.events:
                found = await asyncio.to_thread(self._acked)
                if found != acked:
                    acked, moved_s = found, wall_s()
                assert wall_s() - moved_s < STALL_S_MAX, f"{acked} of {self.events} events sent, and no more go"
                text = (await client.get(page)).text
                pages += bool(re.search(r"\d of [\d,]+ sent|Đã gửi [\d.]+/", text))
                told(f"{acked:,} of {self.events:,} sent")
                await asyncio.sleep(0.5)
        return pages

    async def stock(self, hub: BenchHub) -> dict[str, int]:
        """The till's view of every SKU once it has the hub's last word, in thousandths."""
        query = sa.select(schema.feed.c.revision).where(schema.feed.c.name == store_feed(self.till.store))
        async with asyncio.timeout(STALL_S_MAX):
            while True:
                with hub.engine.connect() as connection:
                    head = connection.execute(query).scalar_one()
                if await asyncio.to_thread(self._revision) >= head:
                    break
                await asyncio.sleep(0.2)
        view: dict[str, int] = {}
        after: str | None = ""
        page = httpx.URL(await self._page())
        async with httpx.AsyncClient(follow_redirects=True, timeout=20) as client:
            await client.get(page)
            while after is not None:
                url = page.copy_with(path="/v1/diagnostics/stock", query=f"after={after}".encode())
                answer = (await client.get(url)).json()
                view |= answer["stock"]
                after = answer["next"]
        return view

    def peak_mb(self) -> float:
        """The most memory that it has had."""
        return peak_mb(self._child.pid)

    async def _page(self) -> str:
        """Where the page is: written a moment after the agent answers."""
        file = self.folder / "data" / "page-address"
        async with asyncio.timeout(10):
            while not file.exists():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.02)
        return file.read_text("ascii")

    def _write(self, connection: sqlite3.Connection, begin: int, facts: Sequence[Fact]) -> None:
        journal = SqliteJournal(connection)
        replica = SqliteReplica(connection, self.till.store, self.till.terminal)
        for number, fact in enumerate(facts, begin):
            record(journal, replica, fact.data, event_id=f"{self.till.store}-away-{number}", time=fact.at)

    def _acked(self) -> int:
        return self._one("SELECT acked FROM journal_state")

    def _revision(self) -> int:
        return self._one("SELECT coalesce(max(revision), 0) FROM feed_state WHERE feed LIKE 'store-%'")

    def _one(self, query: str) -> int:
        path = (self.folder / "data" / "till.db").as_uri()
        with closing(sqlite3.connect(f"{path}?mode=ro", uri=True, timeout=10)) as connection:
            return int(connection.execute(query).fetchone()[0])


class _Running:
    def __init__(self, child: Child, ready: str) -> None:
        self._child, self._ready = child, ready

    async def __aenter__(self) -> None:
        await self._child.start()
        await self._child.ready(self._ready)

    async def __aexit__(self, *_: object) -> None:
        await self._child.stop()


def _judge(
    hub: BenchHub, journals: dict[Till, list[Fact]], levels: dict[tuple[str, str], int], view: dict[str, int]
) -> Verdict:
    verdict = Verdict()
    event, sale, level = schema.event.c, schema.sale.c, schema.level.c
    with hub.engine.connect() as connection:
        for till, facts in journals.items():
            mine = (event.store == till.store) & (event.terminal == till.terminal)
            sequences = sa.select(sa.func.count(), sa.func.count(event.sequence.distinct())).where(mine)
            stored, distinct = connection.execute(sequences).one()
            verdict.lost += len(facts) - distinct
            verdict.doubled += stored - distinct
            receipts = sum(isinstance(fact.data, SaleCompleted) for fact in facts)
            theirs = (sale.store == till.store) & (sale.terminal == till.terminal)
            numbers = sa.select(sa.func.count(), sa.func.count(sale.receipt_number.distinct())).where(theirs)
            rows, unlike = connection.execute(numbers).one()
            if (rows, unlike) != (receipts, receipts):
                verdict.wrong.append(f"{till.store}/{till.terminal}: {rows} receipts, {unlike} unlike, of {receipts}")
        found = {
            (row[0], row[1]): row[2] for row in connection.execute(sa.select(level.store, level.sku, level.on_hand))
        }
    off = {place for place in found.keys() | levels.keys() if found.get(place) != levels.get(place)}
    verdict.wrong += [f"{place}: the hub says {found.get(place)}, not {levels.get(place)}" for place in sorted(off)[:5]]
    own = next(iter(journals)).store
    wanted = {sku: quantity for (store, sku), quantity in levels.items() if store == own}
    seen = {sku for sku in view.keys() | wanted.keys() if view.get(sku) != wanted.get(sku)}
    verdict.wrong += [f"{sku}: the till says {view.get(sku)}, not {wanted.get(sku)}" for sku in sorted(seen)[:5]]
    return verdict


def _in_turns(journals: Sequence[Sequence[Message]]) -> list[Message]:
    return [message for turn in zip(*journals, strict=False) for message in turn] + [
        message for journal in journals for message in journal[min(map(len, journals)) :]
    ]


def _hear(listener: Listener, wanted: dict[str, int]) -> dict[tuple[str, int], float]:
    """When each sequence of each journal was acknowledged first, by the journal's topic."""
    heard: dict[tuple[str, int], float] = {}
    known = dict.fromkeys(wanted, 0)
    while any(known[topic] < last for topic, last in wanted.items()):
        for message, now_s in listener.heard():
            topic = message.topic.removesuffix("ack") + "journal"
            if topic not in known or message.payload is None:
                continue
            ack = msgspec.json.decode(message.payload[_FRAME_HEAD:], type=Ack)
            for sequence in range(known[topic] + 1, ack.sequence + 1):
                heard[topic, sequence] = now_s
            known[topic] = max(known[topic], ack.sequence)
    listener.close()
    return heard
