"""Goods between stores, as they really are: who sent what to whom, and what was in the box when it was opened."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from protocol.events import StockLine, TransferReceived, TransferSent
from protocol.ids import StoreId

Goods = tuple[tuple[str, int], ...]
_ELSEWHERE = StoreId("S9")
"""A store that this hub does not know, or does not know yet."""


@dataclass(frozen=True)
class Shipment:
    """A transfer's one half. `event` names what happened to it, for the tally."""

    transfer: str
    from_store: str
    to_store: str
    goods: Goods
    event: str

    @property
    def name(self) -> str:
        """How the books name this half: "transfer>to" for what was sent, "transfer" for what came."""
        return f"{self.transfer}>{self.to_store}" if self.event == "transfer sent" else self.transfer


@dataclass
class Road:
    """What was sent and nobody has unloaded yet, oldest first; what has become of all others is in the journals."""

    on_it: list[Shipment] = field(default_factory=list)

    def is_empty_for(self, store: str) -> bool:
        """Whether nothing is on its way to a store."""
        return all(shipment.to_store != store for shipment in self.on_it)

    def move(self, shipment: Shipment) -> None:
        """A half of a transfer is on a disk."""
        if shipment.event == "transfer sent":
            self.on_it.append(shipment)
        else:
            self.on_it = [other for other in self.on_it if other.transfer != shipment.transfer]


def depart(
    dice: random.Random, transfer: str, store: StoreId, stores: Sequence[StoreId], lines: Sequence[tuple[str, int]]
) -> tuple[TransferSent, Shipment]:
    """A store packs a box for another one."""
    to_store = dice.choice([other for other in stores if other != store] or [_ELSEWHERE])
    goods = tuple(dict(lines).items())
    shipment = Shipment(transfer, store, to_store, goods, "transfer sent")
    return TransferSent(transfer=transfer, to_store=to_store, lines=_stock(goods), by="lan"), shipment


def arrive(dice: random.Random, paper: str, store: StoreId, road: Road) -> tuple[TransferReceived, Shipment]:
    """A store opens a box: what was sent, less, more, or a box of which there are papers only."""
    coming = [shipment for shipment in road.on_it if shipment.to_store == store]
    if not coming:
        goods: Goods = (("A", 1000),)
        shipment = Shipment(paper, "", store, goods, "transfer received by papers only")
        return TransferReceived(transfer=paper, from_store="", lines=_stock(goods), by="lan"), shipment
    sent = dice.choice(coming)
    how = dice.choices(["transfer received", "transfer received short", "transfer received over"], [6, 3, 2])[0]
    change = {"transfer received": 0, "transfer received short": -1000, "transfer received over": 1000}[how]
    found = [(sku, quantity + (change if number == 0 else 0)) for number, (sku, quantity) in enumerate(sent.goods)]
    goods = tuple((sku, quantity) for sku, quantity in found if quantity > 0)
    shipment = Shipment(sent.transfer, sent.from_store, store, goods, how)
    data = TransferReceived(
        transfer=sent.transfer, from_store=sent.from_store, lines=_stock(goods), by="lan", sent=_stock(sent.goods)
    )
    return data, shipment


def _stock(goods: Goods) -> tuple[StockLine, ...]:
    return tuple(StockLine(sku=sku, quantity=quantity) for sku, quantity in goods)
