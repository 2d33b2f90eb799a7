"""What returns promise: never more than was sold, for what was paid, and a person's word where nothing is known."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from edge_agent.counter.desks.payment import PayView
from edge_agent.counter.receipt_views import ReceiptsView, ReceiptView
from edge_agent.devices.printer import receipt
from edge_agent.till.pins import store_pin
from protocol.documents import Customer, Settings, Staff
from protocol.events import (
    AccountPaid,
    EventData,
    ReceiptReprinted,
    SaleCompleted,
    SaleLine,
    SaleRefunded,
    Tender,
    TrainingSwitched,
    VoucherIssued,
)
from protocol.ids import GLOBAL_FEED, store_feed
from protocol.messages import Answer, FoundReceipt, ReturnedLine
from tests.unit.edge_agent.counter.shop import STORE, Shop, load, shop_in

pytestmark = pytest.mark.anyio

WATER = "8934602100016"
FEED = store_feed(STORE)
T = TypeVar("T", bound=EventData)
LAN = Staff(staff="lan", name="Lan", role="cashier")
FOREIGN = SaleCompleted(
    receipt_number="hue-t9-1-000007", business_day=date(2026, 11, 21), currency="VND", cashier="x",
    lines=(SaleLine(sku="NUOC", name="Nước suối", quantity=3_000, unit_price=5_000, amount=14_000, tax_rate_bp=800,
                    tax=1_037),),
    tenders=(Tender(kind="card", amount=14_000, reference="A1"),), total=14_000, tax_total=1_037,
)  # fmt: skip


async def sell(shop: Shop, *codes: str, how: str = "pay_cash", **fields: str) -> str:
    """Sell; returns the receipt's number."""
    for code in codes:
        await shop.scan(code)
    assert await shop.do(how, take=shop.counter.view().take, **fields) == "sale_done"
    done = shop.counter.view().last_sale
    assert done is not None
    return done.receipt_number


async def pay(shop: Shop, order: str, **fields: str) -> str:
    """Pay with the form that the page would show now."""
    return await shop.do(order, take=shop.counter.view().take, **fields)


async def give_back(shop: Shop, number: str, **fields: str) -> str:
    """Take lines of a receipt back."""
    return await shop.do("return_lines", receipt=number, **fields)


async def of_kind(shop: Shop, kind: type[T]) -> list[T]:
    """The facts of a type."""
    return [fact for fact in await shop.facts() if isinstance(fact, kind)]


async def test_a_line_comes_back_once_for_what_was_paid(tmp_path: Path) -> None:
    """Two of three today, one tomorrow, and nothing more after that; stock goes up, the drawer opens."""
    async with shop_in(tmp_path) as shop:
        number = await sell(shop, "3*" + WATER)
        assert await give_back(shop, number, **{"lines.1": "2"}, reason="wrong size") == "return_added"
        [line] = shop.counter.view().lines
        assert (line.quantity, line.amount, line.returned_from) == (-2_000, -10_000, number)
        assert shop.counter.view().item_count == 2
        assert await give_back(shop, number, **{"lines.1": "2"}) == "already_returned"
        assert await shop.do("set_quantity", number=str(line.number), quantity="3") == "line_is_fixed"
        assert shop.counter.view().left == -10_000
        assert await pay(shop, "pay_cash") == "sale_done"
        done = shop.counter.view().last_sale
        assert done is not None
        assert (done.total, done.change) == (-10_000, 10_000)
        assert await give_back(shop, number, whole="true") == "return_added"
        assert await pay(shop, "pay_cash") == "sale_done"
        assert await give_back(shop, number, whole="true") == "already_returned"
        first, second = await of_kind(shop, SaleRefunded)
        assert (first.original_receipt, first.total, first.restock, first.reason) == (
            number,
            10_000,
            True,
            "wrong size",
        )
        assert (second.total, second.lines[0].quantity, second.lines[0].original_line) == (5_000, 1_000, 1)
        assert await shop.one("SELECT sum(delta) FROM own_movement WHERE sku = 'NUOC'") == 0
        assert await shop.one("SELECT count(*) FROM print_job WHERE kind = 'drawer'") == 3


