"""Events that several stores tell of the same customers, vouchers, transfers, receipts and orders."""

from __future__ import annotations

from datetime import date, datetime

from protocol.events import (
    AccountPaid,
    CustomerSaved,
    SaleCompleted,
    SaleLine,
    SaleRefunded,
    ShiftClosed,
    ShiftOpened,
    ShiftSums,
    StockLine,
    StockReceived,
    Tender,
    TenderSum,
    TransferReceived,
    TransferSent,
    VoucherIssued,
)

DAY = date(2026, 11, 22)


def goods(*lines: tuple[str, int]) -> tuple[StockLine, ...]:
    """Lines of (SKU, thousandths)."""
    return tuple(StockLine(sku=sku, quantity=quantity) for sku, quantity in lines)


def receipt_lines(*lines: tuple[str, int]) -> tuple[SaleLine, ...]:
    """Lines of (SKU, thousandths) at 1,000 each."""
    return tuple(
        SaleLine(sku=sku, name=sku.title(), quantity=quantity, unit_price=1_000, amount=quantity)
        for sku, quantity in lines
    )


def sold(number: str, *lines: tuple[str, int], tenders: tuple[Tender, ...] = (), customer: str = "") -> SaleCompleted:
    """A sale, in cash unless said otherwise."""
    total = sum(quantity for _, quantity in lines)
    return SaleCompleted(
        receipt_number=number, business_day=DAY, currency="VND", cashier="an", lines=receipt_lines(*lines),
        tenders=tenders or (Tender(kind="cash", amount=total),), total=total, customer=customer,
    )  # fmt: skip


def given_back(
    number: str, original: str, *lines: tuple[str, int], tenders: tuple[Tender, ...] = (), customer: str = ""
) -> SaleRefunded:
    """A refund, in cash unless said otherwise."""
    total = sum(quantity for _, quantity in lines)
    return SaleRefunded(
        receipt_number=number, business_day=DAY, currency="VND", cashier="an", lines=receipt_lines(*lines),
        tenders=tenders or (Tender(kind="cash", amount=total),), total=total, original_receipt=original or None,
        customer=customer,
    )  # fmt: skip


def on_account(amount: int) -> tuple[Tender, ...]:
    """Paid on account."""
    return (Tender(kind="account", amount=amount),)


def by_voucher(code: str, amount: int) -> tuple[Tender, ...]:
    """Paid by a voucher."""
    return (Tender(kind="voucher", amount=amount, reference=code),)


def issued(code: str, amount: int, receipt: str = "") -> VoucherIssued:
    """A voucher."""
    return VoucherIssued(code=code, amount=amount, currency="VND", by="an", receipt_number=receipt)


def saved(customer: str, name: str, phone: str = "") -> CustomerSaved:
    """A customer entered at a till."""
    return CustomerSaved(customer=customer, by="an", name=name, phone=phone)


def paid_in(number: str, customer: str, amount: int) -> AccountPaid:
    """A customer pays what she owes."""
    return AccountPaid(
        receipt_number=number, business_day=DAY, customer=customer, currency="VND", cashier="an", amount=amount,
        tenders=(Tender(kind="cash", amount=amount),),
    )  # fmt: skip


def sent(transfer: str, to_store: str, *lines: tuple[str, int]) -> TransferSent:
    """Goods leave."""
    return TransferSent(transfer=transfer, to_store=to_store, lines=goods(*lines), by="an")


def came(transfer: str, from_store: str, *lines: tuple[str, int]) -> TransferReceived:
    """Goods arrive."""
    return TransferReceived(transfer=transfer, from_store=from_store, lines=goods(*lines), by="an")


def delivered(purchase: str, *lines: tuple[str, int]) -> StockReceived:
    """A supplier brings goods."""
    return StockReceived(lines=goods(*lines), by="an", purchase=purchase)


def shift_opened(shift: str, number: int = 1) -> ShiftOpened:
    """A shift begins."""
    return ShiftOpened(shift=shift, number=number, business_day=DAY, by="an", currency="VND", float_amount=500)


def shift_closed(shift: str, opened_at: datetime, *, cash: int, sales: int, number: int = 1) -> ShiftClosed:
    """A shift of cash sales alone ends."""
    sums = ShiftSums(sales=sales, sold=cash, turnover=cash, tenders=(TenderSum(kind="cash", count=sales, amount=cash),))
    return ShiftClosed(
        shift=shift, number=number, business_day=DAY, by="an", currency="VND", opened_at=opened_at, float_amount=500,
        sums=sums, expected=500 + cash, counted=500 + cash, over=0,
    )  # fmt: skip
