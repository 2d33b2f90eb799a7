"""Broken tills: see `mutants.py`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from edge_agent.journal.clock import HELD_MIN, Stamp, TillClock
from edge_agent.replica.memory import MemoryReplica
from edge_agent.replica.undo import UndoLog
from edge_agent.sync.feeds import TerminalFeeds
from edge_agent.sync.heard import Heard
from edge_agent.sync.session import TerminalSession
from protocol.feed_receiver import Apply, FeedReceiver, Stage
from protocol.frame import decode_batch
from protocol.ids import FeedName, StoreId, TerminalId
from protocol.journal_sender import AckEffect, JournalSender
from protocol.link import Publish
from protocol.messages import Ack, FeedUpdate
from tests.simulation.disk import SimJournal


class ForgetsBeforeAck(SimJournal):
    """Deletes old events whether the hub has them or not."""

    def forget_older_than(self, before: datetime) -> int:
        """As the real one, had everything been acknowledged."""
        acked = self._state.acked
        self._become(replace(self._state, acked=self.tail))
        count = super().forget_older_than(before)
        self._become(replace(self._state, acked=acked))
        return count


class BackwardJournal(SimJournal):
    """Writes down whatever ack it is given."""

    def mark_acked(self, sequence: int) -> None:
        """Without asking if that is news."""
        self._become(replace(self._state, acked=sequence))


class CountsCursorTwice(MemoryReplica):
    """Does not recognise its own cursor: own sales stay in the view after the hub has counted them."""

    def __init__(self, store: StoreId, terminal: TerminalId, *, undo: UndoLog | None = None) -> None:
        del terminal
        super().__init__(store, TerminalId("nobody"), undo=undo)


class ForgetsStagedParts(MemoryReplica):
    """Applies a pull's last part only."""

    def stage(self, feed: FeedName, stage: Stage) -> None:
        """Let it go."""


class _GapReceiver(FeedReceiver):
    def _broadcast(self, update: FeedUpdate) -> Apply | None:
        return super()._broadcast(
            FeedUpdate(
                feed=update.feed, lineage=update.lineage, from_rev=min(update.from_rev, self.revision),
                to_rev=update.to_rev, documents=update.documents, cursors=update.cursors,
            )
        )  # fmt: skip


class _MixingReceiver(FeedReceiver):
    def receive(self, update: FeedUpdate, now_s: float) -> Stage | Apply | None:
        if update.request and update.request == self._request and self._next_part == update.part:
            self._answer = (update.lineage, update.from_rev, update.to_rev)
        return super().receive(update, now_s)


class AppliesGaps(TerminalSession):
    """Takes every broadcast as if it joined what is there."""

    def _new_feeds(self) -> TerminalFeeds:
        return _rebuilt(_GapReceiver, super()._new_feeds())


class MixesAnswers(TerminalSession):
    """Takes parts of several workers' answers for one answer."""

    def _new_feeds(self) -> TerminalFeeds:
        return _rebuilt(_MixingReceiver, super()._new_feeds())


class _CursorsAtOnce(TerminalFeeds):
    def take(self, update: FeedUpdate, now_s: float) -> Heard:
        heard = super().take(update, now_s)
        feed = FeedName(update.feed)
        if not update.last and update.cursors:
            state = self._replica.feed_state(feed)
            self._replica.apply(feed, Apply((), update.cursors, state.lineage, state.revision))
        return heard


class AppliesCursorsAtOnce(TerminalSession):
    """Moves cursors with the part that brings them, not with the last one."""

    def _new_feeds(self) -> TerminalFeeds:
        feeds = super()._new_feeds()
        feeds.__class__ = _CursorsAtOnce  # as `_rebuilt`
        return feeds


class _BackwardSender(JournalSender):
    def _advance(self, sequence: int) -> AckEffect:
        self.acked = min(self.acked, sequence)
        return super()._advance(sequence) if sequence > self.acked else AckEffect(acked=sequence)


class _DeafSender(JournalSender):
    def wake_at_s(self) -> float | None:
        return None


class AcksRunBackwards(TerminalSession):
    """Believes the ack that came last, not the largest one."""

    def _new_sender(self) -> JournalSender:
        return _rebuilt_sender(_BackwardSender, super()._new_sender())


class NeverResends(TerminalSession):
    """Takes silence for consent: what was sent is never sent again while the link stands."""

    def _new_sender(self) -> JournalSender:
        return _rebuilt_sender(_DeafSender, super()._new_sender())


class TrustsPuback(TerminalSession):
    """Holds for acknowledged what the broker has taken."""

    def believe(self, publish: Publish) -> None:
        """A PUBACK came."""
        if not publish.topic.endswith("/journal"):
            return
        batch = decode_batch(publish.payload, topic=publish.topic, key=self._identity.terminal_key)
        digest = self._journal.digest_at(batch.last)
        if batch.epoch != self._journal.epoch or digest is None:
            return
        ack = Ack(epoch=batch.epoch, sequence=batch.last, digest=digest.hex(), hub_time=batch.sent_at)
        effect = self._sender.receive_ack(ack, self._journal.digest_at, 0.0)
        if effect.acked is not None:
            self._journal.mark_acked(effect.acked)


def believe_puback(session: TerminalSession, publish: Publish) -> None:
    """Tell a session that trusts."""
    assert isinstance(session, TrustsPuback)
    session.believe(publish)


class RunsBackwards(TillClock):
    """Writes down what the clock shows, be it before what it showed last."""

    def stamp(self, last: datetime) -> Stamp:
        """Without looking back."""
        return super().stamp(datetime.min.replace(tzinfo=last.tzinfo))


class TrustsPcClock(TillClock):
    """Once it was compared with the hub's, the PC's clock is believed for good."""

    def stamp(self, last: datetime) -> Stamp:
        """Without looking at how much time has passed."""
        checked, wall = self._checked, self._wall()
        real = wall if checked is None else wall + (checked.hub_time - checked.wall)
        time = max(real, last)
        return Stamp(time, real, checked is None or time - real > HELD_MIN)


def salvage_under_new_ids(raw: bytes) -> bytes:
    """Save an event as if it were another one."""
    return raw.replace(b'"id":"', b'"id":"saved-', 1)


def _rebuilt(kind: type[FeedReceiver], feeds: TerminalFeeds) -> TerminalFeeds:
    for real in feeds._receivers.values():  # noqa: SLF001 - it breaks what is inside
        real.__class__ = kind  # the same state, the same code, but for what the subclass breaks
    return feeds


def _rebuilt_sender(kind: type[JournalSender], real: JournalSender) -> JournalSender:
    real.__class__ = kind  # as above
    return real
