"""What every journal promises, in memory and in SQLite alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from edge_agent.errors import JournalUnreadable
from edge_agent.journal.port import Journal, LostEpoch
from protocol.event import GENESIS, chain_digest, read_event
from protocol.events import DrawerOpened

FACT = DrawerOpened(by="lan", why="no_sale")


def fill(journal: Journal, count: int, clock: Callable[[], datetime]) -> None:
    """Append `count` events."""
    for _ in range(count):
        journal.append(FACT, event_id=f"e{journal.epoch}-{journal.tail + 1}", time=clock())


def test_a_new_journal_is_empty_and_starts_from_genesis(journal: Journal) -> None:
    """Before the first event there is nothing to send and nothing to chain to but genesis."""
    assert (journal.epoch, journal.tail, journal.acked, journal.lost_epoch) == (1, 0, 0, None)
    assert journal.previous_digest(1) == GENESIS
    assert journal.read(1, 10, 10_000) == ()
    assert journal.oldest_unsent_at() is None
    assert journal.digest_at(1) is None


def test_events_are_numbered_without_a_gap_and_chained(journal: Journal, clock: Callable[[], datetime]) -> None:
    """Each event's digest covers the one before it, so nobody can take one out."""
    fill(journal, 5, clock)
    previous = GENESIS
    for expected, event in enumerate(journal.read(1, 10, 10**6), 1):
        assert event.sequence == expected
        assert chain_digest(event.raw, previous) == event.digest == journal.digest_at(expected)
        assert journal.previous_digest(expected) == previous
        previous = event.digest
    assert journal.tail == 5


def test_reading_keeps_both_bounds_and_always_gives_one(journal: Journal, clock: Callable[[], datetime]) -> None:
    """A batch is bounded in events and bytes, but an event larger than the bound is not stuck for ever."""
    fill(journal, 10, clock)
    size = len(journal.read(1, 1, 1)[0].raw)
    assert [event.sequence for event in journal.read(3, 2, 10**6)] == [3, 4]
    assert [event.sequence for event in journal.read(3, 9, 2 * size + 1)] == [3, 4]
    assert [event.sequence for event in journal.read(9, 9, 1)] == [9]
    assert journal.read(11, 9, 10**6) == ()


def test_acks_only_go_forward(journal: Journal, clock: Callable[[], datetime]) -> None:
    """An old ack that comes late takes nothing back."""
    fill(journal, 4, clock)
    journal.mark_acked(3)
    journal.mark_acked(2)
    assert journal.acked == 3


def test_the_oldest_unsent_event_is_known(journal: Journal, clock: Callable[[], datetime]) -> None:
    """The screen can say for how long the hub has not heard of a sale."""
    times = []
    for number in range(3):
        times.append(clock())
        journal.append(FACT, event_id=f"e{number}", time=times[-1])
    journal.mark_acked(1)
    assert journal.oldest_unsent_at() == times[1]
    journal.mark_acked(3)
    assert journal.oldest_unsent_at() is None


def test_forgetting_never_touches_what_the_hub_does_not_have(journal: Journal, clock: Callable[[], datetime]) -> None:
    """However old it is, an event stays until the hub has acknowledged it."""
    fill(journal, 6, clock)
    future = clock() + timedelta(days=400)
    assert journal.forget_older_than(future) == 0
    journal.mark_acked(4)
    assert journal.forget_older_than(future) == 3
    assert [event.sequence for event in journal.read(5, 9, 10**6)] == [5, 6]
    assert (journal.tail, journal.acked) == (6, 4)
    assert journal.previous_digest(5) == journal.digest_at(4)
    assert journal.digest_at(3) is None
    with pytest.raises(JournalUnreadable):
        journal.previous_digest(3)


def test_forgetting_stops_at_the_first_event_that_is_young_enough(
    journal: Journal, clock: Callable[[], datetime]
) -> None:
    """Facts are kept for reprints and audits as long as the shop wishes."""
    fill(journal, 3, clock)
    edge = clock()
    fill(journal, 3, clock)
    journal.mark_acked(6)
    assert journal.forget_older_than(edge) == 3
    assert journal.digest_at(4) is not None


def test_a_lost_epoch_is_remembered_until_the_next_one(journal: Journal, clock: Callable[[], datetime]) -> None:
    """A restart asks with the same nonce, so that the hub gives the same answer; sales go on meanwhile."""
    journal.lose_epoch(LostEpoch("fork", "nonce-of-16-chars"))
    fill(journal, 2, clock)
    assert journal.lost_epoch == LostEpoch("fork", "nonce-of-16-chars")
    journal.start_epoch(2)
    assert journal.lost_epoch is None


def test_a_new_epoch_takes_the_unacked_events_with_their_ids(journal: Journal, clock: Callable[[], datetime]) -> None:
    """What the hub has stays where it is; the rest is sealed again, from 1, in order, same ids and times."""
    fill(journal, 5, clock)
    journal.mark_acked(2)
    old = [read_event(event.raw) for event in journal.read(3, 9, 10**6)]
    assert dict(journal.start_epoch(7)) == {3: 1, 4: 2, 5: 3}
    assert (journal.epoch, journal.tail, journal.acked) == (7, 3, 0)
    events = journal.read(1, 9, 10**6)
    previous = GENESIS
    for event, before in zip(events, old, strict=True):
        after = read_event(event.raw)
        assert (after.id, after.time, after.epoch) == (before.id, before.time, 7)  # type: ignore[union-attr]  # readable
        assert chain_digest(event.raw, previous) == event.digest
        previous = event.digest
    fill(journal, 1, clock)
    assert journal.tail == 4


def test_events_of_earlier_epochs_are_forgotten_by_age(journal: Journal, clock: Callable[[], datetime]) -> None:
    """Acked events of a lost epoch are kept as long as any other, and then go."""
    fill(journal, 3, clock)
    journal.mark_acked(2)
    journal.start_epoch(2)
    assert journal.forget_older_than(clock()) == 2
    assert journal.tail == 1
