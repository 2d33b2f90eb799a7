"""What the counter promises to the cashier: nothing lost, nothing twice, always an answer."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from edge_agent.devices.printer import receipt
from edge_agent.till.cart import LINES_MAX
from protocol.documents import Item, Settings, Stock
from protocol.event import Event, read_data, read_event
from protocol.events import SaleCompleted
from protocol.ids import store_feed
from tests.unit.edge_agent.counter.shop import CATALOGUE, STORE, load, shop_in

pytestmark = pytest.mark.anyio

WATER = "8934602100016"


def sale_in(raw: bytes) -> SaleCompleted:
    """Read a sale's fact from an event's bytes."""
    event = read_event(raw)
    assert isinstance(event, Event)
    fact = read_data(event)
    assert isinstance(fact, SaleCompleted)
    return fact


def bytes_in(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


async def test_scans_make_lines_and_a_payment_makes_a_fact(tmp_path: Path) -> None:
    """Scan, scan, pay with a note: event, movements, print jobs, cleared cart, change on the screen."""
    async with shop_in(tmp_path) as shop:
        counter = shop.counter
        await counter.scan(WATER, source="scanner")
        await counter.scan("2*" + WATER, source="typed")
        await counter.scan("0,5*HOUSE-7", source="typed")
        view = counter.view()
        assert [(line.sku, line.quantity, line.amount) for line in view.lines] == [
            ("NUOC", 3000, 15_000),
            ("GAO", 500, 21_000),
        ]
        assert (view.total, view.item_count, view.tax_total) == (36_000, 4, 1111)
        await counter.order("pay_cash", {"sale_id": view.sale_id, "given": "50000"})
        after = counter.view()
        assert await shop.notice() == ("sale_done", True, "hn01-t1-1-000001")
        assert after.lines == ()
        assert after.last_sale is not None
        assert (after.last_sale.change, after.last_sale.print_state) == (14_000, "queued")
        assert after.link.backlog == 1
        fact = sale_in(await shop.one("SELECT raw FROM event"))
        assert (fact.total, fact.tenders[0].given, fact.tenders[0].change) == (36_000, 50_000, 14_000)
        assert await shop.one("SELECT count(*) FROM own_movement") == 2
        assert await shop.one("SELECT count(*) FROM print_job WHERE kind = 'drawer'") == 1
        picture = receipt.decode(await shop.one("SELECT payload FROM print_job WHERE kind = 'receipt'"))
        assert (picture.number, picture.total, picture.change) == ("hn01-t1-1-000001", 36_000, 14_000)
        assert shop.woken == ["link", "printer"]


async def test_a_double_click_pays_once(tmp_path: Path) -> None:
    """Ten payments of one cart at the same time, from two tabs and after a reload, are one sale."""
    async with shop_in(tmp_path) as shop:
        await shop.counter.scan(WATER, source="scanner")
        sale_id = shop.counter.view().sale_id
        await asyncio.gather(*(shop.counter.order("pay_cash", {"sale_id": sale_id}) for _ in range(10)))
        await shop.counter.order("pay_cash", {"sale_id": sale_id, "given": "999999"})
        assert await shop.one("SELECT count(*) FROM event") == 1
        assert await shop.one("SELECT count(*) FROM print_job") == 2
        assert (await shop.notice())[0] == "sale_done"
        await shop.counter.scan(WATER, source="scanner")
        await shop.counter.order("pay_cash", {"sale_id": sale_id})
        assert (await shop.notice())[0] == "stale_page"
        assert len(shop.counter.view().lines) == 1


async def test_the_cart_is_as_it_was_after_a_crash(tmp_path: Path) -> None:
    """Lines, quantities, a typed multiplier and the cart's id survive; so does the last sale on the screen."""
    async with shop_in(tmp_path) as shop:
        await shop.counter.scan("3*" + WATER, source="scanner")
        await shop.counter.scan("2*", source="typed")
        before = shop.counter.view()
    async with shop_in(tmp_path) as shop:
        assert (shop.counter.view().lines, shop.counter.view().sale_id) == (before.lines, before.sale_id)
        await shop.counter.scan("HOUSE-7", source="scanner")
        assert shop.counter.view().lines[-1].quantity == 2000
        await shop.counter.order("pay_cash", {"sale_id": before.sale_id})
    async with shop_in(tmp_path) as shop:
        assert shop.counter.view().last_sale is not None
        await shop.counter.order("pay_cash", {"sale_id": before.sale_id})
        assert await shop.one("SELECT count(*) FROM event") == 1
        await shop.counter.order("new_sale", {})
        assert shop.counter.view().last_sale is None


