"""Drains a channel's outbox: sales in one part, all else in another, so that a day's sales delay no parcel.

Several hub processes share the rows. A row that was ever claimed may have been told, so the connector looks before it
tells it again. What the channel refuses is parked with its words, and its lane behind it; all else is tried again.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import msgspec

from hub.channels.backoff import Backoff, delay_s
from hub.channels.part import Opened
from hub.channels.ports import HandedOver, OrderSource, SaleSink, TillReceipt
from hub.channels.told import CancelBody, ParcelBody, ReceiptBody
from hub.errors import (
    ChannelError,
    ChannelRefused,
    ChannelUnauthorised,
    ChannelUnavailable,
    StorageError,
    StorageUnavailable,
)
from hub.storage.channel_journals import SqlChannelJournals
from hub.storage.channel_outbox import Claim, SqlOutbox
from hub.storage.channel_records import CANCEL, HAND_OVER, REFUND, SALE, LinkRow, OutboxRow
from protocol.events import SaleCompleted, SaleRefunded

SALES_PART, OUT_PART, PEOPLE_PART = "sales", "out", "people"
IDLE_S, TAKEN_S = 2.0, 0.1
CLAIMED_AT_ONCE = 10
CLAIM = timedelta(seconds=180)
CLAIM_USED_S = 60.0
"""Nothing is begun later than this after a claim: what was begun has two minutes to end before others may claim it."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sent:
    """What became of a row: the channel's id of it, and the links that follow."""

    theirs: str = ""
    links: Sequence[LinkRow] = ()


Sender = Callable[[OutboxRow, bool], Sent]
"""Tells the channel a row; the flag says that it may be known there. Raises ChannelError's children."""
Senders = Mapping[str, Sender]


@dataclass(frozen=True)
class OutboxTools:
    """What outbox parts work with. `chance` is 0 to 1."""

    outbox: SqlOutbox
    wall: Callable[[], datetime]
    clock_s: Callable[[], float]
    chance: Callable[[], float]
    backoff: Backoff = field(default_factory=Backoff)


class OutboxPart:
    """See Part: sends rows of some kinds."""

    def __init__(self, opened: Opened, senders: Senders, tools: OutboxTools) -> None:
        self._opened = opened
        self._senders = senders
        self._kinds = sorted(senders)
        self._tools = tools

    def step(self, now: datetime) -> float:
        """See Part."""
        outbox, name = self._tools.outbox, self._opened.name
        due = outbox.next_due(name, self._kinds, now)
        if due is None or due > now:
            return IDLE_S if due is None else min(IDLE_S, (due - now).total_seconds())
        begun_s = self._tools.clock_s()
        rows = list(outbox.claim(name, self._kinds, Claim(self._opened.holder, now, now + CLAIM), CLAIMED_AT_ONCE))
        if not rows:  # another process was quicker
            return TAKEN_S
        try:
            while rows and self._tools.clock_s() - begun_s < CLAIM_USED_S:
                self._send(rows.pop(0))
        finally:
            # Else they would wait until the claim runs out; what is lost with the database does.
            with contextlib.suppress(StorageUnavailable):
                outbox.give_back(rows, self._opened.holder)
        return 0.0

    def _send(self, row: OutboxRow) -> None:
        outbox, holder = self._tools.outbox, self._opened.holder
        try:
            sent = self._senders[row.kind](row, row.attempts > 1)
        except (ChannelUnavailable, ChannelUnauthorised) as error:
            asked = error.retry_after_s if isinstance(error, ChannelUnavailable) else None
            wait_s = delay_s(self._tools.backoff, row.attempts, self._tools.chance(), asked)
            outbox.again(row, holder, self._tools.wall() + timedelta(seconds=wait_s), str(error))
            raise
        except ChannelError as error:
            self._park(row, str(error) or type(error).__name__)
            return
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - as the next line says
            # A mistake of ours that this very row brings out must not hold up all others.
            _log.exception("telling a channel failed", extra={"channel": row.channel, "key": row.key})
            self._park(row, f"a mistake of ours, see the log: {type(error).__name__}: {error}")
            return
        if not outbox.done(row, holder, self._tools.wall(), sent.theirs, sent.links):
            _log.warning(
                "a message took so long that another process may tell it, too: it will look first",
                extra={"channel": row.channel, "kind": row.kind, "key": row.key},
            )

    def _park(self, row: OutboxRow, words: str) -> None:
        self._tools.outbox.park(row, self._opened.holder, words)
        _log.warning(
            "a message to a channel is parked",
            extra={"channel": row.channel, "kind": row.kind, "key": row.key, "words": words},
        )


