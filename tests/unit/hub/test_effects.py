"""What cannot be stored of an event is known before the transaction, for every type of event."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import pytest

from hub.ingest.effects import AMOUNT_MAX, unstorable
from protocol.event import Event
from protocol.events import (
    CashMoved,
    CustomerSaved,
    EventData,
    OrderPicked,
    ShiftSums,
    StockLine,
    StockReceived,
    Tender,
    TenderSum,
    TransferSent,
    VoucherIssued,
)
from protocol.quantity import QUANTITY_MAX
from tests.unit.hub.journals import at, sale
from tests.unit.hub.matter_facts import by_voucher, given_back, paid_in, saved, shift_closed, sold

NUL = "\x00"
EVENT = Event(id="e", source="s", type="t", time=at(0), epoch=1, sequence=1, data=msgspec.Raw(b"{}"))
_WORDS: list[EventData] = [
    sold("R1", ("tea", 1), tenders=by_voucher(f"V{NUL}", 1)),
    sold("R1", ("tea", 1), customer=NUL),
    given_back("B1", f"R{NUL}", ("tea", 1)),
    paid_in("P1", f"c{NUL}", 5),
    saved("c1", f"Lan{NUL}"),
    VoucherIssued(code=f"V{NUL}", amount=1, currency="VND", by="an"),
    TransferSent(transfer=f"T{NUL}", to_store="hue", lines=(), by="an"),
    StockReceived(lines=(StockLine(sku=f"tea{NUL}", quantity=1),), by="an"),
    OrderPicked(order="W1", lines=(), short=(StockLine(sku=NUL, quantity=1),), by="an"),
    msgspec.structs.replace(shift_closed("s1", at(0), cash=1, sales=1), remark=NUL),
]
_NUMBERS: list[EventData] = [
    sold("R1", ("tea", 1), tenders=(Tender(kind="account", amount=AMOUNT_MAX + 1),), customer="c1"),
    paid_in("P1", "c1", -AMOUNT_MAX - 1),
    CashMoved(by="an", amount=AMOUNT_MAX + 1, currency="VND", reason="x"),
    VoucherIssued(code="V", amount=AMOUNT_MAX + 1, currency="VND", by="an"),
    StockReceived(lines=(StockLine(sku="tea", quantity=QUANTITY_MAX + 1),), by="an"),
    TransferSent(transfer="T1", to_store="hue", lines=(StockLine(sku="tea", quantity=-QUANTITY_MAX - 1),), by="an"),
    msgspec.structs.replace(
        shift_closed("s1", at(0), cash=1, sales=1),
        sums=ShiftSums(tenders=(TenderSum(kind="cash", count=1, amount=AMOUNT_MAX + 1),)),
    ),
]
_TIMES: list[EventData] = [
    shift_closed("s1", datetime(1970, 1, 1, tzinfo=UTC), cash=1, sales=1),
    msgspec.structs.replace(saved("c1", "Lan"), consent_at=datetime(2999, 1, 1, tzinfo=UTC)),
]


@pytest.mark.parametrize("data", [*_WORDS, *_NUMBERS, *_TIMES], ids=lambda data: type(data).__name__)
def test_what_a_database_would_refuse_is_told_before(data: EventData) -> None:
    """Such an event is kept and parked; its neighbours count."""
    assert unstorable(EVENT, data) is not None


@pytest.mark.parametrize(
    "data",
    [
        sale(1, ("tea", 1000)), given_back("B1", "R1", ("tea", 1)), paid_in("P1", "c1", 5), saved("c1", "Lan"),
        shift_closed("s1", at(0), cash=1, sales=1), CustomerSaved(customer="c", by="an", name="x", consent=True),
        VoucherIssued(code="V", amount=1, currency="VND", by="an", expires=date(9999, 12, 31)),
    ],
    ids=lambda data: type(data).__name__,
)  # fmt: skip
def test_the_usual_is_storable(data: EventData) -> None:
    """None of the words of a usual day is refused."""
    assert unstorable(EVENT, data) is None
