"""The terminal's end of the link, without I/O: bytes by topic in, bytes by topic out.

It wires the machines of `protocol` to the journal and the replica. Every call belongs into one transaction of the
store behind those two; after a rollback, throw the session away and build a new one: all that must survive is in
the store. What comes from the link is never trusted and never raises: it is counted. Call `poll` after every other
call and at `wake_at_s()`, and publish what it returns after the commit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from edge_agent.journal.port import Journal, LostEpoch
from edge_agent.journal.record import restart_epoch
from edge_agent.replica.port import Replica
from edge_agent.sync.asking import Asking
from edge_agent.sync.commands import FOR_THE_COUNTER, Commands
from edge_agent.sync.feeds import INT64_MAX, TerminalFeeds
from edge_agent.sync.heard import Heard, LinkCounters
from edge_agent.sync.hub_clock import HubClock
from edge_agent.sync.identity import TerminalIdentity
from edge_agent.sync.presence import Health, Presence, PresenceLimits, status_of
from protocol import frame
from protocol.errors import BadFrame, OversizedFrame
from protocol.feed_receiver import FeedLimits
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, FeedName
from protocol.journal_sender import JournalSender, SenderLimits, SendRange
from protocol.link import Publish
from protocol.messages import (
    Ack,
    Answer,
    Command,
    CommandAnswer,
    EpochGrant,
    EpochRequest,
    FeedUpdate,
    Message,
    Status,
)
from protocol.topics import DownLeaf, UpLeaf, feed_topic, terminal_topic

_Route = Callable[[str, bytes, bool, float, datetime], "Heard"]


@dataclass(frozen=True)
class SessionLimits:
    """The bounds of all machines of the session, and how often a new epoch is asked for.

    `snapshots`: whoever uses the session fetches what `Heard.offered` says.
    """

    sender: SenderLimits = field(default_factory=SenderLimits)
    feed: FeedLimits = field(default_factory=FeedLimits)
    presence: PresenceLimits = field(default_factory=PresenceLimits)
    snapshots: bool = False
    epoch_first_s: float = 2.0
    epoch_max_s: float = 60.0


class TerminalSession:
    """One life of the link at one terminal. `nonce`: 16 to 40 characters, unique to this start of this PC."""

    def __init__(  # noqa: PLR0913 - who, where, and the run's own facts; all keyword but the first three
        self,
        identity: TerminalIdentity,
        journal: Journal,
        replica: Replica,
        *,
        nonce: str,
        limits: SessionLimits | None = None,
        counters: LinkCounters | None = None,
    ) -> None:
        assert 16 <= len(nonce) <= 40  # noqa: PLR2004 - what EpochRequest.nonce takes, with room for the epoch
        self._identity = identity
        self._journal = journal
        self._replica = replica
        self._nonce = nonce
        self._limits = limits or SessionLimits()
        self._connected = False
        self.connected_at_s: float | None = None
        self._health = Health()
        self.counters = counters or LinkCounters()
        self._presence = Presence(self._limits.presence)
        self._commands = Commands()
        self._asking = Asking(nonce)
        self._clock = HubClock(journal.tail)
        self._sender = self._new_sender()
        self._asked_epoch_at_s: float | None = None
        self._epoch_patience_s = self._limits.epoch_first_s
        self.feeds = self._new_feeds()
        self._routes = self._make_routes()

    @property
    def backlog(self) -> int:
        """How many events the hub has not acknowledged."""
        return self._journal.tail - self._journal.acked

    def subscriptions(self) -> tuple[str, ...]:
        """The topics to subscribe to, QoS 1."""
        return tuple(self._routes)

    def will(self) -> Publish:
        """What the broker is to say about us when we are gone."""
        return self._frame("status", Status(online=False), retain=True)

    def report(self, health: Health) -> None:
        """How this PC and its devices are; goes out with the next status."""
        self._health = health

    def connect(self, now_s: float) -> None:
        """The broker has taken our subscriptions."""
        self._connected = True
        self.connected_at_s = now_s
        self._sender.connect()
        self.feeds.connect()
        self._presence.connect()
        self._asked_epoch_at_s = None
        self._epoch_patience_s = self._limits.epoch_first_s
        self.appended()

    def disconnect(self) -> None:
        """The link is down."""
        self._connected = False
        self.connected_at_s = None
        self._sender.disconnect()
        self._clock.disconnect()
        self._asking.disconnect()
        self.feeds.disconnect()

    def ask(self, kind: str, key: str, now_s: float) -> str | None:
        """Ask the hub; `receive` brings the answer under the returned id. None: not asked, as there is no link."""
        return self._asking.ask(kind, key, now_s) if self._connected else None

    def answer_command(self, answer: CommandAnswer) -> None:
        """A command was carried out, or could not be."""
        self._commands.answer(answer)

    def appended(self) -> None:
        """The journal has grown."""
        self._sender.append(self._journal.tail)

    def receive(self, topic: str, payload: bytes, *, retained: bool, now_s: float, wall: datetime) -> Heard:
        """Take one message. Never raises for anything that the link can bring."""
        route = self._routes.get(topic)
        if route is None:
            self.counters.foreign_topics += 1
            return Heard()
        try:
            return route(topic, payload, retained, now_s, wall)
        except BadFrame as error:
            self.counters.bad_frames += 1
            self.counters.last_bad = str(error)
            return Heard()

    def poll(self, now_s: float, wall: datetime) -> list[Publish]:
        """What to publish now, bounded by the window's limits."""
        self.tidy()
        if not self._connected:
            return []
        self.appended()
        self._compare_cursors(now_s)
        out: list[Publish] = []
        self._ask_epoch(now_s, out)
        self._send_journal(now_s, wall, out)
        for pull in self.feeds.pulls(now_s):
            out.append(self._frame("pull", pull))
            self._clock.asked(pull.request, now_s, wall)
        while (question := self._asking.next()) is not None:
            out.append(self._frame("ask", question))
        while (done := self._commands.next()) is not None:
            out.append(self._frame("answer", done))
        status = self._status(wall)
        if self._presence.due(status, now_s):
            out.append(self._frame("status", status, retain=True))
            self._presence.said(status, now_s)
        return out

    def tidy(self) -> bool:
        """Clear away some of what a replaced state left, link or no link; True if there is more."""
        return self.feeds.tidy()

    def wake_at_s(self) -> float | None:
        """When to call `poll` again although nothing happens (0.0: at once); None without a link."""
        if not self._connected:
            return None
        if self.feeds.untidy or self._asking.waiting or self._commands.waiting:
            return 0.0
        times = [
            self._sender.wake_at_s(),
            *self.feeds.wakes_at_s(),
            self._presence.due_at_s(self._status(None)),
            self._epoch_due_at_s(),
        ]
        return min(time for time in times if time is not None)

    # --- up

    def _send_journal(self, now_s: float, wall: datetime, out: list[Publish]) -> None:
        while (wanted := self._sender.next_range(now_s)) is not None:
            if wanted.first <= self._journal.acked and not self._is_kept(wanted.first):
                self._sender.stop_repeating()
                continue
            publish, last = self._batch(wanted, wall)
            if publish is None:
                return
            out.append(publish)
            self._sender.sent(wanted.first, last, now_s)
            self._clock.sent(last, now_s, wall)

    def _is_kept(self, first: int) -> bool:
        """Whether the journal still has an acknowledged event, and what it is chained to."""
        before = first == 1 or self._journal.digest_at(first - 1) is not None
        return before and self._journal.digest_at(first) is not None

    def _batch(self, wanted: SendRange, wall: datetime) -> tuple[Publish | None, int]:
        events = self._journal.read(wanted.first, wanted.events_max, wanted.bytes_max)
        if not events:
            return None, 0
        topic = self._topic("journal")
        try:
            payload = frame.encode_batch(
                [event.raw for event in events],
                epoch=self._journal.epoch, first=wanted.first, previous=self._journal.previous_digest(wanted.first),
                sent_at=wall, topic=topic, key=self._identity.terminal_key,
            )  # fmt: skip
        except OversizedFrame as error:
            # The till bounds its carts far below this; seen at all, it is our own mistake, and a person must look.
            self.counters.oversized += 1
            self.counters.last_bad = str(error)
            return None, 0
        return Publish(topic, payload), events[-1].sequence

    def _ask_epoch(self, now_s: float, out: list[Publish]) -> None:
        lost = self._journal.lost_epoch
        due_at_s = self._epoch_due_at_s()
        if lost is None or due_at_s is None or now_s < due_at_s:
            return
        if self._asked_epoch_at_s is not None:
            self._epoch_patience_s = min(self._epoch_patience_s * 2, self._limits.epoch_max_s)
        self._asked_epoch_at_s = now_s
        out.append(self._frame("epoch", EpochRequest(epoch=self._journal.epoch, reason=lost.reason, nonce=lost.nonce)))

    def _epoch_due_at_s(self) -> float | None:
        if self._journal.lost_epoch is None:
            return None
        return 0.0 if self._asked_epoch_at_s is None else self._asked_epoch_at_s + self._epoch_patience_s

    def _status(self, wall: datetime | None) -> Status:
        lost = self._journal.lost_epoch
        return status_of(
            self._health, epoch=self._journal.epoch, tail=self._journal.tail, acked=self._journal.acked,
            oldest_unsent_at=self._journal.oldest_unsent_at(), lost=f"epoch_{lost.reason}" if lost else "", at=wall,
        )  # fmt: skip

    # --- down

    def _on_ack(self, topic: str, payload: bytes, retained: bool, now_s: float, _wall: datetime) -> Heard:
        ack = frame.decode(payload, Ack, topic=topic, key=self._identity.terminal_key)
        if not 0 <= ack.sequence <= INT64_MAX:
            raise BadFrame(f"{topic}: sequence {ack.sequence}")
        effect = self._sender.receive_ack(ack, self._journal.digest_at, now_s)
        if effect.epoch_lost is not None:
            # The nonce names the loss: a restart asks with the same one, a clone of this PC with another one.
            self._journal.lose_epoch(LostEpoch(effect.epoch_lost, f"{self._nonce}-{self._journal.epoch}"))
        if effect.acked is not None:
            self._journal.mark_acked(effect.acked)
        fresh = not retained and ack.status == "ok" and ack.epoch == self._journal.epoch
        return Heard(
            acked=effect.acked is not None,
            clock=self._clock.acked(ack.sequence, ack.hub_time, now_s) if fresh else None,
        )

    def _on_grant(self, topic: str, payload: bytes, _retained: bool, _now_s: float, _wall: datetime) -> Heard:
        grant = frame.decode(payload, EpochGrant, topic=topic, key=self._identity.terminal_key)
        lost = self._journal.lost_epoch
        if lost is None or grant.nonce != lost.nonce:
            return Heard()  # asked twice, or another PC with our name asked
        if not self._journal.epoch < grant.epoch <= INT64_MAX:
            raise BadFrame(f"{topic}: granted epoch {grant.epoch} after epoch {self._journal.epoch}")
        restart_epoch(self._journal, self._replica, grant.epoch)
        self._asked_epoch_at_s = None
        self._sender = self._new_sender()
        self._clock = HubClock(0)
        if self._connected:
            self._sender.connect()
        return Heard()

    def _on_feed(self, topic: str, payload: bytes, _retained: bool, now_s: float, _wall: datetime) -> Heard:
        feed = next(feed for feed in self.feeds.names if feed_topic(feed) == topic)
        update = frame.decode(payload, FeedUpdate, topic=topic, key=self._feed_key(feed))
        if update.feed != feed or update.request:
            raise BadFrame(f"{topic}: an update of feed {update.feed!r}, request {update.request!r}")
        return self.feeds.take(update, now_s)

    def _on_chunk(self, topic: str, payload: bytes, _retained: bool, now_s: float, _wall: datetime) -> Heard:
        update = frame.decode(payload, FeedUpdate, topic=topic, key=self._identity.terminal_key)
        if update.feed not in self.feeds.names or not update.request:
            raise BadFrame(f"{topic}: a part of feed {update.feed!r}, request {update.request!r}")
        heard = self.feeds.take(update, now_s)
        if update.hub_time is None:
            return heard
        return replace(heard, clock=self._clock.answered(update.request, update.hub_time, now_s))

    def _compare_cursors(self, now_s: float) -> None:
        """A whole state that counts less of our journal than was acknowledged is of a hub that was put back."""
        own = (self._identity.terminal, self._journal.epoch)
        for cursor in self.feeds.take_replacing():
            if (cursor.terminal, cursor.epoch) == own and cursor.sequence < self._journal.acked:
                self._sender.hub_is_at(cursor.sequence, self._journal.digest_at, now_s)

    def _on_command(self, topic: str, payload: bytes, _retained: bool, _now_s: float, wall: datetime) -> Heard:
        command = frame.decode(payload, Command, topic=topic, key=self._identity.terminal_key)
        if not self._commands.take(command, wall):
            return Heard()
        if command.verb in FOR_THE_COUNTER:
            return Heard(command=command)
        if command.verb == "sync":
            self._sender.connect()
            self.feeds.connect()
            self._presence.connect()
            self._commands.answer(CommandAnswer(id=command.id, ok=True))
        else:
            self._commands.refuse(command)
        return Heard()

    def _on_told(self, topic: str, payload: bytes, _retained: bool, _now_s: float, _wall: datetime) -> Heard:
        answer = frame.decode(payload, Answer, topic=topic, key=self._identity.terminal_key)
        return Heard(answer=self._asking.receive(answer))

    # --- making

    def _new_sender(self) -> JournalSender:
        journal = self._journal
        sender = JournalSender(epoch=journal.epoch, tail=journal.tail, acked=journal.acked, limits=self._limits.sender)
        lost = journal.lost_epoch
        sender.epoch_lost = lost.reason if lost is not None else None
        return sender

    def _new_feeds(self) -> TerminalFeeds:
        limits = self._limits
        return TerminalFeeds(
            self._replica, self._identity.store, nonce=self._nonce, limits=limits.feed, snapshots=limits.snapshots
        )

    def _make_routes(self) -> dict[str, _Route]:
        routes: dict[str, _Route] = {feed_topic(feed): self._on_feed for feed in self.feeds.names}
        routes[self._topic("ack")] = self._on_ack
        routes[self._topic("grant")] = self._on_grant
        routes[self._topic("chunk")] = self._on_chunk
        routes[self._topic("command")] = self._on_command
        routes[self._topic("told")] = self._on_told
        return routes

    def _feed_key(self, feed: FeedName) -> Key:
        return self._identity.global_feed_key if feed == GLOBAL_FEED else self._identity.store_feed_key

    def _topic(self, leaf: UpLeaf | DownLeaf) -> str:
        return terminal_topic(self._identity.store, self._identity.terminal, leaf)

    def _frame(self, leaf: UpLeaf, message: Message, *, retain: bool = False) -> Publish:
        topic = self._topic(leaf)
        return Publish(topic, frame.encode(message, topic=topic, key=self._identity.terminal_key), retain)
