"""Tills' sales out: a record, whole and once, that moves no stock."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from hub.channels.ports import Channel, SaleSink, TillReceipt
from hub.errors import ChannelError, ChannelUnavailable, OutcomeUnknown
from protocol.events import SaleCompleted, SaleLine, SaleRefunded, Tender
from tests.contract.medusa.bed import Bed, Thing, wall
from tests.contract.medusa.wires import BreakingWire

DEPOT = "Web warehouse"
STEPS = {
    "draft": r"/admin/draft-orders",
    "convert": r"/admin/draft-orders/[^/]+/convert-to-order",
    "collect": r"/admin/payment-collections",
    "pay": r"/admin/payment-collections/[^/]+/mark-as-paid",
    "complete": r"/admin/orders/[^/]+/complete",
}


def sink(channel: Channel) -> SaleSink:
    """The port under test."""
    assert channel.sales is not None
    return channel.sales


def line(sku: str, amount: int, quantity: int = 1000) -> SaleLine:
    """A line of a receipt."""
    return SaleLine(sku=sku, name=f"Thing {sku}", quantity=quantity, unit_price=amount, amount=amount)


def sale(bed: Bed, *lines: SaleLine, store: str = "hue") -> TillReceipt:
    """A sale that a till told."""
    total = sum(one.amount for one in lines)
    key = f"sale-{bed.serial()}"
    data = SaleCompleted(
        receipt_number=f"R-{key}",
        business_day=date(2026, 11, 28),
        currency="EUR",
        cashier="an",
        lines=lines,
        tenders=(Tender(kind="cash", amount=total),),
        total=total,
    )
    return TillReceipt(key, store, "till-1", wall(), data)


def refund(bed: Bed, original: str, *lines: SaleLine) -> TillReceipt:
    """A refund that a till told."""
    total = sum(one.amount for one in lines)
    key = f"refund-{bed.serial()}"
    data = SaleRefunded(
        receipt_number=f"R-{key}",
        business_day=date(2026, 11, 28),
        currency="EUR",
        cashier="an",
        lines=lines,
        tenders=(Tender(kind="cash", amount=total),),
        total=total,
    )
    return TillReceipt(key, "hue", "till-1", wall(), data, original)


def paid(order: dict[str, object]) -> tuple[Decimal, Decimal]:
    """What was taken for an order, and what was given back of it."""
    collections = order["payment_collections"]
    assert isinstance(collections, list)
    payments = [one for collection in collections for one in collection["payments"] if one["captured_at"]]
    return (
        sum((Decimal(one["amount"]) for one in payments), Decimal(0)),
        sum((Decimal(back["amount"]) for one in payments for back in one["refunds"]), Decimal(0)),
    )


def test_a_sale_is_a_paid_and_completed_order_of_the_tills_total(bed: Bed) -> None:
    """With cuts that do not divide, goods by weight and a gift: not a cent more or less. No stock moves."""
    thing = bed.thing({DEPOT: 5, "Store B": 5})
    receipt = sale(bed, line(thing.sku, 1000, 3000), line("APPLE", 214, 642), line("GIFT", 0), line("BAG", 7))
    order = bed.order(sink(bed.connect()).record(receipt, may_be_known=False))
    assert Decimal(order["total"]) == Decimal("12.21")
    assert paid(order) == (Decimal("12.21"), Decimal(0))
    assert order["status"] == "completed"
    assert order["metadata"]["pos_sale_id"] == receipt.key
    assert (bed.level(thing, DEPOT), bed.level(thing, "Store B")) == ((5, 0), (5, 0))


@pytest.mark.parametrize("step", STEPS)
def test_a_sale_is_recorded_once_whatever_answer_is_lost(bed: Bed, wire: BreakingWire, step: str) -> None:
    """The step was done and nobody heard: the next try finds it and goes on from there."""
    receipt = sale(bed, line("COLA-330", 199))
    sales = sink(bed.connect(wire))
    wire.lose_answer("POST", STEPS[step])
    with pytest.raises(OutcomeUnknown):
        sales.record(receipt, may_be_known=False)
    order = sales.record(receipt, may_be_known=True)
    assert sales.record(receipt, may_be_known=True) == order
    assert bed.found(receipt.key) == [order]
    assert paid(bed.order(order)) == (Decimal("1.99"), Decimal(0))
    assert bed.order(order)["status"] == "completed"


@pytest.mark.parametrize("step", STEPS)
def test_a_sale_is_recorded_once_whatever_request_is_lost(bed: Bed, wire: BreakingWire, step: str) -> None:
    """The step was not done."""
    receipt = sale(bed, line("COLA-330", 199))
    sales = sink(bed.connect(wire))
    wire.lose_request("POST", STEPS[step])
    with pytest.raises(ChannelUnavailable):
        sales.record(receipt, may_be_known=False)
    order = sales.record(receipt, may_be_known=True)
    assert bed.found(receipt.key) == [order]
    assert paid(bed.order(order)) == (Decimal("1.99"), Decimal(0))


def test_our_own_sale_is_known_as_our_own(bed: Bed) -> None:
    """What the hub wrote comes back with the web's orders, and is told apart."""
    channel = bed.connect(web_channels="")
    assert channel.orders is not None
    order = sink(channel).record(sale(bed, line("NOBODY-MAPS-THIS", 199)), may_be_known=False)
    heard = channel.orders.order(order)
    assert heard is not None
    assert heard.own


