"""What both databases promise to a till that asks: receipts of every store, what came back, and all stores' stock."""

from __future__ import annotations

from datetime import date

import pytest

from hub.ingest.session import ingest
from hub.ingest.stocktake import set_stock
from hub.storage.database import Database
from hub.storage.stores import SqlStores, open_stores
from protocol.documents import Item, Settings
from protocol.events import SaleLine, SaleRefunded, Tender
from protocol.frame import Key
from protocol.ids import Sku, StoreId
from protocol.messages import ReturnedLine
from tests.unit.hub.journals import Journal, at, sale

HANOI, HUE = StoreId("hanoi"), StoreId("hue")


def refund(number: int, original: str, *lines: tuple[str, int, int | None]) -> SaleRefunded:
    """A refund of (SKU, thousandths, original line) lines at 1,000 each."""
    given = tuple(
        SaleLine(sku=sku, name=sku, quantity=quantity, unit_price=1_000, amount=quantity, original_line=line)
        for sku, quantity, line in lines
    )
    total = sum(line.amount for line in given)
    return SaleRefunded(
        receipt_number=f"B{number:06d}", business_day=date(2026, 11, 22), currency="VND", cashier="an", lines=given,
        tenders=(Tender(kind="cash", amount=total),), total=total, original_receipt=original,
    )  # fmt: skip


@pytest.fixture
def stores(database: Database) -> SqlStores:
    """Two stores with a till each."""
    opened = open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
    for store, name in ((HANOI, "Hà Nội"), (HUE, "Huế")):
        opened.fleet.add_store(store, Settings(store_name=name), Key(b"f" * 32), at(0))
        till = Journal(store)
        opened.fleet.add_terminal(till.store, till.terminal, "", till.key, at(0))
    return opened


def test_a_receipt_is_found_in_any_store_with_what_came_back_anywhere(stores: SqlStores) -> None:
    """Sold in Hà Nội, given back half in Huế before Hà Nội's line was up again."""
    hanoi, hue = Journal("hanoi"), Journal("hue")
    hanoi.append(sale(1, ("tea", 3000), ("milk", 1000), ("tea", 1000)), at(10))
    hue.append(refund(1, "R000001", ("tea", 2000, 1)), at(20))
    hue.append(refund(2, "R000001", ("tea", 1500, None)), at(30))
    ingest(stores.ledger, [hue.batch(1, 2)], at(40))
    assert stores.answers.find_receipt("R000001", HUE) is None
    ingest(stores.ledger, [hanoi.batch(1, 1)], at(50))
    found = stores.answers.find_receipt("R000001", HUE)
    assert found is not None
    assert (found.store, found.terminal, found.at) == ("hanoi", "till1", at(10))
    assert found.sale == sale(1, ("tea", 3000), ("milk", 1000), ("tea", 1000))
    assert found.returned == (ReturnedLine(line=1, quantity=3000), ReturnedLine(line=3, quantity=500))
    assert stores.answers.find_receipt("B000001", HUE) is None


def test_two_tills_that_gave_the_same_number_do_not_hide_the_askers_own(stores: SqlStores) -> None:
    """Numbers should be unique; where they are not, the own store's receipt is the likelier one."""
    for store in ("hanoi", "hue"):
        till = Journal(store)
        till.append(sale(7, (f"tea of {store}", 1000)), at(1))
        ingest(stores.ledger, [till.batch(1, 1)], at(2))
    for store in (HANOI, HUE):
        found = stores.answers.find_receipt("R000007", store)
        assert found is not None
        assert found.sale.lines[0].sku == f"tea of {store}"


def test_all_stores_stock_is_told_and_never_below_zero(stores: SqlStores) -> None:
    """A store that never had a SKU has no row; a SKU that nobody knows has no answer."""
    set_stock(stores.ledger, HANOI, {Sku("tea"): 5000}, at(1))
    set_stock(stores.ledger, HUE, {Sku("tea"): -2000, Sku("milk"): 1000}, at(1))
    stores.catalogue.put_items([Item(sku="new", name="New", price=1, currency="VND")], at(1))
    tea, milk, new = (stores.answers.elsewhere(sku) for sku in ("tea", "milk", "new"))
    assert tea is not None
    assert [(s.store, s.store_name, s.available) for s in tea.stores] == [("hanoi", "Hà Nội", 5000), ("hue", "Huế", 0)]
    assert milk is not None
    assert [s.store for s in milk.stores] == ["hue"]
    assert new is not None
    assert new.stores == ()
    assert stores.answers.elsewhere("nothing") is None
