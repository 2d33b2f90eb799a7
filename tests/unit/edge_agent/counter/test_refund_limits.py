"""What a cashier gives back on her own has one limit a day; cash that rounds gives back no more than was paid."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.documents import Item, Settings
from protocol.events import ApprovalGiven, SaleCompleted, SaleRefunded, VoucherIssued
from protocol.ids import GLOBAL_FEED
from tests.unit.edge_agent.counter.shop import Shop, load, shop_in
from tests.unit.edge_agent.counter.test_returns import FEED, WATER, allow, give_back, of_kind, pay, sell, staffed

pytestmark = pytest.mark.anyio

LIMIT = Settings(store_name="x", refund_limits={"cashier": 10_000})


async def returned(shop: Shop, number: str, quantity: str = "1") -> str:
    """Give pieces of a receipt back in cash; returns what was said, in the end or where it stopped."""
    said = await give_back(shop, number, **{"lines.1": quantity})
    return said if said != "return_added" else await pay(shop, "pay_cash")


async def test_many_small_refunds_are_one_large_one(tmp_path: Path) -> None:
    """Two fives are within ten thousand; the third waits for a PIN, and what was allowed then does not count."""
    async with shop_in(tmp_path) as shop:
        await staffed(shop, LIMIT)
        number = await sell(shop, "8*" + WATER)
        assert await returned(shop, number) == "sale_done"
        assert await returned(shop, number) == "sale_done"
        assert await returned(shop, number) == "approval_needed"
        await allow(shop)
        assert await pay(shop, "pay_cash") == "sale_done"
        assert [fact.allowed_by for fact in await of_kind(shop, SaleRefunded)] == ["", "", "mai"]
        assert len(await of_kind(shop, ApprovalGiven)) == 1


async def test_carts_that_wait_know_nothing_of_each_other(tmp_path: Path) -> None:
    """Two held returns are each within the limit; when the second is paid, both count."""
    async with shop_in(tmp_path) as shop:
        await staffed(shop, LIMIT)
        number = await sell(shop, "8*" + WATER)
        assert await give_back(shop, number, **{"lines.1": "2"}) == "return_added"
        assert await shop.do("hold", name="a") == "held"
        other = await sell(shop, "8*" + WATER)
        assert await returned(shop, other, "2") == "sale_done"
        held = await shop.one("SELECT sale_id FROM held_cart")
        assert await shop.do("recall", sale_id=held) == "recalled"
        assert await pay(shop, "pay_cash") == "approval_needed"
        await allow(shop)
        assert [fact.allowed_by for fact in await of_kind(shop, SaleRefunded)] == ["", "mai"]


async def test_the_limit_is_the_days_and_outlives_shifts_and_restarts(tmp_path: Path) -> None:
    """Neither a restart nor the next shift of the same day, nor none, gives her a new one."""
    async with shop_in(tmp_path) as shop:
        await staffed(shop, LIMIT)
        await shop.counter.order("open_shift", {"number": "1", "amount": "100000"})
        number = await sell(shop, "8*" + WATER)
        assert await returned(shop, number, "2") == "sale_done"
    async with shop_in(tmp_path) as shop:
        assert await returned(shop, number) == "approval_needed"
        await shop.counter.order("drop_approval", {})
        shift = shop.counter.view().shift
        assert shift is not None
        await shop.counter.order("close_shift", {"shift": shift.id, "amount": "130000"})
        assert await returned(shop, number) == "approval_needed"
        await shop.counter.order("drop_approval", {})
        await shop.counter.order("open_shift", {"number": "2", "amount": "130000"})
        assert await returned(shop, number) == "approval_needed"


async def test_the_next_day_has_a_limit_of_its_own(tmp_path: Path) -> None:
    """With a shift of the day before closed and one of the new day opened; and without shifts."""
    moments = [datetime(2026, 11, 22, 3, 0, tzinfo=UTC)]

    def wall() -> datetime:
        moments[0] += timedelta(seconds=1)
        return moments[0]

    async with shop_in(tmp_path, wall=wall) as shop:
        await staffed(shop, LIMIT)
        await shop.counter.order("open_shift", {"number": "1", "amount": "100000"})
        number = await sell(shop, "8*" + WATER)
        assert await returned(shop, number, "2") == "sale_done"
        shift = shop.counter.view().shift
        assert shift is not None
        await shop.counter.order("close_shift", {"shift": shift.id, "amount": "130000"})
        moments[0] += timedelta(days=1)
        assert await returned(shop, number) == "sale_done"
        await shop.counter.order("open_shift", {"number": "2", "amount": "130000"})
        assert await returned(shop, number) == "sale_done"
        assert await returned(shop, number) == "approval_needed"


async def test_another_cashiers_refunds_are_hers(tmp_path: Path) -> None:
    """What Lan gave back leaves Mai's own limit whole; an approver's limit is for what she allows."""
    async with shop_in(tmp_path) as shop:
        await staffed(shop, Settings(store_name="x", refund_limits={"cashier": 10_000, "supervisor": 10_000}))
        number = await sell(shop, "8*" + WATER)
        assert await returned(shop, number, "2") == "sale_done"
        assert await shop.do("sign_in", staff="mai", pin="2222", about="staff") == "signed_in"
        assert await returned(shop, number, "2") == "sale_done"
        assert await returned(shop, number) == "approval_needed"


async def test_a_voucher_is_money_that_leaves_the_shop(tmp_path: Path) -> None:
    """Instead of the card's money back: within the limit she makes it out alone, beyond it somebody allows it."""
    async with shop_in(tmp_path) as shop:
        await staffed(shop, LIMIT)
        number = await sell(shop, "8*" + WATER, how="pay_card", approval="A1")
        assert await give_back(shop, number, **{"lines.1": "1"}) == "return_added"
        assert await pay(shop, "issue_voucher") == "sale_done"
        assert await give_back(shop, number, **{"lines.1": "3"}) == "approval_needed"
        await allow(shop)
        assert await pay(shop, "issue_voucher") == "approval_needed"
        assert len(await of_kind(shop, VoucherIssued)) == 1
        await allow(shop)
        assert [each.amount for each in await of_kind(shop, VoucherIssued)] == [5_000, 15_000]
        assert [each.right for each in await of_kind(shop, ApprovalGiven)] == ["refund", "refund"]


PARTS = st.lists(st.integers(1, 6), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(price=st.integers(1, 1_999), parts=PARTS, step=st.sampled_from([1, 100, 500, 1_000]))
def test_cash_that_comes_back_in_pieces_is_never_more_than_was_paid(price: int, parts: list[int], step: int) -> None:
    """However goods come back, piece by piece: at every moment what went back is what their sum rounds to."""

    async def play(folder: Path) -> None:
        async with shop_in(folder) as shop:
            item = Item(sku="CAP", name="Cap", barcodes=("CAP-1",), price=price, currency="VND")
            await load(shop.database, GLOBAL_FEED, "item", {"CAP": item})
            await load(shop.database, FEED, "settings", {"store": Settings(store_name="x", cash_step=step)})
            number = await sell(shop, f"{sum(parts)}*CAP-1")
            [sale] = await of_kind(shop, SaleCompleted)
            paid = sale.total + sale.rounding
            given = 0
            for part in parts:
                assert await returned(shop, number, str(part)) == "sale_done"
                back = await of_kind(shop, SaleRefunded)
                given = sum(tender.amount for refund in back for tender in refund.tenders)
                worth = sum(refund.total for refund in back)
                assert given <= paid
                assert abs(given - worth) * 2 <= step
            assert given == paid

    with tempfile.TemporaryDirectory() as folder:
        anyio.run(play, Path(folder))
