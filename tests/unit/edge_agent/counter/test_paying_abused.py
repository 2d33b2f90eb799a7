"""What holds against a thief at the till and against bad timing: money is on record, and goes back the way it came."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edge_agent.journal import receipts_kept, till_state
from edge_agent.till.pins import store_pin
from protocol.documents import Customer, Settings, Staff, Voucher
from protocol.events import AccountPaid, PaymentResolved, SaleCompleted, SaleRefunded
from protocol.ids import GLOBAL_FEED, store_feed
from tests.unit.edge_agent.counter.shop import STORE, Shop, load, shop_in
from tests.unit.edge_agent.counter.test_transfers import SETTINGS, ask_for, late, transfer, until

pytestmark = pytest.mark.anyio

WATER, RICE = "8934602100016", "HOUSE-7"
FEED = store_feed(STORE)


async def pay(shop: Shop, order: str, **fields: str) -> str:
    """Pay with the form that the page would show now."""
    return await shop.do(order, take=shop.counter.view().take, **fields)


async def sell(shop: Shop, *codes: str, how: str = "pay_cash", **fields: str) -> str:
    """Sell; returns the receipt's number."""
    for code in codes:
        await shop.scan(code)
    assert await pay(shop, how, **fields) == "sale_done"
    done = shop.counter.view().last_sale
    assert done is not None
    return done.receipt_number


async def resolved(shop: Shop) -> list[tuple[str, str, int]]:
    """What the journal says of payments beside sales: kind, state, amount."""
    return [(fact.kind, fact.state, fact.amount) for fact in await shop.facts() if isinstance(fact, PaymentResolved)]


async def staffed(shop: Shop, *, cash_step: int = 1) -> None:
    """A cashier who may give back what she likes, but not in another way than it came; a supervisor elsewhere."""
    people = {
        "lan": Staff(staff="lan", name="Lan", role="cashier", pin=store_pin("1111", b"l" * 16, log2n=4)),
        "hoa": Staff(staff="hoa", name="Hoa", role="supervisor", pin=store_pin("7777", b"h" * 16, log2n=4)),
    }
    settings = Settings(store_name="x", cash_step=cash_step, refund_limits={"cashier": 10**9})
    await load(shop.database, FEED, "staff", people)
    await load(shop.database, FEED, "settings", {"store": settings})
    await shop.database.run(lambda c: till_state.set_preference(c, "staff", "lan"))
    shop.counter.refresh()
    await asyncio.sleep(0.05)


async def test_cash_that_is_taken_back_out_is_on_record(tmp_path: Path) -> None:
    """Take 3.000, say that it was given back, keep it: who did so and how much stands in the journal. Not in play."""
    async with shop_in(tmp_path) as shop:
        await shop.scan(WATER)
        assert await pay(shop, "pay_cash", given="3000", part="true") == "paid_part"
        assert await shop.do("drop_payment", payment=shop.counter.view().payments[0].id) == "payment_dropped"
        [fact] = [fact for fact in await shop.facts() if isinstance(fact, PaymentResolved)]
        assert (fact.kind, fact.state, fact.amount, fact.by, fact.note) == (
            "cash", "cancelled", 3_000, "lan", "taken back",
        )  # fmt: skip
        await shop.do("void_receipt", reason="x")
        assert await shop.do("switch_training", on="yes", about="") == "training_on"
        await shop.scan(WATER)
        assert await pay(shop, "pay_cash", given="3000", part="true") == "paid_part"
        assert await shop.do("drop_payment", payment=shop.counter.view().payments[0].id) == "payment_dropped"
        assert len(await resolved(shop)) == 1


