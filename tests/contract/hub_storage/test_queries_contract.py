"""What the dashboard and the web shop are told, on both databases."""

from __future__ import annotations

from datetime import timedelta

from hub.ingest.session import ingest
from hub.projections.availability import AvailabilityProjection
from hub.storage import latency_buckets as buckets
from hub.storage.access import SqlAccess
from hub.storage.database import Database
from hub.storage.port import BadFrame, TerminalReport
from hub.storage.queries import SqlQueries
from hub.storage.reading import StockQuery
from hub.storage.records import Alarm
from protocol.documents import Item, Settings
from protocol.frame import Key
from protocol.ids import StoreId
from protocol.messages import Status
from tests.contract.hub_storage.conftest import sql_ports
from tests.contract.hub_storage.test_ledger_contract import add_journal
from tests.unit.hub.journals import Journal, at, sale


def shop(database: Database) -> tuple[SqlQueries, AvailabilityProjection, list[Journal]]:
    """Two stores that have sold, and a catalogue."""
    ports = sql_ports(database)
    journals = [Journal("hanoi"), Journal("saigon")]
    for journal in journals:
        add_journal(ports, journal)
        for number in range(3):
            journal.append(sale(number, ("pho", 2_000), ("tra", 500)), at(number))
        ingest(ports.ledger, [journal.batch(1, 3)], at(10))
    items = [
        Item(sku="pho", name="Phở bò Đặc biệt", price=50_000, currency="VND"),
        Item(sku="new", name="New", price=1, currency="VND"),
    ]
    ports.catalogue.put_items(items, at(11))
    return SqlQueries(database), AvailabilityProjection(database), journals


def test_sales_are_listed_newest_first_and_opened_by_position(database: Database) -> None:
    """Paging goes on below the last position; a sale has its lines as they were printed."""
    queries, _, _ = shop(database)
    sales = queries.recent_sales(4)
    assert [row.store for row in sales] == ["saigon", "saigon", "saigon", "hanoi"]
    assert [row.position for row in queries.recent_sales(9, before=sales[-1].position)] == [2, 1]
    assert len(queries.recent_sales(9, store="hanoi")) == 3
    slowest = queries.recent_sales(1, order="slowest", since=at(0))
    assert slowest[0].latency_ms == 10_000
    assert queries.recent_sales(9, since=at(11)) == []
    detail = queries.sale(sales[0].position)
    assert detail is not None
    assert [(line.sku, line.quantity) for line in detail.lines] == [("pho", 2_000), ("tra", 500)]
    assert detail.tenders == [("cash", 2_500)]
    assert queries.sale(999) is None


def test_todays_turnover_follows_the_stores_own_calendar(database: Database) -> None:
    """The day of sale is the till's; at another day nothing is left."""
    queries, _, _ = shop(database)
    (hanoi, _) = sorted(queries.stores(at(60)), key=lambda row: row.store)
    assert (hanoi.sales_today, hanoi.turnover_today) == (3, {"VND": 7_500})
    assert [row.sales_today for row in queries.stores(at(60) + timedelta(days=1))] == [0, 0]


def test_a_store_whose_time_zone_is_none_is_shown_in_utc(database: Database) -> None:
    """An older hub took any word, and "Asia" is a folder where the zones' files are: no page may fail for it."""
    ports = sql_ports(database)
    for number, zone in enumerate(("Asia", "Nowhere/Bad", "/etc/passwd")):
        settings = Settings(store_name="Shop", time_zone=zone)
        ports.fleet.add_store(StoreId(f"s{number}"), settings, Key(b"f" * 32), at(0))
    assert len(SqlQueries(database).stores(at(1))) == 3


def test_stock_is_found_by_sku_and_by_name_with_and_without_accents(database: Database) -> None:
    """A clerk types what is quick."""
    queries, _, _ = shop(database)
    assert queries.stock(StockQuery()).total == 4
    for search in ("PHO", "phở", "pho bo", "ĐẶC", "dac"):
        page = queries.stock(StockQuery(search=search, store="hanoi"))
        assert [(row.sku, row.on_hand, row.available) for row in page.rows] == [("pho", -6_000, 0)], search
    assert queries.stock(StockQuery(search="%")).total == 0
    page = queries.stock(StockQuery(order="on_hand", descending=True, limit=1, offset=1, negative_only=True))
    assert (page.total, [row.sku for row in page.rows]) == (4, ["tra"])


