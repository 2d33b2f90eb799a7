"""Stock set by the hub, parked events replayed, latency buckets, keys and change boards."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from hub.api.port import Change
from hub.fleet.keyring import CachedKeyRing
from hub.identity.admin_key import hash_of, is_key, new_admin_key
from hub.ingest.replay import replay
from hub.ingest.session import ingest
from hub.ingest.stocktake import set_stock
from hub.running.changes import KEYS_MAX, ChangeBoard
from hub.storage.latency_buckets import LATE, bucket_of, middle_ms, percentile_ms
from hub.storage.port import Keys
from hub.storage.records import EpochKey, LedgerWrites, ParkedEvent
from protocol.frame import Key
from protocol.ids import TerminalId, store_feed
from tests.unit.hub.journals import Journal, at, sale
from tests.unit.hub.test_ingest import HANOI, TEA, hub_store


def test_opening_stock_counts_on_and_a_later_set_is_a_count() -> None:
    """A sale from before the set that comes late leaves the level alone; one from before the opening does not."""
    journal = Journal()
    store = hub_store(journal)
    set_stock(store, HANOI, {TEA: 10_000}, at(10))
    journal.append(sale(1, ("tea", 1_000)), at(5))
    ingest(store, [journal.batch(1, 1)], at(20))
    assert store.level(HANOI, TEA).on_hand == 9_000  # type: ignore[union-attr] # it was just set
    set_stock(store, HANOI, {TEA: 3_000}, at(30))
    journal.append(sale(2, ("tea", 1_000)), at(25))
    journal.append(sale(3, ("tea", 500)), at(35))
    ingest(store, [journal.batch(2, 3)], at(40))
    assert store.level(HANOI, TEA).on_hand == 2_500  # type: ignore[union-attr] # as above
    assert [movement.kind for movement in store.movements(HANOI, TEA)] == ["adjust", "sale", "count", "sale", "sale"]


def test_what_an_upgrade_can_read_is_counted_in_once() -> None:
    """A parked event moves stock when it is replayed, and not again."""
    journal = Journal()
    store = hub_store(journal)
    sealed = journal.append(sale(1, ("tea", 1_000)), at(5))
    key = EpochKey(HANOI, journal.terminal, 1)
    with store.begin([HANOI]) as transaction:
        parked = ParkedEvent(key, 1, "x", "unknown_type", "an older hub did not know it", sealed.raw)
        fork = ParkedEvent(key, 2, "y", "fork", "another history", sealed.raw)
        transaction.write(LedgerWrites(at=at(6), revisions={}, parked=(parked, fork)))
    assert replay(store, store, HANOI, at(7)) == 1
    assert replay(store, store, HANOI, at(8)) == 0
    assert store.level(HANOI, TEA).on_hand == -1_000  # type: ignore[union-attr] # it was just counted in
    assert [entry.reason for entry in store.parked_events()] == ["fork"]
    assert store.heads()[store_feed(HANOI)] == 2


@given(st.lists(st.floats(0.2, 200_000), min_size=1, max_size=200))
def test_a_percentile_is_off_by_little(values: list[float]) -> None:
    """Within the width of a bucket of the true one."""
    counts: dict[int, int] = {LATE: 1000}
    for value in values:
        counts[bucket_of(value)] = counts.get(bucket_of(value), 0) + 1
    true = sorted(values)[-(-len(values) * 95 // 100) - 1]
    found = percentile_ms(counts, 0.95)
    assert found is not None
    assert abs(found - true) <= true * 0.045


def test_buckets_have_ends() -> None:
    """A clock that is off, and a till that was away for ever."""
    assert bucket_of(-5) == bucket_of(0) == 0
    assert middle_ms(0) > 0
    assert bucket_of(1e300) == bucket_of(1e200)
    assert percentile_ms({LATE: 3}, 0.5) is None


def test_an_unknown_terminal_makes_us_look_but_not_all_the_time() -> None:
    """A stranger's flood of messages is not a flood of queries."""
    reads: list[float] = []
    clock = [0.0]
    place = (HANOI, TerminalId("till1"))
    known: dict[tuple[object, object], Key] = {}

    def load() -> Keys:
        reads.append(clock[0])
        return Keys(dict(known), {})  # type: ignore[arg-type] # filled below

    ring = CachedKeyRing(load, lambda: clock[0])
    for _ in range(100):
        assert ring.terminal_key(*place) is None
    assert len(reads) == 1
    known[place] = Key(b"k" * 32)
    clock[0] = 2.0
    assert ring.terminal_key(*place) == b"k" * 32
    for _ in range(100):
        ring.terminal_key(HANOI, TerminalId("nobody"))
    assert len(reads) == 2


def test_the_admin_key_is_known_by_its_hash() -> None:
    """No key fits before one was made."""
    key = new_admin_key()
    assert is_key(key, hash_of(key))
    assert not is_key(key + "x", hash_of(key))
    assert not is_key("", "")


def test_a_slow_reader_of_changes_gets_fewer_and_larger_ones() -> None:
    """Coalesced by kind; past the bound, "look at everything"; the stream ends with the hub."""

    async def listen() -> list[Change]:
        board = ChangeBoard()
        stream = board.subscribe()
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        board.tell("stock", ["a"])
        got = [await first]
        board.tell("stock", ["b"])
        board.tell("stock", ["c"])
        board.tell("sales", (str(number) for number in range(KEYS_MAX + 1)))
        await asyncio.sleep(0.01)
        board.close()
        got += [change async for change in stream]
        return got

    first, *rest = asyncio.run(listen())
    assert first == Change("stock", frozenset({"a"}))
    assert rest == [Change("stock", frozenset({"b", "c"})), Change("sales", frozenset())]
