"""What a till's day is made of: sales mostly, and now and then something that a hub cannot read."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec

from protocol.events import (
    CountedLine,
    CountedLot,
    DrawerOpened,
    EventData,
    ReceiptReprinted,
    SaleCompleted,
    SaleLine,
    SaleRefunded,
    StockAdjusted,
    StockCounted,
    StockLine,
    StockReceived,
    Tender,
)
from tests.simulation.books import Effect
from tests.simulation.scenario import SKUS

_DAY = date(2026, 11, 22)
_Made = tuple[EventData, tuple[Effect, ...]]


@dataclass(frozen=True)
class Happening:
    """Something to be journalled: data, or raw bytes that no version of us would write."""

    data: EventData | None
    effects: tuple[Effect, ...]
    receipt: str = ""
    poison: bool = False


def happen(dice: random.Random, receipt: str, at: datetime, poison: float) -> Happening:
    """Draw the next fact of a till."""
    if dice.random() < poison:
        return Happening(None, (), poison=dice.random() < 0.5)
    make = dice.choices(_KINDS, _WEIGHTS)[0]
    data, effects = make(dice, receipt, at)
    has_receipt = isinstance(data, SaleCompleted | SaleRefunded)
    return Happening(data, effects, receipt if has_receipt else "")


def unreadable(dice: random.Random, mark: str) -> bytes:
    """Bytes that are no event, sealed all the same."""
    return dice.choice([b'{"mark":"%s"}', b"\xff\xfe not JSON %s }", b"[%s}", b'{"id":7,"x":"%s"}']) % mark.encode()


def from_the_future(mark: str, at: datetime, epoch: int, sequence: int, source: str) -> bytes:
    """An event of a type that the next version will have."""
    return msgspec.json.encode(
        {
            "specversion": "1.0", "id": mark, "source": source, "type": "com.tillwire.loyalty.earned.v1", "time": at,
            "epoch": epoch, "sequence": sequence, "datacontenttype": "application/json", "dataschema": "/schemas/x",
            "data": {"points": 7},
        }
    )  # fmt: skip


def _lines(dice: random.Random) -> Sequence[tuple[str, int]]:
    return [(dice.choice(SKUS), 1000 * dice.randint(1, 3)) for _ in range(dice.choice([1, 1, 2]))]


def _receipt_lines(lines: Sequence[tuple[str, int]]) -> tuple[SaleLine, ...]:
    """Two of the same quantity are sold as a bundle, three of one as a pack; no die is thrown for it."""
    moves = tuple(StockLine(sku=sku, quantity=quantity) for sku, quantity in lines)
    if len(moves) == 2 and moves[0].quantity == moves[1].quantity:
        return (SaleLine(sku="BUNDLE", name="x", quantity=1_000, unit_price=7, amount=7, moves=moves),)
    return tuple(
        SaleLine(sku="PACK", name="x", quantity=1_000, unit_price=7, amount=7, lot="L", moves=(move,))
        if move.quantity == 3_000
        else SaleLine(sku=move.sku, name="x", quantity=move.quantity, unit_price=7, amount=7)
        for move in moves
    )


def _sale(dice: random.Random, receipt: str, at: datetime) -> _Made:
    lines = _lines(dice)
    data = SaleCompleted(
        receipt_number=receipt, business_day=_DAY, currency="VND", cashier="lan", lines=_receipt_lines(lines),
        tenders=(Tender(kind="cash", amount=7),), total=7,
    )  # fmt: skip
    return data, tuple(Effect(sku, -quantity, at) for sku, quantity in lines)


def _refund(dice: random.Random, receipt: str, at: datetime) -> _Made:
    lines = _lines(dice)
    restock = dice.random() < 0.7
    data = SaleRefunded(
        receipt_number=receipt, business_day=_DAY, currency="VND", cashier="lan", lines=_receipt_lines(lines),
        tenders=(), total=7, restock=restock,
    )  # fmt: skip
    return data, tuple(Effect(sku, quantity, at) for sku, quantity in lines) if restock else ()


def _receiving(dice: random.Random, _receipt: str, at: datetime) -> _Made:
    lines = _lines(dice)
    data = StockReceived(lines=tuple(StockLine(sku=sku, quantity=quantity) for sku, quantity in lines), by="lan")
    return data, tuple(Effect(sku, quantity, at) for sku, quantity in lines)


def _adjusting(dice: random.Random, _receipt: str, at: datetime) -> _Made:
    sku, quantity = dice.choice(SKUS), dice.choice([-1000, 250, -333])
    return StockAdjusted(lines=(StockLine(sku=sku, quantity=quantity),), by="lan", reason="broken"), (
        Effect(sku, quantity, at),
    )


def _counting(dice: random.Random, _receipt: str, at: datetime) -> _Made:
    # The shelf was counted a moment before the count was entered; sales may lie between the two.
    sku, quantity, counted = dice.choice(SKUS), 1000 * dice.randint(0, 9), at - timedelta(seconds=dice.uniform(0, 3))
    lots = (CountedLot(quantity=quantity // 2, lot="A"), CountedLot(quantity=quantity // 4, lot="B"))
    line = CountedLine(sku=sku, quantity=quantity, at=counted, lots=lots if quantity > 5_000 else ())
    data = StockCounted(session="c", lines=(line,), by="lan")
    return data, (Effect(sku, quantity, counted, checkpoint=True),)


def _drawer(_dice: random.Random, _receipt: str, _at: datetime) -> _Made:
    return DrawerOpened(by="lan", why="no_sale"), ()


def _reprint(_dice: random.Random, receipt: str, _at: datetime) -> _Made:
    return ReceiptReprinted(receipt_number=receipt, by="lan", copy_number=1), ()


_KINDS: Sequence[Callable[[random.Random, str, datetime], _Made]] = (
    _sale, _refund, _receiving, _adjusting, _counting, _drawer, _reprint,
)  # fmt: skip
_WEIGHTS = (62, 8, 12, 5, 6, 4, 3)