async def test_an_exchange_is_two_facts_and_one_difference(tmp_path: Path) -> None:
    """Rice for water: the water pays its part of the rice, the customer the rest; both facts name the exchange."""
    async with shop_in(tmp_path) as shop:
        number = await sell(shop, WATER)
        await give_back(shop, number, whole="true", restock="no")
        await shop.scan("HOUSE-7")
        assert shop.counter.view().left == 37_000
        assert await pay(shop, "pay_cash", given="50000") == "sale_done"
        sale = (await of_kind(shop, SaleCompleted))[-1]
        [refund] = await of_kind(shop, SaleRefunded)
        assert [(each.kind, each.amount) for each in sale.tenders] == [("cash", 37_000), ("exchange", 5_000)]
        assert [(each.kind, each.amount) for each in refund.tenders] == [("exchange", 5_000)]
        assert sale.exchange == refund.exchange != ""
        assert not refund.restock
        assert sale.receipt_number < refund.receipt_number
        assert await shop.one("SELECT count(*) FROM print_job WHERE kind = 'receipt'") == 3


async def test_an_even_exchange_needs_no_money(tmp_path: Path) -> None:
    """The same for the same: nothing is paid and the drawer stays shut."""
    async with shop_in(tmp_path) as shop:
        number = await sell(shop, WATER)
        await give_back(shop, number, whole="true")
        await shop.scan(WATER)
        assert shop.counter.view().left == 0
        assert await pay(shop, "pay_cash") == "sale_done"
        assert await shop.one("SELECT count(*) FROM print_job WHERE kind = 'drawer'") == 1
        assert [(each.kind, each.amount) for each in (await of_kind(shop, SaleRefunded))[0].tenders] == [
            ("exchange", 5_000)
        ]


async def test_money_goes_back_the_way_it_came(tmp_path: Path) -> None:
    """Half by card, half in cash goes back so; more cash than came in is somebody's to allow."""
    async with shop_in(tmp_path) as shop:
        await staffed(shop)
        await shop.scan("2*" + WATER)
        await pay(shop, "pay_card", approval="A1", amount="5000")
        number = await sell(shop)
        await give_back(shop, number, whole="true")
        await allow(shop)
        answer = await shop.counter.ask("refund", {})
        assert isinstance(answer, PayView)
        assert [(part.kind, part.amount) for part in answer.back] == [("card", 5_000), ("cash", 5_000)]
        assert await pay(shop, "pay_cash") == "approval_needed"
        assert await shop.do("drop_approval", about="approval") == "approval_dropped"
        assert await pay(shop, "pay_card", approval="R9", amount="5000") == "given_part"
        assert await pay(shop, "pay_cash") == "sale_done"
        [refund] = await of_kind(shop, SaleRefunded)
        assert [(each.kind, each.amount, each.reference) for each in refund.tenders] == [
            ("card", 5_000, "R9"), ("cash", 5_000, None),
        ]  # fmt: skip


