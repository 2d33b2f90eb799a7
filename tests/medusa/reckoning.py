"""The reckoning: what must be where, by what tills and customers did, against what hub and Medusa say."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import httpx

from tests.contract.medusa.bed import Thing
from tests.demo.baskets import PIECE
from tests.medusa.chain import DEPOT, STORES, Chain, NeverCame
from tests.medusa.figures import Figures

SETTLE_S = 60.0
RECORD_S = 2.0
"""What a sale's record may take: Medusa makes two or three a second, and less on a machine with other work."""
_PAGE, _SKUS = 200, 50


class Reckoned(NamedTuple):
    """One thing, in pieces: what the hub has and has not promised, what it offers of that, and what Medusa offers."""

    has: int
    gives: int
    offered: int


async def ask(chain: Chain, things: Sequence[Thing]) -> dict[Thing, Reckoned]:
    """What hub and Medusa say now."""

    def look() -> dict[Thing, Reckoned]:
        gives = _given_by_the_hub(chain, things)
        return {
            thing: Reckoned(chain.available(thing), gives[thing], chain.bed.offered(thing, DEPOT)) for thing in things
        }

    return await asyncio.to_thread(look)


async def settle(chain: Chain, things: Sequence[Thing], expected: Mapping[Thing, int]) -> None:
    """Wait until levels agree and nothing is on its way, or the time is over; then what differs differs."""
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + SETTLE_S
    while loop.time() < ends_s:
        said = await ask(chain, things)
        wrong = [each for each, one in said.items() if one.has != expected[each] or one.offered != one.gives]
        if not wrong:
            break
        await asyncio.sleep(0.25)
    await come_to_rest(chain)


async def come_to_rest(chain: Chain) -> None:
    """Wait until nothing is on its way to Medusa, or for as long as that may take."""
    records = len(await asyncio.to_thread(chain.waiting))
    with contextlib.suppress(NeverCame):
        await chain.until(chain.drained, "the end of what waits", limit_s=SETTLE_S + records * RECORD_S)


async def reckon(chain: Chain, figures: Figures, things: Sequence[Thing], expected: Mapping[Thing, int]) -> None:
    """Let all come to rest, then compare level by level.

    What the hub holds back of what it has, for a till that has been silent, as after a kill, it offers nowhere.
    """
    await settle(chain, things, expected)
    for thing, one in (await ask(chain, things)).items():
        if one.has != expected[thing]:
            figures.problems.append(f"{thing.sku}: the hub has {one.has} to give, not {expected[thing]}")
        if one.offered != one.gives:
            figures.problems.append(f"{thing.sku}: Medusa offers {one.offered}, and the hub gives {one.gives}")
        for difference in (one.has - expected[thing], one.offered - one.gives):
            figures.lost_levels += max(0, difference)
            figures.double_decrements += max(0, -difference)
        figures.count("held_back", max(0, one.has - one.gives))
    figures.problems += [f"still waits: {words}" for words in chain.waiting()[:5]]


def _given_by_the_hub(chain: Chain, things: Sequence[Thing]) -> dict[Thing, int]:
    """What the hub's own API tells a web shop."""
    found: dict[str, int] = {}
    for start in range(0, len(things), _SKUS):
        chosen = httpx.QueryParams([("sku", thing.sku) for thing in things[start : start + _SKUS]])
        answer = httpx.get(f"{chain.stage.web_url}/v1/availability", params=chosen, timeout=20, trust_env=False)
        answer.raise_for_status()
        for item in answer.json()["items"]:
            found[item["sku"]] = sum(max(0, place["available_milli"]) for place in item["locations"]) // PIECE
    return {thing: found.get(thing.sku, 0) for thing in things}


def expected_of(chain: Chain, things: Iterable[Thing], bought: Mapping[str, int]) -> dict[Thing, int]:
    """What is there to give: what there was, less what tills sold and what was bought on the web."""
    return {
        thing: sum(chain.opening.get((store, thing.sku), 0) - chain.sold[store, thing.sku] for store in STORES)
        - bought.get(thing.sku, 0)
        for thing in things
    }


