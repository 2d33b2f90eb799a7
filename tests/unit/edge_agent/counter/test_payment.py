"""What paying promises: every tender counts once, the sums are exact, and nothing is lost between two of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from edge_agent.counter.desks.payment import PayView
from protocol.documents import Customer, Settings, Voucher
from protocol.events import SaleCompleted, Tender, VoucherIssued
from protocol.ids import GLOBAL_FEED, store_feed
from tests.unit.edge_agent.counter.shop import STORE, Shop, load, shop_in

pytestmark = pytest.mark.anyio

WATER = "8934602100016"
FEED = store_feed(STORE)


async def sales(shop: Shop) -> list[SaleCompleted]:
    """The sales in the journal."""
    return [fact for fact in await shop.facts() if isinstance(fact, SaleCompleted)]


async def pay(shop: Shop, order: str, **fields: str) -> str:
    """Pay with the form that the page would show now."""
    return await shop.do(order, take=shop.counter.view().take, **fields)


def brief(tenders: tuple[Tender, ...]) -> list[tuple[str, int]]:
    """Kinds and amounts."""
    return [(tender.kind, tender.amount) for tender in tenders]


def all_bytes(folder: Path) -> bytes:
    """Everything that is on disk."""
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_a_receipt_can_be_paid_in_several_ways_and_each_counts_once(tmp_path: Path) -> None:
    """Cash part, card part, the rest in cash: a double click on each form changes nothing; only the end is rounded."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, FEED, "settings", {"store": Settings(store_name="x", cash_step=500)})
        await shop.scan("0,503*HOUSE-7")
        view = shop.counter.view()
        assert (view.total, view.cash_left) == (21_126, 21_000)
        take = view.take
        assert await pay(shop, "pay_cash", given="10000", part="true") == "paid_part"
        await shop.do("pay_cash", given="10000", part="true", take=take)
        assert [(each.kind, each.amount) for each in shop.counter.view().payments] == [("cash", 10_000)]
        take = shop.counter.view().take
        assert await pay(shop, "pay_card", approval="A1B2C3", amount="5126") == "paid_part"
        await shop.do("pay_card", approval="A1B2C3", amount="5126", take=take)
        assert (shop.counter.view().left, shop.counter.view().cash_left) == (6_000, 6_000)
        assert await shop.scan(WATER) == "not_while_paying"
        assert await pay(shop, "pay_cash", given="7000") == "sale_done"
        [sale] = await sales(shop)
        assert brief(sale.tenders) == [("cash", 10_000), ("card", 5_126), ("cash", 6_000)]
        assert (sale.total, sale.rounding, sale.tenders[1].reference) == (21_126, 0, "A1B2C3")
        done = shop.counter.view().last_sale
        assert done is not None
        assert (done.given, done.change, len(done.payments)) == (22_126, 1_000, 3)


