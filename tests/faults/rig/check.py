"""Exact equality: what cashiers saw, what the tills' journals say, what the hub's log, ledger and levels say. Pure.

Each confirmed sale must be in its till's journal once, each sale of a journal in the hub's log once (or visibly set
aside there), the ledger's movements must be those sales' and nothing else, the levels the ledger's sum, and what each
till shows the hub's level. One thing that is not so is one sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.faults.rig.cashier import Confirmed
from tests.faults.rig.hub_books import HubBooks
from tests.faults.rig.plan import OPENING, Place
from tests.faults.rig.till import TillBooks

SENTENCES_MAX = 20


@dataclass(frozen=True)
class Verdict:
    """Sentences: what is nowhere or wrong, and what is there more than once or should not be there."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The first of them; a rig that is altogether wrong must not fill the screen."""
        return (*self.lost[:SENTENCES_MAX], *self.doubled[:SENTENCES_MAX])


def compare(
    confirmed: Sequence[Confirmed], tills: Mapping[Place, TillBooks], hub: HubBooks, rebuilt: Sequence[str] = ()
) -> Verdict:
    """Hold everything against everything."""
    lost, doubled = list(rebuilt), list[str]()
    for place, books in tills.items():
        lost += [f"{place}: {words}" for words in books.broken]
        lost += _not_journalled([sale for sale in confirmed if sale.place == place], books)
        receipts = Counter(sold.receipt for sold in books.sold)
        doubled += [f"{place}: {number} is in the journal {times} times" for number, times in _again(receipts)]
    doubled += [f"{number} was given to two customers" for number, _ in _again(Counter(s.receipt for s in confirmed))]
    wrong_here, wrong_there = _hub(tills, hub)
    lost += wrong_here
    doubled += wrong_there
    lost += _levels(tills, hub)
    return Verdict(tuple(lost), tuple(doubled))


def _not_journalled(seen: Sequence[Confirmed], books: TillBooks) -> Iterator[str]:
    journalled = {sold.receipt: sold for sold in books.sold}
    for sale in seen:
        sold = journalled.get(sale.receipt)
        if sold is None:
            yield f"{sale.place}: {sale.receipt} was on the screen and is not in the journal"
        elif sold.goods != sale.goods:
            yield f"{sale.place}: {sale.receipt} was {sale.goods} on the screen and is {sold.goods} in the journal"


def _hub(tills: Mapping[Place, TillBooks], hub: HubBooks) -> tuple[list[str], list[str]]:
    lost: list[str] = []
    journalled = {sold.event_id: (place, sold) for place, books in tills.items() for sold in books.sold}
    for event_id, (place, sold) in journalled.items():
        if event_id in hub.events:
            if hub.moved.get(event_id, ()) != sold.goods:
                lost.append(f"{place}: {sold.receipt} sold {sold.goods}, the ledger has {hub.moved.get(event_id)}")
            if not hub.sales[sold.receipt]:
                lost.append(f"{place}: {sold.receipt} is in the hub's log and not in its sales")
        elif event_id not in hub.open_aside:
            lost.append(f"{place}: {sold.receipt} is in the journal and not in the hub's log")
    doubled = [f"event {event_id} is in the hub's log {times} times" for event_id, times in _again(hub.events)]
    doubled += [f"{number} is in the hub's sales {times} times" for number, times in _again(hub.sales)]
    doubled += [f"event {name} of the hub's log is in no journal" for name in sorted(set(hub.events) - set(journalled))]
    doubled += [f"the ledger has movements of {name}" for name in sorted(set(hub.moved) - set(hub.events))]
    return lost, doubled


def _levels(tills: Mapping[Place, TillBooks], hub: HubBooks) -> Iterator[str]:
    sold: Counter[tuple[str, str]] = Counter()
    for place, books in tills.items():
        for sale in books.sold:
            if sale.event_id in hub.events:
                for sku, quantity in sale.goods:
                    sold[place.store, sku] += quantity
    for (store, sku), level in sorted(hub.levels.items()):
        if level != hub.ledger.get((store, sku)):
            yield f"{store} {sku}: the level is {level}, its movements add up to {hub.ledger.get((store, sku))}"
        if level != OPENING - sold[store, sku]:
            yield f"{store} {sku}: the level is {level}, the sales leave {OPENING - sold[store, sku]}"
        for place, books in tills.items():
            if place.store == store and not level == books.stock.get(sku) == books.documents.get(sku):
                shown, told = books.stock.get(sku), books.documents.get(sku)
                yield f"{place}: {sku} is {level} at the hub, {told} in the till's document and {shown} on its screen"


def _again(counts: Counter[str]) -> Iterator[tuple[str, int]]:
    return ((name, times) for name, times in sorted(counts.items()) if times > 1)