async def test_money_that_cannot_end_the_sale_waits_in_the_cart(tmp_path: Path) -> None:
    """The transfer for an exchange comes in, but its old goods came back elsewhere: nothing is lost or doubled."""
    async with shop_in(tmp_path) as shop:
        number = await sell(shop, WATER)
        await load(shop.database, FEED, "settings", {"store": SETTINGS})
        assert await shop.do("return_lines", receipt=number, whole="true") == "return_added"
        await shop.scan(RICE)
        assert await pay(shop, "start_qr") == "qr_waiting"
        attempt = shop.counter.view().attempt
        assert attempt is not None
        await shop.database.run(lambda c: receipts_kept.set_returned(c, number, [(1, 1_000)], None))
        await transfer(shop, "b1", attempt.reference, 37_000)
        await until(lambda: shop.counter.view().attempt is None)
        assert [(each.kind, each.amount) for each in shop.counter.view().payments] == [("vietqr", 37_000)]
        assert await pay(shop, "pay_cash", exact="0") == "already_returned"
        assert await shop.do("drop_payment", payment=attempt.id) == "payment_dropped"
        assert await shop.do("void_line", number="1") == "line_voided"
        assert await pay(shop, "pay_cash") == "sale_done"
        assert [fact for fact in await shop.facts() if isinstance(fact, SaleRefunded)] == []


async def test_a_transfer_for_a_payment_that_was_taken_back_is_listed(tmp_path: Path) -> None:
    """She said that it had come, took it back and was paid in cash; now it really comes: somebody deals with it."""
    async with shop_in(tmp_path) as shop:
        memo = await ask_for(shop, "2000")
        attempt = shop.counter.view().attempt
        assert attempt is not None
        assert await shop.do("confirm_qr", attempt=attempt.id, about="") == "qr_paid"
        assert await shop.do("drop_payment", payment=attempt.id) == "payment_dropped"
        assert await pay(shop, "pay_cash") == "sale_done"
        await transfer(shop, "b1", memo, 2_000)
        await until(lambda: shop.counter.view().late_payments == 1)
        assert await late(shop) == [("cancelled", 2_000)]


@pytest.mark.parametrize(("first", "told", "state"), [("no", "approved", "approved"), ("yes", "declined", "declined")])
async def test_a_terminal_that_contradicts_the_cashier_is_heard(
    tmp_path: Path, first: str, told: str, state: str
) -> None:
    """A card that was charged after all is listed until somebody deals with it, once; one that was not is on record."""
    async with shop_in(tmp_path, has_terminal=True) as shop:
        await shop.scan(WATER)
        assert await pay(shop, "start_card") == "card_waiting"
        [attempt] = await shop.counter.open_card_attempts()
        await shop.counter.hear_terminal(attempt, "unknown", "")
        await shop.do("answer_card", attempt=attempt.id, charged=first, approval="A7", about="")
        for _ in range(2):
            assert not await shop.counter.hear_terminal(attempt, told, "T9")
        assert [fact[1] for fact in await resolved(shop)].count(state) == 1
        assert shop.counter.view().late_payments == (first == "no")
        if first == "no":
            assert await shop.do("answer_late", payment=attempt.id, done="cash", about="") == "late_answered"
            assert shop.counter.view().late_payments == 0


async def test_card_money_does_not_leave_in_coins(tmp_path: Path) -> None:
    """What cash rounds to is let go once; in small parts it would be cash for goods that a card has paid."""
    async with shop_in(tmp_path) as shop:
        await staffed(shop, cash_step=1_000)
        number = await sell(shop, WATER, how="pay_card", approval="A1")
        assert await shop.do("return_lines", receipt=number, whole="true") == "return_added"
        assert await pay(shop, "pay_cash", given="1000", part="true") in {"given_part", "approval_needed"}
        assert await pay(shop, "pay_cash", given="1000", part="true") == "approval_needed"


@pytest.mark.parametrize("times", [1, 2])
async def test_an_exchange_does_not_wash_a_cards_money_into_cash(tmp_path: Path, times: int) -> None:
    """Goods that a card paid are exchanged for others, and those come back: the money still is the card's."""
    async with shop_in(tmp_path) as shop:
        await staffed(shop)
        number = await sell(shop, RICE, how="pay_card", approval="A1")
        for _ in range(times):
            assert await shop.do("return_lines", receipt=number, whole="true") == "return_added"
            await sell(shop, RICE, exact="0")
            number = [fact.receipt_number for fact in await shop.facts() if isinstance(fact, SaleCompleted)][-1]
        assert await shop.do("return_lines", receipt=number, whole="true") == "return_added"
        assert await pay(shop, "pay_cash") == "approval_needed"
        assert await pay(shop, "pay_card", approval="R1") == "sale_done"


