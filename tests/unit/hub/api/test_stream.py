"""Streams: nothing is missed, nothing grows, and a hub that stops lets go."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import msgspec

from hub.admin.memory import MemoryItem
from hub.api.settings import WebSettings
from hub.api.stream import PAGE, SharedReads
from hub.storage.reading import AvailabilityChanges
from tests.unit.hub.admin.sample_hub import SampleHub
from tests.unit.hub.api.asgi import Stream, client, opened

QUICK = WebSettings(coalesce_ms=20, heartbeat_s=0.15, streams_max=2)
PATH = "/v1/availability/stream"


def run(work: Coroutine[object, object, None]) -> None:
    """Run it in a loop of its own."""
    asyncio.run(work)


def hub_with(*skus: str, settings: WebSettings = QUICK) -> SampleHub:
    """A hub whose first store has 12 of each SKU."""
    hub = SampleHub(settings)
    for sku in skus:
        hub.queries.put_item(MemoryItem(sku, f"Goods {sku}"))
        hub.queries.set_level("st01", sku, 12_000, hub.now)
    return hub


def change(hub: SampleHub, sku: str, level: int) -> None:
    """Commit a level and announce it."""
    hub.queries.set_level("st01", sku, level, hub.now)
    hub.changes.announce("stock")


async def next_sku(stream: Stream) -> tuple[str, int, int]:
    """The next availability event as (sku, thousandths, id), past heartbeats."""
    while (event := await stream.event()).startswith(":"):
        continue
    lines = dict(line.split(": ", 1) for line in event.splitlines())
    assert lines["event"] == "availability"
    body = msgspec.json.decode(lines["data"])
    return body["sku"], body["available_milli"], int(lines["id"])


def test_a_change_reaches_an_open_stream() -> None:
    """`ready` first, then what changed, as the same JSON as the single answer."""

    async def work() -> None:
        hub = hub_with("A", "B")
        async with opened(hub.web(), PATH) as stream:
            assert stream.status == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["cache-control"] == "no-store"
            assert await stream.event() == "retry: 2000\nid: 4\nevent: ready\ndata: {}"
            change(hub, "B", 11_000)
            assert await next_sku(stream) == ("B", 11_000, 5)

    run(work())


def test_a_client_that_comes_back_gets_what_it_missed_each_sku_once() -> None:
    """Last-Event-ID is a revision; several changes of a SKU come as the newest."""

    async def work() -> None:
        hub = hub_with("A", "B", "C")
        for level in (5_000, 4_000, 3_000):
            change(hub, "A", level)
        change(hub, "B", 1_000)
        async with opened(hub.web(), PATH, {"last-event-id": "6"}) as stream:
            await stream.event()
            assert await next_sku(stream) == ("A", 3_000, 9)
            assert await next_sku(stream) == ("B", 1_000, 10)

    run(work())


def test_an_id_of_another_database_is_answered_with_reset() -> None:
    """A revision that this hub never reached cannot be resumed from."""

    async def work() -> None:
        async with opened(hub_with("A").web(), PATH, {"last-event-id": "999"}) as stream:
            assert "event: reset" in await stream.event()
            assert "event: ready" in await stream.event()

    run(work())


def test_an_id_that_is_no_revision_is_refused() -> None:
    """400, not a stream from nowhere."""

    async def work() -> None:
        for text in ("x", "-1", "9" * 40, "1.5"):
            async with client(hub_with("A").web()) as http:
                answer = await http.get(PATH, headers={"last-event-id": text})
            assert (answer.status_code, answer.json()["type"]) == (400, "urn:tillwire:problem:invalid-revision")

    run(work())


def test_a_stream_can_follow_some_skus_and_one_store() -> None:
    """Others stay silent."""

    async def work() -> None:
        hub = hub_with("A", "B")
        async with opened(hub.web(), f"{PATH}?sku=B&store=st01") as stream:
            await stream.event()
            change(hub, "A", 1_000)
            change(hub, "B", 2_000)
            assert (await next_sku(stream))[:2] == ("B", 2_000)

    run(work())


def test_a_silent_stream_shows_that_it_lives() -> None:
    """A comment line as heartbeat, so that proxies and clients keep the connection."""

    async def work() -> None:
        async with opened(hub_with("A").web(), PATH) as stream:
            await stream.event()
            assert await stream.event() == ": still here"

    run(work())


def test_even_a_lost_announcement_is_made_good() -> None:
    """At a heartbeat the stream looks by itself: another worker's commit may not have been announced here."""

    async def work() -> None:
        hub = hub_with("A")
        async with opened(hub.web(), PATH) as stream:
            await stream.event()
            hub.queries.set_level("st01", "A", 7_000, hub.now)
            assert (await next_sku(stream))[:2] == ("A", 7_000)

    run(work())


def test_more_streams_than_slots_are_refused_and_a_slot_comes_back() -> None:
    """503 with Retry-After; a client that leaves makes room, and its subscription is gone."""

    async def work() -> None:
        hub = hub_with("A")
        web = hub.web()
        async with opened(web, PATH), opened(web, PATH):
            async with client(web) as http:
                refused = await http.get(PATH)
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "5"
        assert hub.changes.subscribers == 0
        async with opened(web, PATH) as stream:
            assert stream.status == 200

    run(work())


def test_streams_end_when_the_hub_stops() -> None:
    """A server that shuts down waits for its answers; these must end by themselves."""

    async def work() -> None:
        hub = hub_with("A")
        web = hub.web()
        async with opened(web, PATH) as shop, opened(web, "/live") as page:
            await shop.event()
            await page.event()
            hub.changes.stop()
            async with asyncio.timeout(2):
                await shop.ended.wait()
                await page.ended.wait()

    run(work())


def test_many_changes_come_as_few_events() -> None:
    """A burst is coalesced: a page is not asked to redraw a thousand times."""

    async def work() -> None:
        hub = hub_with("A", settings=WebSettings(coalesce_ms=100, heartbeat_s=1))
        async with opened(hub.web(), "/live") as stream:
            assert "hello" in await stream.event()
            for _ in range(1000):
                hub.changes.announce("sales")
                await asyncio.sleep(0)
            await asyncio.sleep(0.25)
            assert stream.bodies.qsize() <= 3

    run(work())


def test_streams_at_the_same_revision_share_one_read() -> None:
    """A hundred open shops cost one query a change, and nobody joins a read that has already begun."""

    async def work() -> None:
        asked: list[int | None] = []

        def read(after: int | None, limit: int) -> AvailabilityChanges:
            assert limit == PAGE
            asked.append(after)
            return AvailabilityChanges(8, ())

        reads = SharedReads(read)
        answers = await asyncio.gather(*(reads.after(7) for _ in range(100)), reads.after(6))
        assert {answer.revision for answer in answers} == {8}
        assert sorted(asked, key=str) == [6, 7]
        await reads.after(7)
        assert len(asked) == 3

    run(work())
