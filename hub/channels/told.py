"""What follows from the tills' journals for a channel: rows of its outbox. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from hub.storage.channel_journals import LoggedEvent, ToTell
from hub.storage.channel_records import HAND_OVER, REFUND, SALE, Message, order_lane, receipt_lane
from protocol.event import Unreadable, read_data, read_event
from protocol.events import TYPE_NAMES, OrderHandedOver, SaleCompleted, SaleRefunded

SALE_TYPE, REFUND_TYPE = TYPE_NAMES[SaleCompleted], TYPE_NAMES[SaleRefunded]
HANDED_OVER_TYPE = TYPE_NAMES[OrderHandedOver]
SALE_MAY_COME = timedelta(hours=24)
"""So long does a refund wait for its sale, which may be on a till that is offline; then it is told without it."""


class ReceiptBody(msgspec.Struct, frozen=True):
    """A sale or refund in the outbox; `data` is the event's own."""

    store: str
    terminal: str
    at: datetime
    data: msgspec.Raw


class ParcelBody(msgspec.Struct, frozen=True):
    """A hand-over in the outbox; `order` is the channel's id."""

    order: str
    store: str
    goods: dict[str, int]
    at: datetime


class CancelBody(msgspec.Struct, frozen=True):
    """An order that the hub gave up, by the channel's id."""

    order: str


class Heard(NamedTuple):
    """An event of the log and what it says; None for one that cannot be read any more."""

    logged: LoggedEvent
    at: datetime
    data: SaleCompleted | SaleRefunded | OrderHandedOver | None


@dataclass(frozen=True)
class Telling:
    """What a channel wants: receipts of some stores (None: of none, empty: of all), and which orders are its own.

    `orders` gives the channel's ids by ours; `passed` are receipts whose sales it was told, or never will be.
    """

    receipts_of: frozenset[str] | None
    orders: Mapping[str, str]
    passed: frozenset[str]


def hear(logged: LoggedEvent, received: datetime) -> Heard:
    """Read an event; one that cannot be read is as of when it is looked at."""
    event = read_event(logged.raw)
    if isinstance(event, Unreadable):
        return Heard(logged, received, None)
    data = read_data(event)
    return Heard(logged, event.time, data if isinstance(data, SaleCompleted | SaleRefunded | OrderHandedOver) else None)


def orders_named(heard: Sequence[Heard]) -> frozenset[str]:
    """The orders that were handed over."""
    return frozenset(one.data.order for one in heard if isinstance(one.data, OrderHandedOver))


def receipts_named(heard: Sequence[Heard]) -> frozenset[str]:
    """The receipts that refunds are of."""
    refunds = (one.data for one in heard if isinstance(one.data, SaleRefunded))
    return frozenset(data.original_receipt for data in refunds if data.original_receipt)


def to_tell(heard: Sequence[Heard], telling: Telling, now: datetime) -> ToTell:
    """What these events put into the channel's outbox."""
    at_once: list[Message] = []
    later: list[Message] = []
    came = {one.data.receipt_number for one in heard if isinstance(one.data, SaleCompleted)}
    known = telling.passed | came
    for one in heard:
        store, key = one.logged.key.store, one.logged.id
        match one.data:
            case OrderHandedOver(order=order) as left if order in telling.orders:
                at_once.append(_parcel(one, left, telling.orders[order]))
            case OrderHandedOver():
                pass
            case _ if telling.receipts_of is None or (telling.receipts_of and store not in telling.receipts_of):
                pass
            case SaleCompleted(receipt_number=number):
                at_once.append(Message(receipt_lane(number), SALE, key, _receipt(one)))
            case SaleRefunded(original_receipt=original, receipt_number=number):
                row = Message(receipt_lane(original or number), REFUND, key, _receipt(one))
                (later if original and original not in known else at_once).append(row)
            case None:
                at_once.append(Message(f"event:{key}", SALE, key, _receipt(one)))
    return ToTell(at_once, later, now + SALE_MAY_COME, frozenset(map(receipt_lane, came)))


def _parcel(one: Heard, left: OrderHandedOver, order: str) -> Message:
    goods: Counter[str] = Counter()
    for line in left.lines:
        goods[line.sku] += line.quantity
    body = ParcelBody(order, one.logged.key.store, dict(sorted(goods.items())), one.at)
    return Message(order_lane(order), HAND_OVER, one.logged.id, _text(body))


def _receipt(one: Heard) -> str:
    key = one.logged.key
    data = msgspec.Raw(b"null" if one.data is None else msgspec.json.encode(one.data))
    return _text(ReceiptBody(key.store, key.terminal, one.at, data))


def _text(body: msgspec.Struct) -> str:
    return msgspec.json.encode(body).decode()
