"""What is played against the real Medusa, act by act. Each raises NeverCame, or notes in the figures what is wrong."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

import httpx

from tests.contract.medusa.bed import Thing
from tests.demo.baskets import PIECE
from tests.medusa.chain import CHANNEL, DEPOT, STORES, Chain
from tests.medusa.figures import Figures
from tests.medusa.reckoning import expected_of, reckon

SEED = 7
AT_ONCE = 4
"""Checkouts at once: each takes Medusa a second of a core."""


def other(store: str) -> str:
    """The other store."""
    return next(each for each in STORES if each != store)


async def whole_round(chain: Chain, figures: Figures) -> None:
    """Catalogue in, sale out, web order in, short pick, second store, parcels, a return, a cancel."""
    thing, rest = await chain.goods(2, {"alpha": 6, "beta": 6})
    figures.steps.append("catalogue and prices came in, stock of two stores is offered as one")
    await chain.sell("alpha", {thing: 2})
    await chain.until(lambda: chain.offers(thing, 10), "the web's stock after a sale")
    figures.steps.append("a sale at a till lowered what the web shop offers")
    placed = await chain.checkout({thing: 3, rest: 1})
    order = f"{CHANNEL}:{placed['id']}"
    first = await chain.where(order)
    await chain.until(lambda: chain.offers(thing, 7), "the web's stock after a checkout")
    figures.steps.append("a web checkout became a pick list at a till")
    await chain.gather(first, order, {thing: 1, rest: 1})
    await chain.until(lambda: chain.has_pick(other(first), order), "what is missing at the other store")
    figures.steps.append("a short pick was asked of the other store")
    await chain.gather(other(first), order, {thing: 2})
    for store in (first, other(first)):
        await chain.until(lambda each=store: _handed_over(chain, each, order), f"the parcel of {store}")  # type: ignore[misc]
    await chain.until(lambda: _fulfilled(chain, str(placed["id"]), 4), "the parcels at Medusa")
    figures.steps.append("two parcels were told to Medusa as fulfilments")
    line = next(str(item["id"]) for item in placed["items"] if item["variant_sku"] == thing.sku)
    left = {store: chain.level(store, thing)[0] for store in STORES}
    await asyncio.to_thread(_returned, chain, str(placed["id"]), line)
    await chain.until(lambda: _came_back(chain, thing, sum(left.values()) + PIECE), "the returned piece at the hub")
    figures.steps.append("a return that Medusa's staff received came back to the hub's stock")
    cancelled = await chain.checkout({rest: 2})
    await chain.where(f"{CHANNEL}:{cancelled['id']}")
    await asyncio.to_thread(chain.bed.post, f"/admin/orders/{cancelled['id']}/cancel")
    await chain.until(lambda: _state(chain, f"{CHANNEL}:{cancelled['id']}", "cancelled"), "the cancelled order")
    figures.steps.append("a cancelled order gave back what was kept for it")
    # The store that was short has said that what it should have had is not there: what it has is what it says.
    expected = {each: chain.available(each) for each in (thing, rest)}
    await reckon(chain, figures, [thing, rest], expected)


async def latencies(chain: Chain, figures: Figures, times: int) -> None:
    """From the receipt on the screen to Medusa's level, and from the checkout's answer to a till's pick list."""
    loop = asyncio.get_running_loop()
    (thing,) = await chain.goods(1, {"alpha": 500, "beta": 500})
    offered = 1000
    for number in range(times):
        await chain.sell(STORES[number % 2], {thing: 1})
        began_s = loop.time()
        offered -= 1
        await chain.until(lambda n=offered: chain.offers(thing, n), "the sale at Medusa")  # type: ignore[misc]
        figures.till_to_web_ms.append((loop.time() - began_s) * 1000)
    for _ in range(times):
        placed = await chain.checkout({thing: 1})
        began_s = loop.time()
        await chain.where(f"{CHANNEL}:{placed['id']}")
        figures.web_to_till_ms.append((loop.time() - began_s) * 1000)


