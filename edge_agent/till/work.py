"""Store work: goods that are received, counted, sent, taken in, written off or gathered, before it is a fact.

Pure. A work is a list that scans go to instead of the cart; finished, it is one event. A count keeps for each line the
moment at which that shelf was counted, since a count is a checkpoint in event time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from protocol.events import (
    CountedLine,
    EventData,
    OrderPicked,
    StockAdjusted,
    StockCounted,
    StockLine,
    StockReceived,
    TransferReceived,
    TransferSent,
)
from protocol.quantity import QUANTITY_MAX

WorkKind = Literal["receive", "count", "send", "take_in", "write_off", "pick"]
WorkRefusal = Literal["work_empty", "partner_missing", "reason_missing"]

LINES_MAX = 5_000
"""What one event can carry."""


@dataclass(frozen=True)
class WorkLine:
    """So much of one SKU. `expected` is what papers said, None where nobody said; `at` when it was last touched."""

    number: int
    sku: str
    name: str
    unit: str
    quantity: int
    at: datetime
    expected: int | None = None
    barcode: str = ""
    shelf: str = ""


@dataclass(frozen=True)
class Work:
    """One open work. `id` names it for good; `reference` is the purchase, transfer or order that it is about.

    `partner` is the other store, or the supplier; a work that is not `active` waits for later.
    """

    id: str
    kind: WorkKind
    by: str
    started_at: datetime
    reference: str = ""
    partner: str = ""
    document: str = ""
    active: bool = True


@dataclass(frozen=True)
class Closing:
    """What a person adds when a work is finished."""

    partner: str = ""
    document: str = ""
    reason: str = ""
    note: str = ""


def missing_in(work: Work, lines: Sequence[WorkLine], closing: Closing) -> WorkRefusal | None:
    """What a work lacks to be finished; None for nothing. A count or a gathering may well find nothing at all."""
    if not lines or (work.kind in {"receive", "send", "write_off"} and not any(line.quantity for line in lines)):
        return "work_empty"
    if work.kind == "send" and not (closing.partner or work.partner):
        return "partner_missing"
    return "reason_missing" if work.kind == "write_off" and not closing.reason else None


def fact_of(work: Work, lines: Sequence[WorkLine], closing: Closing, by: str, now: datetime) -> EventData:
    """The event of a work that lacks nothing. `now`: no line was counted later, whatever this PC's clock said then."""
    moved = tuple(StockLine(sku=line.sku, quantity=line.quantity) for line in lines if line.quantity)
    expected = tuple(StockLine(sku=line.sku, quantity=line.expected) for line in lines if line.expected)
    partner = closing.partner or work.partner
    fact: EventData
    match work.kind:
        case "receive":
            fact = StockReceived(
                lines=moved, by=by, document=closing.document or work.document, purchase=work.reference,
                expected=expected, note=closing.note,
            )  # fmt: skip
        case "count":
            counted = tuple(CountedLine(sku=line.sku, quantity=line.quantity, at=min(line.at, now)) for line in lines)
            fact = StockCounted(session=work.id, lines=counted, by=by)
        case "send":
            transfer = work.reference or work.id
            fact = TransferSent(transfer=transfer, to_store=partner, lines=moved, by=by, note=closing.note)
        case "take_in":
            fact = TransferReceived(
                transfer=work.reference or closing.document or work.id, from_store=partner, lines=moved, by=by,
                sent=expected, note=closing.note,
            )  # fmt: skip
        case "write_off":
            gone = tuple(StockLine(sku=line.sku, quantity=-line.quantity) for line in moved)
            fact = StockAdjusted(lines=gone, by=by, reason=closing.reason)
        case "pick":
            fact = OrderPicked(order=work.reference, lines=moved, by=by, short=_short(lines))
    return fact


def with_more(line: WorkLine, quantity: int, at: datetime) -> WorkLine | None:
    """The line with so much more, touched now; None for more than can be."""
    return with_quantity(line, line.quantity + quantity, at)


def with_quantity(line: WorkLine, quantity: int, at: datetime) -> WorkLine | None:
    """The line with this quantity; None for one that cannot be."""
    if not 0 <= quantity <= QUANTITY_MAX:
        return None
    return replace(line, quantity=quantity, at=at)


def differences(lines: Sequence[WorkLine], expected: Mapping[str, int] | None = None) -> tuple[WorkLine, ...]:
    """The lines that are not as expected. `expected` stands for the lines' own where it is given (a count's books)."""
    return tuple(line for line in lines if line.quantity != _expected(line, expected))


def _expected(line: WorkLine, expected: Mapping[str, int] | None) -> int:
    if expected is not None:
        return expected.get(line.sku, line.quantity)
    return line.expected if line.expected is not None else line.quantity


def _short(lines: Sequence[WorkLine]) -> tuple[StockLine, ...]:
    missing = ((line.sku, (line.expected or 0) - line.quantity) for line in lines)
    return tuple(StockLine(sku=sku, quantity=quantity) for sku, quantity in missing if quantity > 0)
