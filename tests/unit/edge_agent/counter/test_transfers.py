"""What a VietQR payment promises: money that comes in is never lost, never counted twice, and pays no other sale."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from protocol.documents import BankAccount, Payment, Settings
from protocol.events import CashMoved, PaymentResolved, SaleCompleted
from protocol.ids import store_feed
from tests.unit.edge_agent.counter.shop import STORE, Shop, load, shop_in

pytestmark = pytest.mark.anyio

WATER = "8934602100016"
FEED = store_feed(STORE)
SETTINGS = Settings(store_name="x", bank=BankAccount(bin="970436", account="0123456789", name="SHOP"))


async def ask_for(shop: Shop, amount: str = "") -> str:
    """Scan water, show a code for it (or for a part); returns the memo that the customer's app would send."""
    await load(shop.database, FEED, "settings", {"store": SETTINGS})
    await shop.scan(WATER)
    assert await shop.do("start_qr", take=shop.counter.view().take, amount=amount) == "qr_waiting"
    attempt = shop.counter.view().attempt
    assert attempt is not None
    return attempt.reference


async def transfer(shop: Shop, name: str, memo: str, amount: int = 5_000) -> None:
    """The bank tells the hub of a transfer, the hub tells the till."""
    paid = Payment(payment=name, kind="vietqr", amount=amount, currency="VND", memo=f"MBVCB.123 {memo} CT tu 0011")
    await load(shop.database, FEED, "payment", {name: paid})
    shop.counter.refresh()
    for _ in range(100):
        await asyncio.sleep(0.02)
        if await shop.one(f"SELECT 1 FROM payment_seen WHERE payment = '{name}'"):  # noqa: S608 - our own words
            break
    await asyncio.sleep(0.05)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for the picture."""
    for _ in range(100):
        await asyncio.sleep(0.02)
        if holds():
            return
    raise AssertionError("it did not come to be")


async def sales(shop: Shop) -> list[SaleCompleted]:
    """The sales in the journal."""
    return [fact for fact in await shop.facts() if isinstance(fact, SaleCompleted)]


async def late(shop: Shop) -> list[tuple[str, int]]:
    """Transfers that paid nothing: why, how much."""
    query = "SELECT why, amount FROM payment_late ORDER BY position"
    rows = await shop.database.run(lambda c: c.execute(query).fetchall())
    return [(why, amount) for why, amount in rows]


async def test_a_transfer_completes_the_sale_by_itself(tmp_path: Path) -> None:
    """The code has amount and receipt number; when the bank's word comes, the sale is done, once."""
    async with shop_in(tmp_path) as shop:
        memo = await ask_for(shop)
        attempt = shop.counter.view().attempt
        assert attempt is not None
        assert "5000" in attempt.payload
        assert memo in attempt.payload
        assert memo.startswith("HN01T11000001")
        assert await shop.scan(WATER) == "not_while_paying"
        assert await shop.do("pay_cash") == "payment_open"
        await transfer(shop, "b1", memo)
        await until(lambda: shop.counter.view().last_sale is not None)
        [sale] = await sales(shop)
        assert sale.receipt_number == "hn01-t1-1-000001"
        assert [(each.kind, each.amount, each.reference) for each in sale.tenders] == [("vietqr", 5_000, memo)]
        await shop.do("confirm_qr", attempt=attempt.id, about="attempt")
        assert len(await sales(shop)) == 1
        assert await late(shop) == []


async def test_the_cashiers_word_and_the_banks_are_one_payment(tmp_path: Path) -> None:
    """She confirms, the bank confirms later: one sale, nothing late. A second transfer is a double one."""
    async with shop_in(tmp_path) as shop:
        memo = await ask_for(shop)
        attempt = shop.counter.view().attempt
        assert attempt is not None
        assert await shop.do("confirm_qr", attempt=attempt.id, about="attempt") == "sale_done"
        await transfer(shop, "b1", memo)
        await transfer(shop, "b1", memo)
        assert await late(shop) == []
        await transfer(shop, "b2", memo)
        assert await late(shop) == [("double", 5_000)]
        assert len(await sales(shop)) == 1


