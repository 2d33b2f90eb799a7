"""What every database promises about the ledger."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import date

import msgspec
import pytest

from hub.errors import AlreadyLogged, StorageError
from hub.ingest.plan import IncomingBatch, plan_batches
from hub.ingest.replay import replay
from hub.ingest.session import ingest
from hub.ingest.stocktake import set_stock
from hub.stock.level import level_of
from hub.storage.database import Database
from hub.storage.records import LedgerWrites, LevelKey, Place, Promise
from protocol.documents import Settings, Stock
from protocol.events import OrderHandedOver, StockLine, StockReceived
from protocol.feed_sender import FeedSnapshot
from protocol.frame import Key
from protocol.ids import Sku, StoreId, store_feed
from protocol.messages import EpochRequest
from tests.contract.hub_storage.conftest import Ports, memory_ports, sql_ports
from tests.unit.hub.journals import Journal, at, count, sale
from tests.unread import take_unread

HANOI, SAIGON = StoreId("hanoi"), StoreId("saigon")
TEA = Sku("tea")


def add_journal(ports: Ports, journal: Journal) -> None:
    """Create the journal's store, if need be, and its terminal."""
    if store_feed(journal.store) not in ports.feeds.heads():
        ports.fleet.add_store(journal.store, Settings(store_name="Shop"), Key(b"f" * 32), at(0))
    ports.fleet.add_terminal(journal.store, journal.terminal, "", journal.key, at(0))


def state_of(ports: Ports, stores: Sequence[StoreId]) -> list[tuple[object, ...]]:
    """Everything that the outside can see of these stores, in comparable form."""
    seen: list[tuple[object, ...]] = [("heads", dict(ports.feeds.heads()))]
    for store in stores:
        snapshot = ports.feeds.snapshot(store_feed(store), 0)
        documents = sorted((d.kind, d.key, d.revision, bytes(d.body)) for d in snapshot.documents)
        cursors = sorted((c.terminal, c.epoch, c.sequence) for c in snapshot.cursors)
        seen.append((store, snapshot.to_rev, documents, cursors))
        seen.append(
            ("parked", sorted((p.key, p.sequence, p.reason, p.raw) for p in ports.parked.parked_events(store, 1000)))
        )
    return seen


def history(seed: int) -> tuple[list[Journal], list[list[IncomingBatch]]]:
    """Journals with sales and counts, a clone that forks, and the transactions in which their batches come."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    journals = [Journal("hanoi", "till1"), Journal("hanoi", "till2"), Journal("saigon", "till1")]
    clone = Journal("hanoi", "till1")
    for number in range(60):
        journal = chance.choice(journals)
        when = at(chance.randrange(50))
        sku = chance.choice(["tea", "phở", "bún"])
        if chance.random() < 0.2:
            expires = chance.choice([None, date(2026, 12, 24), date(2027, 1, 7)])
            line = StockLine(sku=sku, quantity=chance.randrange(1, 9) * 1000, lot=chance.choice("LM"), expires=expires)
            journal.append(StockReceived(lines=(line,), by="an"), when)
        elif chance.random() < 0.15:
            journal.append(count(sku, chance.randrange(20) * 1000, when), when)
        else:
            journal.append(sale(number, (sku, chance.randrange(1, 4) * 1000), ("tea", 1000)), when)
    for event in journals[0].events[:3]:
        clone.events.append(event)
    clone.append(sale(999, ("tea", 1000)), at(3), event_id="clone")
    transactions = []
    for _ in range(40):
        batches = []
        for _ in range(chance.randrange(1, 5)):
            journal = chance.choice([*journals, *journals, clone])
            first = chance.randrange(1, len(journal.events) + 1)
            last = min(len(journal.events), first + chance.randrange(12))
            batches.append(journal.batch(first, last))
        transactions.append(batches)
    transactions.append([journal.batch(1, len(journal.events)) for journal in journals])
    return journals, transactions


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_history_ends_as_in_the_memory_store(ports: Ports, seed: int) -> None:
    """The memory store is the model: acks, documents, cursors and parked events agree at every step."""
    journals, transactions = history(seed)
    model = memory_ports()
    for journal in journals:
        add_journal(ports, journal)
        add_journal(model, journal)
    for batches in transactions:
        results = ingest(ports.ledger, batches, at(60)).results
        assert results == ingest(model.ledger, batches, at(60)).results
        assert state_of(ports, [HANOI, SAIGON]) == state_of(model, [HANOI, SAIGON])
    with ports.ledger.begin([HANOI, SAIGON]) as transaction, model.ledger.begin([HANOI, SAIGON]) as other:
        for store in (HANOI, SAIGON):
            for name in ("tea", "phở", "bún"):
                key = LevelKey(store, Sku(name))
                level = transaction.levels([key]).get(key)
                ledger = transaction.ledger(key, None)
                for since in (None, at(0), at(25)):  # the same movements, with their lots, in whatever order
                    assert Counter(transaction.ledger(key, since)) == Counter(other.ledger(key, since))
                assert (level is None and not ledger) or level == level_of(ledger)


def test_what_was_not_committed_never_was(ports: Ports) -> None:
    """An exception inside the transaction leaves log, levels and cursors as they were."""
    journal = Journal()
    journal.append(sale(1, ("tea", 1_000)), at(0))
    add_journal(ports, journal)
    before = state_of(ports, [HANOI])

    def fail_after_writing() -> None:
        with ports.ledger.begin([HANOI]) as transaction:
            transaction.write(LedgerWrites(at=at(1), revisions={HANOI: 9}))
            raise KeyError

    with pytest.raises(KeyError):
        fail_after_writing()
    assert state_of(ports, [HANOI]) == before


def test_a_fork_is_resolved_in_a_new_epoch_and_counts_once(ports: Ports) -> None:
    """The clone's sale is parked, then comes properly; the common past is kept as duplicates and moves nothing."""
    original, clone = Journal(), Journal()
    for journal in (original, clone):
        journal.append(sale(1, ("tea", 1_000)), at(1))
    original.append(sale(2, ("tea", 1_000)), at(2))
    clone.append(sale(3, ("tea", 5_000)), at(3), event_id="clone")
    add_journal(ports, original)
    ingest(ports.ledger, [original.batch(1, 2)], at(4))
    (result,) = ingest(ports.ledger, [clone.batch(1, 2)], at(5)).results
    assert result.ack.status == "fork"
    ingest(ports.ledger, [clone.batch(1, 2)], at(5))
    assert [parked.event_id for parked in ports.parked.parked_events(HANOI, 10)] == ["clone"]
    request = EpochRequest(epoch=1, reason="fork", nonce="n" * 16)
    grant = ports.fleet.grant_epoch(HANOI, clone.terminal, request, at(6))
    assert ports.fleet.grant_epoch(HANOI, clone.terminal, request, at(6)) == grant
    assert grant.epoch == 2
    fresh = Journal(epoch=2)
    for event in clone.events:
        fresh.adopt(event.raw)
    (result,) = ingest(ports.ledger, [fresh.batch(1, 2)], at(7)).results
    assert (result.ack.status, result.duplicates, result.taken) == ("ok", 1, 2)
    assert ports.parked.parked_events(HANOI, 10) == []
    with ports.ledger.begin([HANOI]) as transaction:
        assert transaction.levels([LevelKey(HANOI, TEA)])[LevelKey(HANOI, TEA)].on_hand == -7_000