def test_availability_has_one_order_of_changes(database: Database) -> None:
    """A reader that follows the numbers sees each change, and none twice."""
    queries, projection, journals = shop(database)
    ports = sql_ports(database)
    step = projection.advance(ports.feeds.heads())
    assert step.skus == {"pho", "tra", "new"}
    assert step.catalogue
    assert projection.advance(ports.feeds.heads()).skus == frozenset()
    (pho, new) = queries.availability(["pho", "new", "tra", "nonsense"])
    assert pho.locations == (("hanoi", 0), ("saigon", 0))
    assert new.locations == ()
    first = queries.availability_changes(0, 1)
    rest = queries.availability_changes(first.revision, 10)
    assert sorted(item.sku for item in [*first.items, *rest.items]) == ["new", "pho"]
    head = queries.availability_changes(None, 10)
    assert (head.revision, list(head.items)) == (rest.revision, [])

    journals[0].append(sale(9, ("pho", 1_000)), at(20))
    ingest(ports.ledger, [journals[0].batch(4, 4)], at(21))
    other = AvailabilityProjection(database)
    assert other.advance(ports.feeds.heads()).skus == {"pho"}
    assert projection.advance(ports.feeds.heads()).skus == {"pho"}
    changed = queries.availability_changes(head.revision, 10)
    assert [item.sku for item in changed.items] == ["pho"]
    assert changed.revision == head.revision + 1


def test_terminals_tell_their_last_words_after_they_are_gone(database: Database) -> None:
    """The last will says only that the till is gone; what it said before still holds."""
    queries, _, journals = shop(database)
    ports = sql_ports(database)
    place = (journals[0].store, journals[0].terminal)
    status = Status(online=True, version="1.0", backlog=7, devices={"printer": "fault"}, oldest_unsent_at=at(1))
    ports.fleet.record_reports([TerminalReport(*place, status)], at(30))
    ports.fleet.record_reports([TerminalReport(*place, Status(online=False))], at(40))
    row = queries.terminals()[0]
    assert (row.online, row.backlog, row.devices, row.last_seen_at) == (False, 7, {"printer": "fault"}, at(30))
    assert queries.terminals()[1].last_seen_at is None
    ports.fleet.record_reports([TerminalReport(*place, status)], at(50))
    ports.fleet.forget_presence()
    assert [row.online for row in queries.terminals()] == [False, False]


def test_latency_survives_a_restart_as_a_histogram(database: Database) -> None:
    """Counts of two workers add up; what came late is left out."""
    queries, _, _ = shop(database)
    ports = sql_ports(database)
    minute = int(at(0).timestamp()) // 60
    for _ in range(2):
        counts = {(minute, buckets.bucket_of(20)): 48, (minute, buckets.bucket_of(900)): 2, (minute, buckets.LATE): 5}
        ports.watch.record_latency(counts, at(0))
    latency = queries.latency(60, at(30))
    (point,) = latency.points
    assert (point.count, latency.count, point.minute) == (100, 100, at(0))
    assert abs(point.p50_ms - 20) < 1
    assert abs(point.p99_ms - 900) < 40
    assert queries.latency(1, at(600)).p50_ms is None


def test_alarms_count_up_and_negative_stock_is_one_of_them(database: Database) -> None:
    """The same alarm again is the same row."""
    queries, _, _ = shop(database)
    ports = sql_ports(database)
    for second in (1, 2):
        ports.watch.raise_alarms([Alarm("fork", "hanoi", "till1", "twice")], at(100 + second))
    alarms = queries.alarms(50)
    assert (alarms[0].kind, alarms[0].count, alarms[0].at) == ("fork", 2, at(102))
    assert {(a.sku, a.quantity) for a in alarms if a.kind == "negative_stock"} == {("pho", -6_000), ("tra", -1_500)}
    assert ports.watch.close_alarms("clock", at(200)) == 0
    assert ports.watch.close_alarms(None, at(200)) == 1
    assert {alarm.kind for alarm in queries.alarms(50)} == {"negative_stock"}
    ports.watch.raise_alarms([Alarm("fork", "hanoi", "till1", "again")], at(300))
    assert [(a.kind, a.count) for a in queries.alarms(1)] == [("fork", 1)]


def test_refused_messages_are_kept_but_not_without_end(database: Database) -> None:
    """The newest samples; strange characters in a topic cannot break the insert."""
    watch = sql_ports(database).watch
    for number in range(5):
        watch.record_bad_frames([BadFrame(at(number), f"t\x00{number}\ud800", "forged", "x", b"\x00")] * 100)
    with database.read() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM bad_frame").scalar()
    assert count == 200


def test_a_login_token_is_good_once(database: Database) -> None:
    """And the admin key is known by its hash only."""
    access = SqlAccess(database, new_session_secret="ab" * 32, clock=lambda: at(0))
    assert access.redeem("token", at(60))
    assert not access.redeem("token", at(60))
    assert access.admin_key_hash() == ""
    access.set_admin_key_hash("h1")
    access.set_admin_key_hash("h2")
    assert access.admin_key_hash() == "h2"
    again = SqlAccess(database, new_session_secret="cd" * 32, clock=lambda: at(0))
    assert again.session_secret == access.session_secret