@pytest.mark.parametrize(
    ("code", "notice"),
    [
        ("8934602100023", ("unknown_code", False, "8934602100023")),
        ("8934602100017", ("bad_check_digit", False, "8934602100017")),
        ("4111111111111111", ("card_number_refused", False, "")),
        ("\x1d\x1d", ("unreadable_scan", False, "")),
        ("NO-SUCH", ("unknown_code", False, "NO-SUCH")),
        ("0*NUOC", ("bad_quantity", False, "")),
        ("036000291452", ("not_priced", False, "Imported")),
    ],
)
async def test_a_code_that_cannot_be_sold_is_answered_and_adds_nothing(
    tmp_path: Path, code: str, notice: tuple[str, bool, str]
) -> None:
    """Each kind of bad scan has its own words; the cart stays as it is."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, store_feed(STORE), "settings", {"store": Settings(store_name="Chợ", currency="VND")})
        await shop.counter.scan(code, source="scanner")
        assert await shop.notice() == notice
        assert shop.counter.view().lines == ()


async def test_a_card_number_is_in_no_byte_on_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Refused, and forgotten: not in a table, not in the write-ahead log, not in a log line."""
    async with shop_in(tmp_path) as shop:
        for code in ("4111111111111111", "4111 1111 1111 1111", "%B4111111111111111^NGUYEN/LAN^2512101?"):
            await shop.counter.scan(code, source="scanner")
            assert "4111" not in repr(shop.counter.view())
        files = bytes_in(tmp_path)
        assert any(name.endswith("-wal") for name in files)
        assert not any(b"411111" in content for content in files.values())
        assert "4111" not in caplog.text


async def test_upc_and_ean_of_one_number_are_one_item(tmp_path: Path) -> None:
    """An American label scans as 12 or 13 digits, depending on the scanner."""
    async with shop_in(
        tmp_path, items=[Item(sku="US", name="US", barcodes=("036000291452",), price=1, currency="VND")]
    ) as shop:
        for code in ("036000291452", "0036000291452", "]E00036000291452", "US"):
            await shop.counter.scan(code, source="scanner")
        assert shop.counter.view().lines[0].quantity == 4000


async def test_lines_are_changed_and_taken_off(tmp_path: Path) -> None:
    """Typing a quantity, voiding, and orders from a page that shows an older cart."""
    async with shop_in(tmp_path) as shop:
        counter = shop.counter
        await counter.scan(WATER, source="scanner")
        await counter.scan("HOUSE-7", source="scanner")
        sale_id, line = counter.view().sale_id, counter.view().lines[0].number
        await counter.order("set_quantity", {"sale_id": sale_id, "number": str(line), "quantity": "7"})
        assert counter.view().lines[0].quantity == 7000
        for text in ("seven", "-1", "1.2345", "9" * 13):
            await counter.order("set_quantity", {"sale_id": sale_id, "number": str(line), "quantity": text})
            assert await shop.notice() == ("bad_quantity", False, text)
        await counter.order("set_quantity", {"sale_id": "another", "number": str(line), "quantity": "1"})
        assert (await shop.notice())[0] == "stale_page"
        await counter.order("set_quantity", {"sale_id": sale_id, "number": str(99), "quantity": "1"})
        assert (await shop.notice())[0] == "stale_page"
        for step, quantity in (("1", 8000), ("1", 9000), ("-1", 8000), ("-7", 1000), ("-1", 1000), ("-9", 1000)):
            await counter.order("set_quantity", {"sale_id": sale_id, "number": str(line), "step": step})
            assert counter.view().lines[0].quantity == quantity
        await counter.order("set_quantity", {"sale_id": sale_id, "number": str(line), "step": "9" * 12})
        assert (await shop.notice())[0] == "bad_quantity"
        await counter.order("set_quantity", {"sale_id": sale_id, "number": "99", "step": "1"})
        assert (await shop.notice())[0] == "stale_page"
        await counter.order("void_line", {"sale_id": sale_id, "number": str(line)})
        assert await shop.notice() == ("line_voided", True, "Nước suối")
        await counter.order("void_line", {"sale_id": sale_id, "number": str(line)})
        assert (await shop.notice())[0] == "stale_page"
        assert [other.sku for other in counter.view().lines] == ["GAO"]