def test_an_id_that_is_in_the_log_is_refused_and_then_looked_up(ports: Ports) -> None:
    """Ids are not asked for first; the log itself refuses one, and the same batch then counts for nothing."""
    first, again = Journal(), Journal(epoch=2)
    first.append(sale(1, ("tea", 1_000)), at(1))
    again.adopt(first.events[0].raw)
    add_journal(ports, first)
    request = EpochRequest(epoch=1, reason="restored", nonce="n" * 16)
    assert ports.fleet.grant_epoch(HANOI, first.terminal, request, at(2)).epoch == again.epoch
    ingest(ports.ledger, [first.batch(1, 1)], at(4))
    before = state_of(ports, [HANOI])
    with pytest.raises(AlreadyLogged), ports.ledger.begin([HANOI]) as transaction:
        transaction.write(plan_batches([again.batch(1, 1)], transaction, at(5), asking=False).writes)
    assert state_of(ports, [HANOI]) == before
    (result,) = ingest(ports.ledger, [again.batch(1, 1)], at(5)).results
    assert (result.taken, result.duplicates) == (1, 1)
    with ports.ledger.begin([HANOI]) as transaction:
        assert transaction.levels([LevelKey(HANOI, TEA)])[LevelKey(HANOI, TEA)].on_hand == -1_000


def test_two_workers_that_take_the_same_messages_count_once(database: Database) -> None:
    """Which worker gets what does not matter: the store's lock and the cursor decide."""
    ports = sql_ports(database)
    journals = [Journal("hanoi", "till1"), Journal("hanoi", "till2"), Journal("saigon", "till1")]
    for journal in journals:
        add_journal(ports, journal)
        for number in range(40):
            journal.append(sale(number, ("tea", 1_000), ("phở", 2_000)), at(number))
    errors: list[StorageError] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - a test's dice
        for _ in range(25):
            batches = []
            for journal in chance.sample(journals, 2):
                first = chance.randrange(1, 41)
                batches.append(journal.batch(first, min(40, first + 15)))
            try:
                ingest(ports.ledger, batches, at(60))
            except StorageError as error:
                errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    ingest(ports.ledger, [journal.batch(1, 40) for journal in journals], at(61))
    levels = {
        (store, document.key): bytes(document.body)
        for store in (HANOI, SAIGON)
        for document in ports.feeds.snapshot(store_feed(store), 0).documents
        if document.kind == "stock"
    }
    assert b'"on_hand":-80000' in levels[HANOI, "tea"]
    assert b'"on_hand":-160000' in levels[HANOI, "phở"]
    assert b'"on_hand":-40000' in levels[SAIGON, "tea"]


