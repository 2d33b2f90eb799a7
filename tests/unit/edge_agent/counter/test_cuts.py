"""Discounts: what each line really loses is measured, coupons are counted by the core, and money in is money fixed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edge_agent.journal import till_state
from protocol.documents import Settings, Staff
from protocol.events import ApprovalGiven, LineVoided, SaleCompleted
from protocol.ids import GLOBAL_FEED, store_feed
from protocol.promotions import BuyPay, Promotion, Selection
from tests.unit.edge_agent.counter.shop import STORE, Shop, load, shop_in

pytestmark = pytest.mark.anyio

WATER, RICE = "8934602100016", "HOUSE-7"


async def as_person(shop: Shop, role: str) -> None:
    """Have somebody of a role at the till; cashiers may take off 5 %, supervisors 30 %."""
    staff = Staff(staff="p", name="Phúc", role=role, pin="scrypt$1$1$1$00$00")
    limits = {"cashier": 500, "supervisor": 3_000, "manager": 10_000}
    await load(shop.database, store_feed(STORE), "staff", {"p": staff})
    await load(
        shop.database, store_feed(STORE), "settings", {"store": Settings(store_name="Chợ", cut_limits_bp=limits)}
    )
    await shop.database.run(lambda c: till_state.set_preference(c, "staff", "p"))
    shop.counter.refresh()
    await asyncio.sleep(0.05)


async def test_a_cut_within_the_limit_is_taken_and_named(tmp_path: Path) -> None:
    """Percent and amount, line and receipt; the fact says who and why; 0 takes it back."""
    async with shop_in(tmp_path) as shop:
        await as_person(shop, "supervisor")
        await shop.scan("2*" + WATER)
        await shop.scan(RICE)
        assert await shop.do("cut_line", number="1", percent="10", reason="Móp") == "cut_set"
        assert await shop.do("cut_receipt", amount="1000") == "cut_set"
        view = shop.counter.view()
        assert (view.gross_total, view.total) == (52_000, 50_000)
        assert {(cut.kind, cut.amount) for cut in view.cuts} == {("line", 1_000), ("receipt", 1_000)}
        assert await shop.do("cut_receipt", amount="0") == "cut_set"
        assert shop.counter.view().total == 51_000
        await shop.do("pay_cash")
        [sale] = [fact for fact in await shop.facts() if isinstance(fact, SaleCompleted)]
        [cut] = sale.lines[0].cuts
        assert (cut.kind, cut.amount, cut.label, cut.by) == ("line", 1_000, "Móp", "p")
        assert sale.total == sum(line.amount for line in sale.lines) == 51_000


@pytest.mark.parametrize(
    ("order", "fields"),
    [
        ("cut_line", {"number": "1", "percent": "5,01"}),
        ("cut_line", {"number": "1", "amount": "600"}),
        ("cut_receipt", {"percent": "6"}),
        ("cut_receipt", {"amount": "5000"}),
        ("set_price", {"number": "1", "price": "4999"}),
    ],
)
async def test_more_than_the_role_may_waits_for_somebody(tmp_path: Path, order: str, fields: dict[str, str]) -> None:
    """A cashier's large cut changes nothing until it is allowed."""
    async with shop_in(tmp_path) as shop:
        await as_person(shop, "cashier")
        await shop.scan("2*" + WATER)
        assert await shop.do(order, **fields) == "approval_needed"
        assert shop.counter.view().total == 10_000
        assert shop.counter.view().waiting is not None


async def test_two_small_cuts_are_one_large_one(tmp_path: Path) -> None:
    """5 % on the line and 5 % on the receipt are more than a cashier may."""
    async with shop_in(tmp_path) as shop:
        await as_person(shop, "cashier")
        await shop.scan("2*" + WATER)
        assert await shop.do("cut_line", number="1", percent="5") == "cut_set"
        assert await shop.do("cut_receipt", percent="5") == "approval_needed"
        assert shop.counter.view().total == 9_500


async def test_fewer_goods_under_the_same_amount_are_measured_again(tmp_path: Path) -> None:
    """2.500 off 52.000 is fine; taking the rice off afterwards would leave 2.500 off 10.000."""
    async with shop_in(tmp_path) as shop:
        await as_person(shop, "cashier")
        await shop.scan("2*" + WATER)
        await shop.scan(RICE)
        assert await shop.do("cut_receipt", amount="2500") == "cut_set"
        assert await shop.do("void_line", number="2") == "approval_needed"
        assert shop.counter.view().total == 49_500
        assert await shop.do("cut_receipt", percent="0") == "cut_set"
        assert await shop.do("void_line", number="2") == "line_voided"


async def test_more_off_than_there_is_is_refused(tmp_path: Path) -> None:
    """No line and no receipt is ever below zero."""
    async with shop_in(tmp_path) as shop:
        await shop.scan(WATER)
        for order, fields, notice in (
            ("cut_line", {"number": "1", "amount": "5001"}, "cut_too_much"),
            ("cut_line", {"number": "1", "percent": "101"}, "cut_too_much"),
            ("cut_line", {"number": "1", "percent": "-5"}, "bad_amount"),
            ("cut_line", {"number": "9", "percent": "5"}, "stale_page"),
            ("cut_receipt", {"amount": "5001"}, "cut_too_much"),
            ("cut_receipt", {"amount": "x"}, "bad_amount"),
            ("set_price", {"number": "1", "price": "-1"}, "bad_amount"),
        ):
            assert await shop.do(order, **fields) == notice
        assert shop.counter.view().total == 5_000


