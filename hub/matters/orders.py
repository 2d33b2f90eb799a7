"""Web orders: what is promised where, what is missing, and how far an order is. Pure.

Facts are the order as it was placed or last changed, whom the hub asked for how much and what it took back of that
(each decided once, with the stock of that moment), what the stores said, what left by the channel's word, and whether
it was cancelled. The same facts give the same outcome in whatever order they came. A parcel is one store's part. All
quantities are thousandths, of pieces: a pack is ordered as the pieces in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """A decision of the hub: `store` was asked for `quantity` of a SKU, in the `number`-th round.

    A negative quantity takes back what was asked before: the order wants less now.
    """

    number: int
    store: str
    sku: str
    quantity: int


class Left(NamedTuple):
    """Goods that left a store by the channel's word, and were not handed over by a till; see `channel_goods.py`."""

    store: str
    sku: str
    quantity: int
    at: datetime


@dataclass(frozen=True)
class Parcel:
    """A store's part: what is or was in it, what of that is still promised there, what it had not got.

    `left` is what of the goods the channel's own people have shipped already.
    """

    store: str
    state: ParcelState
    goods: Goods
    reserved: Goods
    short: Goods
    left: Goods = field(default_factory=dict)

    @property
    def rest(self) -> Goods:
        """The goods that no channel has shipped."""
        return _less(self.goods, self.left)

    @property
    def surplus(self) -> Goods:
        """What was gathered, and is not wanted any more."""
        return _less(self.rest, self.reserved) if self.state == "picked" else {}


@dataclass(frozen=True)
class OrderOutcome:
    """How an order is; `missing` is what nobody has been asked for yet, or any more."""

    state: OrderState
    parcels: Sequence[Parcel]
    missing: Goods


def order_after(
    pieces: Goods, asked: Iterable[Asked], told: Sequence[Told], cancelled_at: datetime | None,
    left: Sequence[Left] = (),
) -> OrderOutcome:  # fmt: skip
    """Derive an order from its facts. A parcel that was handed over stays so, cancelled or not."""
    rounds = tuple(asked)
    stores = sorted({one.store for one in rounds} | {one.store for one in left})
    cancelled = cancelled_at is not None
    parcels = [
        _parcel(
            store,
            [one for one in rounds if one.store == store],
            [event for event in told if event.store == store],
            [one for one in left if one.store == store],
            cancelled=cancelled,
        )
        for store in stores
    ]
    missing = Counter(pieces)
    for parcel in parcels:
        missing.subtract(parcel.goods)
    if not cancelled:
        parcels = _without_surplus(parcels, missing)
    lacking = {} if cancelled else {sku: quantity for sku, quantity in sorted(missing.items()) if quantity > 0}
    return OrderOutcome(_state(parcels, lacking, cancelled=cancelled), parcels, lacking)


def to_take_back(pieces: Goods, asked: Iterable[Asked], outcome: OrderOutcome) -> Mapping[tuple[str, str], int]:
    """What stores that have not gathered were asked for beyond what the order wants now, by store and SKU.

    Who was asked last gives back first.
    """
    if outcome.state == "cancelled":
        return {}
    surplus: Counter[str] = Counter()
    for parcel in outcome.parcels:
        surplus.update(parcel.goods)
    surplus.subtract(pieces)
    there = {(p.store, sku): q for p in outcome.parcels if p.state == "open" for sku, q in p.rest.items()}
    found: Counter[tuple[str, str]] = Counter()
    for one in sorted(asked, reverse=True):
        place = (one.store, one.sku)
        taken = min(surplus[one.sku], there.get(place, 0), one.quantity)
        if taken > 0:
            found[place] += taken
            there[place] -= taken
            surplus[one.sku] -= taken
    return found


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


def _parcel(
    store: str, asked: Sequence[Asked], told: Sequence[Told], left: Sequence[Left], *, cancelled: bool
) -> Parcel:
    handed_over = [event.data.lines for event in told if isinstance(event.data, OrderHandedOver)]
    pick = _last_pick(told)
    gone: Counter[str] = Counter()
    for one in left:
        gone[one.sku] += one.quantity
    found: Counter[str] = Counter()
    if pick is not None:
        found = _sum(pick[1].lines)
        for one in left:  # what had left before was not there to be gathered
            found[one.sku] += one.quantity if one.at <= pick[0] else 0
    wanted = _wanted(asked, found | _sum(line for lines in handed_over for line in lines)) | gone
    goods = {sku: quantity for sku, quantity in sorted(wanted.items()) if quantity > 0}
    if pick is not None:
        # What a pick does not have is not there, whether it says so or was never asked for it.
        there = found | gone
        goods = {sku: least for sku, quantity in goods.items() if (least := min(quantity, there[sku])) > 0}
    shipped = bool(gone) and not _less(goods, gone)
    state: ParcelState = "handed_over" if handed_over or shipped else "picked" if pick else "open"
    reserved = {} if state == "handed_over" or cancelled else _less(goods, gone)
    return Parcel(store, state, goods, reserved, _less(wanted, goods), dict(sorted((+gone).items())))


def _last_pick(told: Sequence[Told]) -> tuple[datetime, OrderPicked] | None:
    picks = [(event.at, event.terminal, event.data) for event in told if isinstance(event.data, OrderPicked)]
    if not picks:
        return None
    at, _, data = max(picks, key=lambda entry: (entry[0], entry[1], msgspec.json.encode(entry[2])))
    return at, data


def _wanted(asked: Sequence[Asked], seen: Counter[str]) -> Counter[str]:
    """What is asked of a store. Of what was taken back from it, it may have gathered some before it heard of that."""
    wanted: Counter[str] = Counter()
    once: Counter[str] = Counter()
    for one in asked:
        wanted[one.sku] += one.quantity
        once[one.sku] += max(0, one.quantity)
    return wanted | (once & seen)


def _without_surplus(parcels: Sequence[Parcel], missing: Mapping[str, int]) -> list[Parcel]:
    """Promise nothing of what was gathered beyond what the order wants; where it was not, it is taken back instead."""
    over = {sku: -quantity for sku, quantity in missing.items() if quantity < 0}
    for parcel in parcels:
        if parcel.state == "open":
            over = _less(over, parcel.rest)
    kept: list[Parcel] = []
    for parcel in reversed(parcels):
        promised = parcel.reserved if parcel.state == "picked" else {}
        taken = {sku: min(quantity, over.get(sku, 0)) for sku, quantity in promised.items()}
        over = _less(over, taken)
        kept.append(replace(parcel, reserved=_less(parcel.reserved, taken)) if any(taken.values()) else parcel)
    return kept[::-1]


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


def _less(goods: Goods, taken: Goods) -> dict[str, int]:
    return {sku: rest for sku, quantity in sorted(goods.items()) if (rest := quantity - taken.get(sku, 0)) > 0}


def _sum(lines: Iterable[StockLine]) -> Counter[str]:
    total: Counter[str] = Counter()
    for line in lines:
        total[line.sku] += line.quantity
    return total
