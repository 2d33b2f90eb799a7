"""The till's screens over a real counter: found by name, played, shown to the customer, without a mouse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from edge_agent.till.pins import store_pin
from protocol.documents import BankAccount, Customer, Item, Purchase, QuickKey, Settings, Staff
from protocol.ids import GLOBAL_FEED, store_feed
from protocol.promotions import BuyPay, Promotion, Selection
from protocol.stock_events import StockLine
from tests.browser.real_till import RealTill, open_real_till
from tests.unit.edge_agent.counter.shop import STORE, Shop, load

MILK, NOODLE, BEER = "8934673573399", "8934563138165", "8934822901332"
ITEMS = (
    Item(sku="MILK", name="Sữa tươi không đường 1 L", barcodes=(MILK,), price=36_500, currency="VND", unit="box"),
    Item(sku="MILK2", name="Sữa chua nha đam 100 g", barcodes=("8934673573412",), price=8_000, currency="VND"),
    Item(sku="NOODLE", name="Mì tôm chua cay", barcodes=(NOODLE,), price=4_500, currency="VND", tax_rate_bp=800),
    Item(sku="BEER", name="Bia lon 330 ml", barcodes=(BEER,), price=11_500, currency="VND", min_age=18),
)
HOA = Staff(staff="900", name="Phạm Hoa", role="supervisor", pin=store_pin("7777", b"h" * 16, log2n=4))
LAN = Staff(staff="101", name="Nguyễn Thị Lan", pin=store_pin("1111", b"l" * 16, log2n=4))


async def stocked(shop: Shop) -> None:
    """What the hub has sent to a shop where nobody signs in."""
    feed = store_feed(STORE)
    await load(shop.database, GLOBAL_FEED, "item", {item.sku: item for item in ITEMS})
    await load(shop.database, GLOBAL_FEED, "promotion", {
        "p": Promotion(
            promotion="p", name="Mua 5 tặng 1", name_en="Buy 5, 1 free",
            buy_pay=BuyPay(goods=Selection(skus=("NOODLE",)), buy=6, pay=5),
        )
    })  # fmt: skip
    await load(shop.database, GLOBAL_FEED, "customer", {
        "c1": Customer(customer="c1", name="Trần Minh", phone="+84901234321", points=1_240, currency="VND")
    })  # fmt: skip
    await load(shop.database, feed, "settings", {
        "store": Settings(
            store_name="Hàng Bài", bank=BankAccount(bin="970436", account="0011001932418", bank="VCB"),
            quick_keys=(QuickKey(sku="NOODLE", label="Mì tôm", page="Ăn nhanh", colour="amber"),),
        )
    })  # fmt: skip
    await load(shop.database, feed, "purchase", {
        "P-118": Purchase(purchase="P-118", supplier="Vinamilk", lines=(StockLine(sku="MILK", quantity=3_000),))
    })  # fmt: skip
    shop.counter.set_online(online=True, since=datetime(2026, 11, 22, 8, tzinfo=UTC))
    shop.counter.refresh()


async def staffed(shop: Shop) -> None:
    """The same shop, with people."""
    await stocked(shop)
    await load(shop.database, store_feed(STORE), "staff", {staff.staff: staff for staff in (LAN, HOA)})
    shop.counter.refresh()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[RealTill]:
    """A till without people, served."""
    with open_real_till(tmp_path, stocked) as opened:
        yield opened


@pytest.fixture
def page(shop: RealTill, context: BrowserContext) -> Iterator[Page]:
    """Its page; a script error or a violated policy fails the test."""
    yield from _watched(shop, context)


def _watched(shop: RealTill, context: BrowserContext) -> Iterator[Page]:
    faults: list[str] = []
    context.add_init_script(
        "document.addEventListener('securitypolicyviolation', (e) => console.error('CSP ' + e.violatedDirective))"
    )
    context.on("page", lambda opened: opened.on("pageerror", lambda error: faults.append(str(error))))
    opened = context.new_page()
    opened.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    shop.enter(opened)
    expect(opened.locator("#code")).to_be_focused()
    yield opened
    assert faults == []


def test_a_name_is_found_while_it_is_typed(shop: RealTill, page: Page) -> None:
    """Rows stand beside the cart, without accents too; arrows choose, Enter sells, Esc goes back, digits are a code."""
    page.keyboard.type("sua", delay=120)
    expect(page.locator("[data-found='sua'] .result")).to_have_count(2)
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.press("ArrowDown")
    second = page.locator(".result").nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    name = second.locator("b").inner_text()
    page.keyboard.press("Enter")
    expect(page.locator(".line.now")).to_contain_text(name)
    expect(page.locator("#code")).to_have_value("")
    expect(page.locator(".search")).to_have_count(0)
    page.keyboard.type("mi tom", delay=120)
    expect(page.locator("[data-found='mi tom'] .result")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".search")).to_have_count(0)
    expect(page.locator("#code")).to_have_value("")
    page.keyboard.type(f"{MILK}\n", delay=100)
    expect(page.locator(".line")).to_have_count(2 if "chua" in name else 1)
    shop.scan(NOODLE)
    expect(page.locator(".line.now")).to_contain_text("Mì tôm")


def test_enter_before_the_rows_are_there_sells_all_the_same(page: Page) -> None:
    """A fast hand loses nothing: Enter waits for the rows of what was typed."""
    page.locator("#code").evaluate(
        "(field) => { field.value = 'mi tom'; field.dispatchEvent(new Event('input')); field.form.requestSubmit(); }"
    )
    expect(page.locator(".line.now")).to_contain_text("Mì tôm")


def test_a_quick_key_sells_and_promotions_are_in_words(shop: RealTill, page: Page) -> None:
    """The grid stands where the receipt will be; six show what was saved, below the line and among the sums."""
    page.get_by_role("button", name=re.compile("Mì tôm")).click()
    expect(page.locator(".line")).to_have_count(1)
    shop.scan(f"5*{NOODLE}")
    expect(page.locator(".line .off")).to_contain_text("Mua 5 tặng 1")
    expect(page.locator("#sum .cut")).to_contain_text("\N{MINUS SIGN}4.500")
    expect(page.locator("#total")).to_contain_text("22.500")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#panel-side .tile")).to_have_count(1)


def test_a_split_payment_without_a_mouse(shop: RealTill, page: Page) -> None:
    """A part in cash, what is left is told, the rest exactly; Enter all the way."""
    shop.scan(f"2*{MILK}")
    expect(page.locator("#total")).to_contain_text("73.000")
    page.keyboard.press("F8")
    page.keyboard.type("50000", delay=100)
    expect(page.locator("#preview")).to_contain_text("23.000")
    page.locator("#part").click()
    expect(page.locator("#total")).to_contain_text("23.000")
    page.keyboard.press("Escape")
    expect(page.locator("#sum .paid")).to_contain_text("\N{MINUS SIGN}50.000")
    page.keyboard.press("F8")
    page.keyboard.press("Enter")
    expect(page.locator(".change")).to_be_visible()
    sale = shop.shop.counter.view().last_sale
    assert sale is not None
    assert (sale.total, sale.change) == (73_000, 0)


def test_an_age_is_asked_beside_the_cart(shop: RealTill, page: Page) -> None:
    """The question opens by itself, scanning goes on, and the big button leads back to it."""
    shop.scan(BEER)
    expect(page.locator(".ask")).to_contain_text("18")
    shop.scan(MILK)
    expect(page.locator(".line")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator(".ask")).to_have_count(0)
    expect(page.locator("#go")).to_have_attribute("data-step", "answer")
    page.keyboard.press("Enter")
    page.locator(".ask .strong").click()
    expect(page.locator("#go")).to_have_attribute("data-step", "cash")


def test_training_cannot_be_overlooked(page: Page, shop: RealTill) -> None:
    """A banner in words, another colour, on the customer's window too; ending it makes all as it was."""
    big = "getComputedStyle(document.querySelector('#go .big')).backgroundColor"
    shop.scan(MILK)
    expect(page.locator(".line")).to_have_count(1)
    before = page.evaluate(big)
    shop.call(shop.shop.counter.order("void_receipt", {"sale_id": shop.shop.counter.view().sale_id, "reason": "x"}))
    shop.call(shop.shop.counter.order("switch_training", {"on": "yes"}))
    expect(page.locator("#banner")).to_contain_text("Tập bán")
    shop.scan(MILK)
    expect(page.locator(".line")).to_have_count(1)
    assert page.evaluate(big) != before
    window = page.context.new_page()
    window.goto(f"{shop.url}/display")
    expect(window.locator(".train")).to_contain_text("Training")
    shop.call(shop.shop.counter.order("void_receipt", {"sale_id": shop.shop.counter.view().sale_id, "reason": "x"}))
    shop.call(shop.shop.counter.order("switch_training", {"on": "no"}))
    expect(page.locator("#banner")).to_be_hidden()
    expect(window.locator(".train")).to_have_count(0)


