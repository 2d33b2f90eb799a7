"""The feeds' publisher without I/O: pulls in, broadcasts and answers out.

The database is the feed; this session only remembers how far it has broadcast. Losing it costs some pulls, never a
document. Several hub processes may publish the same feed: a terminal takes what it does not have yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hub.errors import UnknownStore
from hub.storage.port import FeedStore, KeyRing
from hub.storage.refusals import Refusals
from protocol.errors import BadFrame, InvalidId
from protocol.feed_sender import FeedSender, FeedSnapshot, PublishLimits, answer_parts, pull_from
from protocol.frame import decode, encode
from protocol.ids import FeedName, StoreId, TerminalId, store_of_feed
from protocol.link import Publish
from protocol.messages import Pull
from protocol.topics import feed_topic, parse_terminal_topic, terminal_topic

ROOM_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class FeedSessionLimits:
    """How much is published, and how many questions may wait; whoever does not fit asks again by itself."""

    publish: PublishLimits = field(default_factory=PublishLimits)
    pulls_waiting_max: int = 10_000
    answers_per_poll_max: int = 20


@dataclass(frozen=True)
class _Asker:
    store: StoreId
    terminal: TerminalId
    feed: FeedName


class FeedSession:
    """One publisher. `poll` reads the database, so the shell calls it in a thread."""

    def __init__(self, store: FeedStore, keys: KeyRing, limits: FeedSessionLimits | None = None) -> None:
        self._store = store
        self._keys = keys
        self._limits = limits or FeedSessionLimits()
        self._senders: dict[FeedName, FeedSender] = {}
        self._pulls: dict[_Asker, Pull] = {}
        self.refused = Refusals()

    @property
    def waiting(self) -> int:
        """How many pulls wait for an answer."""
        return len(self._pulls)

    def receive(self, topic: str, payload: bytes) -> None:
        """Take a message of a pull topic. Never raises for what is in it."""
        try:
            place = parse_terminal_topic(topic)
            key = self._keys.terminal_key(place.store, place.terminal)
            if key is None:
                text = f"{place.store}/{place.terminal} is not enrolled here, or was revoked"
                self.refused.refuse(topic, payload, "unknown_terminal", text)
                return
            pull = decode(payload, Pull, topic=topic, key=key)
            owner = store_of_feed(FeedName(pull.feed))
        except (BadFrame, InvalidId) as error:
            self.refused.refuse_error(topic, payload, error)
            return
        if owner not in (None, place.store):
            text = f"{place.store}/{place.terminal} asks for the feed of {owner}"
            self.refused.refuse(topic, payload, "not_allowed", text)
            return
        asker = _Asker(place.store, place.terminal, FeedName(pull.feed))
        if asker not in self._pulls and len(self._pulls) >= self._limits.pulls_waiting_max:
            self.refused.refuse(topic, payload, "overload", "too many pulls wait; the terminal asks again")
            return
        # A terminal's newer question makes its older one void.
        self._pulls[asker] = pull

    def poll(
        self, now_s: float, wall: datetime, *, room_bytes: int = ROOM_BYTES, broadcast: bool = True
    ) -> list[Publish]:
        """Answer what was asked and `broadcast` what changed; `wall` is the hub's clock.

        `room_bytes` is what the link takes now: no further answer is begun once it is used up, since a whole catalogue
        for each of many terminals is more than a memory holds. Raises StorageUnavailable; then nothing is lost.
        """
        if not self._pulls and not broadcast:
            return []
        heads = self._store.heads()
        publishes: list[Publish] = []
        for asker in list(self._pulls)[: self._limits.answers_per_poll_max]:
            if room_bytes <= 0:
                break
            answer = self._answer(asker, self._pulls[asker], heads.get(asker.feed), wall)
            room_bytes -= sum(len(publish.payload) for publish in answer)
            publishes += answer
            del self._pulls[asker]
        if broadcast:
            told = (self._broadcast(feed, head, now_s) for feed, head in heads.items())
            publishes += [publish for publish in told if publish is not None]
        return publishes

    def _answer(self, asker: _Asker, pull: Pull, head: int | None, wall: datetime) -> list[Publish]:
        key = self._keys.terminal_key(asker.store, asker.terminal)
        if head is None or key is None:
            return []
        try:
            snapshot = self._store.snapshot(asker.feed, pull_from(pull, self._store.lineage, head))
        except UnknownStore:
            return []
        topic = terminal_topic(asker.store, asker.terminal, "chunk")
        return [
            Publish(topic, encode(part, topic=topic, key=key))
            for part in answer_parts(pull, snapshot, self._limits.publish, hub_time=wall)
        ]

    def _broadcast(self, feed: FeedName, head: int, now_s: float) -> Publish | None:
        sender = self._senders.get(feed)
        if sender is None or head < sender.published:
            # The first sight of a feed, or of a database that was put back to an older state.
            sender = self._senders[feed] = FeedSender(feed, head=head, limits=self._limits.publish)
        key = self._keys.feed_key(feed)
        if key is None or not sender.due(head, now_s):
            return None
        published = sender.published
        if head > published:
            snapshot = self._store.snapshot(feed, published)
        else:
            snapshot = FeedSnapshot(self._store.lineage, published, published, (), ())
        topic = feed_topic(feed)
        return Publish(topic, encode(sender.broadcast(snapshot, now_s), topic=topic, key=key))
