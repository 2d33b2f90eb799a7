"""Every screen and every panel of the till, one after the other, for those who measure or picture them.

A scene is a state of the shop that orders lead to; panels are opened in it as the page itself opens them. What is on
the screens is as long as it gets in a shop: long names, large amounts, both languages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
from playwright.sync_api import Page, expect

from edge_agent.till.pins import store_pin
from edge_agent.till.view import DeviceView
from protocol.documents import BankAccount, Customer, Item, Purchase, QuickKey, Settings, Staff
from protocol.ids import GLOBAL_FEED, store_feed
from protocol.messages import Loading
from protocol.promotions import BuyPay, Promotion, Selection
from protocol.stock_events import StockLine
from tests.browser.real_till import RealTill
from tests.unit.edge_agent.counter.shop import START, STORE, Shop, load

SIZES = ((1024, 768), (1366, 768), (1920, 1080))
MILK, NOODLE, BEER, FRIDGE = "8934673573399", "8934563138165", "8934822901332", "8934567890128"
ITEMS = (
    Item(sku="MILK", name="Sữa tươi tiệt trùng Vinamilk không đường hộp giấy 1 L", barcodes=(MILK,), price=36_500,
         currency="VND", unit="box", tax_rate_bp=800),
    Item(sku="NOODLE", name="Mì Hảo Hảo tôm chua cay", barcodes=(NOODLE,), price=4_500, currency="VND",
         tax_rate_bp=800),
    Item(sku="BEER", name="Bia lon 330 ml", barcodes=(BEER,), price=11_500, currency="VND", min_age=18,
         tax_rate_bp=1000),
    Item(sku="FRIDGE", name="Tủ lạnh Inverter 550 L hai cánh", barcodes=(FRIDGE,), price=28_990_000, currency="VND"),
)  # fmt: skip
LAN = Staff(staff="101", name="Nguyễn Thị Phương Lan", pin=store_pin("1111", b"l" * 16, log2n=4))
HOA = Staff(staff="900", name="Phạm Hoa", role="supervisor", pin=store_pin("7777", b"h" * 16, log2n=4))
BAO = Staff(staff="901", name="Trần Quốc Bảo", role="manager", pin=store_pin("9999", b"b" * 16, log2n=4))


async def stocked(shop: Shop) -> None:
    """What the hub has sent to a shop where people sign in."""
    feed = store_feed(STORE)
    await load(shop.database, GLOBAL_FEED, "item", {item.sku: item for item in ITEMS})
    await load(shop.database, GLOBAL_FEED, "promotion", {
        "p": Promotion(
            promotion="p", name="Mua 5 tặng 1", name_en="Buy 5, 1 free",
            buy_pay=BuyPay(goods=Selection(skus=("NOODLE",)), buy=6, pay=5),
        )
    })  # fmt: skip
    await load(shop.database, GLOBAL_FEED, "customer", {
        "c1": Customer(customer="c1", name="Trần Thị Minh Nguyệt", phone="+84901234321", points=1_240, currency="VND",
                       credit_limit=5_000_000, email="nguyet@example.com")
    })  # fmt: skip
    await load(shop.database, feed, "settings", {
        "store": Settings(
            store_name="Cửa hàng Hàng Bài", bank=BankAccount(bin="970436", account="0011001932418", bank="VCB"),
            tenders=("cash", "vietqr", "card", "voucher", "account"), refund_limits={"cashier": 100_000},
            quick_keys=(QuickKey(sku="NOODLE", label="Mì tôm", page="Ăn nhanh", colour="amber"),),
        )
    })  # fmt: skip
    await load(shop.database, feed, "purchase", {
        "P-118": Purchase(purchase="P-118", supplier="Vinamilk", lines=(StockLine(sku="MILK", quantity=3_000),))
    })  # fmt: skip
    await load(shop.database, feed, "staff", {staff.staff: staff for staff in (LAN, HOA, BAO)})
    shop.counter.set_online(online=True, since=START)
    shop.counter.refresh()


@dataclass(frozen=True)
class Scene:
    """A state of the shop, and the panels that are opened in it; "" is none. `{n}` is the newest receipt's number."""

    name: str
    lead: Callable[[RealTill], None]
    panels: tuple[str, ...]


