"""What a single event means beside stock: a receipt for the lists, its matters, why it cannot be stored in columns."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from hub.matters.parts import parts_of
from hub.storage.records import EpochKey, LoggedMatter, Promise, SaleFact
from protocol.event import Event
from protocol.events import EventData, OrderHandedOver, SaleCompleted, SaleRefunded, StockLine, TransferSent
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
        key, sequence, "refund" if refund else "sale", at, data.receipt_number, data.business_day, data.currency,
        -data.total if refund else data.total, sum([line.quantity for line in data.lines]),
    )  # fmt: skip


def matters_of(key: EpochKey, sequence: int, data: EventData, at: datetime) -> list[LoggedMatter]:
    """The matters that an event belongs to; none for an ordinary sale."""
    parts = parts_of(data, key.store, key.terminal)
    return [LoggedMatter(key, sequence, at, part) for part in parts] if parts else []


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
    if isinstance(data, SaleCompleted) and _is_plain(data) and YEAR_MIN <= event.time.year <= YEAR_MAX:
        return None  # and so it is a thousand times as often as not
    facts = _facts(data)
    reasons = (
        (
            any(not YEAR_MIN <= at.year <= YEAR_MAX for at in (event.time, *facts.times)),
            f"a time outside of the years {YEAR_MIN} to {YEAR_MAX}",
        ),
        (_NUL in " ".join(facts.words), "a zero character in a word"),
        (
            max(map(abs, facts.quantities), default=0) > QUANTITY_MAX,
            f"a quantity past {QUANTITY_MAX} thousandths",
        ),
        (max(map(abs, facts.amounts), default=0) > AMOUNT_MAX, f"an amount past {AMOUNT_MAX} minor units"),
    )
    return next((words for wrong, words in reasons if wrong), None)


class _Facts(msgspec.Struct):
    """What of an event goes into columns, or into sums and documents behind the ingest."""

    words: list[str] = msgspec.field(default_factory=list)
    quantities: list[int] = msgspec.field(default_factory=list)
    amounts: list[int] = msgspec.field(default_factory=list)
    times: list[datetime] = msgspec.field(default_factory=list)

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


def _is_plain(data: SaleCompleted) -> bool:
    """Whether all that goes into columns is as in almost every sale: one walk, and nothing made of it."""
    for line in data.lines:
        if line.moves or line.lot or _NUL in line.sku or not -QUANTITY_MAX <= line.quantity <= QUANTITY_MAX:
            return False
    for tender in data.tenders:
        if tender.reference or not -AMOUNT_MAX <= tender.amount <= AMOUNT_MAX:
            return False
    return (
        -AMOUNT_MAX <= data.total <= AMOUNT_MAX and _NUL not in data.receipt_number and _NUL not in data.customer
    )  # fmt: skip


def _facts_of_sale(data: SaleCompleted | SaleRefunded) -> _Facts:
    """The few columns of a sale, named and read at once."""
    words = [data.receipt_number, data.customer]
    quantities = []
    amounts = [data.total]
    moves: tuple[StockLine, ...] = ()
    for line in data.lines:
        words.append(line.sku)
        quantities.append(line.quantity)
        if line.lot:
            words.append(line.lot)
        if line.moves:
            moves += line.moves
    for tender in data.tenders:
        amounts.append(tender.amount)
        if tender.reference:
            words.append(tender.reference)
    facts = _Facts(words, quantities, amounts)
    for moved in moves:
        facts.take(moved)
    return facts


def _facts(data: EventData | None) -> _Facts:
    if isinstance(data, SaleCompleted | SaleRefunded):
        facts = _facts_of_sale(data)
        if isinstance(data, SaleRefunded):
            facts.words.append(data.original_receipt or "")
        return facts
    facts = _Facts()
    facts.take(data)
    return facts