def test_a_stores_own_sales_channel_comes_before_the_settings(bed: Bed) -> None:
    """Where a location's link names one."""
    order = sink(bed.connect()).record(sale(bed, line("COLA-330", 1), store="hanoi"), may_be_known=False)
    told = bed.get(f"/admin/orders/{order}", [("fields", "id,sales_channel_id")])
    assert told["order"]["sales_channel_id"] == bed.channel("POS Store A")


def test_a_refund_gives_the_money_back_once(bed: Bed, wire: BreakingWire) -> None:
    """Also when its answer was lost, although Medusa pays the same refund again."""
    sales = sink(bed.connect(wire))
    sold = sale(bed, line("COLA-330", 398, 2000))
    order = sales.record(sold, may_be_known=False)
    back = refund(bed, sold.key, line("COLA-330", 199))
    wire.lose_answer("POST", r"/admin/payments/[^/]+/refund")
    with pytest.raises(OutcomeUnknown):
        sales.record(back, may_be_known=False)
    assert sales.record(back, may_be_known=True) == order
    assert sales.record(back, may_be_known=True) == order
    assert paid(bed.order(order)) == (Decimal("3.98"), Decimal("1.99"))
    other = refund(bed, sold.key, line("COLA-330", 199))
    sales.record(other, may_be_known=False)
    assert paid(bed.order(order)) == (Decimal("3.98"), Decimal("3.98"))


def test_more_than_was_paid_is_refused_with_medusas_words(bed: Bed) -> None:
    """It is parked by the framework, and nothing is given."""
    sales = sink(bed.connect())
    sold = sale(bed, line("COLA-330", 199))
    order = sales.record(sold, may_be_known=False)
    with pytest.raises(ChannelError, match="more than the captured amount"):
        sales.record(refund(bed, sold.key, line("COLA-330", 299)), may_be_known=False)
    assert paid(bed.order(order)) == (Decimal("1.99"), Decimal(0))


def test_a_refund_without_a_sale_of_medusas_is_a_record_of_its_own(bed: Bed) -> None:
    """Without a receipt, or of a sale from before Medusa was connected: an order with a negative total, once."""
    sales = sink(bed.connect())
    back = refund(bed, "", line("COLA-330", 199))
    order = sales.record(back, may_be_known=False)
    assert sales.record(back, may_be_known=True) == order
    assert Decimal(bed.order(order)["total"]) == Decimal("-1.99")
    assert bed.found(back.key) == [order]


def test_a_long_receipt_fits(bed: Bed) -> None:
    """Medusa reads 100 kB; what is beyond the first lines is summed up."""
    lines = [line(f"SKU-{number:05}", 1) for number in range(600)]
    order = bed.order(sink(bed.connect()).record(sale(bed, *lines), may_be_known=False))
    assert Decimal(order["total"]) == Decimal("6.00")


def test_a_thing_is_named(bed: Bed) -> None:
    """The record shows SKU and name of what was sold."""
    thing: Thing = bed.thing()
    order = bed.order(sink(bed.connect()).record(sale(bed, line(thing.sku, 250)), may_be_known=False))
    assert [(item["variant_sku"], item["title"]) for item in order["items"]] == [(thing.sku, f"Thing {thing.sku}")]