def give(till: RealTill, order: str, **fields: str) -> None:
    """Give an order that is carried out, or waits to be allowed."""
    before = till.shop.counter.view().notice
    till.call(till.shop.counter.order(order, fields))
    said = till.shop.counter.view().notice
    assert said is before or said is None or said.good or said.code == "approval_needed", said


def about(till: RealTill, order: str, **fields: str) -> None:
    """The same for one that names its receipt."""
    give(till, order, sale_id=till.shop.counter.view().sale_id, **fields)


def pay(till: RealTill, order: str, **fields: str) -> None:
    """The same for one that takes money."""
    about(till, order, take=till.shop.counter.view().take, **fields)


def sign_in(till: RealTill, staff: Staff, pin: str) -> None:
    """Somebody takes over."""
    give(till, "sign_in", staff=staff.staff, pin=pin)


def _locked(till: RealTill) -> None:
    give(till, "sign_out")


def _empty(till: RealTill) -> None:
    sign_in(till, BAO, "9999")


def _shift(till: RealTill) -> None:
    give(till, "open_shift", number="1", amount="500000")


def _cart(till: RealTill) -> None:
    for code in (MILK, f"5*{NOODLE}", f"12*{MILK}", FRIDGE, f"3*{NOODLE}", MILK):
        till.scan(code)
    about(till, "set_customer", customer="c1")


def _part(till: RealTill) -> None:
    pay(till, "pay_cash", given="50000", part="true")


def _qr(till: RealTill) -> None:
    pay(till, "start_qr")


def _card(till: RealTill) -> None:
    attempt = till.shop.counter.view().attempt
    assert attempt is not None
    give(till, "cancel_qr", attempt=attempt.id)
    pay(till, "start_card")


def _paid(till: RealTill) -> None:
    attempt = till.shop.counter.view().attempt
    assert attempt is not None
    pending = till.call(till.shop.counter.open_card_attempts())
    till.call(till.shop.counter.hear_terminal(pending[0], "sending", ""))
    till.call(till.shop.counter.hear_terminal(pending[0], "approved", "A1"))


def _refunding(till: RealTill) -> None:
    done = till.shop.counter.view().last_sale
    assert done is not None
    about(till, "return_lines", receipt=done.receipt_number, **{"lines.1": "1"})


def _refunded(till: RealTill) -> None:
    while till.shop.counter.view().left < 0:
        before = till.shop.counter.view().left
        pay(till, "pay_cash")
        assert till.shop.counter.view().left != before


def _waiting(till: RealTill) -> None:
    sign_in(till, LAN, "1111")
    till.scan(FRIDGE)
    about(till, "cut_receipt", percent="45", reason="x")


def _asked(till: RealTill) -> None:
    give(till, "drop_approval")
    till.scan(BEER)


def _working(till: RealTill) -> None:
    about(till, "hold", name="Bàn 4")
    sign_in(till, BAO, "9999")
    give(till, "work_start", kind="receive", key="P-118")
    till.scan(f"2*{MILK}")


def _loading(till: RealTill) -> None:
    loading = Loading(way="link", percent=43, problem="web_unreachable")
    till.loop.call_soon_threadsafe(till.shop.counter.set_loading, loading)


def _troubles(till: RealTill) -> None:
    till.loop.call_soon_threadsafe(till.shop.counter.set_loading, None)
    work = till.shop.counter.view().work
    assert work is not None
    give(till, "work_pause", work_id=work.id)
    for device in (
        DeviceView("scanner", "scanner", "backoff", "absent"),
        DeviceView("printer", "printer", "degraded", "paper_out", "out", 2),
        DeviceView("scale", "scale", "backoff", "no_answer"),
    ):
        till.loop.call_soon_threadsafe(till.shop.counter.set_device, device)
    till.loop.call_soon_threadsafe(lambda: till.shop.counter.set_online(online=False, since=START))


