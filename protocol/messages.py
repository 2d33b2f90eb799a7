"""The messages of the link, as structs; `frame.py` puts them into authenticated bytes, `topics.py` says where.

Up: journal batch, status, pull, epoch request, answer, ask. Down: ack, grant, feed update, chunk, command, told.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from protocol.documents import Document
from protocol.event import Digest
from protocol.events import Moment, SaleCompleted

AckStatus = Literal["ok", "gap", "fork", "broken", "unknown_epoch"]
DeviceState = Literal["absent", "opening", "ready", "degraded", "fault", "backoff"]


class _Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Messages are facts too; an unknown field from a newer peer is ignored."""


class BatchHeader(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """The first line of a journal batch; the events follow, one a line, contiguous from `first`."""

    epoch: int
    first: Annotated[int, msgspec.Meta(ge=1)]
    count: Annotated[int, msgspec.Meta(ge=1)]
    previous: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    sent_at: Moment


class Batch(msgspec.Struct, frozen=True):
    """A journal batch as read from a frame: raw event bytes in order, unchecked beyond the frame's HMAC."""

    epoch: int
    first: int
    previous: Digest
    sent_at: datetime
    events: tuple[bytes, ...]

    @property
    def last(self) -> int:
        """The sequence of the last event."""
        return self.first + len(self.events) - 1


class Ack(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """What the hub has committed of one epoch, cumulative. Only "ok" says that all is well; see journal_sender."""

    epoch: int
    sequence: int
    digest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    hub_time: Moment
    status: AckStatus = "ok"


class EpochRequest(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """A terminal cannot use its epoch any more and asks for a new one. `nonce` ties the grant to this PC."""

    epoch: int
    reason: Literal["fork", "restored", "broken", "unknown_epoch"]
    nonce: Annotated[str, msgspec.Meta(min_length=16, max_length=64)]


class EpochGrant(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """The hub's answer to the request with this nonce. Asked again, it answers the same."""

    epoch: int
    nonce: str


class Cursor(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """Up to which sequence of one terminal's epoch the levels of this feed update count its journal."""

    terminal: str
    epoch: int
    sequence: int


class SnapshotOffer(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """The whole state of a feed at `revision` waits on the hub's web as one compressed file: see `snapshot.py`.

    The file is below `url`, the address of the hub's web ("" if the hub does not know it), at `path`. `digest` is
    SHA-256 of the file and its ETag; `size_bytes` is its size, `documents` how many it holds.
    """

    path: Annotated[str, msgspec.Meta(pattern="^/[A-Za-z0-9_./-]{1,250}$")]
    digest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    size_bytes: Annotated[int, msgspec.Meta(ge=1)]
    documents: Annotated[int, msgspec.Meta(ge=0)]
    revision: Annotated[int, msgspec.Meta(ge=0)]
    url: Annotated[str, msgspec.Meta(max_length=250)] = ""


class FeedUpdate(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """What changed on a feed in (from_rev, to_rev], coalesced by key.

    A broadcast has no `request`. A pull's answer has the request's id and comes in parts 0..n, of which only the
    `last` moves the terminal's revision; from_rev 0 is the whole state and replaces what the terminal had.
    `lineage` names the hub's database: another one means that revisions start anew. The first part of an answer says
    what the hub's clock showed, so that a till knows the time before it sells, and how many documents come in `total`
    (0: an older hub, which does not say). A part with an `offer` is the only one: the state is to be fetched.
    """

    feed: str
    lineage: str
    from_rev: int
    to_rev: int
    documents: tuple[Document, ...] = ()
    cursors: tuple[Cursor, ...] = ()
    request: str = ""
    part: int = 0
    last: bool = True
    hub_time: Moment | None = None
    total: int = 0
    offer: SnapshotOffer | None = None


class Pull(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """A terminal asks for what changed since `revision` of `lineage`; `snapshots`: an offer is an answer, too."""

    feed: str
    lineage: str
    revision: int
    request: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    snapshots: bool = False


class Loading(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """How far a till is with a first load, or one after a long absence.

    `way` is "snapshot" (one file over HTTPS) or "link" (parts over the link). `problem` is "", or why it does not go
    on, or goes over the link: "no_room" (the till's disk), "web_unreachable", "no_address", "not_secure", "refused",
    "damaged".
    """

    way: Annotated[str, msgspec.Meta(max_length=32)]
    percent: Annotated[int, msgspec.Meta(ge=0, le=100)]
    problem: Annotated[str, msgspec.Meta(max_length=32)] = ""


class Status(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """Presence, retained; the last will is the same with `online` false and nothing else known."""

    online: bool
    version: str = ""
    epoch: int = 0
    tail: int = 0
    backlog: int = 0
    oldest_unsent_at: Moment | None = None
    devices: dict[str, DeviceState] = {}  # msgspec copies the empty default for each instance
    disk_free_bytes: int | None = None
    clock_offset_ms: int | None = None
    problem: str = ""
    at: Moment | None = None
    loading: Loading | None = None


class Command(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """The hub asks a terminal to do something; idempotent by `id`, void after `expires_at`."""

    id: str
    verb: Literal["sync", "reprint", "lock", "update", "diagnostics"]
    expires_at: Moment
    arguments: dict[str, str] = {}  # as above


class CommandAnswer(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a command."""

    id: str
    ok: bool
    text: str = ""


class Ask(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """A terminal asks for something that no feed brings it; no answer comes when the line is down.

    `kind` is "receipt" (key: a receipt's number; the answer is `FoundReceipt`) or "availability" (key: a SKU; the
    answer is `Elsewhere`), or a newer till's word.
    """

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Answer(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """The hub's answer to a question. `problem` is "", or "unknown" or "not_found" and then there is no body."""

    id: str
    kind: str
    key: str
    body: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))
    problem: str = ""


class ReturnedLine(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """So much of a receipt's line (from 1) has come back already."""

    line: int
    quantity: int


class FoundReceipt(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """A receipt that some till of the shop wrote, and what has come back of it as far as the hub knows."""

    sale: SaleCompleted
    store: str
    terminal: str
    at: Moment
    returned: tuple[ReturnedLine, ...] = ()


class StoreStock(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """What one store has of a SKU that can be sold; thousandths."""

    store: str
    store_name: str
    available: int


class Elsewhere(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """What all stores have of a SKU."""

    sku: str
    stores: tuple[StoreStock, ...] = ()


Message = Ack | EpochRequest | EpochGrant | FeedUpdate | Pull | Status | Command | CommandAnswer | Ask | Answer
