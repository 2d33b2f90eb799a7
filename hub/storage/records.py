"""What is written to the hub's database: the facts of one ledger transaction, as values.

A plan is made by pure code from what the transaction reads under its row locks; a store only writes it down. The
order of the fields is the order in which a store writes them. What comes once a sale or more is a `msgspec.Struct`:
making one costs a quarter of a frozen dataclass, and no collector walks them (`gc=False`), as none can be in a cycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from hub.matters.parts import Part
from hub.stock.level import Level
from protocol.documents import DocumentBody
from protocol.event import Digest
from protocol.ids import FeedName, Sku, StoreId, TerminalId
from protocol.journal_receiver import JournalCursor
from protocol.messages import EpochRequest
from protocol.movements import Movement

HUB_SOURCE = TerminalId("~hub")
"""Stands for a terminal where the hub itself moves stock; no terminal can be called that."""

CHANNEL_SOURCE = TerminalId("~channel")
"""Stands for a terminal where people did it in a channel's own screens; the reason begins with the channel's name."""

AlarmKind = Literal[
    "fork", "parked", "broken_chain", "restored", "bad_frames", "clock",
    "returned_twice", "return_unknown", "voucher_overspent", "transfer_differs", "shift_differs", "oversold",
    "handed_over_twice", "channel_aside",
]  # fmt: skip


class EpochKey(NamedTuple):
    """One epoch of one terminal: what a journal cursor belongs to."""

    store: StoreId
    terminal: TerminalId
    epoch: int


class LevelKey(NamedTuple):
    """One SKU in one store: what a level belongs to."""

    store: StoreId
    sku: Sku


class Promise(NamedTuple):
    """Something promised at a store: a web order that is to be gathered, or a transfer that is to be sent."""

    store: StoreId
    kind: Literal["order", "transfer"]
    key: str


class Place(NamedTuple):
    """Where an event stands in the log."""

    terminal: TerminalId
    epoch: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.terminal}/{self.epoch}/{self.sequence}"


class LoggedEvent(msgspec.Struct, frozen=True, gc=False):
    """An event for the log, its bytes as they came. `event_id` and `at` are None when nobody could read them.

    `duplicate_of` names the place of the same event in another epoch or journal: kept, but it counts for nothing.
    """

    key: EpochKey
    sequence: int
    digest: Digest
    raw: bytes
    event_id: str | None
    type: str | None
    at: datetime | None
    duplicate_of: str | None = None


class Identified(NamedTuple):
    """What an event in the log is that nobody could read when it came; `duplicate_of` as there."""

    key: EpochKey
    sequence: int
    event_id: str
    type: str
    at: datetime
    duplicate_of: str | None


class LedgerMovement(msgspec.Struct, frozen=True, gc=False):
    """A movement and where it comes from; for the hub's own, `key.terminal` is HUB_SOURCE and epoch is 0."""

    key: EpochKey
    sequence: int
    movement: Movement
    reason: str = ""


class Moved(msgspec.Struct, frozen=True, gc=False):
    """What is to be added to a level: `delta` thousandths, of movements at `first_at` or later.

    It holds for a level that stands on no count at `first_at` or later; else what came before that count is left out.
    """

    delta: int
    first_at: datetime


class SaleFact(msgspec.Struct, frozen=True, gc=False):
    """A receipt for the dashboard's lists. A refund's total is negative; `item_count` is in thousandths."""

    key: EpochKey
    sequence: int
    kind: Literal["sale", "refund"]
    at: datetime
    receipt_number: str
    business_day: date
    currency: str
    total: int
    item_count: int


class LoggedMatter(NamedTuple):
    """An event's part in a matter, and where the event stands."""

    key: EpochKey
    sequence: int
    at: datetime
    part: Part


@dataclass(frozen=True)
class ParkedEvent:
    """An event that waits for an upgrade or for a person. A fork's event is in no log, so its bytes are here."""

    key: EpochKey
    sequence: int
    event_id: str | None
    reason: str
    text: str
    raw: bytes
    resolved: bool = False


@dataclass(frozen=True)
class Alarm:
    """Something for a person. The same (kind, store, terminal, subject) again counts up.

    `subject` is what it is about, such as a receipt or a voucher; "" for the terminal itself.
    """

    kind: AlarmKind
    store: str
    terminal: str
    text: str
    count: int = 1
    subject: str = ""

    @staticmethod
    def for_grant(store: StoreId, terminal: TerminalId, request: EpochRequest, epoch: int) -> Alarm:
        """What a person should know about an epoch that a terminal asked for and got."""
        kinds: dict[str, AlarmKind] = {"restored": "restored", "broken": "broken_chain"}
        text = f"asked for a new epoch ({request.reason}) and got {epoch}"
        return Alarm(kinds.get(request.reason, "fork"), store, terminal, text)

    @staticmethod
    def for_twin(store: StoreId, terminal: TerminalId, epoch: int, newest: int) -> Alarm:
        """What a person should know about a PC that goes on in an epoch which its till has left."""
        text = f"epoch {epoch} is still in use, though {newest} was granted: another PC runs as this till"
        return Alarm("fork", store, terminal, text)


TWIN_AFTER = timedelta(seconds=10)
"""A till whose new epoch was granted says so at once. Who reports an older one so much later is another PC."""


@dataclass(frozen=True)
class DocumentPut:
    """A document that the office puts. `sets_rest`: what it says of a rest (owed, left, to come) holds from now on."""

    key: str
    body: DocumentBody
    sets_rest: bool = True


@dataclass(frozen=True)
class KeptDocument:
    """A document as tills have it; `body` is JSON."""

    feed: FeedName
    kind: str
    key: str
    body: str


class WaitingEntry(NamedTuple):
    """An event that waits for what it is about: a refund for its sale, a voucher's use for its issue."""

    kind: str
    key: str
    role: str
    store: str
    terminal: str
    at: datetime


@dataclass(frozen=True)
class LedgerWrites:
    """What one transaction writes, all or nothing.

    `revisions` are the feed revisions of the stores in which anything changed; levels and cursors take theirs from
    there. `resolved_forks` are the ids of parked fork events that have now come properly, `replayed` the places of
    parked events that could be read at last, `identified` what those of them are whose very id could not be read.
    `levels` are levels as they become, `moves` what is added to others: nobody has to read those that only sell.
    `reservations` are what is promised from now on, by promise and SKU (0: nothing); `levels` must agree with them.
    `matters` say of events what else they are about; what follows from that is settled behind the ingest.
    """

    at: datetime
    revisions: Mapping[StoreId, int]
    events: tuple[LoggedEvent, ...] = ()
    movements: tuple[LedgerMovement, ...] = ()
    sales: tuple[SaleFact, ...] = ()
    moves: Mapping[tuple[StoreId, Sku], Moved] = field(default_factory=dict)
    levels: Mapping[LevelKey, Level] = field(default_factory=dict)
    cursors: Mapping[EpochKey, JournalCursor] = field(default_factory=dict)
    parked: tuple[ParkedEvent, ...] = ()
    resolved_forks: frozenset[tuple[StoreId, str]] = frozenset()
    replayed: tuple[tuple[EpochKey, int], ...] = ()
    identified: tuple[Identified, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    matters: tuple[LoggedMatter, ...] = ()
    reservations: Mapping[tuple[Promise, Sku], int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write at all."""
        return not (self.revisions or self.parked or self.alarms or self.replayed)
