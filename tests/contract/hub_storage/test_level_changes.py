"""Which levels changed since a revision: the same answer from notes, without them, and after they were forgotten."""

from __future__ import annotations

import sqlalchemy as sa

from hub.ingest.session import ingest
from hub.ingest.stocktake import set_stock
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.level_changes import PRUNE_EVERY_S, ChangePruning, changed_since
from hub.storage.queries import SqlQueries
from hub.storage.reading import StockQuery
from protocol.ids import Sku, store_feed
from tests.contract.hub_storage.conftest import Ports, sql_ports
from tests.contract.hub_storage.test_ledger_contract import HANOI, add_journal
from tests.unit.hub.journals import Journal, at, sale

SALES = 6


def history(database: Database) -> tuple[Ports, int]:
    """Three SKUs set, then one sale a transaction; returns the revision before the first sale."""
    ports = sql_ports(database)
    journal = Journal()
    add_journal(ports, journal)
    set_stock(ports.ledger, HANOI, {Sku(sku): 2_000 for sku in ("tea", "phở", "milk")}, at(0))
    start = ports.feeds.heads()[store_feed(HANOI)]
    for number in range(SALES):
        journal.append(sale(number, ("tea" if number % 2 else "phở", 1_000)), at(number + 1))
        ingest(ports.ledger, [journal.batch(number + 1, number + 1)], at(number + 2))
    return ports, start


def changed(database: Database, since: int) -> set[str]:
    """The SKUs that are found."""
    with database.read() as connection:
        query = sa.select(schema.level.c.sku).where(*changed_since(connection, HANOI, since))
        return set(connection.execute(query).scalars())


def by_looking_at_all(database: Database, since: int) -> set[str]:
    """The same from the levels alone."""
    level = schema.level.c
    with database.read() as connection:
        query = sa.select(level.sku).where(level.store == HANOI, level.revision > since)
        return set(connection.execute(query).scalars())


def test_what_changed_is_found_from_any_revision(database: Database) -> None:
    """Before everything, in the middle, at the head, and beyond it."""
    _, start = history(database)
    assert changed(database, start) == {"tea", "phở"}
    assert changed(database, start + SALES - 1) == {"tea"}
    assert changed(database, start + SALES) == set()
    for since in range(start + SALES + 2):
        assert changed(database, since) == by_looking_at_all(database, since)


def test_forgotten_notes_change_no_answer(database: Database) -> None:
    """Older than what is noted: all levels are looked at. The notes that are left stay in use."""
    _, start = history(database)
    pruning = ChangePruning(database, kept=2)
    assert pruning.advance(at(9), 0.0) == 0
    for since in range(start + SALES + 1):
        assert changed(database, since) == by_looking_at_all(database, since)
    if not database.is_sqlite:
        with database.read() as connection:
            noted = connection.execute(sa.select(schema.level_change.c.revision)).scalars().all()
        assert sorted(noted) == [start + SALES - 1, start + SALES]
    assert pruning.advance(at(9), PRUNE_EVERY_S) == 0


def test_notes_come_from_the_database_whoever_writes(database: Database) -> None:
    """An older hub beside this one, or a person, knows nothing of them: their levels are told to tills all the same."""
    ports, start = history(database)
    head = start + SALES + 1
    with database.write() as connection:
        for statement in (
            "UPDATE feed SET revision = :head WHERE name = 'store-hanoi'",
            "UPDATE level SET on_hand = -1, revision = :head WHERE store = 'hanoi' AND sku = 'milk'",
            (
                "INSERT INTO level (store, sku, on_hand, reserved, revision, updated_us) "
                "VALUES ('hanoi', 'egg', 5, 0, :head, 1)"
            ),
        ):
            assert connection.execute(sa.text(statement), {"head": head}).rowcount == 1
    assert changed(database, head - 1) == {"milk", "egg"}
    documents = ports.feeds.snapshot(store_feed(HANOI), head - 1).documents
    assert {document.key for document in documents} == {"milk", "egg"}


def test_levels_below_zero_are_found_as_they_fall_and_rise(database: Database) -> None:
    """By the dashboard's list, whose condition each database has an index for."""
    ports, _ = history(database)
    queries = SqlQueries(database)
    query = StockQuery(negative_only=True)
    assert {row.sku for row in queries.stock(query).rows} == {"tea", "phở"}
    set_stock(ports.ledger, HANOI, {Sku("tea"): 1_000}, at(20))
    assert {row.sku for row in queries.stock(query).rows} == {"phở"}
