"""What a scan does: labels, lots, serials, ages, weights, cards, coupons; and that no question loses a scan."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from edge_agent.devices.scale.reading import ScaleReading, ScaleState
from protocol.documents import Customer, Item, Settings, Staff, Stock
from protocol.events import ApprovalGiven, LineVoided, SaleCompleted
from protocol.ids import GLOBAL_FEED, store_feed
from protocol.promotions import Off, Promotion, Selection
from tests.unit.edge_agent.counter.shop import CATALOGUE, STORE, Shop, load, shop_in

pytestmark = pytest.mark.anyio

WATER = "8934602100016"
GOODS = (
    *CATALOGUE,
    Item(sku="CAM", name="Cam sành", price=30_000, currency="VND", unit="kg", plu="12345", weighed=True),
    Item(sku="BIA", name="Bia", barcodes=("8934602100023",), price=15_000, currency="VND", min_age=18),
    Item(sku="RUOU", name="Rượu", barcodes=("8934602100030",), price=90_000, currency="VND", min_age=21),
    Item(sku="DT", name="Điện thoại", barcodes=("8934602100047",), price=5_000_000, currency="VND", asks_serial=True),
    Item(sku="SUA", name="Sữa", barcodes=("8934602100054",), price=20_000, currency="VND", asks_lot=True),
    Item(sku="KHAC", name="Khác", barcodes=("KHAC",), price=0, currency="VND", open_price=True),
)
SETTINGS = Settings(
    store_name="Chợ", barcode_layouts=("21IIIIIWW.WWWC", "22IIIIIPPPPPC"), customer_card_prefix="KH",
    voucher_prefix="PMH",
)  # fmt: skip


def label(start: str) -> str:
    """An EAN-13 with its check digit."""
    digits = [int(digit) for digit in start]
    return f"{start}{-(sum(digits[::2]) + 3 * sum(digits[1::2])) % 10}"


NOT_SOLD_HERE = label("893460210999")


async def open_shop(shop: Shop, settings: Settings = SETTINGS) -> None:
    """Give the till its store's settings."""
    await load(shop.database, store_feed(STORE), "settings", {"store": settings})


def scale(state: ScaleState, grams: int | None) -> ScaleReading:
    """What a scale says."""
    return ScaleReading(grams, state, 0.0)


async def test_a_weight_label_sells_its_weight_and_a_price_label_its_price(tmp_path: Path) -> None:
    """A weight makes the amount, a price makes the quantity that the stock loses; twice the label is both twice."""
    async with shop_in(tmp_path, items=GOODS) as shop:
        await open_shop(shop)
        assert await shop.scan(label("211234500642")) == "line_added"
        assert await shop.scan(label("221234545000")) == "line_added"
        assert await shop.scan("2*" + label("211234500500")) == "line_added"
        lines = shop.counter.view().lines
        assert [(line.quantity, line.amount) for line in lines] == [(642, 19_260), (1_500, 45_000), (1_000, 30_000)]
        assert await shop.do("set_quantity", number=str(lines[1].number), quantity="3") == "line_is_fixed"


@pytest.mark.parametrize(
    ("reading", "notice"),
    [
        (None, "weight_missing"),
        (scale("MOTION", 500), "weight_moving"),
        (scale("STALE", None), "weight_stale"),
        (scale("OVER", None), "weight_missing"),
        (scale("STABLE", 0), "weight_missing"),
    ],
)
async def test_no_weight_is_sold_that_is_not_at_rest(tmp_path: Path, reading: ScaleReading | None, notice: str) -> None:
    """The goods wait in the cart for a weight; it may be typed; paying waits, scanning does not."""
    async with shop_in(tmp_path, items=GOODS, weigh=lambda: reading) as shop:
        await open_shop(shop)
        assert await shop.do("sell_item", about="", sku="CAM") == notice
        view = shop.counter.view()
        assert view.asking is not None
        assert (view.asking.kind, view.total) == ("weight", 0)
        assert await shop.scan(WATER) == "line_added"
        assert await shop.do("answer_ask", number="1", kind="weight") == notice
        assert await shop.do("answer_ask", number="1", kind="weight", answer="0,642") == "answered"
        view = shop.counter.view()
        assert (view.asking, view.total) == (None, 19_260 + 5_000)


