"""What both databases promise about sums: a day by tender, and shifts; they are what receipts say, to the last unit."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from hub.ingest.session import ingest
from hub.projections.matters import settle_all
from hub.storage.database import Database
from hub.storage.queries import SqlQueries
from hub.storage.reading import DrawerOpening
from hub.storage.stores import SqlStores, open_stores
from protocol.documents import Settings
from protocol.events import DrawerOpened, EventData, PriceCut, Tender
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, StoreId
from tests.unit.hub.journals import Journal, at
from tests.unit.hub.matter_facts import (
    DAY,
    by_voucher,
    came,
    given_back,
    issued,
    on_account,
    paid_in,
    saved,
    sent,
    shift_closed,
    shift_opened,
    sold,
)

HANOI = StoreId("hanoi")


@pytest.fixture
def stores(database: Database) -> SqlStores:
    """Two stores with a till each."""
    opened = open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
    for store in ("hanoi", "hue"):
        opened.fleet.add_store(StoreId(store), Settings(store_name=store), Key(b"f" * 32), at(0))
        till = Journal(store)
        opened.fleet.add_terminal(till.store, till.terminal, "", till.key, at(0))
    return opened


def test_a_day_adds_up_by_tender(database: Database, stores: SqlStores) -> None:
    """Refunds count against it, accounts' payments are apart from turnover, other days and stores stay out."""
    till, other = Journal("hanoi"), Journal("hue")
    split = (Tender(kind="cash", amount=700), Tender(kind="card", amount=300))
    till.append(sold("R1", ("tea", 1000), tenders=split), at(1))
    till.append(sold("R2", ("tea", 500), tenders=by_voucher("V1", 500)), at(2))
    till.append(given_back("B1", "R1", ("tea", 200)), at(3))
    till.append(paid_in("P1", "c1", 50), at(4))
    cheaper = sold("R3", ("tea", 900))
    line = msgspec.structs.replace(cheaper.lines[0], cuts=(PriceCut(kind="line", amount=100),))
    till.append(msgspec.structs.replace(cheaper, lines=(line,), tax_total=70, rounding=-5), at(5))
    till.append(msgspec.structs.replace(sold("R4", ("tea", 7)), business_day=date(2026, 11, 23)), at(6))
    till.append(msgspec.structs.replace(sold("R5", ("tea", 8)), currency="USD"), at(6))
    other.append(sold("R1", ("tea", 9)), at(1))
    ingest(stores.ledger, [till.batch(1, 7), other.batch(1, 1)], at(9))
    usd, vnd = SqlQueries(database).day_sums("hanoi", DAY)
    assert (usd.currency, usd.turnover) == ("USD", 8)
    assert (vnd.sales, vnd.sold, vnd.refunds, vnd.refunded, vnd.turnover) == (3, 2400, 1, 200, 2200)
    assert vnd.tenders == {"cash": 700 - 200 + 50 + 900, "card": 300, "voucher": 500}
    assert (vnd.account_paid, vnd.tax_total, vnd.rounding, vnd.discounted) == (50, 70, -5, 100)
    assert SqlQueries(database).day_sums("hanoi", date(2020, 1, 1)) == []


def test_shifts_are_listed_open_and_closed(database: Database, stores: SqlStores) -> None:
    """The last opened first, page by page."""
    till = Journal("hanoi")
    till.append(shift_opened("s1"), at(1))
    till.append(sold("R1", ("tea", 300)), at(2))
    till.append(shift_closed("s1", at(1), cash=300, sales=1), at(3))
    till.append(shift_opened("s2", 2), at(4))
    ingest(stores.ledger, [till.batch(1, 4)], at(9))
    assert settle_all(database, at(10)) == 2
    queries = SqlQueries(database)
    second, first = queries.shifts(10)
    assert (second.shift, second.closed_at, second.opened_by) == ("s2", None, "an")
    assert (first.closed_at, first.sums.turnover, first.over, first.differs) == (at(3), 300, 0, "")
    assert list(queries.shifts(1, before=second.position)) == [first]
    assert queries.shifts(10, store="hue") == []