async def test_the_cash_part_is_one_that_coins_can_pay(tmp_path: Path) -> None:
    """What cash would have to round away goes onto the card instead: the customer gets back all of it."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, FEED, "settings", {"store": Settings(store_name="x", cash_step=500)})
        await shop.scan("3*" + WATER)
        await pay(shop, "pay_card", approval="A1", amount="10000")
        number = await sell(shop)
        await give_back(shop, number, **{"lines.1": "2"})
        answer = await shop.counter.ask("refund", {})
        assert isinstance(answer, PayView)
        assert [(part.kind, part.amount) for part in answer.back] == [("card", 6_500), ("cash", 3_500)]


async def test_a_voucher_can_be_made_out_instead(tmp_path: Path) -> None:
    """It is known here at once, worth what came back, and pays the next sale."""
    async with shop_in(tmp_path) as shop:
        number = await sell(shop, WATER)
        await give_back(shop, number, whole="true")
        assert await pay(shop, "issue_voucher") == "sale_done"
        [issued] = await of_kind(shop, VoucherIssued)
        [refund] = await of_kind(shop, SaleRefunded)
        assert (issued.amount, issued.receipt_number) == (5_000, refund.receipt_number)
        assert refund.tenders[0].reference == issued.code
        assert await shop.one("SELECT count(*) FROM print_job WHERE kind = 'slip'") == 1
        await shop.scan("2*" + WATER)
        assert await pay(shop, "pay_voucher", code=issued.code) == "paid_part"
        assert shop.counter.view().left == 5_000
        assert await pay(shop, "pay_voucher", code=issued.code) == "voucher_empty"


async def test_a_receipt_that_came_back_elsewhere_is_not_given_back_again(tmp_path: Path) -> None:
    """Between putting it into the cart and paying it out, the same line was given back from a held receipt."""
    async with shop_in(tmp_path) as shop:
        number = await sell(shop, WATER)
        await give_back(shop, number, whole="true")
        assert await shop.do("hold") == "held"
        await give_back(shop, number, whole="true")
        assert await pay(shop, "pay_cash") == "sale_done"
        held = await shop.one("SELECT sale_id FROM held_cart")
        assert await shop.do("recall", sale_id=held, about="held") == "recalled"
        assert await pay(shop, "pay_cash") == "already_returned"
        assert len(await of_kind(shop, SaleRefunded)) == 1


async def test_another_stores_receipt_is_found_through_the_hub(tmp_path: Path) -> None:
    """What came back elsewhere is counted; the receipt is known here from then on, also without a network."""
    asked: list[tuple[str, str]] = []

    async def ask_hub(kind: str, key: str) -> Answer | None:
        asked.append((kind, key))
        found = FoundReceipt(sale=FOREIGN, store="hue", terminal="t9", at=datetime(2026, 11, 21, tzinfo=UTC),
                             returned=(ReturnedLine(line=1, quantity=1_000),))  # fmt: skip
        if key != FOREIGN.receipt_number:
            return Answer(id="q", kind=kind, key=key, problem="not_found")
        return Answer(id="q", kind=kind, key=key, body=msgspec.Raw(msgspec.json.encode(found)))

    async with shop_in(tmp_path, ask_hub=ask_hub) as shop:
        number = FOREIGN.receipt_number
        view = await shop.counter.ask("receipt", {"number": number})
        assert isinstance(view, ReceiptView)
        assert view.row is None
        assert await give_back(shop, number, whole="true") == "receipt_unknown"
        view = await shop.counter.ask("receipt_elsewhere", {"number": number})
        assert isinstance(view, ReceiptView)
        assert asked == [("receipt", number)]
        assert [(line.left, line.worth) for line in view.lines] == [(2_000, 9_333)]
        unknown = await shop.counter.ask("receipt_elsewhere", {"number": "no-such"})
        assert isinstance(unknown, ReceiptView)
        assert (unknown.row, unknown.problem) == (None, "unknown")
    async with shop_in(tmp_path) as shop:
        gone = await shop.counter.ask("receipt_elsewhere", {"number": FOREIGN.receipt_number})
        assert isinstance(gone, ReceiptView)
        assert (gone.row is not None, gone.problem) == (True, "offline")
        assert await give_back(shop, FOREIGN.receipt_number, **{"lines.1": "3"}) == "already_returned"
        assert await give_back(shop, FOREIGN.receipt_number, whole="true") == "return_added"
        assert shop.counter.view().left == -9_333


async def test_goods_without_a_receipt_are_a_supervisors(tmp_path: Path) -> None:
    """At the lowest price that is known, with a reason; a receipt that is known here is not guessed at."""
    async with shop_in(tmp_path) as shop:
        await staffed(shop)
        number = await sell(shop, WATER)
        back = {"code": WATER, "reason": "broken"}
        assert await shop.do("return_item", **back, receipt=number) == "receipt_scanned"
        assert await shop.do("return_item", code=WATER, reason=" ") == "bad_input"
        assert await shop.do("return_item", **back, receipt="hue-t9-1-000001") == "approval_needed"
        assert shop.counter.view().lines == ()
        await allow(shop)
        assert [line.amount for line in shop.counter.view().lines] == [-5_000]
        assert await pay(shop, "pay_cash") == "sale_done"
        [refund] = await of_kind(shop, SaleRefunded)
        assert (refund.original_receipt, refund.lines[0].original_line, refund.total) == (
            "hue-t9-1-000001",
            None,
            5_000,
        )


async def test_a_role_gives_back_up_to_its_limit_and_old_receipts_never(tmp_path: Path) -> None:
    """A cashier may give 5.000 back alone; the next 5.000 of the same cart, or an old receipt, wait for a PIN."""
    async with shop_in(tmp_path) as shop:
        await staffed(shop, Settings(store_name="x", refund_limits={"cashier": 5_000}, refund_days=0))
        number = await sell(shop, "2*" + WATER)
        assert await give_back(shop, number, **{"lines.1": "1"}) == "return_added"
        assert await give_back(shop, number, **{"lines.1": "1"}) == "approval_needed"
        assert len(shop.counter.view().lines) == 1
        await allow(shop)
        assert len(shop.counter.view().lines) == 2


async def test_receipts_are_found_reprinted_and_given_as_presents(tmp_path: Path) -> None:
    """By a part of the number or by the total; each copy is marked and written down, a double click prints one."""
    async with shop_in(tmp_path) as shop:
        number = await sell(shop, WATER)
        await sell(shop, "2*" + WATER)
        found = await shop.counter.ask("receipts", {"text": "000001"})
        assert isinstance(found, ReceiptsView)
        assert [row.number for row in found.rows] == [number]
        found = await shop.counter.ask("receipts", {"amount": "10000", "day": "2026-11-22"})
        assert isinstance(found, ReceiptsView)
        assert [row.total for row in found.rows] == [10_000]
        assert await shop.do("reprint", receipt=number, deed="d1", about="receipt") == "reprinted"
        await shop.do("reprint", receipt=number, deed="d1", about="receipt")
        await shop.database.run(lambda c: c.execute("DELETE FROM print_job"))
        assert await shop.do("reprint", receipt=number, deed="d2", about="receipt") == "reprinted"
        assert [fact.copy_number for fact in await of_kind(shop, ReceiptReprinted)] == [1, 1]
        assert await shop.do("print_gift", receipt=number, about="receipt") == "gift_printed"
        payloads = await shop.database.run(lambda c: c.execute("SELECT payload FROM print_job").fetchall())
        assert [(receipt.decode(each).gift, receipt.decode(each).total) for (each,) in payloads] == [
            (False, 5_000), (True, 0),
        ]  # fmt: skip


async def test_training_reaches_nothing(tmp_path: Path) -> None:
    """A sale that is played prints a receipt marked so, with numbers of its own; journal and stock stay as they are."""
    async with shop_in(tmp_path) as shop:
        await shop.scan(WATER)
        assert await shop.do("switch_training", on="yes", about="training") == "cart_not_empty"
        await sell(shop)
        before = len(await shop.facts())
        assert await shop.do("switch_training", on="yes", about="training") == "training_on"
        assert shop.counter.view().training
        assert await sell(shop, WATER, how="pay_card", approval="1") == "TRAIN-000001"
        assert shop.counter.view().training
        assert len(await shop.facts()) == before + 1
        assert await shop.one("SELECT count(*) FROM own_movement") == 1
        picture = receipt.decode(
            await shop.one("SELECT payload FROM print_job WHERE kind = 'receipt' ORDER BY position DESC")
        )
        assert (picture.number, picture.training) == ("TRAIN-000001", True)
    async with shop_in(tmp_path) as shop:
        assert shop.counter.view().training
        assert await shop.do("switch_training", on="no", about="training") == "training_off"
        assert await sell(shop, WATER) == "hn01-t1-1-000002"
        assert [fact.on for fact in await of_kind(shop, TrainingSwitched)] == [True, False]


async def test_a_customer_pays_into_her_account_once(tmp_path: Path) -> None:
    """She owes less at once; a double click pays once; a deposit can be spent without asking anybody."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, GLOBAL_FEED, "customer", {"c1": Customer(customer="c1", name="Hoa", owes=1_000)})
        form = {"deed": "d1", "customer": "c1", "amount": "7000", "given": "10000", "about": "account"}
        assert await shop.do("pay_in", **form) == "account_paid"
        await shop.do("pay_in", **form)
        [paid] = await of_kind(shop, AccountPaid)
        assert (paid.amount, paid.tenders[0].change) == (7_000, 3_000)
        await shop.scan(WATER)
        await shop.do("set_customer", customer="c1")
        assert await pay(shop, "pay_account") == "sale_done"