def _training(till: RealTill) -> None:
    give(till, "switch_training", on="yes")
    till.scan(MILK)


def _nobody(till: RealTill) -> None:
    gone = {each.staff: msgspec.structs.replace(each, active=False) for each in (LAN, HOA, BAO)}
    till.call(load(till.shop.database, store_feed(STORE), "staff", gone))
    till.call(till.shop.counter.lock("command"))


SCENES = (
    Scene("locked", _locked, ("@sign_in", "@sign_in?staff=101")),
    Scene("empty", _empty, (
        "", "help", "@menu", "@customer", "@customer?text=nguyet", "@customer_new?text=0909", "@receipts", "@return",
        "@return_item", "@quick", "@pay_in", "@price_check", "@shift", "@shift_open", "@cash_move", "@no_sale",
        "@x_report", "@shifts", "@work", "@picks", "@training", "@setup", "@coupon", "@voucher", "@sign_in",
    )),
    Scene("shift", _shift, ("@shift", "@shift_close")),
    Scene("cart", _cart, (
        "", "cash", "quantity", "@pay", "@card", "@voucher", "@account", "@qr", "@discount?number=1",
        "@discount?number=0", "@note?number=1", "@void", "@hold", "@customer", "@customer_edit?customer=c1", "@pay_in",
        "@item?sku=MILK", "@search?text=sua", "@menu",
    )),
    Scene("part", _part, ("", "@pay")),
    Scene("qr", _qr, ("", "@qr")),
    Scene("card", _card, ("", "@terminal")),
    Scene("done", _paid, ("", "@receipts", "@return?number={n}", "@receipt?number={n}")),
    Scene("refunding", _refunding, ("", "@refund")),
    Scene("refunded", _refunded, ("",)),
    Scene("approval", _waiting, ("@approve", "@approve?staff=900")),
    Scene("age", _asked, ("@ask",)),
    Scene("work", _working, ("", "@work_finish", "@work", "@held")),
    Scene("loading", _loading, ("", "pill-0")),
    Scene("troubles", _troubles, ("", "pill-0", "pill-1", "pill-2", "pill-3")),
    Scene("training", _training, ("", "cash", "@menu")),
    Scene("nobody", _nobody, ("@sign_in",)),
)  # fmt: skip


def show(page: Page, panel: str) -> None:
    """Open a panel, and wait until what the till draws stands in it."""
    page.evaluate("window.tillwire.panel('')")
    if not panel:
        return
    page.evaluate("(name) => window.tillwire.panel(name)", panel)
    if panel.startswith("@"):
        page.wait_for_selector("#panel-side.open > *")
    else:
        page.wait_for_selector(f"#panel-{panel}.open")


def walk(till: RealTill, page: Page, scenes: tuple[Scene, ...] = SCENES) -> Iterator[tuple[Scene, str]]:
    """Lead the shop through its scenes and open every panel: (scene, panel) stands on the page now."""
    for scene in scenes:
        scene.lead(till)
        page.wait_for_function(
            "(least) => Number(document.body.dataset.revision) >= least", arg=till.shop.counter.view().revision
        )
        done = till.shop.counter.view().last_sale
        for panel in scene.panels:
            show(page, panel.replace("{n}", done.receipt_number if done is not None else ""))
            yield scene, panel


def speak(till: RealTill, page: Page, language: str) -> None:
    """Let the till speak a language; the page loads itself anew."""
    give(till, "set_language", language=language)
    expect(page.locator(f"html[lang={language}]")).to_have_count(1)
    page.wait_for_selector("body[data-wire='up']")
