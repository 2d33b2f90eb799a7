"""What the tables of channels hold, as values; see `schema_channels.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, get_args

OutboxState = Literal["waiting", "parked", "done"]
OUTBOX_STATES: tuple[OutboxState, ...] = get_args(OutboxState)
OfferState = Literal["done", "due", "parked"]


@dataclass(frozen=True)
class ChannelSetup:
    """A channel that the shop has set up. `changed_at` moves whenever settings, secrets or `enabled` do."""

    name: str
    kind: str
    settings: Mapping[str, str]
    enabled: bool
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class PartState:
    """How one part of a channel's work is. `failures` are those in a row; nothing is tried before `not_before`.

    `holder` is the process that does it, until `held_until`; "" for nobody.
    """

    cursor: str = ""
    asked_at: datetime | None = None
    fine_at: datetime | None = None
    failures: int = 0
    not_before: datetime | None = None
    problem: str = ""
    holder: str = ""
    held_until: datetime | None = None


class PartTimes(NamedTuple):
    """When a part was last asked and last fine, as the process that does it remembers."""

    channel: str
    part: str
    asked_at: datetime | None
    fine_at: datetime | None


@dataclass(frozen=True)
class LinkRow:
    """A link as it is stored: `ours` is `theirs`, found by the connector or said by a person."""

    kind: str
    ours: str
    theirs: str
    more: Mapping[str, str] = field(default_factory=dict)
    by_hand: bool = False
    at: datetime | None = None


class Message(NamedTuple):
    """Something to be told to a channel: `body` is JSON, in order within `lane`, once for each kind and key."""

    lane: str
    kind: str
    key: str
    body: str


@dataclass(frozen=True)
class OutboxRow:
    """A row of the outbox. `attempts` counts how often it was claimed, this time included."""

    position: int
    channel: str
    lane: str
    kind: str
    key: str
    body: str
    state: OutboxState
    attempts: int
    due_at: datetime
    words: str
    theirs: str
    created_at: datetime
    done_at: datetime | None = None
    claimed_until: datetime | None = None


SALE, REFUND, HAND_OVER, CANCEL = "sale", "refund", "hand_over", "cancel"
"""What is told to channels by way of the outbox. Within a lane a sale comes before all else, whenever it came."""


def order_lane(order: str) -> str:
    """Where everything about one of the channel's orders stands in line, by the channel's id."""
    return f"order:{order}"


def receipt_lane(number: str) -> str:
    """Where a sale and all that comes back of it stand in line."""
    return f"receipt:{number}"


class OutboxCount(NamedTuple):
    """What waits for a channel: how many rows, how many are parked, since when the oldest waits."""

    waiting: int = 0
    parked: int = 0
    oldest_at: datetime | None = None


class Want(NamedTuple):
    """What a channel is to offer of a SKU at a location, beside what it was told last.

    `counted` names the channel's own open orders that `available` has been lessened by: if those change, the channel
    must be told again though the number is the same, since it subtracts them itself.
    """

    sku: str
    location: str
    available: int
    counted: str
    sent: int | None
    sent_counted: str
    state: OfferState | None
    attempts: int
    due_at: datetime | None


class Offered(NamedTuple):
    """What became of telling a channel one level; `due_at` is when it is to be told again."""

    want: Want
    state: OfferState
    words: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True)
class OfferRow:
    """What a channel was last told of a SKU at a location."""

    location: str
    sku: str
    sent: int | None
    sent_at: datetime | None
    state: OfferState
    attempts: int
    due_at: datetime | None
    words: str
