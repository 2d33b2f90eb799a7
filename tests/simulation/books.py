"""What really happened, written down apart: every fact at the moment when a till's disk or a channel had it.

Shares no code with hub or till: levels, lots, transfers and orders are added up here the plain way, from all facts,
each time, in any order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

Lots = tuple[tuple[str, date | None, int], ...]


class Effect(NamedTuple):
    """What a fact does to one SKU: a difference, or with `checkpoint` a count. Thousandths.

    `lot` and `expires` are the goods'; `lots` is how a count is spread over lots, () where nobody looked.
    """

    sku: str
    amount: int
    at: datetime
    checkpoint: bool = False
    lot: str = ""
    expires: date | None = None
    lots: Lots = ()


@dataclass(frozen=True)
class Fact:
    """One fact of one till. `mark` is a text inside its bytes that no other fact has; poison has no readable id."""

    id: str
    store: str
    terminal: str
    raw: bytes
    mark: bytes
    at: datetime
    effects: tuple[Effect, ...] = ()
    poison: bool = False
    future: bool = False
    receipt: str = ""
    transfer: str = ""
    order: str = ""
    picked: Mapping[str, int] | None = None
    handed_over: bool = False


@dataclass(eq=False)
class Life:
    """A disk and what was written to it; a restored backup or a clone begins with what its snapshot had."""

    name: str
    store: str
    terminal: str
    facts: list[Fact] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)
    ended: bool = False


@dataclass
class Order:
    """A web order as its channel knows it: what it takes of shelves, and whether the hub has heard that it is off."""

    id: str
    pieces: Mapping[str, int]
    chosen: str = ""
    cancelled: bool = False


class Wanted(NamedTuple):
    """A transfer that the office wants. `is_put`: the hub has heard of it; `is_off`: and it is not wanted any more."""

    from_store: str
    to_store: str
    goods: Mapping[str, int]
    is_put: bool = False
    is_off: bool = False


class Asked(NamedTuple):
    """A decision of the hub, which nobody can derive: whom it asked for how much."""

    order: str
    round: int
    store: str
    sku: str
    quantity: int


class Parcel(NamedTuple):
    """One store's part of an order. `state`: "open", "picked" or "handed_over"."""

    store: str
    state: str
    goods: Mapping[str, int]
    reserved: Mapping[str, int]
    short: Mapping[str, int]
    picked_at: datetime | None


class Balance(NamedTuple):
    """What became of an order."""

    parcels: Sequence[Parcel]
    missing: Mapping[str, int]


class Books:
    """All lives of all disks, all orders, and what the office wants."""

    def __init__(self) -> None:
        self.lives: list[Life] = []
        self.orders: dict[str, Order] = {}
        self.wanted: dict[str, Wanted] = {}

    def open(self, store: str, terminal: str, begun_with: Iterable[Fact] = ()) -> Life:
        """A disk begins to be written."""
        life = Life(f"{store}/{terminal}#{len(self.lives)}", store, terminal, list(begun_with))
        self.lives.append(life)
        return life

    def all_facts(self) -> dict[str, Fact]:
        """Every fact that any disk ever had, by mark."""
        return {fact.id: fact for life in self.lives for fact in life.facts}

    def living_facts(self) -> dict[str, Fact]:
        """The facts that must reach the hub: their disk is still there."""
        return {fact.id: fact for life in self.lives if not life.ended for fact in life.facts}


def level(store: str, sku: str, facts: Iterable[Fact]) -> int | None:
    """The newest count plus what came after it; None for a SKU that nothing ever moved."""
    effects = effects_of(store, sku, facts)
    if not effects:
        return None
    newest = counted_at(effects)
    if newest is None:
        return sum(effect.amount for effect in effects)
    counted = min(effect.amount for effect in effects if effect.checkpoint and effect.at == newest)
    return counted + sum(effect.amount for effect in effects if not effect.checkpoint and effect.at > newest)


def effects_of(store: str, sku: str, facts: Iterable[Fact]) -> list[Effect]:
    """All that ever moved or counted a SKU in a store."""
    return [effect for fact in facts if fact.store == store for effect in fact.effects if effect.sku == sku]


