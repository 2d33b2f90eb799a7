"""What an allowed discount is for: the goods that it was given on, and no others, in whatever order things are done."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol.documents import Item
from protocol.events import ApprovalGiven
from tests.unit.edge_agent.counter.shop import CATALOGUE, Shop, shop_in
from tests.unit.edge_agent.counter.test_cuts import as_person
from tests.unit.edge_agent.counter.test_people import HOA, LAN, hire, sign_in

pytestmark = pytest.mark.anyio

WATER, RICE = "8934602100016", "HOUSE-7"
MEAT = Item(sku="THIT", name="Thịt bò", barcodes=("THIT",), price=300_000, currency="VND", unit="kg", weighed=True)
FLOWERS = Item(sku="HOA", name="Hoa", barcodes=("HOA",), price=0, currency="VND", open_price=True)
ITEMS = (*CATALOGUE, MEAT, FLOWERS)


async def approvals(shop: Shop) -> list[str]:
    """The rights that the journal says were used."""
    return [fact.right for fact in await shop.facts() if isinstance(fact, ApprovalGiven)]


@pytest.mark.parametrize(("code", "kind", "answer"), [("THIT", "weight", "2"), ("HOA", "price", "90000")])
@pytest.mark.parametrize("order", ["cut_line", "cut_receipt"])
async def test_a_cut_before_the_weight_is_a_cut_all_the_same(
    tmp_path: Path, code: str, kind: str, answer: str, order: str
) -> None:
    """Goods that cost nothing yet lose nothing yet; what they lose once they have a weight or a price is measured."""
    async with shop_in(tmp_path, items=ITEMS) as shop:
        await as_person(shop, "cashier")
        await shop.scan(code)
        number = {"number": "1"} if order == "cut_line" else {}
        if await shop.do(order, **number, percent="100") == "cut_set":
            assert await shop.do("answer_ask", number="1", kind=kind, answer=answer) == "approval_needed"
        assert await shop.do("pay_cash") == "asks_first"
        assert shop.counter.view().total == 0


async def test_more_of_what_was_cut_is_asked_again(tmp_path: Path) -> None:
    """Half the price was allowed for one dented bottle, not for a hundred; fewer need nobody."""
    async with shop_in(tmp_path) as shop:
        await as_person(shop, "manager")
        await shop.scan("2*" + WATER)
        assert await shop.do("cut_line", number="1", percent="50") == "cut_set"
        await as_person(shop, "cashier")
        assert await shop.do("set_quantity", number="1", quantity="100") == "approval_needed"
        assert shop.counter.view().total == 5_000
        assert await shop.do("set_quantity", number="1", quantity="1") == "line_added"
        assert shop.counter.view().total == 2_500


async def test_more_at_a_price_by_hand_is_asked_again(tmp_path: Path) -> None:
    """A price that a supervisor set holds for what she saw; she who may set one raises it on record."""
    async with shop_in(tmp_path) as shop:
        await as_person(shop, "supervisor")
        await shop.scan(WATER)
        assert await shop.do("set_price", number="1", price="1") == "price_set"
        await as_person(shop, "cashier")
        assert await shop.do("set_quantity", number="1", quantity="100") == "approval_needed"
        assert shop.counter.view().total == 1
        await as_person(shop, "supervisor")
        assert await shop.do("set_quantity", number="1", quantity="3") == "line_added"
        assert await approvals(shop) == ["price", "price"]


async def test_a_receipts_percent_is_for_the_goods_that_were_on_it(tmp_path: Path) -> None:
    """What is scanned after a supervisor's 30 % costs its price: the cut stays the money that it was, and says so."""
    async with shop_in(tmp_path) as shop:
        await as_person(shop, "supervisor")
        await shop.scan("2*" + WATER)
        assert await shop.do("cut_receipt", percent="30", reason="Móp") == "cut_set"
        await as_person(shop, "cashier")
        assert await shop.scan(RICE) == "cut_bounded"
        view = shop.counter.view()
        assert (view.gross_total, view.total) == (52_000, 49_000)
        assert await shop.scan(RICE) == "line_added"
        assert shop.counter.view().total == 91_000
        assert await shop.do("void_line", number="2") == "approval_needed"


async def test_a_percent_that_she_may_give_goes_on(tmp_path: Path) -> None:
    """5 % is hers to give: also off what is scanned later."""
    async with shop_in(tmp_path) as shop:
        await as_person(shop, "cashier")
        await shop.scan("2*" + WATER)
        assert await shop.do("cut_receipt", percent="5") == "cut_set"
        assert await shop.scan("2*" + WATER) == "line_added"
        assert shop.counter.view().total == 19_000


async def test_a_small_cut_beside_an_allowed_one_needs_nobody(tmp_path: Path) -> None:
    """A line that a supervisor cut does not make the cashier's own 5 % on another line a matter for her."""
    async with shop_in(tmp_path) as shop:
        await as_person(shop, "supervisor")
        await shop.scan("2*" + WATER)
        await shop.scan(RICE)
        assert await shop.do("cut_line", number="1", percent="30") == "cut_set"
        await as_person(shop, "cashier")
        assert await shop.do("cut_line", number="2", percent="5") == "cut_set"


@pytest.mark.parametrize(
    ("order", "fields", "done", "total"),
    [
        ("cut_line", {"number": "1", "percent": "20"}, "cut_set", 400_000),
        ("cut_receipt", {"percent": "20"}, "cut_set", 400_000),
        ("set_price", {"number": "1", "price": "4000"}, "price_set", 400_000),
        ("void_receipt", {"reason": "x"}, "cart_voided", 0),
    ],
)
async def test_what_grows_while_it_waits_is_shown_again(
    tmp_path: Path, order: str, fields: dict[str, str], done: str, total: int
) -> None:
    """Asked for one bottle, then made a hundred: the supervisor sees the new sum before her PIN counts."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN, HOA)
        await sign_in(shop, LAN, "1111")
        await shop.scan(WATER)
        assert await shop.do(order, **fields) == "approval_needed"
        assert await shop.do("set_quantity", number="1", quantity="100") == "line_added"
        assert await shop.do("approve", pin="7777", about="") == "approval_needed"
        assert shop.counter.view().total == 500_000
        assert await shop.do("approve", pin="7777", about="") == done
        assert shop.counter.view().total == total


async def test_what_is_allowed_while_training_is_no_fact(tmp_path: Path) -> None:
    """Who learns the till asks for nothing in earnest: the journal says that it was trained, and no more."""
    async with shop_in(tmp_path) as shop:
        await hire(shop, LAN, HOA)
        await sign_in(shop, HOA, "7777")
        assert await shop.do("switch_training", on="yes", about="") == "training_on"
        await sign_in(shop, LAN, "1111")
        await shop.scan(WATER)
        for order, fields, done in (
            ("set_price", {"number": "1", "price": "4000"}, "price_set"),
            ("cut_line", {"number": "1", "percent": "20"}, "cut_set"),
            ("void_receipt", {"reason": "x"}, "cart_voided"),
        ):
            assert await shop.do(order, **fields) == "approval_needed"
            assert await shop.do("approve", pin="7777", about="") == done
        assert await approvals(shop) == []
        assert await shop.do("no_sale", about="", reason="x") == "approval_needed"
        assert await shop.do("approve", pin="7777", about="") == "drawer_opened"
        assert await approvals(shop) == ["no_sale"]
