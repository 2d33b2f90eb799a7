"""Which matters an event belongs to.

Almost every event is an ordinary sale and belongs to none: that must cost nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal, NamedTuple

from protocol.events import (
    AccountPaid,
    CustomerSaved,
    EventData,
    OrderHandedOver,
    OrderPicked,
    SaleCompleted,
    SaleRefunded,
    ShiftClosed,
    ShiftOpened,
    StockReceived,
    Tender,
    TransferReceived,
    TransferSent,
    VoucherIssued,
)
from protocol.ids import StoreId, TerminalId

MatterKind = Literal["customer", "voucher", "transfer", "pick", "purchase", "receipt", "shift", "day"]
ACCOUNT, VOUCHER = "account", "voucher"


class Part(NamedTuple):
    """An event's part in a matter. `amount` is what it adds to what a customer owes; 0 for all other roles."""

    kind: MatterKind
    key: str
    role: str
    amount: int = 0


def parts_of(data: EventData, store: StoreId, terminal: TerminalId) -> tuple[Part, ...]:
    """The matters that an event of this terminal belongs to; each role once."""
    if isinstance(data, SaleCompleted):
        return _paid(data.tenders, data.customer, 1, "spent") if _is_matter(data.tenders) else ()
    if isinstance(data, ShiftOpened | ShiftClosed):
        role = "opened" if isinstance(data, ShiftOpened) else "closed"
        return (Part("shift", shift_key(store, terminal, data.shift), role),)
    if isinstance(data, SaleRefunded | AccountPaid):
        return _paid_back(data, store)
    return _goods_and_people(data)


def _paid_back(data: SaleRefunded | AccountPaid, store: StoreId) -> tuple[Part, ...]:
    if isinstance(data, AccountPaid):
        owes = Part("customer", data.customer, "owes", -data.amount)
        day = Part("day", f"{store}/{data.business_day.isoformat()}", "paid_in")
        return (owes, day, *_paid(data.tenders, "", 1, "spent"))
    original = (Part("receipt", data.original_receipt, "refund"),) if data.original_receipt else ()
    return original + _paid(data.tenders, data.customer, -1, "given_back")


def _goods_and_people(data: EventData) -> tuple[Part, ...]:
    part = None
    match data:
        case VoucherIssued():
            part = Part("voucher", data.code, "issued")
        case CustomerSaved():
            part = Part("customer", data.customer, "saved")
        case TransferSent():
            part = Part("transfer", data.transfer, "sent")
        case TransferReceived():
            part = Part("transfer", data.transfer, "received")
        case StockReceived(purchase=purchase) if purchase:
            part = Part("purchase", purchase, "received")
        case OrderPicked():
            part = Part("pick", data.order, "picked")
        case OrderHandedOver():
            part = Part("pick", data.order, "handed_over")
        case _:
            pass
    return (part,) if part is not None else ()


def shift_key(store: str, terminal: str, shift: str) -> str:
    """What a shift is called among all shifts: tills number theirs without asking each other."""
    return f"{store}/{terminal}/{shift}"


def _is_matter(tenders: tuple[Tender, ...]) -> bool:
    for tender in tenders:  # noqa: SIM110 - a generator costs more than walking the one tender of most sales
        if tender.kind in (ACCOUNT, VOUCHER):
            return True
    return False


def _paid(tenders: tuple[Tender, ...], customer: str, sign: int, role: str) -> tuple[Part, ...]:
    codes = dict.fromkeys(tender.reference for tender in tenders if tender.kind == VOUCHER and tender.reference)
    owed: Counter[str] = Counter()
    for tender in tenders:
        if tender.kind == ACCOUNT:
            owed[tender.reference or customer] += sign * tender.amount
    return (
        *(Part("voucher", code, role) for code in codes),
        *(Part("customer", owner, "owes", amount) for owner, amount in owed.items() if owner and amount),
    )