async def test_only_what_cash_pays_is_rounded(tmp_path: Path) -> None:
    """A card pays to the last dong; the cash that ends the payment is rounded, and the event says by how much."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, FEED, "settings", {"store": Settings(store_name="x", cash_step=500)})
        await shop.scan("0,503*HOUSE-7")
        assert await pay(shop, "pay_card", approval="1", amount="1000") == "paid_part"
        assert await pay(shop, "pay_cash") == "sale_done"
        await shop.scan("0,503*HOUSE-7")
        assert await pay(shop, "pay_card", approval="2") == "sale_done"
        first, second = await sales(shop)
        assert (brief(first.tenders), first.rounding) == ([("card", 1_000), ("cash", 20_000)], -126)
        assert (brief(second.tenders), second.rounding) == ([("card", 21_126)], 0)


@pytest.mark.parametrize(
    "typed", ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111 OK", "378282246310005"]
)
async def test_a_card_number_is_never_kept(tmp_path: Path, typed: str) -> None:
    """Typed into the approval, a card number is refused; it is in no table, no notice, no waiting order."""
    async with shop_in(tmp_path) as shop:
        await shop.scan(WATER)
        assert await pay(shop, "pay_card", approval=typed) == "card_number_refused"
        assert await pay(shop, "pay_voucher", code=typed, amount="1") == "card_number_refused"
        assert await pay(shop, "pay_card", approval=" ") == "approval_missing"
        assert await sales(shop) == []
    digits = typed.replace(" ", "").replace("-", "")[:15].encode()
    written = all_bytes(tmp_path)
    assert digits not in written
    assert typed.encode() not in written


async def test_a_voucher_is_spent_once_here_even_offline(tmp_path: Path) -> None:
    """Its rest falls at once, partly used it keeps the rest, empty and expired ones are refused, sums are exact."""
    async with shop_in(tmp_path) as shop:
        vouchers = {
            "GIFT1": Voucher(code="GIFT1", amount=7_000, currency="VND"),
            "OLD": Voucher(code="OLD", amount=7_000, currency="VND", expires=date(2026, 11, 21)),
        }
        await load(shop.database, GLOBAL_FEED, "voucher", vouchers)
        await shop.scan(WATER)
        assert await pay(shop, "pay_voucher", code="OLD") == "voucher_empty"
        assert await pay(shop, "pay_voucher", code="GIFT1") == "sale_done"
        await shop.scan("2*" + WATER)
        assert await pay(shop, "pay_voucher", code="GIFT1") == "paid_part"
        assert await pay(shop, "pay_voucher", code="GIFT1") == "voucher_empty"
        assert await pay(shop, "pay_cash") == "sale_done"
        assert [brief(sale.tenders) for sale in await sales(shop)] == [
            [("voucher", 5_000)], [("voucher", 2_000), ("cash", 8_000)],
        ]  # fmt: skip
        await shop.scan(WATER)
        assert await pay(shop, "pay_voucher", code="NEVER-SEEN") == "voucher_unknown"
        assert await pay(shop, "pay_voucher", code="NEVER-SEEN", amount="5000") == "sale_done"


async def test_an_account_is_charged_up_to_its_limit(tmp_path: Path) -> None:
    """Who owes too much needs somebody's word; what she owes grows at once, before the hub has heard of it."""
    async with shop_in(tmp_path) as shop:
        hoa = Customer(customer="c1", name="Hoa", owes=0, credit_limit=6_000)
        await load(shop.database, GLOBAL_FEED, "customer", {"c1": hoa})
        await shop.scan(WATER)
        assert await pay(shop, "pay_account") == "no_customer"
        await shop.do("set_customer", customer="c1")
        assert await pay(shop, "pay_account") == "sale_done"
        [sale] = await sales(shop)
        assert (brief(sale.tenders), sale.customer) == ([("account", 5_000)], "c1")
        await shop.scan(WATER)
        await shop.do("set_customer", customer="c1")
        answer = await shop.counter.ask("account", {})
        assert isinstance(answer, PayView)
        assert answer.account is not None
        assert answer.account.owes == 5_000
        assert not answer.account.may_owe(5_000)


async def test_a_part_can_be_taken_back_and_the_cart_is_free_again(tmp_path: Path) -> None:
    """After the last part is taken back, goods can be scanned again; the same form cannot take twice."""
    async with shop_in(tmp_path) as shop:
        await shop.scan(WATER)
        take = shop.counter.view().take
        assert await pay(shop, "pay_cash", given="2000", part="true") == "paid_part"
        [part] = shop.counter.view().payments
        assert await shop.do("drop_payment", payment=part.id) == "payment_dropped"
        assert await shop.do("drop_payment", payment=part.id) == "stale_page"
        assert await shop.do("pay_cash", given="2000", part="true", take=take) == "stale_page"
        assert (shop.counter.view().payments, shop.counter.view().left) == ((), 5_000)
        assert await shop.scan(WATER) == "line_added"


async def test_what_was_taken_survives_a_crash(tmp_path: Path) -> None:
    """Parts, what is left and the total that was promised are as they were, even if the shelf price has changed."""
    async with shop_in(tmp_path) as shop:
        await shop.scan(WATER)
        await pay(shop, "pay_card", approval="77", amount="3000")
    async with shop_in(tmp_path) as shop:
        assert [(each.kind, each.amount) for each in shop.counter.view().payments] == [("card", 3_000)]
        assert await pay(shop, "pay_cash") == "sale_done"
        [sale] = await sales(shop)
        assert brief(sale.tenders) == [("card", 3_000), ("cash", 2_000)]


async def test_nothing_is_taken_without_the_shift_that_a_store_requires(tmp_path: Path) -> None:
    """No tender works, and nothing is left half paid."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, FEED, "settings", {"store": Settings(store_name="x", require_shift=True)})
        await shop.scan(WATER)
        for order, fields in (("pay_cash", {}), ("pay_card", {"approval": "1"}), ("pay_voucher", {"code": "A"})):
            assert await pay(shop, order, **fields) == "shift_open_first"
        assert await sales(shop) == []


async def test_issued_vouchers_are_for_money_that_goes_back(tmp_path: Path) -> None:
    """Nobody can make out a voucher at a sale, where it would be money from nothing."""
    async with shop_in(tmp_path) as shop:
        await shop.scan(WATER)
        assert await pay(shop, "issue_voucher") == "bad_input"
        assert not [fact for fact in await shop.facts() if isinstance(fact, VoucherIssued)]