def test_a_shift_tells_of_its_drawer_and_its_refunds(database: Database, stores: SqlStores) -> None:
    """What was opened without a receipt, with its reason, and who allowed a refund; of this shift and of no other."""
    till = Journal("hanoi")
    before = DrawerOpened(by="an", why="no_sale", reason="before")
    by_hand = DrawerOpened(by="an", why="no_sale", reason="đổi tiền")
    allowed = msgspec.structs.replace(given_back("B2", "R1", ("tea", 900)), allowed_by="mai")
    alone = given_back("B1", "R1", ("tea", 200))
    for_sale = DrawerOpened(by="an", why="sale", receipt_number="R1")
    closed = shift_closed("s1", at(1), cash=300, sales=1)
    said: tuple[EventData, ...] = (
        before, shift_opened("s1"), by_hand, for_sale, alone, allowed, closed, shift_opened("s2", 2),
    )  # fmt: skip
    for second, data in enumerate(said):
        till.append(data, at(second))
    till.append(DrawerOpened(by="lan", why="no_sale"), at(20))
    ingest(stores.ledger, [till.batch(1, len(till.events))], at(30))
    settle_all(database, at(31))
    queries = SqlQueries(database)
    first, second_one = queries.shift("hanoi", "till1", "s1"), queries.shift("hanoi", "till1", "s2")
    assert first is not None
    assert second_one is not None
    assert first.row == queries.shifts(10)[1]
    assert list(first.openings) == [DrawerOpening(at(2), "an", "đổi tiền")]
    assert [(one.receipt_number, one.allowed_by, one.total) for one in first.refunds] == [
        ("B1", "", 200), ("B2", "mai", 900),
    ]  # fmt: skip
    assert (list(second_one.openings), list(second_one.refunds)) == ([DrawerOpening(at(20), "lan", "")], [])
    assert queries.shift("hanoi", "till1", "s9") is None
    (allowed_one,) = [one for one in queries.recent_sales(9) if one.receipt_number == "B2"]
    detail = queries.sale(allowed_one.position)
    assert detail is not None
    assert detail.allowed_by == "mai"


def test_both_databases_settle_every_kind_of_matter(database: Database, stores: SqlStores) -> None:
    """The same documents and alarms, with feeds in their order."""
    hanoi, hue = Journal("hanoi"), Journal("hue")
    for fact in (
        saved("c1", "Lan"), issued("V1", 100), sent("T1", "hue", ("tea", 1000)),
        sold("R1", ("tea", 500), tenders=on_account(500), customer="c1"),
        sold("R2", ("tea", 150), tenders=by_voucher("V1", 150)),
    ):  # fmt: skip
        hanoi.append(fact, at(1))
    hue.append(given_back("B1", "R1", ("tea", 700)), at(2))
    ingest(stores.ledger, [hue.batch(1, 1)], at(3))
    settle_all(database, at(4))
    ingest(stores.ledger, [hanoi.batch(1, 5)], at(5))
    settle_all(database, at(6))
    kept = {(d.feed, d.kind): d.body for d in stores.documents.documents()}
    assert set(kept) == {("global", "customer"), ("store-hue", "transfer")}
    assert '"owes":500' in kept[GLOBAL_FEED, "customer"]
    alarms = {(row.kind, row.subject, row.text) for row in SqlQueries(database).alarms(10) if row.subject}
    assert alarms == {
        ("voucher_overspent", "V1", "-50: R2 (hanoi/till1)"),
        ("returned_twice", "R1", "Tea (tea): 0.5 < 0.7: B1 (hue/till1)"),
    }
    hue.append(came("T1", "hanoi", ("tea", 1000)), at(7))
    ingest(stores.ledger, [hue.batch(2, 2)], at(8))
    settle_all(database, at(9))
    assert not stores.documents.documents(kind="transfer")
