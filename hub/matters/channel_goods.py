"""Goods that left or came back by a channel's word, and what of that the hub itself must move in the ledger. Pure.

What a till handed over was moved by the till, and the channel hears of it from the hub and says it back. Where the
channel can name that hand-over (`ours`), its word moves nothing. Where it cannot, goods are told apart by quantities:
of one store's parcel no more can have left than was in it, and of an order no more than was ordered. What the channel
says beyond that is the same goods once more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hub.matters.orders import Asked, Goods, Left, order_after
from hub.matters.outcome import Told
from protocol.events import OrderHandedOver

GoodsKind = Literal["left", "returned"]


@dataclass(frozen=True)
class ChannelGoods:
    """`quantity` thousandths of one SKU that left `store` or came back to it; `key` is the channel's id of that.

    `moved` is what the hub's ledger was told of it so far: negative for what left.
    """

    kind: GoodsKind
    key: str
    sku: str
    store: str
    at: datetime
    quantity: int
    ours: str = ""
    moved: int = 0


Moves = Mapping[ChannelGoods, int]
"""By what a channel says: what the ledger should have been told of it."""


def channel_moves(
    pieces: Goods, asked: Sequence[Asked], told: Sequence[Told], said: Iterable[ChannelGoods]
) -> dict[ChannelGoods, int]:
    """What the ledger should say of each of these: what came back in full, what left unless a till has moved it."""
    moves = {goods: goods.quantity for goods in said if goods.kind == "returned"}
    by_sku: defaultdict[str, list[ChannelGoods]] = defaultdict(list)
    for goods in said:
        if goods.kind == "left":
            by_sku[goods.sku].append(goods)
    if not by_sku:
        return moves
    in_parcels = _in_parcels(asked, told, [goods for left in by_sku.values() for goods in left])
    for sku, left in by_sku.items():
        parcels = {store: goods[sku] for store, goods in in_parcels.items()}
        # An order that was lessened later still had what its stores gave away before.
        ordered = max(pieces.get(sku, 0), sum(parcels.values()))
        moves |= _left(ordered, parcels, _handed_over(told, sku), left)
    return moves


def left_of(moves: Moves) -> list[Left]:
    """What left by the channel's word alone, for the order's outcome."""
    return [Left(goods.store, goods.sku, -moved, goods.at) for goods, moved in moves.items() if moved < 0]


def _in_parcels(asked: Sequence[Asked], told: Sequence[Told], left: Sequence[ChannelGoods]) -> dict[str, Counter[str]]:
    said = [Left(goods.store, goods.sku, goods.quantity, goods.at) for goods in left if not goods.ours]
    places = {(one.store, one.sku) for one in asked}
    # Only what was asked there: what left from elsewhere was in no parcel, and tells nothing about one.
    outcome = order_after({}, asked, told, None, [one for one in said if (one.store, one.sku) in places])
    return {parcel.store: Counter(dict(parcel.goods)) for parcel in outcome.parcels}


def _handed_over(told: Iterable[Told], sku: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for event in told:
        if isinstance(event.data, OrderHandedOver):
            found[event.store] += sum(line.quantity for line in event.data.lines if line.sku == sku)
    return found


def _left(
    ordered: int, parcels: Mapping[str, int], tills: Counter[str], said: Sequence[ChannelGoods]
) -> dict[ChannelGoods, int]:
    """What left of one SKU by the channel's word alone; `tills` is what was handed over, by store."""
    own = sorted((goods for goods in said if not goods.ours), key=lambda goods: (goods.at, goods.key))
    rest = Counter(parcels)
    for goods in said:
        if goods.ours:
            ordered -= goods.quantity
            rest[goods.store] -= goods.quantity
            _take(tills, goods.store, goods.quantity)
    same: Counter[str] = Counter()
    for store in sorted({goods.store for goods in own}):
        all_left = sum(goods.quantity for goods in own if goods.store == store)
        over = tills[store] + all_left - max(0, rest[store])
        same[store] = max(0, min(all_left, tills[store], over))
    known = sum(same.values())
    all_left = sum(goods.quantity for goods in own) - known
    others = sum(tills.values()) - known
    more = max(0, min(all_left, others, all_left + others - max(0, ordered - known)))
    moves = dict.fromkeys(said, 0)
    for goods in reversed(own):
        by_store = min(same[goods.store], goods.quantity)
        by_order = min(more, goods.quantity - by_store)
        same[goods.store] -= by_store
        more -= by_order
        moves[goods] = -(goods.quantity - by_store - by_order)
    return moves


def _take(tills: Counter[str], store: str, quantity: int) -> None:
    """Of what tills handed over, that the channel has said back; of another store's if it names the wrong one."""
    for place in (store, *sorted(tills)):
        taken = max(0, min(quantity, tills[place]))
        tills[place] -= taken
        quantity -= taken
