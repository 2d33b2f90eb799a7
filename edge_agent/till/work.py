"""Store work: goods that are received, counted, sent, taken in, written off or gathered, before it is a fact.

Pure. A work is a list that scans go to instead of the cart; finished, it is one event. A count keeps for each line the
moment at which that shelf was counted, since a count is a checkpoint in event time. One SKU may have several lines: one
for each lot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from protocol.events import (
    CountedLine,
    CountedLot,
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
WorkAsk = Literal["lot", "expiry"]
WorkRefusal = Literal["work_empty", "partner_missing", "reason_missing", "lot_missing"]

LINES_MAX = 5_000
"""What one event can carry."""

LOTS_MAX = 100
"""Of one SKU in one work: far beyond a delivery, and within what one counted line can carry."""


@dataclass(frozen=True)
class WorkLine:
    """So much of one SKU, or of one `lot` of it. `expected` is what papers said, None where nobody said.

    `at` is when it was last touched; a line that is not `is_touched` stands on the list and was not looked at yet.
    `asks` is what must still be read off these goods.
    """

    number: int
    sku: str
    name: str
    unit: str
    quantity: int
    at: datetime
    expected: int | None = None
    barcode: str = ""
    shelf: str = ""
    lot: str = ""
    expires: date | None = None
    asks: tuple[WorkAsk, ...] = ()
    is_touched: bool = True


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
    if any(line.asks and line.quantity for line in lines):
        return "lot_missing"
    if work.kind == "count" and not any(line.is_touched for line in lines):
        return "work_empty"
    if not lines or (work.kind in {"receive", "send", "write_off"} and not any(line.quantity for line in lines)):
        return "work_empty"
    if work.kind == "send" and not (closing.partner or work.partner):
        return "partner_missing"
    return "reason_missing" if work.kind == "write_off" and not closing.reason else None


def fact_of(work: Work, lines: Sequence[WorkLine], closing: Closing, by: str, now: datetime) -> EventData:
    """The event of a work that lacks nothing. `now`: no line was counted later, whatever this PC's clock said then."""
    moved = tuple(_stock_line(line, line.quantity) for line in lines if line.quantity)
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
            fact = StockCounted(session=work.id, lines=_counted(lines, now), by=by)
        case "send":
            transfer = work.reference or work.id
            fact = TransferSent(transfer=transfer, to_store=partner, lines=moved, by=by, note=closing.note)
        case "take_in":
            fact = TransferReceived(
                transfer=work.reference or closing.document or work.id, from_store=partner, lines=moved, by=by,
                sent=expected, note=closing.note,
            )  # fmt: skip
        case "write_off":
            gone = tuple(_stock_line(line, -line.quantity) for line in lines if line.quantity)
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
    return replace(line, quantity=quantity, at=at, is_touched=True)


def chosen(lines: Sequence[WorkLine], kind: WorkKind, lot: str, expires: date | None, *, asks: bool) -> WorkLine | None:
    """The line that takes goods of a SKU that has these `lines`, the one touched last being the last; None: a new one.

    What a label says goes to its lot, or to a line of which no lot is known yet. Goods without a label: where papers
    name lots (or in an order to gather) to the first one of which something is missing, where lots are asked for
    (`asks`) to the last one, else to those without a lot.
    """
    loose = [line for line in lines if not line.lot and line.expires is None]
    if lot or expires is not None:
        same = next((line for line in lines if _is_of(line, lot, expires)), None)
        return same or next((line for line in loose if line.asks or not line.quantity), None)
    if lines and (kind == "pick" or any(line.expected is not None and line not in loose for line in lines)):
        in_order = sorted(lines, key=lambda line: line.number)
        return next((line for line in in_order if line.quantity < (line.expected or 0)), in_order[-1])
    return lines[-1] if asks and lines else next(iter(loose), None)