async def test_who_has_paid_in_is_gone_and_owes_less_at_once(tmp_path: Path) -> None:
    """The next receipt is not hers; found again, her card says what is left, before the hub has said anything."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, GLOBAL_FEED, "customer", {"c1": Customer(customer="c1", name="Hoa", owes=9_000)})
        await shop.do("set_customer", customer="c1")
        form = {"deed": "d1", "customer": "c1", "amount": "7000", "about": "account"}
        assert await shop.do("pay_in", **form) == "account_paid"
        assert shop.counter.view().customer is None
        await shop.do("set_customer", customer="c1")
        attached = shop.counter.view().customer
        assert attached is not None
        assert attached.owes == 2_000


async def staffed(shop: Shop, settings: Settings | None = None) -> None:
    """Lan is signed in, a cashier; Mai is a supervisor."""
    people = {
        "lan": msgspec.structs.replace(LAN, pin=store_pin("1111", b"l" * 16, log2n=4)),
        "mai": Staff(staff="mai", name="Mai", role="supervisor", pin=store_pin("2222", b"m" * 16, log2n=4)),
    }
    await load(shop.database, FEED, "settings", {"store": settings or Settings(store_name="x")})
    await load(shop.database, FEED, "staff", people)
    assert await shop.do("sign_in", staff="lan", pin="1111", about="staff") == "signed_in"


async def allow(shop: Shop) -> None:
    """Mai allows what waits."""
    await shop.do("approve", staff="mai", pin="2222", about="approval")
