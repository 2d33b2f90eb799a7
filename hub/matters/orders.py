"""Web orders: what is promised where, what is missing, and how far an order is. Pure.

Facts are the order as it was placed, whom the hub asked for how much (decided once, with the stock of that moment),
what the stores said, and whether it was cancelled. The same facts give the same outcome in whatever order they came.
A parcel is one store's part. All quantities are thousandths, of pieces: a pack is ordered as the pieces in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, NamedTuple, get_args

import msgspec

from hub.matters.outcome import Told
from protocol.events import OrderHandedOver, OrderPicked, StockLine
from protocol.scalars import Moment, Text, Word

OrderState = Literal["open", "short", "picked", "handed_over", "oversold", "cancelled"]
ORDER_STATES: tuple[OrderState, ...] = get_args(OrderState)
ParcelState = Literal["open", "picked", "handed_over"]
Goods = Mapping[str, int]
LINES_MAX = 500


class OrderedLine(msgspec.Struct, frozen=True, kw_only=True):
    """What was ordered, as the shop calls it; `quantity` in thousandths."""

    sku: Word
    quantity: Annotated[int, msgspec.Meta(gt=0, le=10**12)]


class OrderHead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an order says beside its lines. `store` is the customer's choice, "" for none."""

    order: Word
    channel: Text = ""
    number: Text = ""
    way: Literal["pickup", "delivery"] = "delivery"
    store: Text = ""
    customer: Text = ""
    note: Text = ""
    placed_at: Moment | None = None
    due_at: Moment | None = None


class PlacedOrder(OrderHead, frozen=True, kw_only=True, omit_defaults=True):
    """An order as a channel placed it; `pieces` is what it takes."""

    lines: Annotated[tuple[OrderedLine, ...], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    pieces: dict[str, int] = {}  # msgspec copies the empty default


class Asked(NamedTuple):
    """A decision of the hub: `store` was asked for `quantity` of a SKU, in the `number`-th round."""

    number: int
    store: str
    sku: str
    quantity: int


@dataclass(frozen=True)
class Parcel:
    """A store's part: what is or was in it, what of that is still promised there, what it had not got."""

    store: str
    state: ParcelState
    goods: Goods
    reserved: Goods
    short: Goods


@dataclass(frozen=True)
class OrderOutcome:
    """How an order is; `missing` is what nobody has been asked for yet, or any more."""

    state: OrderState
    parcels: Sequence[Parcel]
    missing: Goods


def order_after(
    pieces: Goods, asked: Iterable[Asked], told: Sequence[Told], cancelled_at: datetime | None
) -> OrderOutcome:
    """Derive an order from its facts. A parcel that was handed over stays so, cancelled or not."""
    wanted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in asked:
        wanted[one.store][one.sku] += one.quantity
    cancelled = cancelled_at is not None
    parcels = [
        _parcel(store, wanted[store], [event for event in told if event.store == store], cancelled=cancelled)
        for store in sorted(wanted)
    ]
    missing = Counter(pieces)
    for parcel in parcels:
        missing.subtract(parcel.goods)
    left = {} if cancelled else {sku: quantity for sku, quantity in sorted(missing.items()) if quantity > 0}
    return OrderOutcome(_state(parcels, left, cancelled=cancelled), parcels, left)


def handed_over_twice(told: Iterable[Told]) -> dict[str, list[Told]]:
    """Stores that handed an order over more than once, with all that they said of it, the first first.

    A parcel leaves once, so a second hand-over is somebody's mistake, or somebody's goods; only a count can tell.
    """
    by_store: defaultdict[str, list[Told]] = defaultdict(list)
    for event in told:
        if isinstance(event.data, OrderHandedOver):
            by_store[event.store].append(event)
    return {
        store: sorted(said, key=lambda event: (event.at, event.terminal, msgspec.json.encode(event.data)))
        for store, said in sorted(by_store.items())
        if len(said) > 1
    }


def _parcel(store: str, wanted: Counter[str], told: Sequence[Told], *, cancelled: bool) -> Parcel:
    handed_over = any(isinstance(event.data, OrderHandedOver) for event in told)
    picks = [(event.at, event.terminal, event.data) for event in told if isinstance(event.data, OrderPicked)]
    goods = {sku: quantity for sku, quantity in sorted(wanted.items()) if quantity > 0}
    state: ParcelState = "handed_over" if handed_over else "picked" if picks else "open"
    if picks:
        # What a pick does not have is not there, whether it says so or was never asked for it.
        *_, pick = max(picks, key=lambda entry: (entry[0], entry[1], msgspec.json.encode(entry[2])))
        found = _sum(pick.lines)
        goods = {sku: least for sku, quantity in goods.items() if (least := min(quantity, found[sku])) > 0}
    short = {sku: rest for sku, quantity in sorted(wanted.items()) if (rest := quantity - goods.get(sku, 0)) > 0}
    return Parcel(store, state, goods, {} if handed_over or cancelled else goods, short)


def _state(parcels: Sequence[Parcel], missing: Goods, *, cancelled: bool) -> OrderState:
    full = [parcel for parcel in parcels if parcel.goods]
    if full and not missing and all(parcel.state == "handed_over" for parcel in full):
        return "handed_over"
    if cancelled:
        return "cancelled"
    if missing:
        return "oversold"
    if any(parcel.short for parcel in parcels) and any(parcel.state == "open" for parcel in full):
        return "short"
    return "open" if any(parcel.state == "open" for parcel in full) else "picked"


def _sum(lines: Iterable[StockLine]) -> Counter[str]:
    total: Counter[str] = Counter()
    for line in lines:
        total[line.sku] += line.quantity
    return total
