"""A till's questions over real brokers: the agent's own link, and a real hub with real sales."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import msgspec
import pytest

from edge_agent.journal.clock import TillClock
from edge_agent.journal.database import open_database
from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.sqlite import found_journal
from edge_agent.sync.broker import BrokerSettings
from edge_agent.sync.identity import TerminalIdentity
from edge_agent.sync.link import Link
from edge_agent.sync.presence import Health
from hub.app import Hub
from hub.config import now
from hub.fleet.enrolment import Credentials
from hub.ingest.session import ingest
from protocol.frame import Key
from protocol.ids import StoreId, TerminalId
from protocol.messages import Answer, Elsewhere, FoundReceipt
from tests.integration.hub.test_hub import enrol
from tests.unit.hub.journals import Journal, at, sale

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The link runs on asyncio."""
    return "asyncio"


@asynccontextmanager
async def linked(folder: Path, given: Credentials, host: str, port: int) -> AsyncIterator[Link]:
    """The agent's link of an enrolled till."""
    store, terminal = StoreId(given.store), TerminalId(given.terminal)
    keys = (Key(bytes.fromhex(k)) for k in (given.terminal_key, given.store_feed_key, given.global_feed_key))
    database = await open_database(folder / "till.db", till_migrations(""))
    await database.run(lambda c: found_journal(c, store, terminal, epoch=given.epoch))
    online = asyncio.Event()
    link = Link(
        BrokerSettings(host, port, "asking-till"), TerminalIdentity(store, terminal, *keys), database,
        TillClock(now, time.monotonic), nonce="n" * 24, health=lambda: Health(version="1"), on_change=lambda: None,
        on_online=lambda is_on, _: online.set() if is_on else online.clear(), elapsed_s=time.monotonic, wall=now,
        rng=Random(1),  # noqa: S311 - jitter
    )  # fmt: skip
    assert await link.ask("receipt", "R000001") is None
    link.start()
    try:
        async with asyncio.timeout(30):
            await online.wait()
        yield link
    finally:
        await link.stop()
        await database.close()


async def asked(link: Link, kind: str, key: str) -> Answer:
    """Ask until there is an answer: a busy machine may take longer than a cashier would wait."""
    async with asyncio.timeout(30):
        while (answer := await link.ask(kind, key)) is None:
            pass
    return answer


async def test_a_till_hears_of_another_tills_receipt_and_of_all_stock(hub: Hub, tmp_path: Path) -> None:
    """Asked over the broker, answered from the database; what is not there is said; a gone hub costs the wait only."""
    given = enrol(hub, "asking")
    seller = Journal("hanoi", "seller", key=bytes.fromhex(enrol(hub, "seller").terminal_key))
    seller.append(sale(1, ("tea", 2000)), at(0))
    ingest(hub.data.stores.ledger, [seller.batch(1, 1)], now())
    async with linked(tmp_path, given, *hub.broker_address) as link:
        receipt = msgspec.json.decode((await asked(link, "receipt", "R000001")).body, type=FoundReceipt)
        assert (receipt.terminal, receipt.sale.total) == ("seller", 2000)
        stock = msgspec.json.decode((await asked(link, "availability", "tea")).body, type=Elsewhere)
        assert [(row.store, row.available) for row in stock.stores] == [("hanoi", 0)]
        assert (await asked(link, "receipt", "R999999")).problem == "not_found"
        assert (await asked(link, "weather", "hanoi")).problem == "unknown"
        many = await asyncio.gather(*(link.ask("availability", "tea") for _ in range(6)))
        assert all(answer is None or answer.kind == "availability" for answer in many)