def counted_at(effects: Iterable[Effect]) -> datetime | None:
    """When the newest count was made; None without one."""
    return max((effect.at for effect in effects if effect.checkpoint), default=None)


def lots_named(effects: Sequence[Effect]) -> dict[str, int]:
    """How much came and went under each lot's name since lots were last looked at.

    Goods with a day and no name are the lot of that day, written "@day". Of two such looks at one moment the one that
    found less holds.
    """
    looks = [effect for effect in effects if effect.lots]
    begun = max((look.at for look in looks), default=None)
    found: Counter[str] = Counter()
    if begun is not None:
        least = min((look for look in looks if look.at == begun), key=lambda look: sum(lot[2] for lot in look.lots))
        for lot, expires, quantity in least.lots:
            found[_lot_name(lot, expires)] += quantity
    for effect in effects:
        if not effect.checkpoint and (begun is None or effect.at > begun) and (effect.lot or effect.expires):
            found[_lot_name(effect.lot, effect.expires)] += effect.amount
    return dict(found)


def in_transit(facts: Iterable[Fact]) -> dict[tuple[str, str], Counter[str]]:
    """What is on its way by (transfer, receiving store): sent, and nobody says that he received any of it."""
    sent: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    received: set[str] = set()
    for fact in facts:
        transfer, _, to_store = fact.transfer.partition(">")
        if not transfer:
            continue
        if not to_store:
            received.add(transfer)
            continue
        for effect in fact.effects:
            sent[transfer, to_store][effect.sku] -= effect.amount
    return {place: goods for place, goods in sent.items() if place[0] not in received}


def differing(facts: Iterable[Fact]) -> set[str]:
    """The transfers that were sent and received, and not in the same quantities."""
    out: defaultdict[str, Counter[str]] = defaultdict(Counter)
    come: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for fact in facts:
        transfer, _, to_store = fact.transfer.partition(">")
        if transfer:
            for effect in fact.effects:
                (out if to_store else come)[transfer][effect.sku] += abs(effect.amount)
            (out if to_store else come)[transfer].update()
    return {transfer for transfer in out.keys() & come.keys() if out[transfer] != come[transfer]}


def promised(wanted: Mapping[str, Wanted], facts: Iterable[Fact]) -> dict[str, Wanted]:
    """The transfers that a store is still to send: nobody has sent or received any of them."""
    begun = {fact.transfer.partition(">")[0] for fact in facts if fact.transfer}
    return {key: one for key, one in wanted.items() if not one.is_off and key not in begun}


def balance(order: Order, asked: Iterable[Asked], facts: Iterable[Fact]) -> Balance:
    """Who has or had what of an order: what he was asked for, less what he did not find. Nothing is missing of an
    order that is off, and nothing reserved for it; what was handed over stays so.
    """  # noqa: D205 - one thought
    told = [fact for fact in facts if fact.order == order.id]
    wanted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in asked:
        if one.order == order.id:
            wanted[one.store][one.sku] += one.quantity
    parcels = []
    missing = Counter(order.pieces)
    for store, goods in sorted(wanted.items()):
        picks = [fact for fact in told if fact.store == store and fact.picked is not None]
        out = any(fact.handed_over for fact in told if fact.store == store)
        here = dict(goods)
        if picks:
            last = max(picks, key=lambda fact: (fact.at, fact.terminal))
            here = {sku: min(quantity, (last.picked or {}).get(sku, 0)) for sku, quantity in goods.items()}
        here = {sku: quantity for sku, quantity in here.items() if quantity}
        missing.subtract(here)
        parcels.append(
            Parcel(
                store,
                "handed_over" if out else "picked" if picks else "open",
                here,
                {} if out or order.cancelled else here,
                {sku: quantity - here.get(sku, 0) for sku, quantity in goods.items() if quantity > here.get(sku, 0)},
                max((fact.at for fact in picks), default=None),
            )
        )
    rest = {} if order.cancelled else {sku: quantity for sku, quantity in missing.items() if quantity > 0}
    return Balance(parcels, rest)


def _lot_name(lot: str, expires: date | None) -> str:
    return lot or f"@{expires}"