async def test_money_for_a_code_that_was_given_up_is_listed(tmp_path: Path) -> None:
    """The sale was paid in cash; the transfer that comes then pays nothing, and cash for it leaves the books."""
    async with shop_in(tmp_path) as shop:
        memo = await ask_for(shop)
        attempt = shop.counter.view().attempt
        assert attempt is not None
        assert await shop.do("cancel_qr", attempt=attempt.id, about="attempt") == "payment_dropped"
        assert await shop.scan(WATER) == "line_added"
        assert await shop.do("pay_cash") == "sale_done"
        await shop.scan(WATER)
        await transfer(shop, "b1", memo)
        await until(lambda: shop.counter.view().late_payments == 1)
        assert (await shop.notice())[0] == "payment_late"
        assert shop.counter.view().payments == ()
        assert await late(shop) == [("cancelled", 5_000)]
        [sale] = await sales(shop)
        assert (sale.receipt_number, sale.total) == ("hn01-t1-1-000001", 10_000)
        assert await shop.do("answer_late", payment="b1", done="cash", about="late") == "late_answered"
        await shop.do("answer_late", payment="b1", done="cash", about="late")
        assert [fact.amount for fact in await shop.facts() if isinstance(fact, CashMoved)] == [-5_000]
        assert shop.counter.view().late_payments == 0
        states = [fact.state for fact in await shop.facts() if isinstance(fact, PaymentResolved)]
        assert states == ["cancelled", "unknown", "cancelled"]


async def test_a_wrong_amount_is_listed_and_the_code_goes_on_waiting(tmp_path: Path) -> None:
    """Too little or too much is dealt with by a person; the right transfer still pays."""
    async with shop_in(tmp_path) as shop:
        memo = await ask_for(shop)
        await transfer(shop, "b1", memo, 4_000)
        assert await late(shop) == [("wrong_amount", 4_000)]
        assert shop.counter.view().attempt is not None
        await transfer(shop, "b2", memo)
        await until(lambda: shop.counter.view().last_sale is not None)


async def test_a_part_by_code_leaves_the_rest_to_pay(tmp_path: Path) -> None:
    """A second code of the same receipt has another memo: two telephones can pay a half each."""
    async with shop_in(tmp_path) as shop:
        memo = await ask_for(shop, "2500")
        await transfer(shop, "b1", memo, 2_500)
        await until(lambda: shop.counter.view().left == 2_500)
        assert await shop.do("start_qr", take=shop.counter.view().take) == "qr_waiting"
        second = shop.counter.view().attempt
        assert second is not None
        assert second.reference != memo
        await transfer(shop, "b2", memo, 2_500)
        assert await late(shop) == [("double", 2_500)]
        await transfer(shop, "b3", second.reference, 2_500)
        await until(lambda: shop.counter.view().last_sale is not None)
        [sale] = await sales(shop)
        assert [each.amount for each in sale.tenders] == [2_500, 2_500]


async def test_a_restart_finds_the_code_where_it_was(tmp_path: Path) -> None:
    """And money that came in meanwhile pays the sale, whose number the code had promised."""
    async with shop_in(tmp_path) as shop:
        memo = await ask_for(shop)
    async with shop_in(tmp_path) as shop:
        attempt = shop.counter.view().attempt
        assert attempt is not None
        assert attempt.reference == memo
        await transfer(shop, "b1", memo)
        await until(lambda: shop.counter.view().last_sale is not None)
        [sale] = await sales(shop)
        assert sale.receipt_number == "hn01-t1-1-000001"


async def test_a_store_without_an_account_shows_no_code(tmp_path: Path) -> None:
    """There is nobody to pay to: the till says what is missing."""
    async with shop_in(tmp_path) as shop:
        await shop.scan(WATER)
        assert await shop.do("start_qr", take=shop.counter.view().take) == "qr_not_ready"
        assert await shop.scan(WATER) == "line_added"