async def test_a_price_by_hand_is_always_on_record(tmp_path: Path) -> None:
    """A manager alone may; the journal has it all the same, and the line keeps its price when more is scanned."""
    async with shop_in(tmp_path) as shop:
        await shop.scan(WATER)
        assert await shop.do("set_price", number="1", price="3000", reason="Khuyến mãi miệng") == "price_set"
        await shop.scan(WATER)
        assert [line.amount for line in shop.counter.view().lines] == [3_000, 5_000]
        [fact] = await shop.facts()
        assert isinstance(fact, ApprovalGiven)
        assert (fact.right, fact.amount) == ("price", 3_000)
        assert "5000 -> 3000" in fact.detail


async def test_promotions_come_and_go_with_the_feed(tmp_path: Path) -> None:
    """A promotion that arrives while the cart is open counts at once, and so does its end; a hint says what is near."""
    deal = Promotion(promotion="p", name="Mua 3 trả 2", buy_pay=BuyPay(goods=Selection(skus=("NUOC",)), buy=3, pay=2))
    async with shop_in(tmp_path) as shop:
        await shop.scan("2*" + WATER)
        await load(shop.database, GLOBAL_FEED, "promotion", {"p": deal})
        shop.counter.refresh()
        await asyncio.sleep(0.05)
        assert [(hint.code, hint.label) for hint in shop.counter.view().hints] == [("one_more", "Mua 3 trả 2")]
        await shop.scan(WATER)
        assert shop.counter.view().total == 10_000
        await load(shop.database, GLOBAL_FEED, "promotion", {"p": Promotion(promotion="p", name="x", active=False)})
        shop.counter.refresh()
        await asyncio.sleep(0.05)
        assert shop.counter.view().total == 15_000


async def test_coupons(tmp_path: Path) -> None:
    """An unknown code is said to be one; a known one is kept once, however it is written."""
    deal = Promotion(
        promotion="p", name="KM", coupons=("TET",), buy_pay=BuyPay(goods=Selection(skus=("NUOC",)), buy=2, pay=1)
    )
    async with shop_in(tmp_path) as shop:
        await load(shop.database, GLOBAL_FEED, "promotion", {"p": deal})
        assert await shop.do("add_coupon", code="NOPE") == "coupon_unknown"
        assert await shop.do("add_coupon", code=" tet ") == "coupon_taken"
        assert await shop.do("add_coupon", code="TET") == "coupon_taken"
        await shop.scan("2*" + WATER)
        assert (shop.counter.view().coupons, shop.counter.view().total) == (("tet",), 5_000)
        await shop.do("pay_cash")
        [sale] = [fact for fact in await shop.facts() if isinstance(fact, SaleCompleted)]
        assert [(cut.kind, cut.source) for line in sale.lines for cut in line.cuts] == [("coupon", "tet")]


async def test_what_leaves_a_receipt_is_a_fact(tmp_path: Path) -> None:
    """Less of a line, and a line taken off, each with how much and who; more of a line is nothing to tell."""
    async with shop_in(tmp_path) as shop:
        await shop.scan("5*" + WATER)
        await shop.do("set_quantity", number="1", quantity="7")
        await shop.do("set_quantity", number="1", quantity="3")
        await shop.do("void_line", number="1", reason="Đổi ý")
        facts = [fact for fact in await shop.facts() if isinstance(fact, LineVoided)]
        assert [(fact.line.quantity, fact.line.amount, fact.by) for fact in facts] == [
            (4_000, 20_000, "lan"), (3_000, 15_000, "lan"),
        ]  # fmt: skip
        assert facts[1].reason == "Đổi ý"


async def test_nothing_is_changed_while_money_is_in(tmp_path: Path) -> None:
    """Once the customer was told a sum and has paid some of it, the receipt stands still."""
    async with shop_in(tmp_path) as shop:
        await shop.scan(WATER)
        take = shop.counter.view().take
        assert await shop.do("pay_cash", given="1000", part="true", take=take) == "paid_part"
        cart = await shop.database.run(till_state.load_cart)
        for order, fields in (
            ("scan", {"code": WATER}), ("sell_item", {"sku": "NUOC"}), ("void_line", {"number": "1"}),
            ("set_quantity", {"number": "1", "quantity": "2"}), ("cut_line", {"number": "1", "percent": "5"}),
            ("cut_receipt", {"percent": "5"}), ("set_price", {"number": "1", "price": "1"}),
            ("add_coupon", {"code": "X"}), ("drop_coupon", {"code": "X"}), ("hold", {}), ("repeat_line", {}),
            ("void_receipt", {"reason": "x"}), ("note_receipt", {"note": "x"}), ("drop_customer", {}),
        ):  # fmt: skip
            about = "" if order in {"scan", "sell_item"} else "cart"
            assert await shop.do(order, about=about, **fields) == "not_while_paying", order
        assert await shop.database.run(till_state.load_cart) == cart