async def test_a_weight_at_rest_is_taken_at_once(tmp_path: Path) -> None:
    """A piece on the scale is one press; more of the same is a line of its own."""
    async with shop_in(tmp_path, items=GOODS, weigh=lambda: scale("STABLE", 1_250)) as shop:
        for _ in range(2):
            assert await shop.do("sell_item", about="", sku="CAM") == "line_added"
        assert [(line.quantity, line.amount) for line in shop.counter.view().lines] == [(1_250, 37_500)] * 2


async def test_the_age_is_asked_once_for_the_oldest_and_refusing_takes_those_off(tmp_path: Path) -> None:
    """Beer, wine, beer: 21 is asked; refused, the wine goes; 18 confirmed, no further beer is asked about."""
    async with shop_in(tmp_path, items=GOODS) as shop:
        for code in ("8934602100023", "8934602100030", WATER, "8934602100023"):
            assert await shop.scan(code) in {"asks_first", "line_added"}
        asking = shop.counter.view().asking
        assert asking is not None
        assert (asking.kind, asking.years, asking.name) == ("age", 21, "Rượu")
        assert await shop.do("decline_ask", number=str(asking.number), kind="age") == "age_refused"
        asking = shop.counter.view().asking
        assert asking is not None
        assert asking.years == 18
        assert await shop.do("answer_ask", number=str(asking.number), kind="age") == "answered"
        assert await shop.scan("8934602100023") == "line_added"
        view = shop.counter.view()
        assert view.asking is None
        assert {line.sku: line.quantity for line in view.lines} == {"NUOC": 1_000, "BIA": 3_000}
        [gone] = await shop.facts()
        assert isinstance(gone, LineVoided)
        assert (gone.line.sku, gone.reason) == ("RUOU", "not answered: age")


async def test_each_piece_has_its_serial_and_none_comes_twice(tmp_path: Path) -> None:
    """Serial numbers are scanned as the answer; goods scanned meanwhile are goods; a double is refused."""
    async with shop_in(tmp_path, items=GOODS) as shop:
        assert await shop.scan("2*8934602100047") == "asks_first"
        assert await shop.scan("SN-0001") == "answered"
        assert await shop.scan(WATER) == "line_added"
        assert await shop.scan("SN-0001") == "serial_doubled"
        assert await shop.scan(NOT_SOLD_HERE) == "unknown_code"
        assert await shop.scan(WATER[:-1] + "7") == "bad_check_digit"
        assert await shop.scan("490154203237518") == "answered"  # an IMEI, which passes a card number's check
        view = shop.counter.view()
        assert view.asking is None
        assert view.lines[0].serials == ("SN-0001", "490154203237518")
        assert await shop.do("set_quantity", number="1", quantity="1") == "line_is_fixed"
        assert await shop.scan("8934602100047") == "asks_first"
        assert await shop.scan("SN-0001") == "serial_doubled"
        assert len(shop.counter.view().lines) == 3


async def test_a_label_may_tell_lot_serial_and_date(tmp_path: Path) -> None:
    """GS1 codes answer what would be asked; goods past their date stop, and only a manager sells them, on record."""
    async with shop_in(tmp_path, items=GOODS) as shop:
        await open_shop(shop)
        assert await shop.scan("]d20108934602100054172701311\x1d") in {"asks_first", "unreadable_scan", "line_added"}
        assert await shop.do("void_line", number="1") in {"line_voided", "stale_page"}
        assert await shop.scan("]d201089346021000541727013110LOT7") == "line_added"
        line = shop.counter.view().lines[-1]
        assert (line.lot, line.expires) == ("LOT7", date(2027, 1, 31))
        old = "]d201089346021000541726013110LOT6"
        assert await shop.scan(old) == "expired"
        notice = shop.counter.view().notice
        assert notice is not None
        assert notice.panel.startswith("expired?code=")
        assert len(shop.counter.view().lines) == 1
        assert await shop.do("sell_expired", about="", code=old) == "line_added"
        facts = await shop.facts()
        assert isinstance(facts[-1], ApprovalGiven)
        assert (facts[-1].right, len(shop.counter.view().lines)) == ("expired_lot", 2)


