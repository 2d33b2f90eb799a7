"""What a till says: facts in the past tense, one struct per event type and version.

A released type is never changed in a way that an older hub could not read: add an optional field, or add
`...v2`. Golden files and `./dev schemas --check` hold us to that. The structs stand in `sale_events`, `till_events`
and `stock_events`; here are their names on the wire.
"""

from __future__ import annotations

from protocol.sale_events import (
    AccountPaid,
    CartVoided,
    CustomerSaved,
    LineVoided,
    PaymentResolved,
    PriceCut,
    ReceiptReprinted,
    SaleCompleted,
    SaleLine,
    SaleRefunded,
    Tender,
    VoucherIssued,
)
from protocol.scalars import Amount, Currency, Moment, TaxRate, Text, Thousandths, Word
from protocol.stock_events import (
    CountedLine,
    CountedLot,
    OrderHandedOver,
    OrderPicked,
    StockAdjusted,
    StockCounted,
    StockLine,
    StockReceived,
    TransferReceived,
    TransferSent,
)
from protocol.till_events import (
    ApprovalGiven,
    CashierSum,
    CashMoved,
    CountedNote,
    DrawerOpened,
    ShiftClosed,
    ShiftOpened,
    ShiftSums,
    StaffRefused,
    StaffSignedIn,
    StaffSignedOut,
    TaxSum,
    TenderSum,
    TrainingSwitched,
)

__all__ = [
    "EVENT_TYPES", "TYPE_NAMES", "AccountPaid", "Amount", "ApprovalGiven", "CartVoided", "CashMoved", "CashierSum",
    "CountedLine", "CountedLot", "CountedNote", "Currency", "CustomerSaved", "DrawerOpened", "EventData", "LineVoided",
    "Moment",
    "OrderHandedOver", "OrderPicked", "PaymentResolved", "PriceCut", "ReceiptReprinted", "SaleCompleted", "SaleLine",
    "SaleRefunded", "ShiftClosed", "ShiftOpened", "ShiftSums", "StaffRefused", "StaffSignedIn", "StaffSignedOut",
    "StockAdjusted", "StockCounted", "StockLine", "StockReceived", "TaxRate", "TaxSum", "Tender", "TenderSum", "Text",
    "Thousandths", "TrainingSwitched", "TransferReceived", "TransferSent", "VoucherIssued", "Word",
]  # fmt: skip

EventData = (
    SaleCompleted
    | SaleRefunded
    | StockReceived
    | StockAdjusted
    | StockCounted
    | DrawerOpened
    | ReceiptReprinted
    | LineVoided
    | CartVoided
    | PaymentResolved
    | AccountPaid
    | VoucherIssued
    | CustomerSaved
    | ShiftOpened
    | CashMoved
    | ShiftClosed
    | StaffSignedIn
    | StaffSignedOut
    | StaffRefused
    | ApprovalGiven
    | TrainingSwitched
    | TransferSent
    | TransferReceived
    | OrderPicked
    | OrderHandedOver
)

EVENT_TYPES: dict[str, type[EventData]] = {
    "com.tillwire.sale.completed.v1": SaleCompleted,
    "com.tillwire.sale.refunded.v1": SaleRefunded,
    "com.tillwire.sale.line_voided.v1": LineVoided,
    "com.tillwire.sale.voided.v1": CartVoided,
    "com.tillwire.stock.received.v1": StockReceived,
    "com.tillwire.stock.adjusted.v1": StockAdjusted,
    "com.tillwire.stock.counted.v1": StockCounted,
    "com.tillwire.transfer.sent.v1": TransferSent,
    "com.tillwire.transfer.received.v1": TransferReceived,
    "com.tillwire.order.picked.v1": OrderPicked,
    "com.tillwire.order.handed_over.v1": OrderHandedOver,
    "com.tillwire.drawer.opened.v1": DrawerOpened,
    "com.tillwire.receipt.reprinted.v1": ReceiptReprinted,
    "com.tillwire.payment.resolved.v1": PaymentResolved,
    "com.tillwire.account.paid.v1": AccountPaid,
    "com.tillwire.voucher.issued.v1": VoucherIssued,
    "com.tillwire.customer.saved.v1": CustomerSaved,
    "com.tillwire.shift.opened.v1": ShiftOpened,
    "com.tillwire.shift.closed.v1": ShiftClosed,
    "com.tillwire.cash.moved.v1": CashMoved,
    "com.tillwire.staff.signed_in.v1": StaffSignedIn,
    "com.tillwire.staff.signed_out.v1": StaffSignedOut,
    "com.tillwire.staff.refused.v1": StaffRefused,
    "com.tillwire.approval.given.v1": ApprovalGiven,
    "com.tillwire.training.switched.v1": TrainingSwitched,
}
TYPE_NAMES: dict[type[EventData], str] = {data: name for name, data in EVENT_TYPES.items()}
