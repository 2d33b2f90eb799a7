"""One run: a till loads the catalogue as a file, another one in parts over the link; a cashier scans all the while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from protocol.ids import GLOBAL_FEED, store_feed
from tests.bench.firstload.shop import STORE, Catalogue, LoadHub, LoadTill
from tests.demo.cashier import percentiles
from tests.family import peak_mb
from tests.services import postgres_binaries, running_mosquitto, running_postgres

BETWEEN_SCANS_S = 0.1
LOAD_S_MAX = 1_800.0
SETTINGS = ("shared_buffers=256MB",)


async def bench_firstload(
    folder: Path, catalogue: Catalogue, told: Callable[[str], None], *, production: bool
) -> dict[str, Any]:
    """Measure both ways, one after the other, on one hub."""
    if not production:
        return await _both(LoadHub(folder), catalogue, told, "")
    binaries = postgres_binaries()
    assert binaries is not None, "the bench needs PostgreSQL: ./dev setup --system"
    with running_postgres(binaries, SETTINGS) as database, running_mosquitto() as broker:
        hub = LoadHub(folder, broker_port=broker.port)
        hub.web_url = f"http://127.0.0.1:{hub.web_port}"
        return await _both(hub, catalogue, told, database.new_database())


async def _both(hub: LoadHub, catalogue: Catalogue, told: Callable[[str], None], url: str) -> dict[str, Any]:
    told("filling the hub")
    await asyncio.to_thread(hub.make, catalogue, ["t1", "t2"], url)
    found: dict[str, Any] = {"items": catalogue.items, "customers": catalogue.customers}
    for way, till_name, snapshot_from in (("file", "t1", 5_000), ("link", "t2", 0)):
        hub.snapshot_from = snapshot_from
        await hub.start()
        till = LoadTill(hub, till_name)
        try:
            found[way] = await _load(hub, till, lambda words, way=way: told(f"{way}: {words}"))  # type: ignore[misc]  # the default binds it now
            if way == "file":
                found[way] |= _facts(hub, till)
            assert await asyncio.to_thread(till.documents) == await asyncio.to_thread(hub.documents)
        finally:
            await till.child.stop()
            await hub.child.stop()
    return found


async def _load(hub: LoadHub, till: LoadTill, told: Callable[[str], None]) -> dict[str, Any]:
    await till.start()
    began_s = time.monotonic()
    async with httpx.AsyncClient(follow_redirects=True, timeout=60) as client:
        page = httpx.URL(till.page())
        base = f"http://{page.host}:{page.port}"
        await client.get(page)
        scanning = asyncio.create_task(_scan(client, base))
        try:
            async with asyncio.timeout(LOAD_S_MAX):
                while not await asyncio.to_thread(_is_loaded, till):
                    told(f"{till.staged(GLOBAL_FEED):,} documents staged")
                    await asyncio.sleep(0.5)
        finally:
            scanning.cancel()
        took_s = time.monotonic() - began_s
        scans = (await client.get(f"{base}/v1/diagnostics")).json()["scan_ms"]
    return {
        "seconds": round(took_s, 1),
        "till_peak_mb": peak_mb(till.child.pid),
        "hub_peak_mb": peak_mb(hub.child.pid),
        "scan_ms": percentiles(scans),
    }


async def _scan(client: httpx.AsyncClient, base: str) -> None:
    """A code that no catalogue has: it costs the look-up and the answer, and leaves no cart."""
    headers = {"origin": base, "hx-request": "true"}
    while True:
        await client.post(f"{base}/order/scan", data={"code": "2999999999994"}, headers=headers)
        await asyncio.sleep(BETWEEN_SCANS_S)


def _is_loaded(till: LoadTill) -> bool:
    return all(till.revision(feed) for feed in (GLOBAL_FEED, store_feed(STORE)))


def _facts(hub: LoadHub, till: LoadTill) -> dict[str, Any]:
    """What hub and till said about the files."""
    made, loaded = hub.said("snapshot_made"), till.said("snapshot: loaded")
    return {
        "bytes": sum(int(one["bytes"]) for one in made),
        "make_s": round(sum(float(one["seconds"]) for one in made), 1),
        "fetch_s": round(sum(one["fetch_s"] for one in loaded), 1),
        "apply_s": round(sum(one["apply_s"] for one in loaded), 1),
    }
