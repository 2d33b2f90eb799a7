"""What a single event means beside stock: a receipt for the lists, its matters, why it cannot be stored in columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec

from hub.matters.parts import parts_of
from hub.storage.records import EpochKey, LoggedMatter, Promise, SaleFact
from protocol.event import Event
from protocol.events import EventData, OrderHandedOver, SaleCompleted, SaleRefunded, TransferSent
from protocol.ids import StoreId
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


def matters_of(key: EpochKey, sequence: int, data: EventData, at: datetime) -> list[LoggedMatter]:
    """The matters that an event belongs to; none for an ordinary sale."""
    return [LoggedMatter(key, sequence, at, part) for part in parts_of(data, key.store, key.terminal)]


def promise_kept(data: EventData, store: StoreId) -> Promise | None:
    """What was promised and has left the store with this event; None for almost every event."""
    match data:
        case OrderHandedOver():
            return Promise(store, "order", data.order)
        case TransferSent():
            return Promise(store, "transfer", data.transfer)
        case _:
            return None


def unstorable(event: Event, data: EventData | None) -> str | None:
    """Say why an event's facts cannot go into columns, or None. Its bytes can always be kept.

    A zero character cannot be stored in PostgreSQL's text, and numbers past all reason would one day overflow a sum;
    either would make the transaction fail for good, and so stop the store behind it.
    """
    if _NUL in event.id or _NUL in event.type or not 0 < len(event.id) <= EVENT_ID_MAX:
        return f"the event's id is empty, longer than {EVENT_ID_MAX}, or has a zero character"
    facts = _facts(data)
    if any(not YEAR_MIN <= at.year <= YEAR_MAX for at in (event.time, *facts.times)):
        return f"a time outside of the years {YEAR_MIN} to {YEAR_MAX}"
    if _NUL in " ".join(facts.words):
        return "a zero character in a word"
    if max(map(abs, facts.quantities), default=0) > QUANTITY_MAX:
        return f"a quantity past {QUANTITY_MAX} thousandths"
    if max(map(abs, facts.amounts), default=0) > AMOUNT_MAX:
        return f"an amount past {AMOUNT_MAX} minor units"
    return None


@dataclass
class _Facts:
    """What of an event goes into columns, or into sums and documents behind the ingest."""

    words: list[str] = field(default_factory=list)
    quantities: list[int] = field(default_factory=list)
    amounts: list[int] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)

    def take(self, value: object, name: str = "") -> None:
        """Everything in a struct, however deep; an event's decoder has bounded that."""
        match value:
            case bool() | None:
                pass
            case str():
                self.words.append(value)
            case int():
                (self.quantities if name == "quantity" else self.amounts).append(value)
            case datetime():
                self.times.append(value)
            case date():
                pass
            case tuple():
                for inner in value:
                    self.take(inner)
            case msgspec.Struct():
                for found in value.__struct_fields__:
                    self.take(getattr(value, found), found)


def _facts(data: EventData | None) -> _Facts:
    facts = _Facts()
    match data:
        case SaleCompleted(lines=lines, tenders=tenders) | SaleRefunded(lines=lines, tenders=tenders):
            # The one that comes a thousand times as often as all others, so its few columns are named.
            facts.words = [data.receipt_number, data.customer, *(line.sku for line in lines)]
            facts.words += [tender.reference for tender in tenders if tender.reference]
            facts.words += [line.lot for line in lines if line.lot]
            facts.quantities = [line.quantity for line in lines]
            for moved in (part for line in lines if line.moves for part in line.moves):
                facts.take(moved)
            facts.amounts = [data.total, *(tender.amount for tender in tenders)]
            if isinstance(data, SaleRefunded):
                facts.words.append(data.original_receipt or "")
        case _:
            facts.take(data)
    return facts