async def test_what_cash_paid_goes_back_in_cash_also_after_an_exchange(tmp_path: Path) -> None:
    """The honest customer, who paid the difference in cash as well, needs nobody."""
    async with shop_in(tmp_path) as shop:
        await staffed(shop)
        number = await sell(shop, WATER)
        assert await shop.do("return_lines", receipt=number, whole="true") == "return_added"
        await sell(shop, RICE)
        number = [fact.receipt_number for fact in await shop.facts() if isinstance(fact, SaleCompleted)][-1]
        assert await shop.do("return_lines", receipt=number, whole="true") == "return_added"
        assert await pay(shop, "pay_cash") == "sale_done"


async def test_a_voucher_gets_back_what_it_paid_and_no_other_one_does(tmp_path: Path) -> None:
    """Her own voucher's code instead of the customer's is somebody's to allow; one whose time is over gets nothing."""
    async with shop_in(tmp_path) as shop:
        await staffed(shop)
        vouchers = {code: Voucher(code=code, amount=5_000, currency="VND") for code in ("GIFT", "MINE")}
        await load(shop.database, GLOBAL_FEED, "voucher", vouchers)
        number = await sell(shop, WATER, how="pay_voucher", code="GIFT")
        assert await shop.do("return_lines", receipt=number, whole="true") == "return_added"
        assert await pay(shop, "pay_voucher", code="MINE") == "approval_needed"
        assert await pay(shop, "pay_voucher", code="GIFT") == "sale_done"


async def test_an_account_gets_back_what_its_owner_bought(tmp_path: Path) -> None:
    """Goods on her customer's account do not pay the cashier's own debt."""
    async with shop_in(tmp_path) as shop:
        await staffed(shop)
        people = {
            name: Customer(customer=name, name=name, owes=50_000, credit_limit=100_000) for name in ("buyer", "friend")
        }
        await load(shop.database, GLOBAL_FEED, "customer", people)
        await shop.scan(WATER)
        await shop.do("set_customer", customer="buyer")
        number = await sell(shop, how="pay_account")
        assert await shop.do("return_lines", receipt=number, whole="true") == "return_added"
        await shop.do("set_customer", customer="friend")
        assert await pay(shop, "pay_account") == "approval_needed"
        await shop.do("set_customer", customer="buyer")
        assert await pay(shop, "pay_account") == "sale_done"


async def test_nobody_owes_less_for_cash_that_was_not_paid(tmp_path: Path) -> None:
    """Cash pays into an account what coins can pay, or all that is owed: rounding is nobody's to collect."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, FEED, "settings", {"store": Settings(store_name="x", cash_step=1_000)})
        await load(shop.database, GLOBAL_FEED, "customer", {"c": Customer(customer="c", name="C", owes=9_300)})
        assert await shop.do("pay_in", deed="d1", customer="c", amount="400", about="") == "bad_amount"
        assert await shop.do("pay_in", deed="d2", customer="c", amount="1499", about="") == "bad_amount"
        assert await shop.do("pay_in", deed="d3", customer="c", amount="1000", about="") == "account_paid"
        assert await shop.do("pay_in", deed="d4", customer="c", amount="8300", about="") == "account_paid"
        paid = [fact for fact in await shop.facts() if isinstance(fact, AccountPaid)]
        assert [(fact.amount, fact.tenders[0].amount) for fact in paid] == [(1_000, 1_000), (8_300, 8_000)]


async def test_real_money_is_not_dealt_with_in_play(tmp_path: Path) -> None:
    """A late transfer waits until the till sells again: cash for it would be real."""
    async with shop_in(tmp_path) as shop:
        memo = await ask_for(shop)
        attempt = shop.counter.view().attempt
        assert attempt is not None
        assert await shop.do("cancel_qr", attempt=attempt.id, about="") == "payment_dropped"
        assert await pay(shop, "pay_cash") == "sale_done"
        await transfer(shop, "b1", memo)
        await until(lambda: shop.counter.view().late_payments == 1)
        assert await shop.do("switch_training", on="yes", about="") == "training_on"
        before = len(await shop.facts())
        assert await shop.do("answer_late", payment="b1", done="cash", about="") == "training_on"
        assert len(await shop.facts()) == before
        assert len([fact for fact in await shop.facts() if isinstance(fact, SaleCompleted)]) == 1
