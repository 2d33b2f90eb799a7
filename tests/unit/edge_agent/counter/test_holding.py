"""Receipts that wait: none is lost, none comes back twice, and a restart changes nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.counter.desks.holding import HeldView
from edge_agent.journal import till_state
from edge_agent.till.holding import HELD_MAX
from protocol.documents import Customer
from protocol.events import CartVoided
from protocol.ids import GLOBAL_FEED
from tests.unit.edge_agent.counter.shop import Shop, load, shop_in

pytestmark = pytest.mark.anyio

WATER, RICE = "8934602100016", "HOUSE-7"


async def held(shop: Shop) -> tuple[HeldView, ...]:
    """What waits."""
    views = await shop.counter.ask("held", {})
    assert isinstance(views, tuple)
    return views


async def test_a_held_receipt_waits_through_a_restart(tmp_path: Path) -> None:
    """Its lines, cuts, customer and coupons come back as they were; its name is hers, or the time."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, GLOBAL_FEED, "customer", {"k": Customer(customer="k", name="Chị Hoa")})
        await shop.scan(WATER)
        await shop.do("set_customer", customer="k")
        await shop.do("cut_line", number="1", percent="10")
        before = shop.counter.view()
        assert await shop.do("hold") == "held"
        assert (shop.counter.view().lines, shop.counter.view().held_count) == ((), 1)
        await shop.scan(RICE)
        await shop.do("hold")
    async with shop_in(tmp_path) as shop:
        first, second = await held(shop)
        assert (first.name, first.total, second.name) == ("Chị Hoa", 4_500, "15:00")
        assert await shop.do("recall", about="", sale_id=before.sale_id) == "recalled"
        view = shop.counter.view()
        assert (view.lines, view.customer, view.sale_id) == (before.lines, before.customer, before.sale_id)
        assert await shop.do("recall", about="", sale_id=before.sale_id) == "nothing_held"
        assert shop.counter.view().lines == before.lines


async def test_recalling_over_an_open_receipt_swaps_the_two(tmp_path: Path) -> None:
    """The open one waits; nothing that lies on the counter is lost to a key."""
    async with shop_in(tmp_path) as shop:
        await shop.scan(WATER)
        first = shop.counter.view().sale_id
        await shop.do("hold", name="Anh áo xanh")
        await shop.scan(RICE)
        second = shop.counter.view().sale_id
        assert await shop.do("recall", about="", sale_id=first) == "recalled"
        assert [line.sku for line in shop.counter.view().lines] == ["NUOC"]
        [waiting] = await held(shop)
        assert (waiting.sale_id, waiting.first_names) == (second, ("Gạo ST25",))


async def test_two_tabs_recall_one_receipt_once(tmp_path: Path) -> None:
    """Ten presses at once bring back one receipt, and it is paid once."""
    async with shop_in(tmp_path) as shop:
        await shop.scan(WATER)
        first = shop.counter.view().sale_id
        await shop.do("hold")
        await asyncio.gather(*(shop.counter.order("recall", {"sale_id": first}) for _ in range(10)))
        assert len(shop.counter.view().lines) == 1
        assert shop.counter.view().held_count == 0
        await shop.do("pay_cash")
        assert await shop.one("SELECT count(*) FROM event") == 1


async def test_an_empty_receipt_is_not_held_and_there_is_an_end(tmp_path: Path) -> None:
    """Nothing to hold is said; a till that holds a hundred has forgotten them."""
    async with shop_in(tmp_path) as shop:
        assert await shop.do("hold") == "nothing_to_pay"
        for _ in range(HELD_MAX):
            await shop.scan(WATER)
            assert await shop.do("hold") == "held"
        await shop.scan(WATER)
        assert await shop.do("hold") == "held_full"
        assert len(shop.counter.view().lines) == 1


async def test_old_ones_are_shown_as_old(tmp_path: Path) -> None:
    """After a day somebody should ask what became of that customer."""
    now = [datetime(2026, 11, 22, 8, 0, tzinfo=UTC)]
    async with shop_in(tmp_path, wall=lambda: now[0]) as shop:
        await shop.scan(WATER)
        await shop.do("hold")
        assert [view.is_old for view in await held(shop)] == [False]
        now[0] += timedelta(days=1, minutes=1)
        assert [view.is_old for view in await held(shop)] == [True]


async def test_a_receipt_is_given_up_for_a_reason(tmp_path: Path) -> None:
    """Without a reason nothing happens; with one it is a fact, and the next receipt is empty."""
    async with shop_in(tmp_path) as shop:
        await shop.scan("2*" + WATER)
        before = shop.counter.view().sale_id
        assert await shop.do("void_receipt", reason=" ") == "bad_input"
        assert await shop.do("void_receipt", reason="Khách bỏ đi") == "cart_voided"
        [fact] = await shop.facts()
        assert isinstance(fact, CartVoided)
        assert (fact.cart, fact.total, fact.reason, len(fact.lines)) == (before, 10_000, "Khách bỏ đi", 1)
        assert (shop.counter.view().lines, shop.counter.view().sale_id != before) == ((), True)


async def test_what_is_only_played_is_never_told(tmp_path: Path) -> None:
    """A training receipt may be cut, emptied and given up: the journal does not hear of it."""
    async with shop_in(tmp_path) as shop:
        await shop.database.run(lambda c: c.execute("INSERT INTO preference VALUES ('training', 'on')"))
        await shop.do("void_receipt", reason="x")
        await shop.scan("2*" + WATER)
        assert shop.counter.view().training
        await shop.do("set_quantity", number="1", quantity="1")
        await shop.do("hold")
        await shop.scan(RICE)
        await shop.do("void_receipt", reason="x")
        [played] = await held(shop)
        assert played.training
        assert await shop.do("set_price", number="1", price="1") == "stale_page"
        assert await shop.facts() == []
        await shop.database.run(lambda c: till_state.set_preference(c, "training", ""))
        assert await shop.do("recall", about="", sale_id=played.sale_id) == "training_off"
        assert shop.counter.view().held_count == 1
