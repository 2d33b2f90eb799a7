"""The receiving side of a journal, against an oracle: a list of what is there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from protocol.event import GENESIS, Digest, SealedEvent, chain_digest
from protocol.events import DrawerOpened, EventData
from protocol.journal_receiver import JournalCursor, Verdict, judge
from protocol.messages import Batch
from tests.unit.protocol.strategies import AT, EPOCH, SOURCE, batch_of, drawer_chain, facts, sealed_chain


class Log:
    """What a hub keeps of one epoch, kept the simplest way."""

    def __init__(self) -> None:
        self.events: list[SealedEvent] = []
        self.forked: list[SealedEvent] = []

    @property
    def cursor(self) -> JournalCursor:
        """The end of the log."""
        return JournalCursor(EPOCH, len(self.events), self.events[-1].digest if self.events else GENESIS)

    def take(self, batch: Batch) -> Verdict:
        """Judge a batch and do what the verdict says."""
        verdict = judge(batch, self.cursor, SOURCE, self.digest_at)
        self.events.extend(taken.sealed for taken in verdict.taken)
        self.forked.extend(verdict.forked)
        assert verdict.cursor == self.cursor
        return verdict

    def digest_at(self, sequence: int) -> Digest | None:
        """The digest of an event in the log."""
        return self.events[sequence - 1].digest if 1 <= sequence <= len(self.events) else None


@st.composite
def spans(draw: st.DrawFn, length: int) -> tuple[int, int]:
    """Some part of a journal: (first, last)."""
    first = draw(st.integers(1, length))
    return first, draw(st.integers(first, length))


@given(st.data(), st.lists(facts, min_size=1, max_size=12))
def test_any_resend_overlap_split_or_reorder_takes_each_event_once(
    data: st.DataObject, said: Sequence[EventData]
) -> None:
    """Whatever parts come, in whatever order: the log is a prefix of the journal, and every gap is told."""
    journal = sealed_chain(said)
    log = Log()
    for first, last in data.draw(st.lists(spans(len(journal)), max_size=20)):
        before = len(log.events)
        verdict = log.take(batch_of(journal, first, last))
        assert tuple(log.events) == journal[: len(log.events)]
        assert verdict.status == ("gap" if first > before + 1 else "ok")
        assert len(log.events) == (before if first > before + 1 else max(before, last))
        assert len(verdict.taken) + verdict.seen == (0 if verdict.status == "gap" else last - first + 1)
        assert all(taken.park_reason is None for taken in verdict.taken)
    log.take(batch_of(journal, 1, len(journal)))
    assert tuple(log.events) == journal
    assert not log.forked


@given(st.data(), st.integers(0, 6), st.integers(1, 6), st.integers(1, 6))
def test_two_histories_under_one_identity_are_found(data: st.DataObject, shared: int, ours: int, theirs: int) -> None:
    """A clone's batch is parked from where it differs, and the log keeps the first history."""
    trunk = drawer_chain(shared)
    end = trunk[-1].digest if trunk else GENESIS
    first_life = (*trunk, *drawer_chain(ours, first=shared + 1, previous=end, life="a"))
    second_life = (*trunk, *drawer_chain(theirs, first=shared + 1, previous=end, life="b"))
    log = Log()
    log.take(batch_of(first_life, 1, len(first_life)))
    first, last = data.draw(spans(len(second_life)))
    verdict = log.take(batch_of(second_life, first, last))
    assert tuple(log.events) == first_life
    if last <= shared:
        assert verdict.status == "ok"
    elif first > len(first_life) + 1:
        assert verdict.status == "gap"
    else:
        assert verdict.status == "fork"
        assert list(verdict.forked) == list(second_life[max(first, shared + 1) - 1 : last])
        assert verdict.seen == max(0, shared - first + 1)
    assert not verdict.taken


@given(st.data(), st.lists(facts, min_size=1, max_size=8))
def test_an_event_that_nobody_can_read_is_parked_and_its_neighbours_are_taken(
    data: st.DataObject, said: Sequence[EventData]
) -> None:
    """One poison event, properly sealed, never stops the events behind it."""
    position = data.draw(st.integers(0, len(said)))
    poison = data.draw(st.binary(max_size=40).filter(lambda raw: b"\n" not in raw))
    head = sealed_chain(said[:position])
    poisoned = seal_bytes(
        b'{"noise":"' + poison.hex().encode() + b'"}', head[-1].digest if head else GENESIS, position + 1
    )
    tail = sealed_chain(said[position:], first=position + 2, previous=poisoned.digest)
    journal = (*head, poisoned, *tail)
    log = Log()
    verdict = log.take(batch_of(journal, 1, len(journal)))
    assert verdict.status == "ok"
    assert tuple(log.events) == journal
    assert [taken.sealed for taken in verdict.taken if taken.park_reason] == [poisoned]
    assert verdict.taken[position].park_reason == "unreadable"
    assert verdict.taken[position].park_text


def test_an_event_of_the_future_is_parked_with_its_type() -> None:
    """A type that this hub does not know yet waits for the upgrade."""
    raw = drawer_chain(1)[0].raw.rpartition(b',"digest"')[0].replace(b"opened.v1", b"opened.v9") + b"}"
    log = Log()
    verdict = log.take(Batch(EPOCH, 1, GENESIS, AT, (seal_bytes(raw, GENESIS, 1).raw,)))
    (taken,) = verdict.taken
    assert (verdict.status, taken.park_reason) == ("ok", "unknown_type")
    assert "opened.v9" in taken.park_text
    assert taken.event is not None


def test_an_event_that_says_it_belongs_elsewhere_is_parked() -> None:
    """A properly sealed event of another terminal, epoch or sequence takes its place in the log and moves nothing."""
    (foreign,) = sealed_chain([DrawerOpened(by="lan", why="no_sale")], source="/stores/S01/terminals/T2")
    log = Log()
    verdict = log.take(Batch(EPOCH, 1, GENESIS, AT, (foreign.raw,)))
    assert [(taken.park_reason, taken.data) for taken in verdict.taken] == [("misplaced", None)]


@given(st.integers(1, 8), st.integers(0, 7), st.integers(0, 3))
def test_a_broken_chain_is_told_where_it_breaks(length: int, at: int, known: int) -> None:
    """What stands before the damage is taken, the damage and what follows is not, and the answer says "broken"."""
    journal = drawer_chain(length)
    at, known = at % length, min(known, length)
    log = Log()
    if known:
        log.take(batch_of(journal, 1, known))
    damaged = [event.raw for event in journal]
    damaged[at] = damaged[at].replace(b"no_sale", b"no_salt")
    verdict = log.take(Batch(EPOCH, 1, GENESIS, AT, tuple(damaged)))
    assert verdict.status == "broken"
    assert tuple(log.events) == journal[: max(at, known)]


def seal_bytes(body: bytes, previous: Digest, sequence: int) -> SealedEvent:
    """Chain bytes of any kind the way the journal chains events."""
    digest = Digest(hashlib.sha256(previous + body).digest())
    raw = body[:-1] + b',"digest":"' + digest.hex().encode() + b'"}'
    assert chain_digest(raw, previous) == digest
    return SealedEvent(sequence, digest, raw)