@pytest.mark.parametrize(
    ("given", "code"),
    [("4999", "not_enough_cash"), ("a lot", "bad_amount"), (WATER, "bad_amount"), ("50.5", "bad_amount")],
)
async def test_cash_that_does_not_pay_sells_nothing(tmp_path: Path, given: str, code: str) -> None:
    """Too little, not a number, or a barcode scanned into the amount field: the cart waits."""
    async with shop_in(tmp_path) as shop:
        await shop.counter.order("pay_cash", {"sale_id": shop.counter.view().sale_id})
        assert (await shop.notice())[0] == "nothing_to_pay"
        await shop.counter.scan(WATER, source="scanner")
        await shop.counter.order("pay_cash", {"sale_id": shop.counter.view().sale_id, "given": given})
        assert (await shop.notice())[0] == code
        assert await shop.one("SELECT count(*) FROM event") == 0
        assert len(shop.counter.view().lines) == 1


async def test_the_line_shows_what_is_left_and_warns_below_zero(tmp_path: Path) -> None:
    """The till warns, the cashier decides; what is in the cart is gone from the shelf already."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, store_feed(STORE), "stock", {"NUOC": Stock(sku="NUOC", on_hand=2000)})
        await shop.counter.scan(WATER, source="scanner")
        await shop.counter.scan(WATER, source="scanner")
        assert shop.counter.view().lines[0].stock_left == 0
        assert (await shop.notice())[0] == "line_added"
        await shop.counter.scan(WATER, source="scanner")
        assert await shop.notice() == ("stock_negative", True, "Nước suối")
        await shop.counter.order("pay_cash", {"sale_id": shop.counter.view().sale_id})
        await shop.counter.scan("HOUSE-7", source="scanner")
        assert shop.counter.view().lines[0].stock_left is None


async def test_a_full_disk_refuses_with_words_and_recovers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is half-written, the till says so, once in the log, and goes on when there is room, by itself."""
    caplog.set_level("INFO")
    async with shop_in(tmp_path) as shop:
        await shop.counter.scan(WATER, source="scanner")
        pages = await shop.one("PRAGMA page_count")

        def fill(connection: sqlite3.Connection) -> None:
            connection.execute("CREATE TABLE ballast (b BLOB)")
            connection.execute(f"PRAGMA max_page_count = {pages + 2}")

        await shop.database.run(fill)
        refused = 0
        for _ in range(60):
            await shop.counter.order("pay_cash", {"sale_id": shop.counter.view().sale_id})
            if (await shop.notice())[0] == "disk_full":
                refused += 1
                await shop.counter.order("pay_cash", {"sale_id": shop.counter.view().sale_id})
                break
            await shop.counter.scan("20*" + WATER, source="scanner")
        assert refused
        events = await shop.one("SELECT count(*) FROM event")
        jobs = await shop.one("SELECT count(*) FROM print_job WHERE kind = 'receipt'")
        sales = await shop.one("SELECT count(*) FROM sale")
        assert events == jobs == sales
        await shop.database.run(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
        await shop.counter.order("pay_cash", {"sale_id": shop.counter.view().sale_id})
        assert (await shop.notice())[0] == "sale_done"
        assert await shop.one("SELECT count(*) FROM event") == events + 1
        assert await shop.one("PRAGMA integrity_check") == "ok"
        told = [record.message for record in caplog.records if record.name.startswith("edge_agent.counter")]
        assert told == ["orders are refused", "orders are taken again"]


async def test_a_cart_has_a_bound(tmp_path: Path) -> None:
    """What one receipt and one event can carry is told before it is reached."""
    items = [Item(sku=f"S{n}", name=f"S{n}", price=1, currency="VND") for n in range(LINES_MAX + 1)]
    async with shop_in(tmp_path, items=items) as shop:
        for item in items:
            await shop.counter.scan(item.sku, source="typed")
        assert (await shop.notice())[0] == "cart_full"
        assert len(shop.counter.view().lines) == LINES_MAX
        await shop.counter.scan(f"{10**6 - 1}*S1", source="typed")
        await shop.counter.order("pay_cash", {"sale_id": shop.counter.view().sale_id})
        assert (await shop.notice())[0] == "sale_done"


async def test_an_interrupted_receipt_is_asked_about(tmp_path: Path) -> None:
    """After a crash while printing only a person can say; her answer counts once."""
    async with shop_in(tmp_path) as shop:
        await shop.counter.scan(WATER, source="scanner")
        await shop.counter.order("pay_cash", {"sale_id": shop.counter.view().sale_id})
        await shop.database.run(
            lambda c: c.execute("UPDATE print_job SET state = 'unknown' WHERE kind = 'receipt'").rowcount
        )
        shop.counter.refresh()
        question = await _until(lambda: shop.counter.view().questions)
        assert (question[0].receipt_number, question[0].reason) == ("hn01-t1-1-000001", "unknown")
        await shop.counter.order("answer_print", {"job_id": question[0].job_id, "printed": "yes"})
        assert shop.counter.view().questions == ()
        await shop.counter.order("answer_print", {"job_id": question[0].job_id, "printed": "yes"})
        assert (await shop.notice())[0] == "stale_page"


async def test_without_a_printer_nothing_waits_for_one(tmp_path: Path) -> None:
    """A till without a printer sells too."""
    async with shop_in(tmp_path, has_printer=False) as shop:
        await shop.counter.scan(WATER, source="scanner")
        await shop.counter.order("pay_cash", {"sale_id": shop.counter.view().sale_id})
        assert await shop.one("SELECT count(*) FROM print_job") == 0
        last = shop.counter.view().last_sale
        assert last is not None
        assert last.print_state == "cancelled"


async def test_changes_yield_the_newest_picture_only(tmp_path: Path) -> None:
    """A slow page skips pictures and is never behind; a fast one misses nothing that stays."""
    async with shop_in(tmp_path) as shop:
        changes = shop.counter.changes()
        first = await anext(changes)
        for _ in range(5):
            await shop.counter.scan(WATER, source="scanner")
        newest = await anext(changes)
        assert newest.revision > first.revision
        assert newest == shop.counter.view()


async def test_language_is_remembered_and_scans_are_timed(tmp_path: Path) -> None:
    """What a cashier chose is still so tomorrow; each scan's way to the picture is measured."""
    async with shop_in(tmp_path) as shop:
        assert shop.counter.view().language == "vi"
        await shop.counter.order("set_language", {"language": "en"})
        await shop.counter.scan(WATER, source="scanner", arrived_s=0.0)
        assert shop.counter.scan_timings[0].arrived_s == 0.0
    async with shop_in(tmp_path) as shop:
        assert shop.counter.view().language == "en"


async def test_orders_after_the_end_are_ignored(tmp_path: Path) -> None:
    """A page that still talks to a stopping agent gets no error."""
    async with shop_in(tmp_path) as shop:
        await shop.database.close()
        await shop.counter.scan(WATER, source="scanner")
        shop.counter.refresh()


async def test_an_unreadable_cart_of_another_version_is_let_go(tmp_path: Path) -> None:
    """An upgrade never stops the till from selling."""
    async with shop_in(tmp_path) as shop:
        await shop.database.run(lambda c: c.execute("UPDATE cart SET body = ?", (b'{"v":9}',)).rowcount)
    async with shop_in(tmp_path) as shop:
        assert shop.counter.view().lines == ()
        assert msgspec.json.decode(await shop.one("SELECT body FROM cart"))["sale_id"]


async def test_an_order_that_breaks_is_answered_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever our own mistake is (here: a scale that answers with an error), the cashier hears it and can go on."""

    def weigh() -> NoReturn:
        raise ZeroDivisionError

    meat = Item(sku="THIT", name="Thịt", price=200_000, currency="VND", unit="kg", weighed=True)
    async with shop_in(tmp_path, items=(*CATALOGUE, meat), weigh=weigh) as shop:
        await shop.counter.scan(WATER, source="scanner")
        await shop.counter.order("sell_item", {"sku": "THIT"})
        assert (await shop.notice())[:2] == ("order_failed", False)
        assert [record.message for record in caplog.records if record.exc_info] == ["an order failed"]
        await shop.counter.scan(WATER, source="scanner")
        assert (await shop.notice())[:2] == ("line_added", True)
        assert [line.quantity for line in shop.counter.view().lines] == [2000]


async def _until(ask: Any) -> Any:  # noqa: ANN401 - whatever is waited for
    for _ in range(200):
        value = ask()
        if value:
            return value
        await asyncio.sleep(0.01)
    raise AssertionError("never came")
