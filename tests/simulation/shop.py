"""What a till's day is made of: sales mostly, goods that move, and now and then something that a hub cannot read."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import msgspec

from protocol.documents import Item, Part
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
from protocol.ids import StoreId
from tests.simulation.books import Effect
from tests.simulation.road import Road, Shipment, arrive, depart
from tests.simulation.scenario import SKUS

_DAY = date(2026, 11, 22)
MADE_OF: dict[str, tuple[tuple[str, int], ...]] = {"BOX": (("A", 6000),), "SET": (("A", 1000), ("B", 2000))}
"""A case of six and a bundle: what one of each takes off the shelves, in thousandths."""

_LOTS: Sequence[tuple[str, date | None]] = (
    ("", None), ("", None), ("L0", date(2026, 11, 20)), ("L1", date(2026, 12, 24)), ("L2", date(2027, 1, 7)),
    ("L2", None), ("", date(2027, 1, 7)),
)  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """Where and when something happens."""

    dice: random.Random
    receipt: str
    at: datetime
    store: StoreId
    stores: Sequence[StoreId]
    road: Road


class Picked(NamedTuple):
    """A web order was gathered, or with `found` None handed over."""

    order: str
    found: Mapping[str, int] | None


@dataclass(frozen=True)
class Happening:
    """Something to be journalled: data, or raw bytes that no version of us would write.

    `shipment` is a transfer that this sends or receives, `pick` an order: to be known once it is on the disk.
    """

    data: EventData | None
    effects: tuple[Effect, ...] = ()
    receipt: str = ""
    poison: bool = False
    shipment: Shipment | None = None
    pick: Picked | None = None


def catalogue() -> list[Item]:
    """What every hub of the simulation sells."""
    return [
        *(Item(sku=sku, name=sku, price=7, currency="VND") for sku in SKUS),
        Item(sku="BOX", name="BOX", price=40, currency="VND", pack_of="A", pack_size=6000),
        Item(
            sku="SET", name="SET", price=20, currency="VND",
            parts=tuple(Part(sku=sku, quantity=quantity) for sku, quantity in MADE_OF["SET"]),
        ),
    ]  # fmt: skip


def happen(scene: Scene, poison: float) -> Happening:
    """Draw the next fact of a till."""
    if scene.dice.random() < poison:
        return Happening(None, poison=scene.dice.random() < 0.5)
    return scene.dice.choices(_KINDS, _WEIGHTS)[0](scene)


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


def with_more(body: bytes) -> bytes:
    """The same event as the next version writes it: with fields that this one does not know."""
    assert body.endswith(b"}}")
    return body.replace(b'"data":{', b'"data":{"basket":{"of":"the future"},', 1)


def with_less(body: bytes) -> bytes:
    """The same event as the version before writes it: without what has a default."""
    start, _, rest = body.partition(b'"datacontenttype":')
    return start + rest[rest.index(b'"data":') :] if b"clockunchecked" not in rest else body


def _lines(dice: random.Random) -> Sequence[tuple[str, int]]:
    return [(dice.choice(SKUS), 1000 * dice.randint(1, 3)) for _ in range(dice.choice([1, 1, 2]))]


def _sold(scene: Scene, sign: int) -> tuple[tuple[SaleLine, ...], tuple[Effect, ...]]:
    """Lines of a receipt, some of them of packs, some of a lot; `sign` is what they do to the shelf."""
    lines: list[SaleLine] = []
    effects: list[Effect] = []
    for sku, quantity in _lines(scene.dice):
        if scene.dice.random() < 0.2:
            whole = scene.dice.choice(list(MADE_OF))
            parts = [(part, each * quantity // 1000) for part, each in MADE_OF[whole]]
            moves = tuple(StockLine(sku=part, quantity=moved) for part, moved in parts)
            lines.append(SaleLine(sku=whole, name=whole, quantity=quantity, unit_price=7, amount=7, moves=moves))
            effects += [Effect(part, sign * moved, scene.at) for part, moved in parts]
            continue
        lot, expires = scene.dice.choice(_LOTS)
        lines.append(
            SaleLine(
                sku=sku, name=sku, quantity=quantity, unit_price=7, amount=7, lot=lot or None, expires=expires
            )
        )  # fmt: skip
        effects.append(Effect(sku, sign * quantity, scene.at, lot=lot, expires=expires))
    return tuple(lines), tuple(effects)


def _sale(scene: Scene) -> Happening:
    lines, effects = _sold(scene, -1)
    data = SaleCompleted(
        receipt_number=scene.receipt, business_day=_DAY, currency="VND", cashier="lan", lines=lines,
        tenders=(Tender(kind="cash", amount=7),), total=7,
    )  # fmt: skip
    return Happening(data, effects, scene.receipt)


def _refund(scene: Scene) -> Happening:
    lines, effects = _sold(scene, 1)
    restock = scene.dice.random() < 0.7
    data = SaleRefunded(
        receipt_number=scene.receipt, business_day=_DAY, currency="VND", cashier="lan", lines=lines, tenders=(),
        total=7, restock=restock,
    )  # fmt: skip
    return Happening(data, effects if restock else (), scene.receipt)


def _receiving(scene: Scene) -> Happening:
    lines: list[StockLine] = []
    effects: list[Effect] = []
    for sku, quantity in _lines(scene.dice):
        lot, expires = scene.dice.choice(_LOTS)
        lines.append(StockLine(sku=sku, quantity=quantity, lot=lot, expires=expires))
        effects.append(Effect(sku, quantity, scene.at, lot=lot, expires=expires))
    return Happening(StockReceived(lines=tuple(lines), by="lan"), tuple(effects))


def _adjusting(scene: Scene) -> Happening:
    sku, quantity = scene.dice.choice(SKUS), scene.dice.choice([-1000, 250, -333])
    data = StockAdjusted(lines=(StockLine(sku=sku, quantity=quantity),), by="lan", reason="broken")
    return Happening(data, (Effect(sku, quantity, scene.at),))


def _counting(scene: Scene) -> Happening:
    # The shelves were counted a moment before the count was entered; sales may lie between the two. A SKU that stands
    # on two shelves may be counted twice in one go, and is then there at two moments.
    dice = scene.dice
    lines: list[CountedLine] = []
    effects: list[Effect] = []
    for _ in range(dice.choice([1, 1, 2])):
        sku, quantity = dice.choice(SKUS), 1000 * dice.randint(0, 9)
        counted = scene.at - timedelta(seconds=dice.uniform(0, 3))
        lots: tuple[tuple[str, date | None, int], ...] = ()
        if quantity and dice.random() < 0.4:
            lot, expires = dice.choice(_LOTS[2:])
            lots = ((lot, expires, dice.randint(1, quantity // 1000) * 1000),)
        counted_lots = tuple(CountedLot(quantity=found, lot=lot, expires=expires) for lot, expires, found in lots)
        lines.append(CountedLine(sku=sku, quantity=quantity, at=counted, lots=counted_lots))
        effects.append(Effect(sku, quantity, counted, checkpoint=True, lots=lots))
    return Happening(StockCounted(session="c", lines=tuple(lines), by="lan"), tuple(effects))


def _sending(scene: Scene) -> Happening:
    data, shipment = depart(scene.dice, scene.receipt, scene.store, scene.stores, _lines(scene.dice))
    effects = tuple(Effect(line.sku, -line.quantity, scene.at) for line in data.lines)
    return Happening(data, effects, shipment=shipment)


def _unloading(scene: Scene) -> Happening:
    if scene.road.is_empty_for(scene.store) and scene.dice.random() < 0.8:
        return _receiving(scene)
    data, shipment = arrive(scene.dice, scene.receipt, scene.store, scene.road)
    effects = tuple(Effect(line.sku, line.quantity, scene.at) for line in data.lines)
    return Happening(data, effects, shipment=shipment)


def _drawer(_scene: Scene) -> Happening:
    return Happening(DrawerOpened(by="lan", why="no_sale"))


def _reprint(scene: Scene) -> Happening:
    return Happening(ReceiptReprinted(receipt_number=scene.receipt, by="lan", copy_number=1))


_KINDS: Sequence[Callable[[Scene], Happening]] = (
    _sale, _refund, _receiving, _adjusting, _counting, _sending, _unloading, _drawer, _reprint,
)  # fmt: skip
_WEIGHTS = (48, 8, 11, 5, 8, 6, 9, 2, 3)
