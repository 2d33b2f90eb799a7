"""A database of an older version keeps everything, and is what a new one would be."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from hub.errors import StorageUnavailable
from hub.ingest.stocktake import set_stock
from hub.projections.rebuild import differences
from hub.stock.safety import Rule
from hub.storage.database import Database, open_database, parse_url
from hub.storage.queries import SqlQueries
from hub.storage.records import Alarm
from hub.storage.rules import SqlRuleStore
from hub.storage.schema import VERSION
from hub.storage.stores import open_stores
from protocol.frame import Key
from protocol.ids import Sku, StoreId
from tests.contract.hub_storage.test_answers_contract import refund
from tests.contract.hub_storage.test_schema import differences_to_schema
from tests.services import PostgresServer, postgres
from tests.unit.hub.journals import Journal, at

__all__ = ["postgres"]


def before(request: pytest.FixtureRequest, tmp_path: Path, version: str) -> Database:
    """A database of an older migration."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'hub.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.new_database()
    database = Database(parse_url(url))
    migrate(database, version)
    return database


def migrate(database: Database, version: str) -> None:
    """Bring a database to a migration, and no further."""
    config = Config()
    config.set_main_option("script_location", str(files("hub.storage") / "migrations"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)


@pytest.mark.parametrize("raw", [False, True])
def test_a_hub_that_runs_while_another_migrates_looks_again(postgres: PostgresServer, raw: bool) -> None:
    """What it had prepared no longer fits; the database is away for one call, and no event is to blame for it."""
    running = Database(parse_url(postgres.new_database()))
    migrate(running, "0012")
    query = "SELECT id FROM store"

    def ask() -> None:
        with running.read() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            (driver.cursor().execute if raw else connection.exec_driver_sql)(query)

    for _ in range(8):
        ask()
    open_database(running.url).close()
    with pytest.raises(StorageUnavailable):
        ask()
    ask()
    running.close()


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of migration 0001."""
    database = before(request, tmp_path, "0001")
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of migration 0002, the release before."""
    database = before(request, tmp_path, "0002")
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def uncounted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of migration 0008, before quantities of order lines were kept."""
    database = before(request, tmp_path, "0008")
    yield database
    database.close()


def test_0001_keeps_its_alarms_and_learns_what_was_given_back(old: Database) -> None:
    """Refunds that were taken before count among what came back; events that nobody could read do not stop it."""
    till = Journal("hanoi")
    till.append(refund(1, "R000001", ("tea", 1000, None)), at(1))
    event = (
        "INSERT INTO event (store, terminal, epoch, sequence, event_id, type, at_us, received_us, digest, raw, "
        "duplicate_of) VALUES ('hanoi', 'till1', 1, :sequence, :id, 'com.tillwire.sale.refunded.v1', 7, 8, :raw, :raw, "
        ":again)"
    )
    rows = [
        {"sequence": 1, "id": "a", "raw": till.events[0].raw, "again": None},
        {"sequence": 2, "id": "b", "raw": b"no event", "again": None},
        {"sequence": 3, "id": "a", "raw": till.events[0].raw, "again": "till1/1/1"},
    ]
    with old.write() as connection:
        connection.execute(sa.text(event), rows)
        connection.execute(sa.text("INSERT INTO alarm VALUES ('fork', 'hanoi', 'till1', 'two', 3, 1, 2, NULL)"))
    old.migrate()
    with old.write() as connection:
        assert differences_to_schema(connection) == []
        matters = connection.execute(sa.text("SELECT kind, key, sequence, role, state FROM matter")).all()
        alarms = connection.execute(sa.text("SELECT kind, subject, text, count FROM alarm")).all()
    assert [tuple(row) for row in matters] == [("receipt", "R000001", 1, "refund", "new")]
    assert [tuple(row) for row in alarms] == [("fork", "", "two", 3)]
    stores = open_stores(old, new_lineage="one", new_global_key=Key(bytes(32)))
    stores.watch.raise_alarms([Alarm("fork", "hanoi", "till1", "three")], at(9))
    with old.read() as connection:
        assert connection.execute(sa.text("SELECT count FROM alarm")).scalars().all() == [4]


def test_0008_lines_learn_what_was_ordered_and_count_whole(uncounted: Database) -> None:
    """What lines say stands in their orders; until one changes it is counted as before. An order without lines, too."""
    body = (
        '{"lines":[{"line":"l1","sku":"tea","quantity":5000,"name":"","fulfilled":2000,"returned":0},'
        '{"line":"l2","sku":"pho","quantity":1000}]}'
    )
    with uncounted.write() as connection:
        order = "INSERT INTO channel_order VALUES ('web', :key, :key, '1', 'placed', false, :body, :raw, 1, 1)"
        rows = [{"key": "o1", "body": body, "raw": b""}, {"key": "o2", "body": "{}", "raw": b""}]
        connection.execute(sa.text(order), rows)
        lines = "('web', 'l1', 'o1', 'tea', true), ('web', 'l2', 'o1', 'pho', false), ('web', 'l3', 'o2', 'tea', true)"
        connection.execute(sa.text(f"INSERT INTO channel_line VALUES {lines}"))  # noqa: S608 - our own rows
    uncounted.migrate()
    with uncounted.write() as connection:
        assert differences_to_schema(connection) == []
        told = "SELECT line, quantity, fulfilled, counted FROM channel_line ORDER BY line"
        found = [tuple(row) for row in connection.execute(sa.text(told))]
    assert found == [("l1", 5_000, 2_000, 5_000), ("l2", 1_000, 0, 1_000), ("l3", 0, 0, 0)]


def test_an_old_file_is_brought_up_by_opening_it(old: Database) -> None:
    """Nobody has to run a command."""
    open_database(old.url).close()
    with old.read() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == VERSION


def test_0002_keeps_its_ledger_and_its_items_learn_their_categories(released: Database) -> None:
    """Old movements are of no lot, levels stay and still agree with the ledger, and the hub goes on from there."""
    tea = '{"sku":"tea","name":"Tea","price":1,"currency":"VND","category":"drinks"}'
    rows = {
        "feed": "('store-hanoi', 3, :key)",
        "store": "('hanoi', 'Hanoi', '{\"store_name\":\"Hanoi\"}', 1, 0)",
        "level": "('hanoi', 'tea', 8000, 0, 5000000, 3, 6000000)",
        "item": "('tea', 1, false, 'Tea', 'piece', 'tea', :tea), ('old', 1, true, '', '', '', '{}')",
        "movement": "('hanoi', 'tea', 5000000, 'till1', 1, 1, 0, 9000, 'count', ''), "
        "('hanoi', 'tea', 6000000, 'till1', 1, 2, 0, -1000, 'sale', '')",
        "turnover": "('hanoi', '2026-11-22', 'VND', 1, 0, 1000)",
    }
    with released.write() as connection:
        for table, values in rows.items():
            statement = f"INSERT INTO {table} VALUES {values}"  # noqa: S608 - our own rows
            connection.execute(sa.text(statement), {"key": b"f" * 32, "tea": tea})
    released.migrate()
    with released.write() as connection:
        assert differences_to_schema(connection) == []
        lots = connection.execute(sa.text("SELECT lot, expires, delta FROM movement ORDER BY at_us")).all()
        categories = connection.execute(sa.text("SELECT sku, category FROM item ORDER BY sku")).all()
    assert [tuple(row) for row in lots] == [("", "", 9000), ("", "", -1000)]
    assert [tuple(row) for row in categories] == [("old", ""), ("tea", "drinks")]
    stores = open_stores(released, new_lineage="one", new_global_key=Key(bytes(32)))
    hanoi = StoreId("hanoi")
    assert not differences(stores.ledger, released, hanoi)
    SqlRuleStore(released).set([Rule("", "", "drinks", 2_000)])
    (found,) = SqlQueries(released).availability(["tea"])
    assert list(found.locations) == [("hanoi", 6_000)]
    set_stock(stores.ledger, hanoi, {Sku("tea"): 1_000}, at(9))
    assert not differences(stores.ledger, released, hanoi)
