"""The reckoning: what must be where, by what tills and customers did, against what hub and Medusa say."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tests.contract.medusa.bed import Thing
from tests.medusa.chain import DEPOT, STORES, Chain
from tests.medusa.figures import Figures

SETTLE_S = 120.0
_PAGE = 200


async def settle(chain: Chain, things: Sequence[Thing], expected: Mapping[Thing, int]) -> None:
    """Wait until nothing is on its way, or the time is over; then the differences are what they are."""
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + SETTLE_S
    while loop.time() < ends_s:
        waiting = await asyncio.to_thread(chain.waiting)
        if not waiting and not await differences(chain, things, expected):
            return
        await asyncio.sleep(0.25)


async def differences(chain: Chain, things: Sequence[Thing], expected: Mapping[Thing, int]) -> dict[Thing, int]:
    """By how much Medusa offers more (positive) or less than it should."""
    offered = await asyncio.to_thread(lambda: {thing: chain.bed.offered(thing, DEPOT) for thing in things})
    return {thing: offered[thing] - expected[thing] for thing in things if offered[thing] != expected[thing]}


async def reckon(chain: Chain, figures: Figures, things: Sequence[Thing], expected: Mapping[Thing, int]) -> None:
    """Let all come to rest, then compare level by level, and order by order."""
    await settle(chain, things, expected)
    for thing, difference in (await differences(chain, things, expected)).items():
        figures.problems.append(f"{thing.sku}: Medusa offers {difference:+} than there is")
        if difference > 0:
            figures.lost_levels += difference
        else:
            figures.double_decrements -= difference
    for thing in things:
        hub = chain.available(thing)
        if hub != expected[thing]:
            figures.problems.append(f"{thing.sku}: the hub has {hub} to give, not {expected[thing]}")
            figures.lost_levels += abs(hub - expected[thing])
    if waiting := chain.waiting():
        figures.problems += [f"still waits: {words}" for words in waiting[:5]]


def expected_of(chain: Chain, things: Iterable[Thing], bought: Mapping[str, int]) -> dict[Thing, int]:
    """What is there to give: what there was, less what tills sold and what was bought on the web."""
    return {
        thing: sum(chain.opening.get((store, thing.sku), 0) - chain.sold[store, thing.sku] for store in STORES)
        - bought.get(thing.sku, 0)
        for thing in things
    }


async def count_records(chain: Chain, figures: Figures) -> None:
    """Every sale of a till is one order of Medusa's, and every web order one of the hub's."""
    receipts = [sale.receipt_number for cashier in chain.cashiers.values() for sale in cashier.ledger.paid]
    told = await asyncio.to_thread(_receipts_in_medusa, chain)
    for number in dict.fromkeys(receipts):
        figures.doubled_orders += max(0, told[number] - 1)
        if not told[number]:
            figures.missing_orders += 1
            figures.problems.append(f"receipt {number} has no record in Medusa")
    figures.count("sales", len(set(receipts)))
    ids = chain.rows("select order_id, count(*) from channel_order where own = 0 group by order_id")
    figures.doubled_orders += sum(count - 1 for _, count in ids)
    figures.count("web_orders", len(ids))
    if len(ids) != chain.checkouts:
        figures.missing_orders += abs(chain.checkouts - len(ids))
        figures.problems.append(f"{chain.checkouts} checkouts, and {len(ids)} web orders at the hub")


def _receipts_in_medusa(chain: Chain) -> Counter[str]:
    found: Counter[str] = Counter()
    for path, name in (("/admin/orders", "orders"), ("/admin/draft-orders", "draft_orders")):
        offset = 0
        while True:
            params = [
                ("sales_channel_id[]", chain.bed.channel("POS Store A")), ("fields", "id,metadata"),
                ("limit", str(_PAGE)), ("offset", str(offset)), ("order", "id"),
            ]  # fmt: skip
            rows = chain.bed.get(path, params)[name]
            # Medusa keeps what earlier runs told it, and receipt numbers begin anew with each chain.
            said = [row["metadata"] or {} for row in rows]
            found.update(str(one.get("receipt_number")) for one in said if str(one.get("sold_at")) >= chain.began)
            offset += len(rows)
            if len(rows) < _PAGE:
                break
    return found
