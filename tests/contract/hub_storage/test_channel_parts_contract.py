"""What every database promises about channels' work: held by one, told from the log once, reckoned in one moment."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from hub.errors import LeaseLost, StorageUnavailable
from hub.storage.channel_journals import JOURNAL_PART, SqlChannelJournals, ToTell
from hub.storage.channel_outbox import Claim, SqlOutbox, tell
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_records import LinkRow, Message
from hub.storage.database import Database
from tests.channel_chain import HANOI, HUE, PHO, TEA, Chain
from tests.channel_stage import START, set_up
from tests.unit.hub.journals import sale
from tests.unit.hub.matter_facts import given_back, sold

SALE = "com.tillwire.sale.completed.v1"
LATER = START + timedelta(seconds=40)
LANES, ROWS, THREADS = 12, 60, 4


def at_once(*works: Callable[[], None]) -> None:
    """Run these in threads that begin together; what one raises fails the test."""
    barrier, failed = threading.Barrier(len(works)), list[BaseException]()

    def run(work: Callable[[], None]) -> None:
        barrier.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - it is told below
            failed.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed


def test_a_part_is_held_by_one_however_many_want_it(database: Database) -> None:
    """Of several who ask at once one gets it; who lost it may not write its cursor, and knows that."""
    parts, got = SqlChannelParts(database), list[str]()
    set_up(database)

    def want(name: str) -> Callable[[], None]:
        return lambda: got.append(name) if parts.take("web", "stock", name, START, LATER) else None

    at_once(*map(want, "abcd"))
    (holder,) = got
    parts.save_cursor("web", "stock", "5", holder)
    after = LATER + timedelta(seconds=1)
    assert parts.take("web", "stock", "z", after, after + timedelta(seconds=40))
    with pytest.raises(LeaseLost, match="another hub process does stock"):
        parts.save_cursor("web", "stock", "6", holder)
    assert parts.state("web", "stock").cursor == "5"
    parts.release("web", "stock", holder)
    assert parts.state("web", "stock").holder == "z"


def test_what_a_killed_start_held_is_free_at_the_next(database: Database) -> None:
    """By the installation's name; what other installations hold stays theirs."""
    set_up(database)
    parts, outbox = SqlChannelParts(database), SqlOutbox(database)
    parts.take("web", "stock", "one:x/1", START, LATER)
    parts.take("web", "journal", "two:y/1", START, LATER)
    with database.write() as connection:
        tell(connection, "web", [Message(lane, "sale", lane, "{}") for lane in "ab"], START)
    outbox.claim("web", ["sale"], Claim("one:x/1", START, LATER), 1)
    outbox.claim("web", ["sale"], Claim("two:y/1", START, LATER), 1)
    parts.forget_holder("one")
    outbox.forget_holder("one")
    assert (parts.state("web", "stock").holder, parts.state("web", "journal").holder) == ("", "two:y/1")
    (row,) = outbox.claim("web", ["sale"], Claim("one:z/1", START, LATER), 10)
    assert (row.key, row.attempts) == ("a", 2)


def test_several_processes_drain_the_outbox_together(database: Database) -> None:
    """Each row is claimed once, a lane is in order, and no two of a lane are in flight at once."""
    set_up(database)
    with database.write() as connection:
        rows = [Message(f"lane{number % LANES}", "sale", f"{number}", "{}") for number in range(ROWS)]
        tell(connection, "web", rows, START)
    lock, flying, done = threading.Lock(), Counter[str](), list[tuple[str, int]]()

    def drain(name: str) -> Callable[[], None]:
        def work() -> None:
            outbox = SqlOutbox(database)
            while len(done) < ROWS:
                try:
                    claimed = outbox.claim("web", ["sale"], Claim(name, START, LATER), 3)
                except StorageUnavailable:  # SQLite has one writer, and says so when it takes too long
                    continue
                for row in claimed:
                    with lock:
                        flying[row.lane] += 1
                        assert flying[row.lane] == 1
                        done.append((row.lane, int(row.key)))
                        flying[row.lane] -= 1
                    assert row.attempts == 1
                    assert outbox.done(row, name, START, "", [])

        return work

    at_once(*(drain(f"p{number}") for number in range(THREADS)))
    assert sorted(number for _, number in done) == list(range(ROWS))
    for lane in {lane for lane, _ in done}:
        mine = [number for found, number in done if found == lane]
        assert mine == sorted(mine)


def test_the_log_is_gone_through_in_parts_and_once(database: Database) -> None:
    """However few events go into one look: each that counts comes once, in its journal's order, and no other type."""
    chain = Chain(database)
    for number in range(7):
        chain.tell(HANOI, sale(number, (TEA, 100)))
        chain.tell(HUE, sale(100 + number, (TEA, 100)), given_back(f"B{number}", "R000000", (TEA, 10)))
    journals, parts = SqlChannelJournals(database), SqlChannelParts(database)
    parts.take("web", JOURNAL_PART, "a", START, LATER)
    found = []
    while (news := journals.news("web", [SALE], 3)).upto:
        found += [(event.key.store, event.sequence) for event in news.events]
        assert news.more == (len(news.events) == 3)
        assert not news.more or set(news.upto) == {event.key for event in news.events}
        journals.write("web", "a", news, ToTell(), START)
    hue = [("hue", sequence) for sequence in range(1, 15, 2)]
    assert found == [("hanoi", sequence) for sequence in range(1, 8)] + hue
    with pytest.raises(LeaseLost):
        journals.write("web", "b", news, ToTell([Message("l", "sale", "x", "{}")]), START)
    assert SqlOutbox(database).rows("web") == []


def test_a_channel_is_told_the_same_on_each_database(database: Database) -> None:
    """The whole round: levels at first, a sale, an order that the hub has not heard of, a refund, a bundle's pieces."""
    chain = Chain(database)
    process = chain.process()
    chain.run(process, rounds=3)
    assert chain.shop.levels == {("ware", TEA): 18_000, ("ware", PHO): 18_000}
    chain.order("o1", (TEA, 1_000), counted=False)
    chain.tell(HUE, sold("R-hue", (TEA, 2_000)), heard=False)
    chain.tell(HANOI, given_back("R-han", "R-hue", (TEA, 1_000)), sale(1, (PHO, 3_000)))
    chain.run(process, rounds=3)
    assert (chain.shop.offers(TEA, "ware"), chain.shop.offers(PHO, "ware")) == (18_000, 15_000)
    chain.tell(HUE)
    chain.take_in("o1", (TEA, 1_000))
    chain.run(process, rounds=4)
    assert chain.shop.offers(TEA, "ware") == chain.available(TEA) == 16_000
    assert [kept["key"] for kept in chain.shop.sales.values()] == ["e3", "e1", "e2"]
    assert {row.state for row in chain.outbox.rows("web")} == {"done"}
    assert chain.orders.cancel("web:o1", chain.clock.now)
    chain.number()
    chain.link(LinkRow("location", HUE, "south", by_hand=True))
    chain.run(process, rounds=4)
    assert chain.shop.cancelled == ["o1"]
    assert chain.shop.levels["south", PHO] == 9_000
