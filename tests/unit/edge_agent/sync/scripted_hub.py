"""A hub that says what the test tells it to, over frames with the right keys; and a till that it talks to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from edge_agent.journal.memory import MemoryJournal
from edge_agent.journal.record import record
from edge_agent.replica.memory import MemoryReplica
from edge_agent.sync.heard import Heard
from edge_agent.sync.identity import TerminalIdentity
from edge_agent.sync.session import SessionLimits, TerminalSession
from protocol import frame
from protocol.documents import Document, Item, Stock
from protocol.event import Digest
from protocol.events import SaleCompleted, SaleLine
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, TerminalId, store_feed
from protocol.link import Publish
from protocol.messages import Ack, AckStatus, Batch, FeedUpdate, Message
from protocol.topics import DownLeaf, feed_topic, terminal_topic

STORE, TERMINAL = StoreId("hn01"), TerminalId("t1")
STORE_FEED = store_feed(STORE)
KEY, STORE_KEY, GLOBAL_KEY = Key(b"t" * 32), Key(b"s" * 32), Key(b"g" * 32)
IDENTITY = TerminalIdentity(STORE, TERMINAL, KEY, STORE_KEY, GLOBAL_KEY)
START = datetime(2026, 11, 22, 8, tzinfo=UTC)
M = TypeVar("M", bound=Message)


def topic(leaf: str) -> str:
    """A topic of this terminal."""
    return terminal_topic(STORE, TERMINAL, leaf)  # type: ignore[arg-type]  # tests name leaves of both directions


class Till:
    """A session over memory, and a clock that the test moves."""

    def __init__(self, *, nonce: str = "nonce-of-this-start", limits: SessionLimits | None = None) -> None:
        self.journal = MemoryJournal(STORE, TERMINAL, epoch=1)
        self.replica = MemoryReplica(STORE, TERMINAL)
        self.limits = limits
        self.now_s = 100.0
        self.session = self.make_session(nonce)

    def make_session(self, nonce: str) -> TerminalSession:
        """What a start of the agent makes."""
        return TerminalSession(IDENTITY, self.journal, self.replica, nonce=nonce, limits=self.limits)

    def restart(self, nonce: str) -> None:
        """Crash and start: only journal and replica are left."""
        self.session = self.make_session(nonce)

    @property
    def wall(self) -> datetime:
        """This PC's clock."""
        return START + timedelta(seconds=self.now_s)

    def connect(self) -> list[Publish]:
        """Connect, and take what is said at once."""
        self.session.connect(self.now_s)
        return self.poll()

    def poll(self, *, after_s: float = 0.0) -> list[Publish]:
        """What the till publishes after a while."""
        self.now_s += after_s
        return self.session.poll(self.now_s, self.wall)

    def sell(self, sku: str = "NUOC", quantity: int = 1000) -> None:
        """A sale that the cashier has confirmed."""
        number = self.journal.tail + 1
        line = SaleLine(sku=sku, name=sku, quantity=quantity, unit_price=1, amount=1)
        fact = SaleCompleted(
            receipt_number=f"r{number}", business_day=START.date(), currency="VND", cashier="lan", lines=(line,),
            tenders=(), total=1,
        )  # fmt: skip
        record(self.journal, self.replica, fact, event_id=f"id-{self.journal.epoch}-{number}", time=self.wall)
        self.session.appended()

    def hear(self, leaf: DownLeaf, message: Message, *, retained: bool = False) -> Heard:
        """The hub says something to this terminal."""
        return self.hear_raw(topic(leaf), frame.encode(message, topic=topic(leaf), key=KEY), retained=retained)

    def hear_feed(self, update: FeedUpdate) -> Heard:
        """The hub broadcasts."""
        key = GLOBAL_KEY if update.feed == GLOBAL_FEED else STORE_KEY
        name = feed_topic(FeedName(update.feed))
        return self.hear_raw(name, frame.encode(update, topic=name, key=key))

    def hear_raw(self, name: str, payload: bytes, *, retained: bool = False) -> Heard:
        """Bytes on a topic."""
        return self.session.receive(name, payload, retained=retained, now_s=self.now_s, wall=self.wall)

    def ack(  # noqa: PLR0913 - an ack's attributes, each with the usual value
        self, sequence: int, *, status: AckStatus = "ok", epoch: int = 1, digest: Digest | None = None,
        hub_time: datetime | None = None, retained: bool = False,
    ) -> Heard:  # fmt: skip
        """The hub acknowledges; with the journal's own digest if none is given."""
        own = digest or self.journal.digest_at(sequence) or Digest(bytes(32))
        time = hub_time or self.wall
        return self.hear(
            "ack", Ack(epoch=epoch, sequence=sequence, digest=own.hex(), hub_time=time, status=status),
            retained=retained,
        )  # fmt: skip


def said(out: Sequence[Publish], leaf: str, kind: type[M]) -> list[M]:
    """The messages of a kind among what was published."""
    name = topic(leaf)
    return [frame.decode(one.payload, kind, topic=name, key=KEY) for one in out if one.topic == name]


def batches(out: Sequence[Publish]) -> list[Batch]:
    """The journal batches among what was published."""
    name = topic("journal")
    return [frame.decode_batch(one.payload, topic=name, key=KEY) for one in out if one.topic == name]


def document(body: Item | Stock, revision: int) -> Document:
    """A document of the hub."""
    kind = "item" if isinstance(body, Item) else "stock"
    return Document(kind=kind, key=body.sku, revision=revision, body=msgspec.Raw(msgspec.json.encode(body)))
