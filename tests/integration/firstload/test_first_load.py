"""A till's first load from a real hub, both processes of their own, with the line and both ends failing half-way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.config import DatabaseConfig, DataConfig, HubConfig, now
from hub.running.data import open_data
from protocol.documents import Item
from protocol.ids import GLOBAL_FEED, store_feed
from tests.bench.firstload.shop import STORE, Catalogue, LoadHub, LoadTill
from tests.integration.firstload.slow_web import SlowWeb

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
CATALOGUE = Catalogue(items=1_500, customers=2_500)
HALF = 24 * 1024
"""Less than any of these files has: about 70 KB."""
WAIT_S = 60.0


@asynccontextmanager
async def shop(folder: Path, *, budget: int | None = None) -> AsyncIterator[tuple[LoadHub, LoadTill, SlowWeb]]:
    """A hub that offers files, behind a line that may break, and one till that has nothing; neither is started."""
    hub = LoadHub(folder, snapshot_from=1_000)
    await asyncio.to_thread(hub.make, CATALOGUE, ["t1"])
    async with SlowWeb(hub.web_port, budget) as web:
        hub.web_url = web.url
        till = LoadTill(hub, "t1")
        try:
            yield hub, till, web
        finally:
            await till.child.kill()
            await hub.child.kill()


async def until(ask: Callable[[], Any], what: str) -> None:
    """Wait for another process to get somewhere."""
    try:
        async with asyncio.timeout(WAIT_S):
            while not await asyncio.to_thread(ask):  # noqa: ASYNC110 - another process cannot set our event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {WAIT_S} s: {what}") from None


async def loaded(hub: LoadHub, till: LoadTill) -> None:
    """Wait until the till has both feeds, and compare every document with the hub's, byte by byte."""
    wanted = await asyncio.to_thread(hub.documents)
    await until(lambda: till.documents() == wanted, "the till has what the hub has")


def part_of(till: LoadTill) -> int:
    """How much of the global feed's file is on the till's disk."""
    return sum(path.stat().st_size for path in (till.data / "snapshots").glob("global.*"))


def test_a_till_fetches_its_first_load_as_one_file_and_follows_the_feed_from_there(tmp_path: Path) -> None:
    """All documents of both feeds come by file; what changes afterwards comes over the link; nothing is left behind."""

    async def scenario() -> None:
        async with shop(tmp_path) as (hub, till, web):
            await hub.start()
            await till.start()
            await loaded(hub, till)
            assert {record["feed"] for record in till.said("snapshot: loaded")} == {GLOBAL_FEED, store_feed(STORE)}
            assert len(web.heads) == 2
            assert list((till.data / "snapshots").iterdir()) == []
            opened = open_data(HubConfig(data=DataConfig(str(hub.data))))
            opened.stores.catalogue.put_items([Item(sku="NEW", name="Mới", price=1, currency="VND")], now())
            opened.close()
            await loaded(hub, till)
            assert len(web.heads) == 2

    asyncio.run(scenario())


def test_a_cut_line_costs_nothing_of_what_has_come(tmp_path: Path) -> None:
    """The line breaks twice: each time the next request begins where the last one was cut off."""

    async def scenario() -> None:
        async with shop(tmp_path, budget=HALF) as (hub, till, web):
            await hub.start()
            await till.start()
            await until(lambda: web.cuts >= 1, "the line was cut")
            web.budget = HALF
            await until(lambda: web.cuts >= 2, "the line was cut again")
            web.budget = None
            await loaded(hub, till)
            begins = web.ranges()
            assert begins[0] == 0
            assert max(begins) > HALF // 2, begins

    asyncio.run(scenario())


def test_a_till_killed_while_it_fetches_goes_on_after_its_restart(tmp_path: Path) -> None:
    """A kill -9 with half of a file on the disk; the restarted till asks for the other half."""

    async def scenario() -> None:
        async with shop(tmp_path, budget=HALF) as (hub, till, web):
            await hub.start()
            await till.start()
            await until(lambda: web.cuts >= 1 and part_of(till) > 0, "half of it is there")
            await till.child.kill()
            had, asked, web.budget = part_of(till), len(web.heads), None
            await till.start()
            await loaded(hub, till)
            assert had in web.ranges()[asked:]

    asyncio.run(scenario())


