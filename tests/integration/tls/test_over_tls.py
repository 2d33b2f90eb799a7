"""A till and its hub over TLS from end to end, set up as the how-to page says, word by word."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.config import DatabaseConfig, DataConfig, HubConfig, now
from hub.running.data import open_data
from tests.bench.goods import goods
from tests.demo.processes import Child, command, free_port
from tests.demo.till_page import TillPage
from tests.integration.tls.how_to import HOST, HowTo
from tests.integration.tls.tls_web import tls_web
from tests.services import PostgresServer, postgres, running_broker

__all__ = ["postgres"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl"),
]
WAIT_S = 60.0
ITEMS = 1_200
PASSWORD = "only-for-this-test"  # noqa: S105 - a broker that lives for this test


@dataclass
class Shop:
    """What the how-to sets up; nothing runs yet but the broker and the proxy."""

    how_to: HowTo
    config: HubConfig
    web_port: int
    hub: Child
    till: Child

    @property
    def till_folder(self) -> Path:
        """Where the till's files are."""
        return self.how_to.folder / "till"

    async def start(self) -> None:
        """Start hub and till, and wait until both answer."""
        await self.hub.start()
        await self.hub.ready(f"http://127.0.0.1:{self.web_port}/readyz")
        await self.till.start()
        await until((self.till_folder / "data" / "page-address").exists, "the till has a page")

    def said(self, part: str) -> list[dict[str, Any]]:
        """Records of the till's log with these words in them."""
        log = self.how_to.folder / "agent.log"
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        return [json.loads(line) for line in lines if line.startswith("{") and part in line]

    def goods(self) -> int:
        """How many items the till knows, seen from outside."""
        current = "FROM document JOIN feed_generation USING (feed) WHERE generation = current"
        file = self.till_folder / "data" / "till.db"
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            return int(connection.execute(f"SELECT count(*) {current} AND kind = 'item'").fetchone()[0])


async def until(ask: Callable[[], object], what: str) -> None:
    """Wait for another process to get somewhere."""
    try:
        async with asyncio.timeout(WAIT_S):
            while not await asyncio.to_thread(ask):  # noqa: ASYNC110 - another process cannot set our event
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within {WAIT_S} s: {what}") from None


@contextmanager
def broker(how_to: HowTo) -> Iterator[None]:
    """The broker of step 2."""
    with running_broker(how_to.broker_config(PASSWORD), how_to.hub_port):
        yield


@asynccontextmanager
async def shop(folder: Path, postgres: PostgresServer) -> AsyncIterator[Shop]:
    """All five steps of the page, and a catalogue that is large enough to come as a file over the hub's web."""
    how_to = HowTo(folder)
    await asyncio.to_thread(how_to.make_certificates)
    with broker(how_to):
        web_port, url = free_port(), postgres.new_database()
        async with tls_web(folder / f"{HOST}.crt", folder / f"{HOST}.key", web_port) as proxy:
            web = f'[web]\nport = {web_port}\npublic_url = "https://{HOST}:{proxy}"\n[limits]\nsnapshot_from = 1000\n'
            hub_toml = how_to.hub_toml(url, PASSWORD, web)
            config = HubConfig(data=DataConfig(str(folder / "hub")), database=DatabaseConfig(url))
            agent_toml = how_to.agent_toml(free_port())
            await asyncio.to_thread(_set_up, how_to, hub_toml, agent_toml, config)
            hub = Child("hub", command("tillwire-hub", "--config", str(hub_toml), "run"), folder / "hub.log")
            till = Child("agent", command("tillwire-agent", "run", "--config", str(agent_toml)), folder / "agent.log")
            try:
                yield Shop(how_to, config, web_port, hub, till)
            finally:
                await till.kill()
                await hub.kill()


def _set_up(how_to: HowTo, hub_toml: Path, agent_toml: Path, config: HubConfig) -> None:
    hub = ("tillwire-hub", "--config", str(hub_toml))
    credentials = str(how_to.folder / "T1.json")
    door = ("--hub-host", HOST, "--hub-port", str(how_to.till_port))
    run(command(*hub, "check-config"))
    run(command(*hub, "store", "add", "HangBai", "--title", "Hàng Bài"))
    run(command(*hub, "terminal", "add", "HangBai", "T1", *door, "--out", credentials))
    run(command("tillwire-agent", "enrol", "--config", str(agent_toml), "--from", credentials))
    opened = open_data(config)
    try:
        opened.stores.catalogue.put_items(
            [good.item for good, _ in zip(goods(ITEMS), range(ITEMS), strict=False)], now()
        )
    finally:
        opened.close()