def test_the_customer_sees_goods_total_code_and_change(page: Page, shop: RealTill) -> None:
    """In both languages, without orders, without what is for the cashier alone; the code counts down."""
    window = page.context.new_page()
    window.goto(f"{shop.url}/display")
    expect(window.locator("[data-scene=welcome]")).to_contain_text("Welcome")
    shop.scan(f"2*{MILK}")
    expect(window.locator(".goods .now")).to_contain_text("Sữa tươi")
    expect(window.locator("aside output")).to_contain_text("73.000")
    expect(page.locator("#other-window")).to_be_hidden()
    view = shop.shop.counter.view()
    shop.call(shop.shop.counter.order("set_customer", {"sale_id": view.sale_id, "customer": "c1"}))
    expect(page.locator("#customer")).to_contain_text("Trần Minh")
    assert "Minh" not in window.locator("body").inner_text()
    assert window.locator("form, button, input").count() == 0
    page.bring_to_front()
    page.keyboard.press("F10")
    expect(page.locator(".qr button.strong")).to_be_focused()
    page.keyboard.press("Enter")
    expect(window.locator("[data-scene=pay] svg")).to_be_visible()
    expect(window.locator(".clock span")).to_have_text(re.compile(r"\d:\d\d"))
    expect(window.locator(".due")).to_contain_text("73.000")
    attempt = shop.shop.counter.view().attempt
    assert attempt is not None
    shop.call(shop.shop.counter.order("confirm_qr", {"attempt": attempt.id}))
    expect(window.locator("[data-scene=done]")).to_contain_text("Thank you")