def test_a_till_killed_while_it_fills_its_tables_goes_on_there(tmp_path: Path) -> None:
    """A kill -9 between two steps: what was staged is not staged again, and nobody has seen a half state."""

    async def scenario() -> None:
        async with shop(tmp_path) as (hub, till, _web):
            await hub.start()
            await till.start()
            await until(lambda: till.staged(GLOBAL_FEED) > 0, "a part is staged")
            await till.child.kill()
            assert till.revision(GLOBAL_FEED) in (0, 2)
            generation = "SELECT newest FROM feed_generation WHERE feed = ?"
            before = till.one(generation, GLOBAL_FEED)
            await till.start()
            await loaded(hub, till)
            assert till.one(generation, GLOBAL_FEED) == before

    asyncio.run(scenario())


def test_a_hub_killed_in_the_middle_offers_the_same_file_again(tmp_path: Path) -> None:
    """A kill -9 of the hub, broker and all, with half of the file fetched: the rest comes after its restart."""

    async def scenario() -> None:
        async with shop(tmp_path, budget=HALF) as (hub, till, web):
            await hub.start()
            await till.start()
            await until(lambda: web.cuts >= 1 and part_of(till) > 0, "half of it is there")
            await hub.child.kill()
            web.budget = None
            await hub.start()
            await loaded(hub, till)
            assert max(web.ranges()) > 0
            assert len(hub.said("snapshot_made")) == 2, "made once a feed, before the kill"

    asyncio.run(scenario())


def test_a_file_that_is_outdated_in_the_middle_is_replaced_by_the_new_one(tmp_path: Path) -> None:
    """While half is fetched, the whole catalogue changes and the hub is started anew: the old file's half is let go."""

    async def scenario() -> None:
        async with shop(tmp_path, budget=HALF) as (hub, till, web):
            await hub.start()
            await till.start()
            await until(lambda: web.cuts >= 1 and part_of(till) > 0, "half of it is there")
            await hub.child.kill()
            opened = open_data(HubConfig(data=DataConfig(str(hub.data)), database=DatabaseConfig("")))
            changed = [Item(sku=f"SKU-{n:06d}", name=f"Giá mới {n}", price=n + 1, currency="VND") for n in range(1_400)]
            opened.stores.catalogue.put_items(changed, now())
            opened.close()
            web.budget = None
            await hub.start()
            await loaded(hub, till)
            assert till.revision(GLOBAL_FEED) > 2
            assert list((till.data / "snapshots").iterdir()) == []

    asyncio.run(scenario())


def test_a_tampered_file_is_never_taken_and_parts_come_instead(tmp_path: Path) -> None:
    """A byte is changed on the way, each time: the digest from the link shows it, and the feed comes in parts."""

    async def scenario() -> None:
        async with shop(tmp_path) as (hub, till, web):
            web.tamper = True
            await hub.start()
            await till.start()
            await loaded(hub, till)
            assert till.said("snapshot: damaged, thrown away")
            assert not till.said("snapshot: loaded")

    asyncio.run(scenario())


def test_a_web_that_cannot_be_reached_leaves_the_link(tmp_path: Path) -> None:
    """A firewall stands before the hub's web: after some tries everything comes in parts."""

    async def scenario() -> None:
        async with shop(tmp_path, budget=0) as (hub, till, _web):
            await hub.start()
            await till.start()
            await loaded(hub, till)
            assert {record["why"] for record in till.said("snapshot: comes over the link instead")} == {
                "web_unreachable"
            }

    asyncio.run(scenario())


def test_two_tills_that_ask_at_once_are_given_one_file(tmp_path: Path) -> None:
    """The hub makes each feed's file once."""

    async def scenario() -> None:
        hub = LoadHub(tmp_path, snapshot_from=1_000)
        await asyncio.to_thread(hub.make, CATALOGUE, ["t1", "t2"])
        tills = [LoadTill(hub, "t1"), LoadTill(hub, "t2")]
        try:
            await hub.start()
            await asyncio.gather(*(till.start() for till in tills))
            for till in tills:
                await loaded(hub, till)
                assert len(till.said("snapshot: loaded")) == 2
            assert len(hub.said("snapshot_made")) == 2
        finally:
            for child in (*(till.child for till in tills), hub.child):
                await child.kill()

    asyncio.run(scenario())


def test_a_hub_that_offers_nothing_and_a_till_that_knows_no_files_go_on_in_parts(tmp_path: Path) -> None:
    """`snapshot_from = 0` is an older hub to the till: chunks over the link, as ever."""

    async def scenario() -> None:
        async with shop(tmp_path) as (hub, till, web):
            hub.snapshot_from = 0
            await hub.start()
            await till.start()
            await loaded(hub, till)
            assert not web.heads

    asyncio.run(scenario())