def fill(lines: Sequence[WorkLine], quantity: int, at: datetime) -> tuple[WorkLine, ...]:
    """The lines of a SKU that take so much more without a label: each lot as far as papers name it, in turn."""
    filled: list[WorkLine] = []
    for line in sorted(lines, key=lambda line: line.number):
        part = min(quantity, max(0, (line.expected or 0) - line.quantity))
        quantity -= part
        filled += [replace(line, quantity=line.quantity + part, at=at, is_touched=True)] if part else []
    return tuple(filled)


def spread(lines: Sequence[WorkLine]) -> tuple[WorkLine, ...]:
    """The lines with what papers said of a SKU spread over its lots, also those that no papers named.

    What was announced of a SKU stays the same in all, so the lines' differences are the SKU's.
    """
    shown = {line.number: line for line in lines}
    for of_sku in _by_sku(lines):
        announced = [line.number for line in of_sku if line.expected is not None]
        for line in of_sku:
            if not announced or line.expected is not None:
                continue
            given = 0
            for number in announced:
                other = shown[number]
                lacks = max(0, (other.expected or 0) - other.quantity)
                part = min(lacks, line.quantity - given)
                given += part
                shown[number] = replace(other, expected=(other.expected or 0) - part)
            shown[line.number] = replace(line, expected=given)
    return tuple(shown.values())


def missing_of(lines: Sequence[WorkLine]) -> int:
    """How much of one SKU's lines is still to be gathered, in thousandths; below zero where there is more."""
    return sum((line.expected or 0) - line.quantity for line in lines)


def differences(lines: Sequence[WorkLine], expected: Mapping[str, int] | None = None) -> tuple[WorkLine, ...]:
    """The lines that are not as expected. `expected` stands for the lines' own where it is given (a count's books)."""
    if expected is None:
        return tuple(line for line in spread(lines) if line.expected is not None and line.quantity != line.expected)
    summed = (_summed(each) for each in _by_sku(line for line in lines if line.is_touched))
    return tuple(line for line in summed if line.quantity != expected.get(line.sku, line.quantity))


def _by_sku(lines: Iterable[WorkLine]) -> Iterable[list[WorkLine]]:
    found: dict[str, list[WorkLine]] = {}
    for line in lines:
        found.setdefault(line.sku, []).append(line)
    return found.values()


def _summed(lines: Sequence[WorkLine]) -> WorkLine:
    """One line for all lots of a SKU."""
    if len(lines) == 1:
        return lines[0]
    return replace(lines[0], quantity=sum(line.quantity for line in lines), lot="", expires=None)


def _is_of(line: WorkLine, lot: str, expires: date | None) -> bool:
    """Whether a label of this lot and date stands on a line's goods. A lot has one date; not every label says it."""
    if lot:
        return line.lot == lot and (expires is None or line.expires in {None, expires})
    return line.expires is not None and line.expires == expires


def _stock_line(line: WorkLine, quantity: int) -> StockLine:
    return StockLine(sku=line.sku, quantity=quantity, lot=line.lot, expires=line.expires)


def _counted(lines: Sequence[WorkLine], now: datetime) -> tuple[CountedLine, ...]:
    """One line a SKU: its level is one number. How it is spread over lots stands in it."""
    counted = []
    for of_sku in _by_sku(line for line in lines if line.is_touched):
        lots = tuple(
            CountedLot(quantity=line.quantity, lot=line.lot, expires=line.expires)
            for line in of_sku
            if line.lot or line.expires is not None
        )
        at = min(max(line.at for line in of_sku), now)
        quantity = sum(line.quantity for line in of_sku)
        counted.append(CountedLine(sku=of_sku[0].sku, quantity=quantity, at=at, lots=lots))
    return tuple(counted)


def _short(lines: Sequence[WorkLine]) -> tuple[StockLine, ...]:
    missing = ((of_sku[0].sku, missing_of(of_sku)) for of_sku in _by_sku(lines))
    return tuple(StockLine(sku=sku, quantity=quantity) for sku, quantity in missing if quantity > 0)
