"""What a single event means beside stock: a receipt for the lists, or a reason why it cannot be stored in columns."""

from __future__ import annotations

from datetime import datetime

from hub.storage.records import EpochKey, SaleFact
from protocol.event import Event
from protocol.events import (
    EventData,
    OrderHandedOver,
    SaleCompleted,
    SaleRefunded,
    StockAdjusted,
    StockCounted,
    StockReceived,
    TransferReceived,
    TransferSent,
)
from protocol.quantity import QUANTITY_MAX

AMOUNT_MAX = 10**15
"""Past any receipt in any currency, and sums of thousands of them still fit a 64-bit column."""

EVENT_ID_MAX = 128
YEAR_MIN, YEAR_MAX = 2000, 2200
"""No till sells outside of them, and arithmetic with times stays inside of what datetime can hold."""

_NUL = "\x00"


def sale_of(key: EpochKey, sequence: int, data: EventData, at: datetime) -> SaleFact | None:
    """The receipt that an event is, or None for other events."""
    if not isinstance(data, SaleCompleted | SaleRefunded):
        return None
    refund = isinstance(data, SaleRefunded)
    return SaleFact(
        key=key, sequence=sequence, kind="refund" if refund else "sale", at=at, receipt_number=data.receipt_number,
        business_day=data.business_day, currency=data.currency, total=-data.total if refund else data.total,
        item_count=sum(line.quantity for line in data.lines),
    )  # fmt: skip


def unstorable(event: Event, data: EventData | None) -> str | None:
    """Say why an event's facts cannot go into columns, or None. Its bytes can always be kept.

    A zero character cannot be stored in PostgreSQL's text, and numbers past all reason would one day overflow a sum;
    either would make the transaction fail for good, and so stop the store behind it.
    """
    if _NUL in event.id or _NUL in event.type or not 0 < len(event.id) <= EVENT_ID_MAX:
        return f"the event's id is empty, longer than {EVENT_ID_MAX}, or has a zero character"
    words, quantities, amounts = _facts(data)
    times = [event.time, *(line.at for line in data.lines)] if isinstance(data, StockCounted) else [event.time]
    if any(not YEAR_MIN <= at.year <= YEAR_MAX for at in times):
        return f"a time outside of the years {YEAR_MIN} to {YEAR_MAX}"
    if any(_NUL in word for word in words):
        return "a zero character in a SKU or a receipt number"
    if any(abs(quantity) > QUANTITY_MAX for quantity in quantities):
        return f"a quantity past {QUANTITY_MAX} thousandths"
    if any(abs(amount) > AMOUNT_MAX for amount in amounts):
        return f"an amount past {AMOUNT_MAX} minor units"
    return None


def _facts(data: EventData | None) -> tuple[list[str], list[int], list[int]]:
    match data:
        case SaleCompleted(lines=lines) | SaleRefunded(lines=lines):
            words = [data.receipt_number, *(line.sku for line in lines)]
            return words, [line.quantity for line in lines], [data.total]
        case (
            StockReceived(lines=stock)
            | StockAdjusted(lines=stock)
            | TransferSent(lines=stock)
            | TransferReceived(lines=stock)
            | OrderHandedOver(lines=stock)
        ):
            return [line.sku for line in stock], [line.quantity for line in stock], []
        case StockCounted(lines=counted):
            return [line.sku for line in counted], [line.quantity for line in counted], []
        case _:
            return [], [], []
