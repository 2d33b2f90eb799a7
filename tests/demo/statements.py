"""Ask everybody in the end: the hub's database, each till, the web. Only reading, and only from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx
import sqlalchemy

from tests.demo.cashier import Cashier
from tests.demo.checks import PaidSale, Place, Statements
from tests.demo.plan import Plan
from tests.demo.stage import Stage, Till, receipts_of

SETTLE_S_MAX = 60.0
SKUS_A_REQUEST = 100


class NotSettled(RuntimeError):
    """Something did not come to rest in time; the message says what."""


async def settle(stage: Stage, cashiers: Sequence[Cashier]) -> float:
    """Wait until nothing is on its way any more; return how many seconds that took. Raises NotSettled."""
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    while waiting := await _on_the_way(stage, cashiers):
        if loop.time() - started_s > SETTLE_S_MAX:
            raise NotSettled(f"after {SETTLE_S_MAX:.0f} s: {'; '.join(waiting)}")
        await asyncio.sleep(0.1)
    return loop.time() - started_s


async def gather(stage: Stage, cashiers: Sequence[Cashier], paid: Sequence[PaidSale]) -> Statements:
    """What everybody says now."""
    hub_receipts, hub_levels, parked = await asyncio.to_thread(_ask_hub, stage.database_url)
    printed = {(till.store, till.terminal): receipts_of(till) for till in stage.tills}
    return Statements(
        opening=opening_of(stage.plan),
        paid=tuple(paid),
        hub_receipts=hub_receipts,
        hub_levels=hub_levels,
        till_stock={(cashier.store, cashier.terminal): await _ask_till(cashier) for cashier in cashiers},
        web=await _ask_web(stage),
        printed={till: complete for till, (complete, _) in printed.items()},
        torn=sum(torn for _, torn in printed.values()),
        parked=parked,
    )


def opening_of(plan: Plan) -> dict[Place, int]:
    """The opening stock of every store."""
    return {(store.store, good.sku): plan.opening for store in plan.stores for good in plan.goods}


async def till_to_till_ms(cashiers: Sequence[Cashier]) -> list[float]:
    """From the moment at which a till wrote a sale down to the one at which its neighbour's stock view had it.

    Both moments are of this machine's clock. Sales that waited for a dead line are not in it: see the offline figures.
    """
    diagnoses = {(c.store, c.terminal): await c.page.get_json("/v1/diagnostics") for c in cashiers}
    found: list[float] = []
    for (store, terminal), seller in diagnoses.items():
        for (other_store, other), witness in diagnoses.items():
            if store == other_store and terminal != other:
                found += _heard_ms(seller["sold"], witness["cursors"], terminal)
    return found


def till_to_hub_ms(database_url: str, but: frozenset[str]) -> list[float]:
    """From the sale's time to its commit at the hub, as the hub wrote it down; without the receipts in `but`."""
    with _engine(database_url).connect() as connection:
        rows = connection.execute(sqlalchemy.text("SELECT receipt_number, latency_ms FROM sale ORDER BY position"))
        return [float(latency_ms) for receipt_number, latency_ms in rows if receipt_number not in but]


def _heard_ms(sold: Any, cursors: Any, terminal: str) -> list[float]:  # noqa: ANN401 - JSON of the diagnostics
    heard = [
        (cursor["epoch"], cursor["sequence"], datetime.fromisoformat(cursor["applied_at"]))
        for cursor in cursors
        if cursor["terminal"] == terminal
    ]
    found = []
    for sale in sold:
        at = datetime.fromisoformat(sale["at"])
        times = [when for epoch, sequence, when in heard if epoch == sale["epoch"] and sequence >= sale["sequence"]]
        if times:
            found.append((min(times) - at).total_seconds() * 1000)
    return found


async def _on_the_way(stage: Stage, cashiers: Sequence[Cashier]) -> list[str]:
    waiting = []
    levels = (await asyncio.to_thread(_ask_hub, stage.database_url))[1]
    for cashier in cashiers:
        who = f"till {cashier.terminal} in {cashier.store}"
        facts = await cashier.page.get_json("/v1/diagnostics")
        if facts["backlog"]:
            waiting.append(f"{who} has {facts['backlog']} events to send")
        stock = await _ask_till(cashier)
        wrong = [sku for (store, sku), level in levels.items() if store == cashier.store and stock.get(sku) != level]
        if wrong:
            waiting.append(f"{who} sees another stock than the hub for {len(wrong)} SKUs, such as {wrong[0]}")
    for till in stage.tills:
        paid = sum(1 for c in cashiers for s in c.ledger.paid if (s.store, s.terminal) == (till.store, till.terminal))
        paid //= len(cashiers)  # the ledger is shared
        if receipts_of(till)[0] < paid:
            waiting.append(f"the printer of {till.terminal} in {till.store} has receipts to print")
    return waiting


def _ask_hub(url: str) -> tuple[tuple[str, ...], dict[Place, int], int]:
    with _engine(url).connect() as connection:
        receipts = connection.execute(sqlalchemy.text("SELECT receipt_number FROM sale WHERE kind = 'sale'"))
        numbers = tuple(row[0] for row in receipts)
        levels = connection.execute(sqlalchemy.text("SELECT store, sku, on_hand FROM level"))
        by_place = {(row[0], row[1]): int(row[2]) for row in levels}
        parked = connection.execute(sqlalchemy.text("SELECT count(*) FROM parked WHERE resolved_us IS NULL")).scalar()
    return numbers, by_place, int(parked or 0)


def _engine(url: str) -> sqlalchemy.Engine:
    # Each look with a connection of its own: the hub's file must not be held open by its auditor.
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)


async def _ask_till(cashier: Cashier) -> dict[str, int]:
    stock: dict[str, int] = {}
    after: str | None = ""
    while after is not None:
        page: Any = await cashier.page.get_json(f"/v1/diagnostics/stock?after={after}")
        stock.update(page["stock"])
        after = page["next"]
    return stock


async def _ask_web(stage: Stage) -> dict[Place, int]:
    skus = [good.sku for good in stage.plan.goods]
    found: dict[Place, int] = {}
    async with httpx.AsyncClient(base_url=stage.web_url, timeout=20) as client:
        for start in range(0, len(skus), SKUS_A_REQUEST):
            chosen = httpx.QueryParams([("sku", sku) for sku in skus[start : start + SKUS_A_REQUEST]])
            answer = await client.get("/v1/availability", params=chosen)
            while answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                await asyncio.sleep(float(answer.headers.get("retry-after", "1")))
                answer = await client.get("/v1/availability", params=chosen)
            answer.raise_for_status()
            for item in answer.json()["items"]:
                for location in item["locations"]:
                    found[location["store"], item["sku"]] = location["available_milli"]
    return found


__all__ = ["NotSettled", "Till", "gather", "opening_of", "settle", "till_to_hub_ms", "till_to_till_ms"]