async def test_a_cashier_needs_leave_for_old_goods(tmp_path: Path) -> None:
    """Without the right the order waits for a PIN and nothing is sold."""
    async with shop_in(tmp_path, items=GOODS) as shop:
        staff = Staff(staff="c1", name="Cúc", role="cashier", pin="scrypt$1$1$1$00$00")
        await load(shop.database, store_feed(STORE), "staff", {"c1": staff})
        await shop.database.run(lambda c: c.execute("INSERT INTO preference VALUES ('staff', 'c1')"))
        assert await shop.do("sell_expired", about="", code="]d201089346021000541726013110LOT6") == "approval_needed"
        assert shop.counter.view().lines == ()


async def test_an_open_price_and_a_lot_are_asked_while_others_are_scanned(tmp_path: Path) -> None:
    """Each line keeps its own question; the oldest is asked first."""
    async with shop_in(tmp_path, items=GOODS) as shop:
        assert await shop.scan("KHAC") == "asks_first"
        assert await shop.scan("8934602100054") == "asks_first"
        assert await shop.do("answer_ask", number="1", kind="price", answer="x") == "bad_amount"
        assert await shop.do("answer_ask", number="2", kind="lot", answer="L1") == "answered"
        assert await shop.do("answer_ask", number="1", kind="price", answer="7000") == "answered"
        view = shop.counter.view()
        assert (view.asking, view.total, view.lines[1].lot) == (None, 27_000, "L1")
        assert await shop.do("answer_ask", number="1", kind="price", answer="1") == "stale_page"


async def test_a_question_survives_a_crash(tmp_path: Path) -> None:
    """The till asks again after the start; nothing has to be scanned anew."""
    async with shop_in(tmp_path, items=GOODS) as shop:
        await shop.scan("8934602100047")
        before = shop.counter.view()
    async with shop_in(tmp_path, items=GOODS) as shop:
        assert shop.counter.view().asking == before.asking
        assert shop.counter.view().lines == before.lines


async def test_codes_that_are_no_goods_go_where_they_belong(tmp_path: Path) -> None:
    """A receipt opens its panel, a card attaches its customer, a voucher waits for paying, a coupon is counted."""
    async with shop_in(tmp_path, items=GOODS) as shop:
        await open_shop(shop)
        await load(shop.database, GLOBAL_FEED, "customer", {"k": Customer(customer="k", name="Bà Năm", card="KH0007")})
        off = Promotion(
            promotion="p", name="Giảm nước", coupons=("NUOC10",),
            off=Off(goods=Selection(skus=("NUOC",)), percent_bp=1_000),
        )  # fmt: skip
        await load(shop.database, GLOBAL_FEED, "promotion", {"p": off})
        await shop.scan(WATER)
        assert await shop.scan("hn01-t1-1-000042") == "receipt_scanned"
        notice = shop.counter.view().notice
        assert notice is not None
        assert notice.panel == "receipt?number=hn01-t1-1-000042"
        assert await shop.scan("KH0007") == "customer_set"
        assert await shop.scan("KH0008") == "customer_unknown"
        assert await shop.scan("PMH123") == "voucher_scanned"
        assert await shop.scan("nuoc10") == "coupon_taken"
        view = shop.counter.view()
        assert view.customer is not None
        assert (view.customer.name, view.total, view.coupons) == ("Bà Năm", 4_500, ("nuoc10",))
        assert await shop.do("drop_coupon", code="NUOC10") == "line_voided"
        assert shop.counter.view().total == 5_000