def test_each_press_of_plus_and_minus_counts(page: Page, shop: RealTill) -> None:
    """However fast they come, and with a scan in the middle of them that the page has not shown yet."""
    shop.scan(MILK)
    expect(page.locator(".line .q")).to_contain_text("1")
    for _ in range(5):
        page.keyboard.press("+")
    shop.scan(MILK)
    page.keyboard.press("-")
    expect(page.locator(".line .q")).to_contain_text("6")
    for _ in range(9):
        page.keyboard.press("-")
    expect(page.locator(".line .q")).to_contain_text("1")
    assert shop.shop.counter.view().lines[0].quantity == 1_000


def test_goods_are_received_on_the_same_page(page: Page, shop: RealTill) -> None:
    """By keyboard: menu, work, delivery; scans go to the list, unmistakably, and Enter leads to the end."""
    page.evaluate("window.tillwire.panel('@work')")
    page.get_by_role("button", name=re.compile("Vinamilk")).click()
    expect(page.locator("#banner")).to_contain_text("Vinamilk")
    shop.scan(f"2*{MILK}")
    expect(page.locator(".line.work")).to_contain_text("/ 3")
    page.keyboard.press("+")  # counts what the till has, even if the page does not show it yet
    expect(page.locator(".line.full")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".work-finish")).to_be_visible()
    page.get_by_role("button", name="Ghi sổ").click()
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator("body")).to_have_attribute("data-stage", "empty")
    assert shop.call(shop.shop.one("SELECT count(*) FROM work")) == 0


def test_a_typed_letter_and_a_scan_from_anywhere(page: Page, shop: RealTill) -> None:
    """Whatever panel and field is open, a scan becomes a line, and what was typed into the panel stays there."""
    shop.scan(MILK)
    page.keyboard.press("F4")
    expect(page.locator("#customer-text")).to_be_focused()
    page.keyboard.type("minh", delay=120)
    expect(page.locator("#customers .row")).to_have_count(1)
    shop.scan(NOODLE)
    expect(page.locator(".line")).to_have_count(2)
    expect(page.locator("#customer-text")).to_have_value("minh")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#customer")).to_contain_text("Trần Minh")
    expect(page.locator(".panel.open")).to_have_count(0)


def test_a_locked_till_keeps_its_cart(tmp_path: Path, context: BrowserContext) -> None:
    """Dimmed and there: the next one signs in and goes on."""
    with open_real_till(tmp_path, staffed) as shop:
        page = context.new_page()
        shop.enter(page)
        for name, fields in (("sign_in", {"staff": "101", "pin": "1111"}), ("scan", {"code": MILK}), ("sign_out", {})):
            shop.call(shop.shop.counter.order(name, fields))
        expect(page.locator("body")).to_have_attribute("data-locked", "yes")
        expect(page.locator(".sign-in")).to_be_visible()
        expect(page.locator(".line")).to_have_count(1)
        assert float(page.evaluate("getComputedStyle(document.querySelector('.paper')).opacity")) < 1
        shop.call(shop.shop.counter.order("sign_in", {"staff": "900", "pin": "7777"}))
        expect(page.locator("body")).to_have_attribute("data-locked", "no")
        expect(page.locator(".person")).to_contain_text("Phạm Hoa")
        expect(page.locator(".panel.open")).to_have_count(0)
        page.keyboard.press("F8")
        page.keyboard.press("Enter")
        expect(page.locator(".change")).to_be_visible()