def receipt_senders(sink: SaleSink, journals: SqlChannelJournals) -> Senders:
    """What tells a channel sales and refunds."""
    send = partial(_send_receipt, sink, journals)
    return {SALE: send, REFUND: send}


def order_senders(orders: OrderSource) -> Senders:
    """What tells a channel what became of its orders."""
    return {HAND_OVER: partial(_send_parcel, orders), CANCEL: partial(_send_cancellation, orders)}


def make_sales_part(tools: OutboxTools, journals: SqlChannelJournals, opened: Opened) -> OutboxPart | None:
    """The part that tells sales, for a channel that takes them; None for others."""
    sink = opened.channel.sales
    return None if sink is None else OutboxPart(opened, receipt_senders(sink, journals), tools)


def make_out_part(tools: OutboxTools, opened: Opened) -> OutboxPart | None:
    """The part that tells what became of orders, for a channel that has some; None for others."""
    orders = opened.channel.orders
    return None if orders is None else OutboxPart(opened, order_senders(orders), tools)


def make_people_part(
    tools: OutboxTools, senders_of: Callable[[Opened], Senders], opened: Opened
) -> OutboxPart | None:  # fmt: skip
    """The part that tells of people, if `senders_of` has what the channel takes.

    One of its own, since a channel's first day may bring a hundred thousand of them, and no parcel may wait for that.
    """
    senders = senders_of(opened)
    return OutboxPart(opened, senders, tools) if senders else None


def _send_receipt(sink: SaleSink, journals: SqlChannelJournals, row: OutboxRow, may_be_known: bool) -> Sent:
    body = _read(row, ReceiptBody)
    data = _read_receipt(row, body)
    original = data.original_receipt if isinstance(data, SaleRefunded) else None
    key = journals.sale_id(original, body.store) if original else ""
    receipt = TillReceipt(row.key, body.store, body.terminal, body.at, data, key)
    theirs = sink.record(receipt, may_be_known=may_be_known)
    return Sent(theirs, [LinkRow("sale", row.key, theirs)] if theirs else [])


def _send_parcel(orders: OrderSource, row: OutboxRow, may_be_known: bool) -> Sent:
    body = _read(row, ParcelBody)
    parcel = HandedOver(row.key, body.order, body.store, body.goods, body.at)
    theirs = orders.hand_over(parcel, may_be_known=may_be_known)
    return Sent(theirs, [LinkRow("order", parcel_name(row.key), theirs)] if theirs else [])


def _send_cancellation(orders: OrderSource, row: OutboxRow, may_be_known: bool) -> Sent:
    orders.cancel(_read(row, CancelBody).order, may_be_known=may_be_known)
    return Sent()


def parcel_name(key: str) -> str:
    """What a hand-over is called among the links of kind "order", so that its echo is known."""
    return f"parcel:{key}"


_Body = TypeVar("_Body", bound=msgspec.Struct)


def _read(row: OutboxRow, kind: type[_Body]) -> _Body:
    try:
        return msgspec.json.decode(row.body, type=kind)
    except msgspec.DecodeError as error:
        raise ChannelRefused(f"cannot be read any more: {error}; it was written by another release") from error


def _read_receipt(row: OutboxRow, body: ReceiptBody) -> SaleCompleted | SaleRefunded:
    try:
        if row.kind == REFUND:
            return msgspec.json.decode(body.data, type=SaleRefunded)
        return msgspec.json.decode(body.data, type=SaleCompleted)
    except msgspec.DecodeError as error:
        raise ChannelRefused(f"the receipt cannot be read: {error}") from error