def run(arguments: tuple[str, ...]) -> None:
    """One of our commands, to its end."""
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=WAIT_S, check=False)  # noqa: S603 - our own
    assert done.returncode == 0, done.stderr


async def sell(shop: Shop) -> str:
    """Sell one piece for cash on the till's page; the receipt's number."""
    address = (shop.till_folder / "data" / "page-address").read_text("ascii")
    code = next(iter(goods(1))).item.barcodes[0]
    async with TillPage(address) as page:
        before = (await page.wait(lambda shown: bool(shown.sale_id), "a cart")).sale_id
        await page.post("/order/scan", code=code)
        cart = await page.wait(lambda shown: bool(shown.lines), "the line")
        await page.post("/order/pay_cash", sale_id=cart.sale_id)
        done = await page.wait(lambda shown: shown.stage == "done" and bool(shown.receipt), f"a receipt after {before}")
        return done.receipt


def is_unready(shop: Shop) -> bool:
    """Whether the hub's web answers that it cannot do its work."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{shop.web_port}/readyz", timeout=2)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE


def said_by_hub(folder: Path) -> str:
    """The hub's log."""
    return (folder / "hub.log").read_text("utf-8")


def receipts(config: HubConfig) -> list[str]:
    """What the hub has."""
    opened = open_data(config)
    try:
        return [sale.receipt_number for sale in opened.queries.recent_sales(10)]
    finally:
        opened.close()


def test_what_the_how_to_says_brings_catalogue_and_sales_through_tls(tmp_path: Path, postgres: PostgresServer) -> None:
    """Certificates, access lists and settings of the page; the first load comes by https, a sale goes up by MQTT."""

    async def scenario() -> None:
        async with shop(tmp_path, postgres) as found:
            await found.start()
            await until(lambda: found.said("snapshot: loaded"), "the catalogue came as a file")
            await until(lambda: found.goods() == ITEMS, "the till knows all goods")
            receipt = await sell(found)
            await until(lambda: receipts(found.config) == [receipt], "the hub has the sale")

    asyncio.run(scenario())


def test_a_till_of_another_authority_hears_nothing_and_says_why_and_sells_on(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    """Once its file is the right one, what it sold meanwhile arrives."""

    async def scenario() -> None:
        async with shop(tmp_path, postgres) as found:
            await found.start()
            await until(lambda: found.goods() == ITEMS, "the till knows all goods")
            await found.till.kill()
            ours = (found.till_folder / "ca.crt").read_bytes()
            await asyncio.to_thread(found.how_to.make_certificates, "another")
            shutil.copy(tmp_path / "another" / "ca.crt", found.till_folder / "ca.crt")
            await found.till.start()
            await until(lambda: found.said("certificate verify failed"), "the till says what is wrong")
            receipt = await sell(found)
            assert await asyncio.to_thread(receipts, found.config) == []
            await found.till.kill()
            (found.till_folder / "ca.crt").write_bytes(ours)
            await found.till.start()
            await until(lambda: receipts(found.config) == [receipt], "the hub has the sale")

    asyncio.run(scenario())


def test_a_hub_that_does_not_know_the_brokers_authority_is_not_ready_and_says_why(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    """It trusts no broker that its authority has not signed, even one that takes its password."""

    async def scenario() -> None:
        async with shop(tmp_path, postgres) as found:
            await asyncio.to_thread(found.how_to.make_certificates, "another")
            shutil.copy(tmp_path / "another" / "ca.crt", tmp_path / "ca.crt")
            await found.hub.start()
            await until(lambda: is_unready(found), "the hub answers that it is not ready")
            await until(lambda: "the broker is away" in said_by_hub(tmp_path), "its log says so")
            assert "certificate verify failed" in said_by_hub(tmp_path).partition("the broker is away")[2]
            assert found.hub.running

    asyncio.run(scenario())