def test_a_snapshot_has_only_what_changed_since(ports: Ports) -> None:
    """Documents and cursors after the given revision, and the head that belongs to them."""
    journal = Journal()
    add_journal(ports, journal)
    journal.append(sale(1, ("tea", 1_000)), at(1))
    journal.append(sale(2, ("phở", 1_000)), at(2))
    ingest(ports.ledger, [journal.batch(1, 1)], at(3))
    head = ports.feeds.heads()[store_feed(HANOI)]
    ingest(ports.ledger, [journal.batch(2, 2)], at(3))
    snapshot: FeedSnapshot = ports.feeds.snapshot(store_feed(HANOI), head)
    assert (snapshot.from_rev, snapshot.to_rev) == (head, head + 1)
    assert [document.key for document in snapshot.documents] == ["phở"]
    assert [cursor.sequence for cursor in snapshot.cursors] == [2]


def test_levels_and_cursors_of_a_snapshot_belong_together(database: Database) -> None:
    """While sales come in, every snapshot has the level that its cursors say: a till never counts a sale twice."""
    ports = sql_ports(database)
    journals = [Journal("hanoi", "till1"), Journal("hanoi", "till2")]
    for journal in journals:
        add_journal(ports, journal)
        for number in range(60):
            journal.append(sale(number, ("tea", 1_000)), at(number))

    def sell(journal: Journal) -> None:
        for first in range(1, 61, 3):
            ingest(ports.ledger, [journal.batch(first, first + 2)], at(60))

    threads = [threading.Thread(target=sell, args=(journal,)) for journal in journals]
    for thread in threads:
        thread.start()
    seen: set[int] = set()
    while any(thread.is_alive() for thread in threads):
        snapshot = ports.feeds.snapshot(store_feed(HANOI), 0)
        counted = sum(cursor.sequence for cursor in snapshot.cursors)
        stock = [document for document in snapshot.documents if document.kind == "stock"]
        on_hand = msgspec.json.decode(stock[0].body, type=Stock).on_hand if stock else 0
        assert on_hand == -1_000 * counted
        seen.add(counted)
    for thread in threads:
        thread.join()
    assert ports.feeds.heads()[store_feed(HANOI)] == 41
    assert len(seen) > 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_event_that_nobody_could_read_counts_in_once_however_often_it_was_sealed(ports: Ports, when: str) -> None:
    """Its id was unknown when it came, so only the replay can see that it is in the log, or comes, in two epochs."""
    first, second = Journal(), Journal(epoch=2)
    add_journal(ports, first)
    ports.fleet.renew_terminal(HANOI, second.terminal, second.key, at(1))
    one = first.append(sale(1, ("tea", 1_000)), at(5), event_id="x")
    two = second.adopt(one.raw)
    take_unread(ports.ledger, first.epoch_key, one, at(6))
    if when == "before":
        take_unread(ports.ledger, second.epoch_key, two, at(6))
    assert replay(ports.ledger, ports.parked, HANOI, at(8)) == (2 if when == "before" else 1)
    if when == "after":
        (result,) = ingest(ports.ledger, [second.batch(1, 1)], at(9)).results
        assert (result.taken, result.duplicates) == (1, 1)
    assert ports.parked.parked_events(HANOI, 10) == []
    with ports.ledger.begin([HANOI]) as transaction:
        assert transaction.levels([LevelKey(HANOI, TEA)])[LevelKey(HANOI, TEA)].on_hand == -1_000
        assert transaction.logged_ids([(HANOI, "x")]) == {(HANOI, "x"): Place(first.terminal, 1, 1)}


def test_a_promise_that_was_kept_ends_with_the_movement_that_keeps_it(ports: Ports) -> None:
    """A hand-over frees what was reserved for its order, once, and for no other order."""
    journal = Journal()
    add_journal(ports, journal)
    set_stock(ports.ledger, HANOI, {TEA: 9_000}, at(1))
    first, second = Promise(HANOI, "order", "o1"), Promise(HANOI, "order", "o2")
    with ports.ledger.begin([HANOI]) as transaction:
        known = transaction.levels([LevelKey(HANOI, TEA)])[LevelKey(HANOI, TEA)]
        level = msgspec.structs.replace(known, reserved=5_000)
        revisions = {HANOI: transaction.revisions()[HANOI] + 1}
        reservations = {(first, TEA): 2_000, (second, TEA): 3_000}
        levels = {LevelKey(HANOI, TEA): level}
        transaction.write(LedgerWrites(at=at(2), revisions=revisions, levels=levels, reservations=reservations))
    journal.append(OrderHandedOver(order="o1", lines=(StockLine(sku="tea", quantity=2_000),), by="an"), at(3))
    for _ in range(2):
        ingest(ports.ledger, [journal.batch(1, 1)], at(4))
        with ports.ledger.begin([HANOI]) as transaction:
            level = transaction.levels([LevelKey(HANOI, TEA)])[LevelKey(HANOI, TEA)]
            assert (level.on_hand, level.reserved) == (7_000, 3_000)
            assert transaction.reservations([first, second]) == {(second, TEA): 3_000}
            assert transaction.promised(HANOI) == {TEA: 3_000}
