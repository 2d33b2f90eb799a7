"""What follows from events with lots, packs and bundles in them for papers that are under way."""

from __future__ import annotations

from datetime import date, datetime

from hub.matters.outcome import Told, purchase_after, transfer_after
from protocol.documents import Purchase
from protocol.events import EventData, StockLine, StockReceived, TransferReceived, TransferSent
from tests.unit.hub.journals import at
from tests.unit.hub.matter_facts import goods

LOTS = tuple(
    StockLine(sku="milk", quantity=quantity, lot=lot, expires=date(2026, 12, day))
    for quantity, lot, day in ((24_000, "A1", 9), (12_000, "A2", 20), (1_000, "A1", 9))
)


def told(data: EventData, seconds: float, store: str = "hanoi") -> Told:
    """An event of a store."""
    moment: datetime = at(seconds)
    return Told(data, moment, store, "till1")


def test_a_transfer_on_its_way_names_its_lots() -> None:
    """The store that takes it in need not read them again; whether all has come is counted by SKU, over all lots."""
    sent = told(TransferSent(transfer="T1", to_store="hue", lines=LOTS, by="an"), 1)
    ((_, document),) = transfer_after("T1", (), [sent]).documents
    assert document is not None
    assert [(line.quantity, line.lot) for line in document.lines] == [(25_000, "A1"), (12_000, "A2")]
    arrived = TransferReceived(transfer="T1", from_store="hanoi", lines=goods(("milk", 37_000)), by="an")
    assert not transfer_after("T1", (), [sent, told(arrived, 2, store="hue")]).differs


def test_a_delivery_is_complete_whatever_lots_it_came_in() -> None:
    """What is still to come is counted by SKU."""
    order = Purchase(purchase="P", supplier="S", lines=goods(("milk", 40_000), ("tea", 1_000)))
    rest = purchase_after(order, None, [told(StockReceived(lines=LOTS, by="an", purchase="P"), 1)])
    assert rest is not None
    assert rest.lines == goods(("milk", 3_000), ("tea", 1_000))