async def drain(chain: Chain, figures: Figures, sales: int) -> None:
    """A peak of sales: their records drain at Medusa's own pace, and hold up no level meanwhile."""
    loop = asyncio.get_running_loop()
    (thing,) = await chain.goods(1, {"alpha": sales, "beta": sales})
    began_s = loop.time()
    for number in range(sales):
        await chain.sell(STORES[number % 2], {thing: 1})
    offered = sales
    await chain.until(lambda: chain.offers(thing, offered), "the peak at Medusa")
    for number in range(min(10, sales // 4)):
        await chain.sell(STORES[number % 2], {thing: 1})
        sold_s = loop.time()
        offered -= 1
        await chain.until(lambda n=offered: chain.offers(thing, n), "a sale in the peak")  # type: ignore[misc]
        figures.till_to_web_while_draining_ms.append((loop.time() - sold_s) * 1000)
    waiting = len(await asyncio.to_thread(chain.waiting))
    await chain.until(chain.drained, "the end of the peak", limit_s=sales * 5)
    figures.records_per_s = round((2 * sales - offered) / (loop.time() - began_s), 2)
    figures.count("records_behind_in_the_peak", waiting)
    figures.steps.append(f"a peak of {sales} sales drained, and levels did not wait for it")


async def race(chain: Chain, figures: Figures, checkouts: int, reservations: int) -> None:
    """Web customers buy while tills sell: whole checkouts, and bare reservations as those of others make them."""
    things = await chain.goods(5, {"alpha": 200, "beta": 200})
    dice = random.Random(SEED)  # noqa: S311 - who buys what
    bought: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    done = asyncio.Event()

    async def web(number: int) -> None:
        for _ in range(number):
            thing = dice.choice(things)
            await chain.checkout({thing: 1})
            bought[thing.sku] += 1

    async def reserve(number: int) -> None:
        for _ in range(number):
            thing = dice.choice(things)
            body = {"location_id": chain.bed.place(DEPOT), "inventory_item_id": thing.item, "quantity": 1}
            await asyncio.to_thread(chain.bed.post, "/admin/reservations", body)
            kept[thing.sku] += 1
            await asyncio.sleep(dice.random() / 5)

    async def tills(store: str) -> None:
        while not done.is_set():
            await chain.sell(store, {dice.choice(things): dice.randrange(1, 3)})
            await asyncio.sleep(dice.uniform(0.4, 1.2))

    selling = [asyncio.create_task(tills(store)) for store in STORES]
    await asyncio.gather(
        *(web(checkouts // AT_ONCE) for _ in range(AT_ONCE)), *(reserve(reservations // 2) for _ in range(2))
    )
    done.set()
    await asyncio.gather(*selling)
    figures.count("reservations", kept.total())
    expected = expected_of(chain, things, bought)
    # A bare reservation is of no order: the hub never counts it, so Medusa goes on subtracting it.
    await _release(chain, things)
    await reckon(chain, figures, things, expected)
    figures.steps.append(f"{bought.total()} checkouts and {kept.total()} reservations raced the tills")


async def last_unit(chain: Chain, figures: Figures, rounds: int) -> None:
    """One piece, a till and a customer: never does the web get what a till had sold, once Medusa was told of it."""
    loop = asyncio.get_running_loop()
    dice = random.Random(SEED)  # noqa: S311 - who is how late
    things = await chain.goods(rounds, {"alpha": 1})
    both = till_only = 0

    async def buy(thing: Thing, late_s: float) -> tuple[float, bool]:
        cart = await asyncio.to_thread(chain.bed.cart, {thing: 1})
        await asyncio.sleep(late_s)
        began_s = loop.time()
        return began_s, await asyncio.to_thread(chain.bed.complete, cart)

    async def sell(thing: Thing, late_s: float) -> float:
        """When Medusa was seen to know of it."""
        await asyncio.sleep(late_s)
        await chain.sell("alpha", {thing: 1})
        await chain.until(lambda: _gone(chain, thing), "the last piece's sale at Medusa")
        return loop.time()

    for thing in things:
        # The cart takes its time before; what races is its last step and the sale.
        buying = asyncio.create_task(buy(thing, dice.uniform(0, 0.6)))
        told_s = await sell(thing, dice.uniform(0.5, 1.8))
        began_s, got = await buying
        both += got
        till_only += not got
        if got and began_s > told_s:
            figures.sold_after_told += 1
            figures.problems.append(f"{thing.sku}: the web got it {(began_s - told_s) * 1000:.0f} ms after Medusa knew")
    for name, number in (("rounds", rounds), ("both", both), ("till_only", till_only)):
        figures.count(f"last_unit_{name}", number)
    chain.checkouts += both
    figures.steps.append(f"the last piece was raced {rounds} times")


async def medusa_away(chain: Chain, figures: Figures, *, kill: bool) -> None:
    """Medusa is gone while tills sell; back again, it hears of everything, once."""
    things = await chain.goods(3, {"alpha": 100, "beta": 100})
    dice = random.Random(SEED)  # noqa: S311 - what is sold
    bought = await _some_checkouts(chain, things)
    await asyncio.to_thread(lambda: chain.server.stop(kill=kill))
    for number in range(12):
        await chain.sell(STORES[number % 2], {dice.choice(things): 1})
    await chain.start_medusa()
    await reckon(chain, figures, things, expected_of(chain, things, bought))
    figures.steps.append(f"Medusa was {'killed' if kill else 'stopped'} for a while, and all caught up")


async def hub_killed(chain: Chain, figures: Figures, times: int) -> None:
    """The hub dies while tills sell and customers buy; nothing is lost and nothing doubled."""
    things = await chain.goods(3, {"alpha": 100, "beta": 100})
    dice = random.Random(SEED)  # noqa: S311 - when it dies
    bought: Counter[str] = Counter()

    async def customers() -> None:
        for _ in range(times * 2):
            bought.update(await _some_checkouts(chain, things, 1))

    async def tills() -> None:
        for number in range(times * 6):
            await chain.sell(STORES[number % 2], {dice.choice(things): 1})
            await asyncio.sleep(0.3)

    async def killer() -> None:
        for _ in range(times):
            await asyncio.sleep(dice.uniform(0.5, 2.5))
            await chain.stage.hub.kill()
            await chain.stage.hub.start()
            await chain.stage.hub.ready(f"{chain.stage.web_url}/readyz")

    await asyncio.gather(customers(), tills(), killer())
    await reckon(chain, figures, things, expected_of(chain, things, bought))
    figures.count("hub_kills", times)
    figures.steps.append(f"the hub was killed {times} times in the middle")


async def _some_checkouts(chain: Chain, things: Sequence[Thing], number: int = 3) -> Counter[str]:
    bought: Counter[str] = Counter()
    for thing in list(things)[:number]:
        await chain.checkout({thing: 1})
        bought[thing.sku] += 1
    return bought


async def _handed_over(chain: Chain, store: str, order: str) -> bool:
    """Hand over again and again: the till says no until it knows that the order is gathered."""
    await chain.hand_over(store, order)
    return not await chain.has_pick(store, order)


async def _fulfilled(chain: Chain, order: str, pieces: int) -> bool:
    found = await asyncio.to_thread(
        chain.bed.get, f"/admin/orders/{order}", [("fields", "id,items.detail.fulfilled_quantity")]
    )
    sent = sum(int(item["detail"]["fulfilled_quantity"]) for item in found["order"]["items"])
    return sent == pieces


def _returned(chain: Chain, order: str, line: str) -> None:
    chain.bed.receive(order, line, 1)


async def _came_back(chain: Chain, thing: Thing, thousandths: int) -> bool:
    had = [await asyncio.to_thread(chain.level, store, thing) for store in STORES]
    return sum(on_hand for on_hand, _ in had) == thousandths


async def _state(chain: Chain, order: str, state: str) -> bool:
    return (await asyncio.to_thread(chain.order_row, order))[0] == state


async def _gone(chain: Chain, thing: Thing) -> bool:
    return await asyncio.to_thread(chain.bed.offered, thing, DEPOT) <= 0


async def _release(chain: Chain, things: Sequence[Thing]) -> None:
    """Give up the bare reservations again."""

    def release() -> None:
        for thing in things:
            params = [("inventory_item_id[]", thing.item), ("limit", "500"), ("fields", "id,line_item_id")]
            for row in chain.bed.get("/admin/reservations", params)["reservations"]:
                if not row.get("line_item_id"):
                    answer = chain.bed.http.delete(f"/admin/reservations/{row['id']}")
                    assert answer.status_code == httpx.codes.OK, answer.text

    await asyncio.to_thread(release)
