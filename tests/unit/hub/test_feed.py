"""What the feeds' publisher promises: a terminal that follows it has the hub's documents."""

from __future__ import annotations

from hub.feed.session import FeedSession
from hub.ingest.session import ingest
from hub.storage.memory import MemoryStore
from protocol.documents import Item, Settings
from protocol.feed_receiver import Apply, FeedReceiver
from protocol.frame import Key, decode, encode
from protocol.ids import GLOBAL_FEED, Sku, StoreId, store_feed
from protocol.link import Publish
from protocol.messages import FeedUpdate, Pull
from protocol.topics import feed_topic, terminal_topic
from tests.unit.hub.journals import Journal, at, sale

FEED_KEY = Key(b"f" * 32)


def store_with(journal: Journal) -> MemoryStore:
    """A database with one store and its till."""
    store = MemoryStore()
    store.add_store(journal.store, Settings(store_name="Shop"), FEED_KEY, at(0))
    store.add_terminal(journal.store, journal.terminal, "", journal.key, at(0))
    return store


def pull(session: FeedSession, journal: Journal, receiver: FeedReceiver) -> None:
    """Send the receiver's next question."""
    question = receiver.next_pull(0.0)
    assert question is not None
    topic = terminal_topic(journal.store, journal.terminal, "pull")
    session.receive(topic, encode(question, topic=topic, key=journal.key))


def updates(publishes: list[Publish], journal: Journal, feed: str) -> list[FeedUpdate]:
    """The updates of one feed among what was published."""
    keys = {
        feed_topic(store_feed(journal.store)): FEED_KEY,
        feed_topic(GLOBAL_FEED): Key(bytes(32)),
        terminal_topic(journal.store, journal.terminal, "chunk"): journal.key,
    }
    found = [decode(p.payload, FeedUpdate, topic=p.topic, key=keys[p.topic]) for p in publishes]
    return [update for update in found if update.feed == feed]


def test_a_pull_brings_everything_and_broadcasts_bring_the_rest() -> None:
    """After a pull and one broadcast, the level and the cursor belong together."""
    journal = Journal()
    store = store_with(journal)
    session = FeedSession(store, store)
    session.poll(0.0, at(0))
    feed = store_feed(journal.store)
    receiver = FeedReceiver(feed, lineage="", revision=0, nonce="n")
    receiver.connect()
    pull(session, journal, receiver)
    (answer,) = [u for u in updates(session.poll(0.01, at(0)), journal, feed) if u.request]
    applied = receiver.receive(answer, 0.1)
    assert isinstance(applied, Apply)
    assert applied.replace
    journal.append(sale(1, ("tea", 2_000)), at(1))
    ingest(store, [journal.batch(1, 1)], at(2))
    (update,) = updates(session.poll(1.0, at(2)), journal, feed)
    applied = receiver.receive(update, 1.0)
    assert isinstance(applied, Apply)
    assert [(document.kind, document.key) for document in applied.documents] == [("stock", "tea")]
    assert [(cursor.terminal, cursor.sequence) for cursor in applied.cursors] == [("till1", 1)]
    assert applied.revision == store.heads()[feed]


def test_changes_are_coalesced_and_silence_is_filled_with_heartbeats() -> None:
    """50 ms of changes are one message; a terminal that missed the last one learns it from the next heartbeat."""
    journal = Journal()
    store = store_with(journal)
    session = FeedSession(store, store)
    session.poll(0.0, at(0))
    store.put_items([Item(sku="tea", name="Tea", price=1, currency="VND")], at(0))
    assert updates(session.poll(0.02, at(0)), journal, GLOBAL_FEED) == []
    store.put_items([Item(sku="tea", name="Tea", price=2, currency="VND")], at(0))
    (update,) = updates(session.poll(0.06, at(0)), journal, GLOBAL_FEED)
    assert (update.from_rev, update.to_rev, len(update.documents)) == (0, 2, 1)
    assert session.poll(1.0, at(0)) == []
    assert [u.to_rev for u in updates(session.poll(11.0, at(0)), journal, GLOBAL_FEED)] == [2]


def test_another_stores_feed_is_refused() -> None:
    """A terminal reads its own store and the global feed only."""
    journal = Journal()
    store = store_with(journal)
    store.add_store(StoreId("saigon"), Settings(store_name="Other"), FEED_KEY, at(0))
    session = FeedSession(store, store)
    topic = terminal_topic(journal.store, journal.terminal, "pull")
    question = Pull(feed="store-saigon", lineage="", revision=0, request="r1")
    session.receive(topic, encode(question, topic=topic, key=journal.key))
    assert session.waiting == 0
    assert dict(session.refused.counts) == {"not_allowed": 1}


def test_a_deleted_item_travels_as_a_tombstone() -> None:
    """A till that was away for a month still hears of it."""
    journal = Journal()
    store = store_with(journal)
    item = Item(sku="tea", name="Tea", price=1, currency="VND")
    assert store.put_items([item], at(0)) == 1
    assert store.put_items([item], at(0)) == 0
    assert store.delete_items([Sku("tea")], at(0)) == 1
    (document,) = store.snapshot(GLOBAL_FEED, 1).documents
    assert document.deleted


def test_answers_wait_until_the_link_has_room_for_them() -> None:
    """After a catalogue import every till asks at once; their answers together would not fit the memory."""
    journals = [Journal("hanoi", "till1"), Journal("hanoi", "till2")]
    store = store_with(journals[0])
    store.add_terminal(journals[1].store, journals[1].terminal, "", journals[1].key, at(0))
    store.put_items([Item(sku=f"s{n}", name="Tea" * 50, price=1, currency="VND") for n in range(2_000)], at(0))
    session = FeedSession(store, store)
    session.poll(0.0, at(0))
    for journal in journals:
        topic = terminal_topic(journal.store, journal.terminal, "pull")
        question = Pull(feed=GLOBAL_FEED, lineage="", revision=0, request="r1")
        session.receive(topic, encode(question, topic=topic, key=journal.key))
    assert session.poll(0.01, at(0), room_bytes=0) == []
    for _ in journals:
        publishes = session.poll(0.02, at(0), room_bytes=1_000)
        assert len({publish.topic for publish in publishes}) == 1
        assert sum(len(publish.payload) for publish in publishes) > 1_000
    assert session.waiting == 0