async def count_records(chain: Chain, figures: Figures) -> None:
    """Every sale of a till is one order of Medusa's, and every web order one of the hub's."""
    with contextlib.suppress(NeverCame):  # the last sale may not even be in the outbox yet
        await chain.until(lambda: _all_told(chain), "a message for each sale")
    await come_to_rest(chain)
    receipts = [sale.receipt_number for cashier in chain.cashiers.values() for sale in cashier.ledger.paid]
    told = await asyncio.to_thread(_receipts_in_medusa, chain)
    for number in dict.fromkeys(receipts):
        figures.doubled_orders += max(0, told[number] - 1)
        if not told[number]:
            figures.missing_orders += 1
            figures.problems.append(f"receipt {number} has no record in Medusa")
    figures.count("sales", len(set(receipts)))
    await _count_orders(chain, figures)


async def _count_orders(chain: Chain, figures: Figures) -> None:
    """The web orders that the hub has are those that Medusa has, each once; what customers were told of is among them.

    A customer may have bought without being told, when Medusa died under it; and Medusa makes orders that it takes back
    again, which must be none of the hub's.
    """
    # A new channel asks from a minute ago: what an earlier chain's customers bought then comes, too, and is not ours.
    rows = chain.rows(
        "select o.key, count(*) from channel_order o join web_order w on w.id = o.order_id "
        "where o.own = 0 and w.placed_us >= :began group by o.key",
        began=int(datetime.fromisoformat(chain.began).timestamp() * 1_000_000),
    )
    ours = {str(key) for key, _ in rows}
    theirs = await asyncio.to_thread(_web_orders_in_medusa, chain)
    figures.doubled_orders += sum(count - 1 for _, count in rows)
    figures.count("web_orders", len(ours))
    figures.count("bought_without_an_answer", len(theirs) - chain.checkouts)
    for words, keys in (("the hub lacks", theirs - ours), ("Medusa has not got the hub's", ours - theirs)):
        figures.missing_orders += len(keys)
        figures.problems += [f"{words} web order {key}" for key in sorted(keys)]
    if len(theirs) < chain.checkouts:
        figures.problems.append(f"{chain.checkouts} customers were told of an order, and Medusa has {len(theirs)}")


async def _all_told(chain: Chain) -> bool:
    sales = sum(len(cashier.ledger.paid) for cashier in chain.cashiers.values())
    rows = await asyncio.to_thread(chain.rows, "select count(*) from outbox where kind = 'sale'")
    return bool(rows[0][0] >= sales)


def _receipts_in_medusa(chain: Chain) -> Counter[str]:
    rows = [
        row
        for path, name in (("/admin/orders", "orders"), ("/admin/draft-orders", "draft_orders"))
        for row in _every(chain, path, name, [("sales_channel_id[]", chain.bed.channel("POS Store A"))])
    ]
    # Medusa keeps what earlier runs told it, and receipt numbers begin anew with each chain.
    said = [row["metadata"] or {} for row in rows]
    return Counter(str(one.get("receipt_number")) for one in said if str(one.get("sold_at")) >= chain.began)


def _web_orders_in_medusa(chain: Chain) -> set[str]:
    pos = chain.bed.channel("POS Store A")
    rows = _every(chain, "/admin/orders", "orders", [("created_at[$gte]", chain.began)])
    return {str(row["id"]) for row in rows if row["sales_channel_id"] != pos}


def _every(chain: Chain, path: str, name: str, params: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """All pages of a list."""
    offset = 0
    while True:
        page = [("limit", str(_PAGE)), ("offset", str(offset)), ("order", "id")]
        rows = chain.bed.get(path, [*params, ("fields", "id,metadata,sales_channel_id"), *page])[name]
        yield from rows
        offset += len(rows)
        if len(rows) < _PAGE:
            return