async def test_what_was_typed_as_a_name_opens_the_search(tmp_path: Path) -> None:
    """Letters that some name has open what they find; digits do not."""
    async with shop_in(tmp_path, items=GOODS) as shop:
        assert await shop.scan("gao st") == "unknown_code"
        notice = shop.counter.view().notice
        assert notice is not None
        assert notice.panel == "search?text=gao+st"
        assert await shop.scan(NOT_SOLD_HERE) == "unknown_code"
        notice = shop.counter.view().notice
        assert notice is not None
        assert notice.panel == ""


async def test_one_more_of_the_last(tmp_path: Path) -> None:
    """Repeating sells the newest line's item again; with nothing there it says so."""
    async with shop_in(tmp_path, items=GOODS) as shop:
        assert await shop.do("repeat_line") == "nothing_to_repeat"
        await shop.scan("3*" + WATER)
        assert await shop.do("repeat_line") == "line_added"
        assert shop.counter.view().lines[0].quantity == 4_000


async def test_the_same_again_as_on_the_last_receipt(tmp_path: Path) -> None:
    """Quantities come back at today's prices; what is numbered is asked anew."""
    async with shop_in(tmp_path, items=GOODS) as shop:
        assert await shop.do("repeat_receipt") == "nothing_to_repeat"
        await shop.scan("3*" + WATER)
        await shop.scan("8934602100047")
        await shop.scan("SN-1")
        assert await shop.do("pay_cash") == "sale_done"
        assert await shop.do("repeat_receipt") == "line_added"
        view = shop.counter.view()
        assert [(line.sku, line.quantity) for line in view.lines] == [("NUOC", 3_000), ("DT", 1_000)]
        assert view.asking is not None
        assert view.asking.kind == "serial"


async def test_the_price_list_of_store_or_customer_holds(tmp_path: Path) -> None:
    """Her prices hold for what is there and what comes, not for prices set by hand, and end when she is detached."""
    water = Item(
        sku="NUOC", name="Nước", barcodes=(WATER,), price=5_000, currency="VND", prices={"si": 4_000, "q1": 6_000}
    )
    async with shop_in(tmp_path, items=(water, *GOODS[1:])) as shop:
        await open_shop(shop, Settings(store_name="Chợ", price_list="q1"))
        await load(shop.database, GLOBAL_FEED, "customer", {"k": Customer(customer="k", name="Sỉ", price_list="si")})
        await shop.scan(WATER)
        assert shop.counter.view().total == 6_000
        assert await shop.do("set_customer", customer="k") == "customer_set"
        await shop.scan(WATER)
        assert [(line.quantity, line.amount) for line in shop.counter.view().lines] == [(2_000, 8_000)]
        assert await shop.do("set_price", number="1", price="1000") == "price_set"
        assert await shop.do("drop_customer") == "customer_dropped"
        await shop.scan(WATER)
        assert [line.amount for line in shop.counter.view().lines] == [2_000, 6_000]


async def test_stock_that_runs_out_is_said_once(tmp_path: Path) -> None:
    """Selling goes on; the shelf is worth a look."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, store_feed(STORE), "stock", {"NUOC": Stock(sku="NUOC", on_hand=1_000)})
        assert [await shop.scan(WATER) for _ in range(3)] == ["line_added", "stock_negative", "line_added"]
        assert shop.counter.view().lines[0].stock_left == -2_000


async def test_a_sale_says_what_was_told(tmp_path: Path) -> None:
    """Serials, lots, dates and notes are in the fact."""
    async with shop_in(tmp_path, items=GOODS) as shop:
        await shop.scan("]d201089346021000541727013110LOT7")
        await shop.scan("8934602100047")
        await shop.scan("SN-9")
        await shop.do("note_line", number="2", note="Bảo hành 12 tháng")
        await shop.do("note_receipt", note="Giao tận nhà")
        assert await shop.do("pay_cash") == "sale_done"
        [sale] = [fact for fact in await shop.facts() if isinstance(fact, SaleCompleted)]
        milk, phone = sale.lines
        assert (milk.lot, milk.expires, phone.serials) == ("LOT7", date(2027, 1, 31), ("SN-9",))
        assert (phone.note, sale.note) == ("Bảo hành 12 tháng", "Giao tận nhà")
